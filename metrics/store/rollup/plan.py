"""From where each stretch of a window is answered: whole clean buckets of the coarsest tier, raw rows for the rest.

The raw rows stand for the ragged edges of a window and for buckets that are dirty or not closed, so an answer never
depends on how far the roller has come. Where the raw rows have been forgotten, a bucket belongs to the window that its
start lies in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.model import Window
from metrics.store.buckets import epoch_ms
from metrics.store.rollup.tiers import DAY, HOUR, SLOT_MS, TIERS, Source, Tier, slot_of, slot_start
from metrics.store.snapshot import once

MOST_SPANS: Final = 24
"""More would cost more to plan than the raw rows between them."""

REGIONS: Final = "regions"
"""The name under which the watermarks say from when on there are roll-ups by region."""
_Flags = NDArray[np.bool_]
_NONE: Final = np.zeros(0, np.int64)
_NOTHING: Final = -1
"""In the place of a source: it belongs to the window that the bucket begins in."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time and what answers for it; of a tier, whole buckets."""

    source: Source
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds, in five-minute slots: the dirty buckets by tier, from which slot on and up to which one
    each tier can be asked, and from which one on raw rows are kept."""

    dirty: Mapping[str, NDArray[np.int64]]
    rolled: Mapping[str, tuple[int, int]]
    raw_from: int | None
    kept_from: Mapping[str, int]
    """By tier that has been rolled up: from which slot on nothing of it has been forgotten."""
    sealed_until: int = 0
    """No raw row that began in this slot or later is sealed."""
    regions_from: int = 0
    """Every bucket that begins in this slot or later holds its regions."""

    @classmethod
    def read(cls, con: DuckDBPyConnection) -> Known:
        """As of now."""
        return once(con, cls.__qualname__, lambda: cls._read(con))

    @classmethod
    def _read(cls, con: DuckDBPyConnection) -> Known:
        found = con.execute(_KNOWN).fetchnumpy()
        tiers, slots, is_mark = np.asarray(found["tier"]), np.asarray(found["slot"], np.int64), found["first"] == _MARK
        told: dict[str, tuple[int | None, ...]] = {}
        for row in np.flatnonzero(~is_mark).tolist():
            figures = (int(found[name][row]) for name in ("slot", "first", "until"))
            told[tiers[row]] = tuple(None if figure == _NULL else figure for figure in figures)
        rolled = {name: (kept or 0, first or 0, end) for name, (kept, first, end) in told.items() if end is not None}
        forgotten = (told[name][0] for name in ("raw", "state") if name in told)
        return cls(
            {tier.suffix: np.unique(slots[is_mark & (tiers == tier.suffix)]) for tier in TIERS},
            {tier: (max(first, kept), end) for tier, (kept, first, end) in rolled.items()},
            max((kept for kept in forgotten if kept is not None), default=None),
            {tier: kept for tier, (kept, _, _) in rolled.items()},
            told["sealed"][0] or 0,
            (told[REGIONS][0] if REGIONS in told else None) or 0,
        )

    def near(self, low: int, high: int) -> tuple[int, int]:
        """Of these slots, those of a day before anything is known of to those of a day after: further out there is
        nothing that a plan would have to tell apart, and a window may be a thousand years."""
        lengths = {tier.suffix: tier.slots for tier in TIERS}
        marks = {tier: slots for tier, slots in self.dirty.items() if len(slots)}
        firsts = [first for first, _ in self.rolled.values()] + [int(slots[0]) for slots in marks.values()]
        ends = [end for _, end in self.rolled.values()] + [int(slots[-1]) + lengths[t] for t, slots in marks.items()]
        # What is kept may begin behind what is rolled up: where nothing was, for longer than that is kept.
        first, end = min([high, *(firsts or [low])]), max([low, *ends, *firsts])
        return max(low, (first // DAY.slots - 1) * DAY.slots), min(high, (-(-end // DAY.slots) + 1) * DAY.slots)

    def may_hold(self, window: Window) -> bool:
        """Whether there can be a row of that time: one that is not rolled up has marked its bucket."""
        low, high = slot_of(window.start), -(-epoch_ms(window.end) // SLOT_MS)
        rolled = any(first < high and end > low for first, end in self.rolled.values())
        lengths = {tier.suffix: tier.slots for tier in TIERS}
        return rolled or any(
            bool(np.any((slots < high) & (slots + lengths[tier] > low))) for tier, slots in self.dirty.items()
        )


def plan(
    known: Known,
    window: Window,
    finest: timedelta | None = None,
    *,
    only: tuple[Tier, ...] = TIERS,
    counted_from: int = 0,
) -> tuple[Span, ...]:
    """Covers the window without overlap, oldest span first; an empty span stands for what another window answers for.

    `finest` is the length of the buckets that the answer is cut into: no coarser tier is used, and none but `only`.
    Buckets that begin in a slot before `counted_from` are only used where raw rows are not kept.
    """
    if window.start >= window.end:
        return (Span(Source.RAW, window.start, window.end),)
    day = DAY.slots
    start_ms, end_ms = epoch_ms(window.start), epoch_ms(window.end)
    low, high = known.near(slot_of(window.start), -(-end_ms // SLOT_MS))
    base = low // day * day
    slots = base + np.arange(-(-high // day) * day - base)
    inside = (slots * SLOT_MS >= start_ms) & ((slots + 1) * SLOT_MS <= end_ms)
    begins = (slots * SLOT_MS >= start_ms) & (slots * SLOT_MS < end_ms)
    forgotten = slots < (base if known.raw_from is None else known.raw_from)
    source, dirty = np.zeros(len(slots), np.int8), np.zeros(len(slots), bool)
    usable, gone, rigid = inside & (slots >= counted_from), forgotten, np.zeros(len(slots), bool)
    for tier in TIERS:
        _spread(dirty, known.dirty.get(tier.suffix, _NONE) - base, tier.slots)
        first, end = known.rolled.get(tier.suffix, (0, 0))
        kept = (slots >= first) & (slots < end)
        if tier in only and (finest is None or finest % tier.length == timedelta(0)):
            source[_whole(usable & kept & ~dirty, tier.slots)] = tier.source
        # Where raw rows are gone a bucket is taken whole or not at all, and one that no finer tier has all of, for all.
        # Which ones these are must not depend on the window: its neighbour has to come to the same end.
        held = (slots >= known.kept_from.get(tier.suffix, end)) & (slots < end)
        lost = held[:: tier.slots] & gone.reshape(-1, tier.slots).any(axis=1)
        fixed, own = np.repeat(lost, tier.slots), np.repeat(begins[:: tier.slots], tier.slots)
        source[fixed], source[fixed & ~own] = tier.source, _NOTHING
        gone, rigid = gone & ~held, rigid | fixed
    if np.count_nonzero(np.diff(source)) > MOST_SPANS:
        source[_around(dirty) & _whole(~forgotten & ~rigid, HOUR.slots)] = Source.RAW
    if low > slot_of(window.start):
        source[:day] = Source.RAW
    return _spans(source[low - base : high - base], low, window)


def _spread(dirty: _Flags, marked: NDArray[np.int64], length: int) -> None:
    """Flags every slot of the marked buckets, as far as they lie within."""
    for first in marked[(marked >= 0) & (marked < len(dirty))].tolist():
        dirty[first : first + length] = True


def _whole(flags: _Flags, length: int) -> _Flags:
    """Flags only those buckets of which every slot is flagged."""
    return np.repeat(flags.reshape(-1, length).all(axis=1), length)


def _around(dirty: _Flags) -> _Flags:
    """All days from the first to the last that has a dirty slot; no bucket is cut by their edges."""
    days = np.flatnonzero(dirty.reshape(-1, DAY.slots).any(axis=1))
    flags = np.zeros(len(dirty), bool)
    if len(days):
        flags[days[0] * DAY.slots : (days[-1] + 1) * DAY.slots] = True
    return flags


def _spans(source: NDArray[np.int8], first: int, window: Window) -> tuple[Span, ...]:
    cuts = (np.flatnonzero(np.diff(source)) + 1).tolist()
    found = []
    for begin, end in pairwise([0, *cuts, len(source)]):
        start, until = slot_start(first + begin), slot_start(first + end)
        if source[begin] <= Source.RAW:
            start = window.start if begin == 0 else start
            until = window.end if end == len(source) else until
        answers = source[begin] != _NOTHING
        found.append(Span(Source(max(0, int(source[begin]))), start, until if answers else start))
    return tuple(found)


def tier_of(source: Source) -> Tier:
    """The tier that a span of that source is answered from."""
    return TIERS[source - 1]


_NULL: Final = -1
_MARK: Final = -2
# Division of whole numbers rounds towards zero here.
_KNOWN: Final = f"""
SELECT tier, epoch_us(bucket_at) // 300000000 AS slot, {_MARK} AS first, {_MARK} AS until FROM dirty_buckets
UNION ALL SELECT tier, coalesce((epoch_us(kept_from) + 299999999) // 300000000, {_NULL}),
    coalesce(epoch_us(rolled_from) // 300000000, {_NULL}), coalesce(epoch_us(rolled_until) // 300000000, {_NULL})
FROM rollup_watermarks
UNION ALL SELECT 'state', coalesce((epoch_us(kept_from) + 299999999) // 300000000, {_NULL}), {_NULL}, {_NULL}
FROM sealing_state
UNION ALL SELECT 'sealed', coalesce(epoch_us(max(day)::TIMESTAMP) // 300000000 + {DAY.slots}, {_NULL}), {_NULL}, {_NULL}
FROM sealed_days
"""  # noqa: S608 - numbers of ours
