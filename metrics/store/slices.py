"""How many slices of the schedule were good, bad, and expected?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it. Skipped and tainted runs, and failures of our own, leave it unmeasured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Integration, Objective, Sli, Workflow
from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, SERVER_ERRORS, UNMEASURED, sql_list
from metrics.model import SliceCount, Window
from metrics.store.buckets import epoch_ms

MEASURED: Final = f"outcome NOT IN {sql_list(UNMEASURED)} AND failure_kind IS DISTINCT FROM 'internal'"
"""Runs that say something about the vendor."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of one series (workflow and region) over which its schedule's interval stayed the same."""

    first_ms: int
    end_ms: int | None
    """None: still in force."""
    every_ms: int

    def expected(self, start_ms: int, end_ms: int) -> int:
        """Slices of this segment that begin inside the window."""
        low = max(start_ms, self.first_ms)
        high = end_ms if self.end_ms is None else min(end_ms, self.end_ms)
        return max(0, -(-high // self.every_ms) - -(-low // self.every_ms))


def slice_counts(
    con: DuckDBPyConnection, integration: Integration, objective: Objective, windows: Sequence[Window]
) -> tuple[SliceCount, ...]:
    """Counts for each window, by the slices that begin inside it, in one scan.

    Only workflows and regions that the configuration still has count; nothing is expected before a series' first
    measured slice.
    """
    scheduled = [w for w in integration.workflows if objective.workflow in (None, w.name)]
    where, scope = _scope(integration, scheduled)
    segments = [segment for series in _segments(con, where, scope) for segment in series]
    counts = _counts(con, objective, windows, where, scope)
    return tuple(
        SliceCount(
            good=good,
            bad=bad,
            expected=sum(s.expected(epoch_ms(window.start), epoch_ms(window.end)) for s in segments),
            simulated=simulated,
        )
        for window, (good, bad, simulated) in zip(windows, counts, strict=True)
    )


def verdict(objective: Objective) -> tuple[str, dict[str, Any]]:
    """SQL that is 1 for a good run, 0 for a bad one, 2 for neither; with its parameters."""
    throttled = 0 if objective.throttled_is_bad else 2
    measure = {Sli.LATENCY: "slowest_total_ms", Sli.TTFB: "slowest_ttfb_ms", Sli.SYNC_LAG: "sync_lag_ms"}
    if objective.sli in measure:
        column = measure[objective.sli]
        threshold = (objective.threshold or timedelta()).total_seconds() * 1000
        rule = f"WHEN outcome = 'failed' OR {column} IS NULL THEN 2 WHEN {column} <= $threshold THEN 1 ELSE 0"
        return f"CASE WHEN outcome = 'throttled' THEN {throttled} {rule} END", {"threshold": threshold}
    return f"CASE WHEN outcome = 'throttled' THEN {throttled} {_FAILED[objective.sli]} ELSE 1 END", {}


_FAILED: Final = {
    Sli.AVAILABILITY: "WHEN outcome = 'failed' THEN 0",
    Sli.SERVER_ERRORS: (
        f"WHEN failure_kind IN {sql_list(SERVER_ERRORS)} THEN 0 WHEN failure_kind IN {sql_list(NETWORK)} THEN 2"
    ),
    Sli.CLIENT_ERRORS: (
        f"WHEN failure_kind IN {sql_list(CLIENT_ERRORS)} THEN 0 WHEN failure_kind IN {sql_list(NETWORK)} THEN 2"
    ),
    Sli.CORRECTNESS: f"WHEN failure_kind IN {sql_list(CORRECTNESS)} THEN 0 WHEN outcome = 'failed' THEN 2",
}


def _scope(integration: Integration, scheduled: Sequence[Workflow]) -> tuple[str, dict[str, Any]]:
    """The runs of series that are still scheduled; `every` falls back to the configured one."""
    series = [f"{workflow.name} {region}" for workflow in scheduled for region in workflow.regions]
    where = f"integration = $integration AND (workflow || ' ' || region) IN (SELECT unnest($series)) AND {MEASURED}"
    every = {workflow.name: workflow.every.total_seconds() * 1000 for workflow in scheduled}
    return where, {
        "integration": integration.name,
        "series": series,
        "workflows": list(every),
        "everies": list(every.values()),
    }


EVERY_MS: Final = (
    "CAST(coalesce(every_s * 1000, list_extract($everies, list_position($workflows, workflow))) AS BIGINT)"
)


def _segments(con: DuckDBPyConnection, where: str, scope: dict[str, Any]) -> list[list[Segment]]:
    rows = con.execute(_SEGMENTS.format(where=where, every=EVERY_MS), scope).fetchall()
    by_series: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for workflow, region, every_ms, first_ms in rows:
        found = by_series.setdefault((workflow, region), [])
        if not found or found[-1][1] != every_ms:
            found.append((first_ms, every_ms))
    return [segments_of(found) for found in by_series.values()]


def segments_of(changes: Sequence[tuple[int, int]]) -> list[Segment]:
    """From (first slice, interval) at each change of a series' interval, oldest first, all in milliseconds."""
    ended = [Segment(first, following, every) for (first, every), (following, _) in pairwise(changes)]
    return [*ended, *(Segment(first, None, every) for first, every in changes[-1:])]


def _counts(
    con: DuckDBPyConnection, objective: Objective, windows: Sequence[Window], where: str, scope: dict[str, Any]
) -> list[tuple[int, int, int]]:
    code, parameters = verdict(objective)
    columns = []
    for index, window in enumerate(windows):
        inside = f"slice_ms >= $start{index} AND slice_ms < $end{index}"
        parameters |= {f"start{index}": epoch_ms(window.start), f"end{index}": epoch_ms(window.end)}
        columns += [
            f"count(*) FILTER (code = 1 AND {inside})",
            f"count(*) FILTER (code = 0 AND {inside})",
            f"count(*) FILTER (code < 2 AND simulated AND {inside})",
        ]
    earliest = min(window.start for window in windows)
    sql = _COUNTS.format(code=code, where=where, every=EVERY_MS, columns=", ".join(columns))
    row = con.execute(sql, scope | parameters | {"earliest": earliest}).fetchone() or ()
    return [(row[i], row[i + 1], row[i + 2]) for i in range(0, len(row), 3)]


_SEGMENTS = """
WITH timed AS (
    SELECT workflow, region, epoch_ms(scheduled_at) AS at_ms, {every} AS every_ms FROM runs WHERE {where}
)
SELECT workflow, region, every_ms, min(at_ms) // every_ms * every_ms AS first_ms
FROM timed GROUP BY workflow, region, every_ms, at_ms // 3600000 ORDER BY workflow, region, min(at_ms)
"""

_COUNTS = """
WITH judged AS (
    SELECT workflow, region, epoch_ms(scheduled_at) AS at_ms, {every} AS every_ms, simulated,
           epoch_us(scheduled_at) * 16 + least(attempt, 15) AS turn, {code} AS code
    FROM runs WHERE {where} AND scheduled_at >= $earliest
), slices AS (
    SELECT at_ms // every_ms * every_ms AS slice_ms, arg_max(code, turn) AS code, bool_and(simulated) AS simulated
    FROM judged GROUP BY workflow, region, every_ms, at_ms // every_ms
)
SELECT {columns} FROM slices
"""
