"""How many slices of the schedule were good, bad, and expected?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Integration, Objective
from metrics.judgement import MEASURES, is_good
from metrics.model import SliceCount, Window
from metrics.store.buckets import epoch_ms
from metrics.store.schedule import Change, Series, read_changes, segments
from probes.model import FailureKind, Outcome

Question = tuple[Objective, Sequence[Window]]
_Limit = tuple[str, float]
"""A measured column and the threshold it is held against, in milliseconds."""


@dataclass(frozen=True, slots=True)
class _Group:
    """How many slices of one series within one zone of time were decided the same way."""

    series: Series
    zone: int
    simulated: bool
    outcome: Outcome
    kind: FailureKind | None
    count: int
    within: dict[_Limit, bool | None]


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
    edges = sorted(
        {epoch_ms(at) for _, windows in questions for window in windows for at in (window.start, window.end)}
    )
    limits = sorted({limit for objective, _ in questions if (limit := _limit(objective))})
    groups = _groups(con, integration.name, edges, limits) if edges else []
    changes = read_changes(con, [integration.name])
    return tuple(
        tuple(_count(objective, window, edges, groups, changes, integration) for window in windows)
        for objective, windows in questions
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


def expected_slices(histories: Iterable[Sequence[Change]], window: Window) -> int:
    """Slices that the schedules of these series promised within the window."""
    start_ms, end_ms = epoch_ms(window.start), epoch_ms(window.end)
    return sum(segment.expected(start_ms, end_ms) for changes in histories for segment in segments(changes))


def _limit(objective: Objective) -> _Limit | None:
    column = MEASURES.get(objective.sli)
    return (column, (objective.threshold or timedelta()) / timedelta(milliseconds=1)) if column else None


def _count(
    objective: Objective,
    window: Window,
    edges: Sequence[int],
    groups: Sequence[_Group],
    changes: dict[Series, list[Change]],
    integration: Integration,
) -> SliceCount:
    series = set(series_of(integration, objective))
    limit = _limit(objective)
    # Zone i holds what is not before edge i - 1 and before edge i.
    first, last = edges.index(epoch_ms(window.start)), edges.index(epoch_ms(window.end))
    tally = {True: 0, False: 0}
    simulated = 0
    for group in groups:
        if group.series not in series or not first < group.zone <= last:
            continue
        good = is_good(objective, group.outcome, group.kind, group.within[limit] if limit else None)
        if good is not None:
            tally[good] += group.count
            simulated += group.count * group.simulated
    expected = expected_slices((changes[one] for one in series if one in changes), window)
    return SliceCount(tally[True], tally[False], expected, simulated)


def _groups(con: DuckDBPyConnection, integration: str, edges: Sequence[int], limits: Sequence[_Limit]) -> list[_Group]:
    # The oldest zone is asked for first, because most rows are there.
    zones = " ".join(f"WHEN slice_at < make_timestamptz({edge * 1000}) THEN {zone}" for zone, edge in enumerate(edges))
    within = "".join(f", {column} <= {threshold!r} AS within_{i}" for i, (column, threshold) in enumerate(limits))
    bounds = {"integration": integration, "first_us": edges[0] * 1000, "last_us": edges[-1] * 1000}
    rows = con.execute(_GROUPS.format(zones=zones, within=within), bounds).fetchall()
    return [_group(integration, limits, *row) for row in rows]


def _group(integration: str, limits: Sequence[_Limit], *row: Any) -> _Group:
    workflow, region, zone, simulated, outcome, kind, *within, count = row
    return _Group(
        series=(integration, workflow, region),
        zone=zone,
        simulated=simulated,
        outcome=Outcome(outcome),
        kind=FailureKind(kind) if kind else None,
        count=count,
        within=dict(zip(limits, within, strict=True)),
    )


_GROUPS: Final = """
WITH decided AS (
    SELECT workflow, region, CASE {zones} END AS zone, simulated, outcome, failure_kind{within}
    FROM runs
    WHERE integration = $integration AND final
      AND slice_at >= make_timestamptz($first_us) AND slice_at < make_timestamptz($last_us)
)
SELECT *, count(*) FROM decided GROUP BY ALL
"""
