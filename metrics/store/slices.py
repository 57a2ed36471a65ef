"""How many slices of the schedule were good, bad, and expected?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Integration, Objective, Sli
from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, SERVER_ERRORS, sql_list
from metrics.model import SliceCount, Window
from metrics.store.buckets import epoch_ms
from metrics.store.schedule import Change, Series, read_changes, segments

Question = tuple[Objective, Sequence[Window]]
_Tally = tuple[int, int, int]


def slice_counts(
    con: DuckDBPyConnection, integration: Integration, objective: Objective, windows: Sequence[Window]
) -> tuple[SliceCount, ...]:
    """Counts for each window, by the slices that begin inside it.

    Only workflows and regions that the configuration still has count; nothing is expected before a series' first
    measured slice.
    """
    return all_slice_counts(con, integration, [(objective, windows)])[0]


def all_slice_counts(
    con: DuckDBPyConnection, integration: Integration, questions: Sequence[Question]
) -> tuple[tuple[SliceCount, ...], ...]:
    """`slice_counts` for many objectives of one integration, in one scan of its runs."""
    changes = read_changes(con, [integration.name])
    zones = _Zones(integration, questions)
    by_zone = zones.count(con)
    return tuple(
        tuple(
            _slice_count(window, zones.sum(by_zone, index, window), _scheduled(integration, objective, changes))
            for window in windows
        )
        for index, (objective, windows) in enumerate(questions)
    )


def series_of(integration: Integration, objective: Objective | None = None) -> list[Series]:
    """The series that the configuration has, all of them or those of one objective."""
    wanted = objective.workflow if objective else None
    return [
        (integration.name, workflow.name, region)
        for workflow in integration.workflows
        if wanted in (None, workflow.name)
        for region in workflow.regions
    ]


def expected_slices(histories: Sequence[Sequence[Change]], window: Window) -> int:
    """Slices that the schedules of these series promised within the window."""
    start_ms, end_ms = epoch_ms(window.start), epoch_ms(window.end)
    return sum(segment.expected(start_ms, end_ms) for changes in histories for segment in segments(changes))


def verdict(objective: Objective) -> str:
    """SQL that is 1 for a good run, 0 for a bad one, 2 for neither."""
    throttled = 0 if objective.throttled_is_bad else 2
    column = _MEASURES.get(objective.sli)
    if column is None:
        return f"CASE WHEN outcome = 'throttled' THEN {throttled} {_FAILED[objective.sli]} ELSE 1 END"
    threshold = (objective.threshold or timedelta()).total_seconds() * 1000
    rule = f"WHEN outcome = 'failed' OR {column} IS NULL THEN 2 WHEN {column} <= {threshold!r} THEN 1 ELSE 0"
    return f"CASE WHEN outcome = 'throttled' THEN {throttled} {rule} END"


class _Zones:
    """Time cut at every window's edge, so that one scan with few groups answers for all windows."""

    def __init__(self, integration: Integration, questions: Sequence[Question]) -> None:
        self._integration = integration
        self._objectives = [objective for objective, _ in questions]
        every_window = [window for _, windows in questions for window in windows]
        self._edges = sorted({epoch_ms(at) for window in every_window for at in (window.start, window.end)})

    def count(self, con: DuckDBPyConnection) -> list[list[_Tally]]:
        """Per objective, the running totals of (good, bad, simulated) before each edge."""
        tallies = [[(0, 0, 0)] * len(self._edges) for _ in self._objectives]
        if not self._objectives:
            return tallies
        rows = con.execute(self._sql(), self._parameters()).fetchall()
        for zone, *counts in rows:
            for index in range(len(self._objectives)):
                good, bad, simulated = counts[3 * index : 3 * index + 3]
                tallies[index][zone] = (good, bad, simulated)
        return [list(accumulate(tally, _add)) for tally in tallies]

    def sum(self, running: Sequence[Sequence[_Tally]], index: int, window: Window) -> _Tally:
        """What objective number `index` counted inside the window."""
        start, end = (self._edges.index(epoch_ms(at)) for at in (window.start, window.end))
        before, through = running[index][start], running[index][end]
        return through[0] - before[0], through[1] - before[1], through[2] - before[2]

    def _sql(self) -> str:
        # Zone i is what lies before edge i and not before edge i - 1; the oldest come first, for most rows are there.
        zones = " ".join(f"WHEN at_ms < {edge} THEN {zone}" for zone, edge in enumerate(self._edges))
        columns = ", ".join(self._columns(objective) for objective in self._objectives)
        return _COUNTS.format(zones=zones, columns=columns)

    def _columns(self, objective: Objective) -> str:
        code = verdict(objective)
        # The name was checked when the configuration was read: letters, digits, '.', '_' and '-'.
        scope = f" AND workflow = '{objective.workflow}'" if objective.workflow else ""
        return (
            f"count(*) FILTER ({code} = 1{scope}), count(*) FILTER ({code} = 0{scope}), "
            f"count(*) FILTER (simulated AND {code} < 2{scope})"
        )

    def _parameters(self) -> dict[str, Any]:
        series = [f"{workflow} {region}" for _, workflow, region in series_of(self._integration)]
        first, last = self._edges[0], self._edges[-1]
        return {"integration": self._integration.name, "series": series, "first_ms": first, "last_ms": last}


def _add(left: _Tally, right: _Tally) -> _Tally:
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]


def _scheduled(
    integration: Integration, objective: Objective, changes: dict[Series, list[Change]]
) -> list[list[Change]]:
    return [changes[series] for series in series_of(integration, objective) if series in changes]


def _slice_count(window: Window, tally: _Tally, histories: Sequence[Sequence[Change]]) -> SliceCount:
    good, bad, simulated = tally
    return SliceCount(good, bad, expected_slices(histories, window), simulated)


_MEASURES: Final = {Sli.LATENCY: "slowest_total_ms", Sli.TTFB: "slowest_ttfb_ms", Sli.SYNC_LAG: "sync_lag_ms"}

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

_COUNTS: Final = """
WITH decided AS (
    SELECT CASE {zones} END AS zone, workflow, outcome, failure_kind, slowest_total_ms, slowest_ttfb_ms, sync_lag_ms,
           simulated
    FROM (SELECT *, epoch_ms(slice_at) AS at_ms FROM runs
          WHERE integration = $integration AND final AND slice_at >= make_timestamptz($first_ms * 1000)
            AND slice_at < make_timestamptz($last_ms * 1000)
            AND workflow || ' ' || region IN (SELECT unnest($series)))
)
SELECT zone, {columns} FROM decided GROUP BY zone
"""
