"""What has changed for good in the shape of the answers?"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Config, Workflow
from metrics.changing import ShapeChange, ShapeFinding
from metrics.shapes import LEARNED_FOR, Drift, KnownShape, ShapeDay, Sighting, drift
from metrics.store.buckets import instant

StepKey = tuple[str, str, str]
"""Integration, workflow, step."""
LATEST: Final = 10
"""Sightings of a region that are asked for; some cannot tell of every path."""
_MOST_KEPT: Final = 20_000


class ShapeBook:
    """What shapes stand for, read once: a shape never changes."""

    def __init__(self) -> None:
        self._known: dict[str, KnownShape] = {}

    def look_up(self, con: DuckDBPyConnection, shape_ids: Iterable[str]) -> Mapping[str, KnownShape]:
        """Those of the shapes that have been explained."""
        wanted = set(shape_ids)
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        missing = sorted(wanted - self._known.keys())
        for shape_id, request, paths, complete in con.execute(_EXPLAINED, [missing]).fetchall() if missing else ():
            types = {
                path: frozenset(text.split("|")) if text else frozenset() for path, text in json.loads(paths).items()
            }
            self._known[shape_id] = KnownShape(request, types, complete)
        return {shape_id: self._known[shape_id] for shape_id in wanted if shape_id in self._known}


def find_drift(con: DuckDBPyConnection, config: Config, book: ShapeBook, now: datetime) -> tuple[ShapeFinding, ...]:
    """Every lasting change in the answers to the steps that are watched, by integration, workflow and step."""
    watched = {
        (integration.name, workflow.name, step.name): workflow
        for integration in config.integrations
        for workflow in integration.workflows
        for step in workflow.steps
        if step.shape == "watch"
    }
    varied = _varied(con, now - LEARNED_FOR)
    days = {key: found for key, found in varied.items() if key in watched}
    latest = _latest(con, {key: watched[key] for key in days}, now)
    shapes = book.look_up(con, (day.shape_id for found in days.values() for day in found))
    found: list[ShapeFinding] = []
    for key in sorted(days):
        own = {day.shape_id: shapes[day.shape_id] for day in days[key] if day.shape_id in shapes}
        found += [_finding(key, one) for one in drift(own, days[key], latest.get(key, ()), now)]
    return tuple(found)


def save_findings(con: DuckDBPyConnection, findings: Sequence[ShapeFinding], now: datetime) -> None:
    """Puts the findings in the place of those of the last look."""
    con.execute("DELETE FROM shape_findings")
    for one in findings:
        regions = ",".join(one.regions)
        change = [one.integration, one.workflow, one.step, one.path, one.change.value, one.was, one.now, one.since]
        con.execute(_SAVE, [*change, one.learned, one.seen, one.failing, regions, now])


def shape_findings(con: DuckDBPyConnection) -> tuple[ShapeFinding, ...]:
    """The findings of the latest look."""
    return tuple(_stored(row) for row in con.execute(_FINDINGS).fetchall())


def step_variety(con: DuckDBPyConnection, integration: str, since: datetime) -> dict[tuple[str, str], tuple[int, int]]:
    """Workflow and step → answers that were looked at since then, and how many shapes they had."""
    rows = con.execute(_VARIETY, [integration, since]).fetchall()
    return {(workflow, step): (int(answers), shapes) for workflow, step, answers, shapes in rows}


def _finding(key: StepKey, one: Drift) -> ShapeFinding:
    integration, workflow, step = key
    return ShapeFinding(
        integration=integration,
        workflow=workflow,
        step=step,
        **{name: getattr(one, name) for name in Drift.__slots__},
    )


def _stored(row: tuple[Any, ...]) -> ShapeFinding:
    named: dict[str, Any] = dict(zip(ShapeFinding.__slots__, row, strict=True))
    return ShapeFinding(
        **named | {"change": ShapeChange(named["change"]), "regions": tuple(named["regions"].split(","))}
    )


def _varied(con: DuckDBPyConnection, since: datetime) -> dict[StepKey, list[ShapeDay]]:
    """The days of steps that had more than one shape: nothing can have changed in the others."""
    found: dict[StepKey, list[ShapeDay]] = {}
    for integration, workflow, step, *columns in con.execute(_VARIED, [since]).fetchall():
        found[integration, workflow, step] = [
            ShapeDay(shape_id, good, bad, instant(first_us), instant(last_us))
            for shape_id, good, bad, first_us, last_us in zip(*columns, strict=True)
        ]
    return found


def _latest(
    con: DuckDBPyConnection, wanted: Mapping[StepKey, Workflow], now: datetime
) -> Mapping[StepKey, list[Sighting]]:
    by_horizon: dict[timedelta, list[StepKey]] = defaultdict(list)
    for key, workflow in wanted.items():
        by_horizon[max(timedelta(hours=1), 10 * workflow.every)].append(key)
    found: dict[StepKey, list[Sighting]] = {}
    for horizon, keys in by_horizon.items():
        names = dict(zip(("integrations", "workflows", "steps"), map(list, zip(*keys, strict=True)), strict=True))
        parameters: dict[str, Any] = names | {"since": now - horizon, "now": now, "most": LATEST}
        for integration, workflow, step, *columns in con.execute(_LATEST, parameters).fetchall():
            found[integration, workflow, step] = [
                Sighting(region, shape_id, instant(at_us), failed)
                for region, shape_id, at_us, failed in zip(*columns, strict=True)
            ]
    return found


_EXPLAINED: Final = "SELECT shape_id, request, paths, complete FROM shapes WHERE shape_id IN (SELECT unnest(?))"

# Lists of numbers: an instant of its own in each row takes longer to read than all the rest.
_VARIED: Final = """
SELECT integration, workflow, step, list(shape_id), list(good), list(bad), list(epoch_us(first_seen)),
       list(epoch_us(last_seen))
FROM shape_counts WHERE last_seen >= ?
GROUP BY integration, workflow, step HAVING min(shape_id) <> max(shape_id)
"""

_LATEST: Final = """
WITH wanted AS (
    SELECT unnest($integrations) AS integration, unnest($workflows) AS workflow, unnest($steps) AS step
), latest AS (
    SELECT integration, workflow, step, region, shape_id, started_at, failure_kind IS NOT NULL AS failed
    FROM steps SEMI JOIN wanted USING (integration, workflow, step)
    WHERE shape_id IS NOT NULL AND started_at >= $since AND started_at <= $now
    QUALIFY row_number() OVER (
        PARTITION BY integration, workflow, step, region ORDER BY started_at DESC, attempt DESC) <= $most
)
SELECT integration, workflow, step, list(region), list(shape_id), list(epoch_us(started_at)), list(failed)
FROM latest GROUP BY integration, workflow, step
"""

_SAVE: Final = "INSERT INTO shape_findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_FINDINGS: Final = """
SELECT integration, workflow, step, path, change, was, now, since, learned, seen, failing, regions FROM shape_findings
ORDER BY integration, workflow, step, path
"""

_VARIETY: Final = """
SELECT workflow, step, sum(good + bad), count(DISTINCT shape_id) FROM shape_counts
WHERE integration = ? AND last_seen >= ? GROUP BY workflow, step
"""
