"""What answers said of an API's future, and the shapes they had: kept in the transaction that stores their runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.store.finished import NumberedRun
from probes.model import Run, Shape

_TEXT: Final = pa.string()
_TIME: Final = pa.timestamp("us", tz="UTC")

SIGNALS: Final = pa.schema(
    {
        "integration": _TEXT,
        "workflow": _TEXT,
        "step": _TEXT,
        "kind": _TEXT,
        "source": _TEXT,
        "api": _TEXT,
        "what": _TEXT,
        "ends_at": _TIME,
        "link": _TEXT,
        "region": _TEXT,
        "run_id": _TEXT,
        "first_seen": _TIME,
        "last_seen": _TIME,
    }
)
SHAPES: Final = pa.schema(
    {"shape_id": _TEXT, "request": _TEXT, "paths": _TEXT, "complete": pa.bool_(), "first_seen": _TIME}
)
COUNTS: Final = pa.schema(
    {
        "integration": _TEXT,
        "workflow": _TEXT,
        "step": _TEXT,
        "shape_id": _TEXT,
        "day": pa.date32(),
        "good": pa.int64(),
        "bad": pa.int64(),
        "first_seen": _TIME,
        "last_seen": _TIME,
    }
)


def note_changes(con: DuckDBPyConnection, runs: Sequence[NumberedRun]) -> None:
    """Takes in what newly stored runs say of changes. Runs of a prober that says nothing of them cost nothing."""
    measured = [item.run for item in runs if not item.run.simulated]
    _upsert(con, _SIGNALS, SIGNALS, _latest_signals(measured))
    _upsert(con, _SHAPES, SHAPES, _shapes(measured))
    _upsert(con, _COUNTS, COUNTS, _counts(measured))


def _upsert(con: DuckDBPyConnection, statement: str, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(list(rows), schema=schema)
    if table.num_rows == 0:
        return
    con.register("incoming", table)
    try:
        con.execute(statement)
    finally:
        con.unregister("incoming")


def _latest_signals(runs: Iterable[Run]) -> Iterable[dict[str, Any]]:
    """One row for each place, of the newest run that speaks of it."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: run.started_at):
        for signal in run.changes:
            found[run.integration, run.workflow, signal.step, signal.kind, signal.source] = {
                "integration": run.integration,
                "workflow": run.workflow,
                "step": signal.step,
                "kind": signal.kind.value,
                "source": signal.source,
                "api": signal.integration or run.integration,
                "what": signal.what,
                "ends_at": signal.at,
                "link": signal.link,
                "region": run.region,
                "run_id": str(run.run_id),
                "first_seen": run.started_at,
                "last_seen": run.started_at,
            }
    return found.values()


def _shapes(runs: Iterable[Run]) -> Iterator[dict[str, Any]]:
    found: dict[str, tuple[Shape, datetime]] = {}
    for run in runs:
        for shape in run.shapes:
            found.setdefault(shape.shape_id, (shape, run.started_at))
    for shape, at in found.values():
        row = {"shape_id": shape.shape_id, "request": shape.request, "complete": shape.complete, "first_seen": at}
        yield row | {"paths": json.dumps(shape.paths, separators=(",", ":"))}


@dataclass(slots=True)
class _Count:
    first_seen: datetime
    last_seen: datetime
    good: int = 0
    bad: int = 0


def _counts(runs: Iterable[Run]) -> Iterator[dict[str, Any]]:
    found: dict[tuple[Any, ...], _Count] = {}
    for run in runs:
        for step in run.steps:
            if step.shape_id is None:
                continue
            at = step.started_at
            key = (run.integration, run.workflow, step.name, step.shape_id, at.astimezone(UTC).date())
            count = found.setdefault(key, _Count(at, at))
            count.first_seen, count.last_seen = min(count.first_seen, at), max(count.last_seen, at)
            count.good += step.failure is None
            count.bad += step.failure is not None
    names = ("integration", "workflow", "step", "shape_id", "day")
    for key, count in found.items():
        seen = {"first_seen": count.first_seen, "last_seen": count.last_seen}
        yield dict(zip(names, key, strict=True)) | seen | {"good": count.good, "bad": count.bad}


# A date that was moved is a new announcement; other words for the same one are not.
_SIGNALS: Final = """
INSERT INTO change_signals BY NAME SELECT * FROM incoming
ON CONFLICT (integration, workflow, step, kind, source) DO UPDATE SET
    api = excluded.api, what = excluded.what, ends_at = excluded.ends_at, link = excluded.link,
    region = excluded.region, run_id = excluded.run_id, last_seen = greatest(last_seen, excluded.last_seen),
    first_seen = CASE WHEN ends_at IS NOT DISTINCT FROM excluded.ends_at
        THEN least(first_seen, excluded.first_seen) ELSE excluded.first_seen END
"""

_SHAPES: Final = "INSERT INTO shapes BY NAME SELECT * FROM incoming ON CONFLICT (shape_id) DO NOTHING"

_COUNTS: Final = """
INSERT INTO shape_counts BY NAME SELECT * FROM incoming
ON CONFLICT (integration, workflow, step, shape_id, day) DO UPDATE SET
    good = good + excluded.good, bad = bad + excluded.bad,
    first_seen = least(first_seen, excluded.first_seen), last_seen = greatest(last_seen, excluded.last_seen)
"""
