"""How many slices of the schedule were good, bad, and expected?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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

_Limit = tuple[str, float]
"""A measured column and the threshold it is held against, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which objective is to be counted, over which windows."""

    integration: Integration
    objective: Objective
    windows: tuple[Window, ...]


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
    return all_slice_counts(con, [Question(integration, objective, tuple(windows))])[0]


def all_slice_counts(con: DuckDBPyConnection, questions: Sequence[Question]) -> list[tuple[SliceCount, ...]]:
    """`slice_counts` for many objectives of many integrations, in one scan of the runs."""
    if not questions:
        return []
    edges = sorted(
        {epoch_ms(at) for asked in questions for window in asked.windows for at in (window.start, window.end)}
    )
    limits = sorted({limit for asked in questions if (limit := _limit(asked.objective))})
    groups: dict[Series, list[_Group]] = defaultdict(list)
    for group in _groups(con, edges, limits):
        groups[group.series].append(group)
    changes = read_changes(con, {asked.integration.name for asked in questions})
    return [_answer(asked, edges, groups, changes) for asked in questions]


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


def _answer(
    asked: Question,
    edges: Sequence[int],
    groups: Mapping[Series, Sequence[_Group]],
    changes: Mapping[Series, Sequence[Change]],
) -> tuple[SliceCount, ...]:
    series = series_of(asked.integration, asked.objective)
    judged = [
        (group, good) for one in series for group in groups.get(one, ()) if (good := _judge(asked, group)) is not None
    ]
    histories = [changes[one] for one in series if one in changes]
    return tuple(_count(window, edges, judged, histories) for window in asked.windows)


def _judge(asked: Question, group: _Group) -> bool | None:
    limit = _limit(asked.objective)
    return is_good(asked.objective, group.outcome, group.kind, group.within[limit] if limit else None)


def _count(
    window: Window, edges: Sequence[int], judged: Sequence[tuple[_Group, bool]], histories: Sequence[Sequence[Change]]
) -> SliceCount:
    # Zone i holds what is not before edge i - 1 and before edge i.
    first, last = edges.index(epoch_ms(window.start)), edges.index(epoch_ms(window.end))
    inside = [(group, good) for group, good in judged if first < group.zone <= last]
    return SliceCount(
        good=sum(group.count for group, good in inside if good),
        bad=sum(group.count for group, good in inside if not good),
        expected=expected_slices(histories, window),
        simulated=sum(group.count for group, _ in inside if group.simulated),
    )


def _groups(con: DuckDBPyConnection, edges: Sequence[int], limits: Sequence[_Limit]) -> list[_Group]:
    # The oldest zone is asked for first, because most rows are there.
    zones = " ".join(f"WHEN slice_at < make_timestamptz({edge * 1000}) THEN {zone}" for zone, edge in enumerate(edges))
    within = "".join(f", {column} <= {threshold!r} AS within_{i}" for i, (column, threshold) in enumerate(limits))
    bounds = {"first_us": edges[0] * 1000, "last_us": edges[-1] * 1000}
    rows = con.execute(_GROUPS.format(zones=zones, within=within), bounds).fetchall()
    return [_group(limits, *row) for row in rows]


def _group(limits: Sequence[_Limit], *row: Any) -> _Group:
    integration, workflow, region, zone, simulated, outcome, kind, *within, count = row
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
    SELECT integration, workflow, region, CASE {zones} END AS zone, simulated, outcome, failure_kind{within}
    FROM runs
    WHERE final AND slice_at >= make_timestamptz($first_us) AND slice_at < make_timestamptz($last_us)
)
SELECT *, count(*) FROM decided GROUP BY ALL
"""
