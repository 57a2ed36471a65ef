"""Which runs belong beside a run: the other attempts at its slice, and the latest one before it that passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.model import RunRow
from metrics.store.finished import interval, slice_start
from metrics.store.relations import RUNS
from metrics.store.runs import ROW_COLUMNS, run, run_row
from metrics.store.shapes import ShapeBook
from probes.model import Run

SEARCHED: Final = (timedelta(hours=6), timedelta(days=7), timedelta(days=90))
"""How far back a run that passed is looked for, one after the other."""
_SLICE: Final = timedelta(hours=1)
"""An attempt starts at most this long before or after another one at the same slice, and its interval."""
_OF: Final = (
    f"SELECT {ROW_COLUMNS} FROM {RUNS} WHERE integration = $integration AND workflow = $workflow "  # noqa: S608 - names of ours
    "AND region = $region AND started_at >= $since AND started_at < $until"
)


def attempts_at(con: DuckDBPyConnection, of: Run) -> tuple[RunRow, ...]:
    """Every attempt at the slice of that run, itself among them, first to last."""
    every = interval(of)
    bounds = _bounds(of) | {
        "since": of.started_at - _SLICE - every,
        "until": of.started_at + _SLICE + every,
        "slice_at": slice_start(of.scheduled_at, every),
    }
    found = con.execute(f"{_OF} AND slice_at = $slice_at ORDER BY attempt, started_at LIMIT 20", bounds).fetchall()
    return tuple(run_row(row) for row in found)


def passed_before(con: DuckDBPyConnection, of: Run) -> Run | None:
    """The latest run of the same workflow and region that passed before it began; None where there is none."""
    for length in SEARCHED:
        bounds = _bounds(of) | {"since": of.started_at - length, "until": of.started_at}
        found = con.execute(f"{_OF} AND outcome = 'passed' ORDER BY started_at DESC LIMIT 1", bounds).fetchone()
        if found is not None:
            return run(con, found[0])
    return None


def shapes_of(con: DuckDBPyConnection, *runs: Run) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """What the shapes of their answers stand for: shape → path → its types, as far as it was explained."""
    ids = {step.shape_id for one in runs for step in one.steps if step.shape_id}
    return {name: known.paths for name, known in ShapeBook().look_up(con, ids).items()} if ids else {}


def _bounds(of: Run) -> dict[str, object]:
    return {"integration": of.integration, "workflow": of.workflow, "region": of.region}
