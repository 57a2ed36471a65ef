"""How many slices of the schedule were good, bad, and expected, and how long are they?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured. A
run that was skipped because of an open circuit does not: the failure that is known stands for it, and goes on costing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Integration, Objective
from metrics.judgement import is_good
from metrics.model import SliceCount, Window
from metrics.store.buckets import epoch_ms, instant
from metrics.store.limits import Limits
from metrics.store.rollup.plan import Known, plan
from metrics.store.rollup.reading import decided_slices
from metrics.store.schedule import Segment, Series, promised, read_changes, segments
from probes.model import FailureKind, Outcome


@dataclass(frozen=True, slots=True)
class Question:
    """Which objective is to be counted, over which windows."""

    integration: Integration
    objective: Objective
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """How many slices of one series within one zone of time were decided the same way."""

    zone: int
    every_ms: int
    simulated: bool
    outcome: Outcome
    kind: FailureKind | None
    elsewhere: bool
    """Whether it failed in another integration."""
    within: Sequence[bool | None]
    """By the place of the limit in the integration's row of `Limits`."""
    count: int


@dataclass(slots=True)
class _Tally:
    """What one zone holds of each, or all zones up to one."""

    good: int = 0
    bad: int = 0
    good_ms: int = 0
    bad_ms: int = 0
    simulated: int = 0

    def add(self, group: _Group, *, good: bool) -> None:
        if good:
            self.good += group.count
            self.good_ms += group.count * group.every_ms
        else:
            self.bad += group.count
            self.bad_ms += group.count * group.every_ms
        self.simulated += group.count * group.simulated

    def plus(self, other: _Tally) -> _Tally:
        return _Tally(
            self.good + other.good,
            self.bad + other.bad,
            self.good_ms + other.good_ms,
            self.bad_ms + other.bad_ms,
            self.simulated + other.simulated,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store said about all questions at once."""

    zones: Mapping[int, int]
    """Edge in epoch milliseconds → the zone that ends there: what is before it and not before the edge before."""
    limits: Limits
    groups: Mapping[Series, Sequence[_Group]]
    """Without regard to limits."""
    limited: Mapping[Series, Sequence[_Group]]
    """With regard to them, where any objective has one."""
    schedules: Mapping[Series, Sequence[Segment]]


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
    names = sorted({asked.integration.name for asked in questions})
    edges = sorted(
        {epoch_ms(at) for asked in questions for window in asked.windows for at in (window.start, window.end)}
    )
    limits = Limits.of((asked.integration.name, asked.objective) for asked in questions)
    known = _Known(
        zones={edge: zone for zone, edge in enumerate(edges)},
        limits=limits,
        groups=_groups(con, names, edges),
        limited=_limited(con, names, edges, limits) if limits.measures else {},
        schedules={series: segments(changes) for series, changes in read_changes(con, names).items()},
    )
    return [_answer(asked, known) for asked in questions]


def series_of(integration: Integration, objective: Objective | None = None) -> list[Series]:
    """The series that the configuration has, all of them or those of one objective."""
    wanted = objective.workflow if objective else None
    return [
        (integration.name, workflow.name, region)
        for workflow in integration.workflows
        if wanted in (None, workflow.name)
        for region in workflow.regions
    ]


def _answer(asked: Question, known: _Known) -> tuple[SliceCount, ...]:
    place = known.limits.place(asked.integration.name, asked.objective)
    tallies = [_Tally() for _ in known.zones]
    schedules = []
    for series in series_of(asked.integration, asked.objective):
        schedules.append(known.schedules.get(series, ()))
        for group in (known.groups if place is None else known.limited).get(series, ()):
            within = None if place is None else group.within[place]
            good = is_good(asked.objective, group.outcome, group.kind, within, elsewhere=group.elsewhere)
            if good is not None:
                tallies[group.zone].add(group, good=good)
    running = list(accumulate(tallies, _Tally.plus))
    return tuple(_count(window, known.zones, running, schedules) for window in asked.windows)


def _count(
    window: Window, zones: Mapping[int, int], running: Sequence[_Tally], schedules: Sequence[Sequence[Segment]]
) -> SliceCount:
    start_ms, end_ms = epoch_ms(window.start), epoch_ms(window.end)
    before, until = running[zones[start_ms]], running[zones[end_ms]]
    promise = promised(schedules, start_ms, end_ms)
    return SliceCount(
        good=until.good - before.good,
        bad=until.bad - before.bad,
        expected=promise.slices,
        good_ms=until.good_ms - before.good_ms,
        bad_ms=until.bad_ms - before.bad_ms,
        expected_ms=promise.ms,
        simulated=until.simulated - before.simulated,
    )


def _groups(con: DuckDBPyConnection, names: Sequence[str], edges: Sequence[int]) -> dict[Series, list[_Group]]:
    known = Known.read(con)
    windows = [Window(instant(first * 1000), instant(end * 1000)) for first, end in pairwise(edges)]
    # The zone that ends at the first edge is empty: nothing is asked about before it.
    relation, bounds = decided_slices([(str(zone), plan(known, w)) for zone, w in enumerate(windows, start=1)])
    found: dict[Series, list[_Group]] = defaultdict(list)
    for integration, workflow, region, *row in con.execute(_PLAIN.format(relation=relation), bounds).fetchall():
        found[integration, workflow, region].append(_group(*row))
    return found


def _limited(
    con: DuckDBPyConnection, names: Sequence[str], edges: Sequence[int], limits: Limits
) -> dict[Series, list[_Group]]:
    # The oldest zone is asked for first, because most rows are there.
    zones = " ".join(f"WHEN slice_at < make_timestamptz({edge * 1000}) THEN {zone}" for zone, edge in enumerate(edges))
    sql = _GROUPS.format(zones=zones, limits=limits.columns, within=limits.comparisons)
    bounds = {"names": names, "first_us": edges[0] * 1000, "last_us": edges[-1] * 1000}
    found: dict[Series, list[_Group]] = defaultdict(list)
    for integration, workflow, region, *row in con.execute(sql, bounds | limits.parameters(names)).fetchall():
        found[integration, workflow, region].append(_group(*row))
    return found


def _group(zone: int, every_s: float, simulated: bool, outcome: str, kind: str | None, *rest: Any) -> _Group:
    elsewhere, *within, count = rest
    every_ms = round(every_s * 1000)
    known = FailureKind(kind) if kind else None
    return _Group(zone, every_ms, simulated, Outcome(outcome), known, elsewhere, within, count)


_PLAIN: Final = """
SELECT integration, workflow, region, zone, every_s, simulated, outcome, failure_kind, elsewhere, sum(n)::BIGINT
FROM {relation} GROUP BY ALL
"""

# Each integration has limits of its own, so they come as a table: as constants, every threshold of anybody would be
# one more column to group everything by.
_GROUPS: Final = """
WITH asked AS (SELECT unnest($names) AS integration{limits}), decided AS (
    SELECT integration, workflow, region, CASE {zones} END AS zone, every_s, simulated,
           CASE outcome WHEN 'skipped' THEN 'failed' ELSE outcome END AS outcome, failure_kind,
           failed_integration IS NOT NULL AS elsewhere{within}
    FROM runs JOIN asked USING (integration)
    WHERE final AND slice_at >= make_timestamptz($first_us) AND slice_at < make_timestamptz($last_us)
)
SELECT *, count(*) FROM decided GROUP BY ALL
"""
