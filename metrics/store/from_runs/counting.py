"""How many slices were good and bad for objectives that are counted from single runs?

What the runs of closed hours decided is kept from one look to the next, for as long as their roll-ups say that nothing
has changed in them; the rest is read anew. So late runs count wherever they fall, and an answer is the same with the
memo and without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config, Sli
from metrics.model import Window
from metrics.sliced import Decided, Tally, by_run, by_time
from metrics.store.buckets import epoch_ms, instant
from metrics.store.from_runs.reading import Wanted, read_runs
from metrics.store.from_runs.watched import Watched, watched
from metrics.store.rollup.decided import Numbers
from metrics.store.rollup.plan import Known
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, HOUR, SLOT_MS
from metrics.store.schedule import Segment, promised, read_changes, segments

HOUR_MS: Final = HOUR.slots * SLOT_MS
_MOST_SPANS: Final = 8
"""More are read as one."""

Hours = Mapping[int, int]
"""Hour, counted from the epoch → version of its roll-up."""
_Schedule = Sequence[Sequence[Segment]]
"""Of the series of an objective."""


@dataclass(frozen=True, slots=True)
class _Settled:
    """The hours before the first that is not closed, and as of which roll-ups."""

    until: int
    versions: tuple[int, ...]

    @classmethod
    def of(cls, closed: Hours, first: int) -> _Settled:
        until = next(hour for hour in range(first, first + len(closed) + 1) if hour not in closed)
        return cls(until, tuple(closed[hour] for hour in range(first, until)))


@dataclass(slots=True)
class RunMemo:
    """What closed hours amount to, for one store and the objectives of one configuration."""

    config: Config | None = None
    watched: Sequence[Watched] = ()
    hours: dict[int, int] = field(default_factory=dict)
    rows: list[dict[int, Decided]] = field(default_factory=list)
    """By objective and hour."""
    settled: list[tuple[_Settled, Tally] | None] = field(default_factory=list)
    """By objective: of which hours, and what they amount to."""

    def of(self, config: Config) -> Sequence[Watched]:
        """The objectives of the configuration; worked out once for each that is loaded."""
        if self.config is not config:
            self.config, self.watched, self.hours = config, watched(config), {}
            self.rows, self.settled = [{} for _ in self.watched], [None] * len(self.watched)
        return self.watched


def count_from_runs(
    con: DuckDBPyConnection, memo: RunMemo, windows: Sequence[tuple[Window, ...]], now: datetime
) -> list[Numbers]:
    """By objective of the memo: the fields of `SliceCount` for each of its windows."""
    if not memo.watched:
        return []
    known = Known.read(con)
    first, end = _span(known, [window for some in set(windows) for window in some], now)
    closed = _closed(con, known, first, end)
    rest, settled = _read(con, memo, closed, first, end, known), _Settled.of(closed, first)
    schedules = read_changes(con, {name for one in memo.watched for name, _, _ in one.series})
    edges = {own: _edges(own) for own in set(windows)}
    found = []
    for number, (one, own) in enumerate(zip(memo.watched, windows, strict=True)):
        schedule = [segments(schedules[series]) for series in one.series if series in schedules]
        parts = _tallies(memo, number, rest[number], settled, now, _promises(one, schedules, now))
        found.append(_counts(one, parts, schedule, *edges[own]))
    return found


def _edges(windows: Sequence[Window]) -> tuple[Numbers, Numbers]:
    """Where each begins, and ends."""
    starts, ends = [epoch_ms(w.start) for w in windows], [epoch_ms(w.end) for w in windows]
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _span(known: Known, windows: Sequence[Window], now: datetime) -> tuple[int, int]:
    """The hours that can hold a run of the windows: first, and the one after the last."""
    marks = [int(slots[0]) for slots in known.dirty.values() if len(slots)]
    begun = min([*(first for first, _ in known.rolled.values()), *marks], default=0)
    start = max(min(epoch_ms(w.start) for w in windows), begun * SLOT_MS, (known.raw_from or 0) * SLOT_MS)
    return start // HOUR_MS, max(start, epoch_ms(now)) // HOUR_MS + 1


def _closed(con: DuckDBPyConnection, known: Known, first: int, end: int) -> Hours:
    """The hours whose raw runs are as they were rolled up, with the version of that."""
    low, high = known.rolled.get(HOUR.suffix, (0, 0))
    dirty = {int(slot) // HOUR.slots for tier in (FIVE_MINUTES, HOUR) for slot in known.dirty[tier.suffix]}
    rows = con.execute(_VERSIONS, {"tier": HOUR.suffix, "since": instant(first * HOUR_MS * 1000)}).fetchall()
    whole = range(max(first, -(-low // HOUR.slots)), min(end, high // HOUR.slots))
    return {hour: version for hour, version in rows if hour in whole and hour not in dirty}


def _read(con: DuckDBPyConnection, memo: RunMemo, closed: Hours, first: int, end: int, known: Known) -> list[Decided]:
    """What the runs of hours that are not closed decided, by objective; of the others the memo learns it."""
    missing = [hour for hour in range(first, end) if hour not in closed or memo.hours.get(hour) != closed[hour]]
    numbers: dict[Any, int] = {}
    for one in memo.watched:
        for series in one.series:
            numbers.setdefault(series, len(numbers))
    wanted = Wanted(
        list(numbers),
        [(instant(a * HOUR_MS * 1000), instant(b * HOUR_MS * 1000)) for a, b in _ranges(missing)],
        sorted({one.objective.value or "" for one in memo.watched if one.objective.sli is Sli.RECORDED}),
        any(one.objective.maintenance == "excluded" for one in memo.watched),
        hot=first_of(missing) * HOUR.slots >= known.sealed_until + DAY.slots,
    )
    runs = read_runs(con, wanted) if missing else None
    asked, rest = np.array(missing, np.int64), []
    for number, one in enumerate(memo.watched):
        own = np.full(len(numbers), -1, np.int64)
        own[[numbers[series] for series in one.series]] = np.arange(len(one.series))
        decided = runs.decided(one.objective, own) if runs else Decided.joined(())
        rest.append(_learn(memo.rows[number], decided, closed, asked))
    memo.hours = dict(closed)
    return rest


def _learn(rows: dict[int, Decided], decided: Decided, closed: Hours, asked: Numbers) -> Decided:
    """Keeps what closed hours decided, forgets those that are not asked for any more, and hands back the rest."""
    hour = decided.start_ms // HOUR_MS
    for gone in rows.keys() - closed.keys():
        del rows[gone]
    for known in asked.tolist():
        if known in closed:
            rows[known] = decided.where(hour == known)
    return decided.where(np.isin(hour, asked) & ~np.isin(hour, list(closed)))


def _tallies(
    memo: RunMemo, number: int, rest: Decided, settled: _Settled, now: datetime, promises: Sequence[int]
) -> tuple[Tally, Tally]:
    """What settled hours amount to, kept for as long as they stay; and what all after them do."""
    one, rows = memo.watched[number], memo.rows[number]
    edge = settled.until * HOUR_MS if one.slicing is None else one.slicing.begin_of(settled.until * HOUR_MS)
    kept = memo.settled[number]
    if kept is None or kept[0] != settled:
        early = Decided.joined(part for hour, part in rows.items() if hour < settled.until)
        kept = memo.settled[number] = settled, _tally(one, early.where(early.start_ms < edge), now, promises)
    late = Decided.joined([*(part for hour, part in rows.items() if hour >= edge // HOUR_MS), rest])
    return kept[1], _tally(one, late.where(late.start_ms >= edge), now, promises)


def _tally(one: Watched, decided: Decided, now: datetime, promises: Sequence[int]) -> Tally:
    if one.slicing is None:
        return by_run(decided)
    return by_time(decided, one.slicing, epoch_ms(now), promises)


def _promises(one: Watched, schedules: Mapping[Any, Any], now: datetime) -> list[int]:
    """How much the schedule of each member promises for the slice of time that holds `now`, milliseconds."""
    if one.slicing is None:
        return []
    begin = one.slicing.begin_of(epoch_ms(now))
    spans: dict[int, list[list[Segment]]] = defaultdict(list)
    for series, member in zip(one.series, one.slicing.member.tolist(), strict=True):
        if series in schedules:
            spans[member].append(segments(schedules[series]))
    return [promised(spans[member], begin, begin + one.slicing.length_ms).ms for member in range(len(one.members))]


def _counts(
    one: Watched, parts: tuple[Tally, Tally], schedule: _Schedule, start_ms: Numbers, end_ms: Numbers
) -> Numbers:
    """The fields of `SliceCount`, by window."""
    early, late = (part.between(start_ms, end_ms) for part in parts)
    good, bad, good_ms, bad_ms, simulated, out, out_ms = (early + late).T
    slices, ms = _expected(one, schedule, start_ms, end_ms)
    columns = (good, bad, slices - out, good_ms, bad_ms, ms - out_ms, simulated, np.zeros_like(good))
    return np.stack(columns, axis=1)


def _expected(one: Watched, schedule: _Schedule, start_ms: Numbers, end_ms: Numbers) -> tuple[Numbers, Numbers]:
    """By window: slices that begin in it, from the first that was measured on, and their milliseconds."""
    if one.slicing is None:
        promises = [promised(schedule, *window) for window in zip(start_ms.tolist(), end_ms.tolist(), strict=True)]
        return np.array([p.slices for p in promises]), np.array([p.ms for p in promises])
    begun = [spans[0].first_ms for spans in schedule if spans]
    if not begun:
        return np.zeros_like(start_ms), np.zeros_like(start_ms)
    length = one.slicing.length_ms
    low = np.maximum(start_ms, one.slicing.begin_of(min(begun)))
    slices = np.maximum(0, -(-end_ms // length) - -(-low // length))
    return slices, slices * length


def _ranges(hours: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours together, each from the first to after the last."""
    if not hours:
        return []
    cuts = [place for place, (a, b) in enumerate(pairwise(hours), start=1) if b != a + 1]
    if len(cuts) >= _MOST_SPANS:
        return [(hours[0], hours[-1] + 1)]
    edges = [0, *cuts, len(hours)]
    return [(hours[a], hours[b - 1] + 1) for a, b in pairwise(edges)]


def first_of(hours: Sequence[int]) -> int:
    """The first; 0 where there is none."""
    return hours[0] if hours else 0


_VERSIONS: Final = """
SELECT epoch_us(bucket_at) // 3600000000, version FROM rolled_buckets WHERE tier = $tier AND bucket_at >= $since
"""
