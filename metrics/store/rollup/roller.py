"""Makes the roll-ups of dirty, closed buckets anew, in pieces that never hold up the writer for long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Retention
from metrics.store.database import Store
from metrics.store.limits import Limit
from metrics.store.relations import STEPS
from metrics.store.rollup.building import Bounds, Counted, counted, put
from metrics.store.rollup.declared import Uncounted, count_piece, declare, declared, next_uncounted
from metrics.store.rollup.marks import mark_coarser, note_made, outlived, pass_on
from metrics.store.rollup.plan import Known
from metrics.store.rollup.regional import COUNTED_WITHIN, make_regions, without_regions
from metrics.store.rollup.tiers import COARSER, DAY, FIVE_MINUTES, HOUR, SLOT_MS, TIERS, Tier, ages, slot_of, slot_start

SETTLED_AFTER: Final = timedelta(seconds=20)
"""How long after its end a bucket is left alone: its last runs are still on their way."""
MOST_ROWS: Final = 30_000
"""Raw steps that one piece may read: about a tenth of a second of two idle cores."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole buckets of one tier and the integrations from `first` to before `last`, made in one transaction."""

    tier: Tier
    start: datetime
    end: datetime
    first: str
    last: str
    newest_mark: int
    closing: bool
    """Whether it is the last piece of those buckets: their marks go with it."""

    @property
    def bounds(self) -> Bounds:
        """What it is of, as statements are bound with it."""
        return {"start": self.start, "end": self.end, "first": self.first, "last": self.last}

    def counted(self, con: DuckDBPyConnection) -> Counted:
        """What its raw rows amount to as of now."""
        return counted(con, self.tier, self.bounds)


def roll(
    store: Store,
    now: datetime,
    *,
    limits: Iterable[Limit] | None = None,
    retention: Retention | None = None,
    most_pieces: int = 10_000,
    most_rows: int = MOST_ROWS,
    tiers: tuple[Tier, ...] = TIERS,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Makes what is dirty, closed and settled anew, finest tier first; how many pieces that were.

    Each piece is one transaction, so whatever waits to be written gets its turn in between, and a roller that is
    killed goes on where it was. A bucket whose raw rows have been forgotten, even in part, stays as it is. `limits`
    are what slices are counted by from now on (None: as before); older buckets are counted by new ones at the end.
    A bucket that is older than `retention` keeps its tier is left out; the coarser one that holds it is made.
    """
    if retention is not None and store.read(partial(outlived, now=now, kept=ages(retention))):
        store.write(partial(pass_on, now=now, kept=ages(retention))).result()
    if limits is not None and store.read(declared).keys() != (wanted := frozenset(limits)):
        store.write(partial(declare, limits=wanted)).result()
    done = 0
    for work in _work(store, now, tiers, most_rows):
        if done == most_pieces or stop():
            return done
        work()
        done += 1
    return done


def _work(store: Store, now: datetime, tiers: tuple[Tier, ...], most_rows: int) -> Iterator[Callable[[], None]]:
    for tier in tiers:
        for piece in store.read(partial(pieces, tier=tier, now=now, most_rows=most_rows)):
            yield partial(_make, store, piece)
    while uncounted := store.read(next_uncounted):
        yield partial(_count, store, uncounted)
    for behind in store.read(partial(without_regions, most_rows=most_rows)):
        yield partial(make_regions, store, behind)


def _make(store: Store, piece: Piece) -> None:
    """Counted on this thread, so that the writer only puts rows in; a row that comes meanwhile leaves a newer mark."""
    rows = store.read(piece.counted, timeout=COUNTED_WITHIN)
    store.write(partial(put_piece, piece=piece, rows=rows)).result()


def _count(store: Store, piece: Uncounted) -> None:
    store.write(partial(count_piece, piece=piece)).result()


def put_piece(con: DuckDBPyConnection, piece: Piece, rows: Counted) -> None:
    """Puts in what was counted of a piece after its marks were looked up, inside the caller's transaction."""
    span = {"start": piece.start, "end": piece.end}
    put(con, rows, piece.bounds)
    note_made(con, piece.tier, piece.start, piece.end)
    if piece.closing:
        marks = span | {"tier": piece.tier.suffix, "newest": piece.newest_mark}
        if piece.tier in COARSER:
            mark_coarser(con, piece.tier, _MADE, marks)
        con.execute(f"DELETE FROM dirty_buckets WHERE {_MADE}", marks)  # noqa: S608 - a condition of ours
        con.execute(_ROLLED, {"tier": piece.tier.suffix, "start": piece.start, "end": piece.end})


def pieces(con: DuckDBPyConnection, tier: Tier, now: datetime, most_rows: int = MOST_ROWS) -> list[Piece]:
    """What is to be made anew of that tier, newest buckets first."""
    newest, due = _due(con, tier, now)
    if not due:
        return []
    held = _Held.count(con, tier, due)
    found: list[Piece] = []
    for first, end in _spans(due, held, tier.slots, most_rows):
        found += _cut(con, tier, first, end, -(-held.between(first, end) // most_rows), newest)
    return found[::-1]


def _due(con: DuckDBPyConnection, tier: Tier, now: datetime) -> tuple[int, list[int]]:
    """The newest mark, and the dirty buckets (by their first slot) that nothing finer is dirty in, oldest first."""
    last = slot_of(now - SETTLED_AFTER) - tier.slots
    marks = con.execute(_MARKS).fetchall()
    finer = {slot // tier.slots for suffix, slot, _ in marks if _finer(suffix, tier)}
    wanted = {slot for suffix, slot, _ in marks if suffix == tier.suffix and slot <= last}
    oldest = Known.read(con).raw_from or 0
    due = sorted(slot for slot in wanted if slot >= oldest and slot // tier.slots not in finer)
    return max((mark for _, _, mark in marks), default=0), due


def _finer(suffix: str, tier: Tier) -> bool:
    known = (FIVE_MINUTES.suffix, HOUR.suffix, DAY.suffix)
    return known.index(suffix) < known.index(tier.suffix)


@dataclass(frozen=True, slots=True)
class _Held:
    """How many raw steps lie in which buckets."""

    slots: Sequence[int]
    running: Sequence[int]
    """The steps up to and with each of these buckets."""

    @classmethod
    def count(cls, con: DuckDBPyConnection, tier: Tier, due: Sequence[int]) -> _Held:
        """From the first to the last bucket that is due."""
        bounds = {"start": slot_start(due[0]), "end": slot_start(due[-1] + tier.slots), "ms": SLOT_MS * tier.slots}
        counted = con.execute(_ROWS, bounds).fetchall()
        return cls([bucket * tier.slots for bucket, _ in counted], list(accumulate(count for _, count in counted)))

    def between(self, first: int, end: int) -> int:
        """Steps in the buckets that begin in `first` ≤ slot < `end`."""
        return self._before(end) - self._before(first)

    def _before(self, slot: int) -> int:
        place = bisect_left(self.slots, slot)
        return self.running[place - 1] if place else 0


def _spans(due: Sequence[int], held: _Held, length: int, most_rows: int) -> Iterator[tuple[int, int]]:
    """Stretches that hold every due bucket and, unless that is one, not too many steps.

    Clean buckets between two due ones are made anew with them where that costs less than a transaction more.
    """
    first = end = due[0]
    for slot in due:
        if end > first and held.between(first, slot + length) > most_rows:
            yield first, end
            first = slot
        end = slot + length
    yield first, end


def _cut(con: DuckDBPyConnection, tier: Tier, first: int, last: int, parts: int, newest: int) -> list[Piece]:
    """One piece, or several by integration where even one bucket holds too many rows; the closing one first."""
    start, end = slot_start(first), slot_start(last)
    if parts <= 1:
        return [Piece(tier, start, end, "", "\U0010ffff", newest, closing=True)]
    names = [name for (name,) in con.execute(_NAMES).fetchall()]
    size = max(1, -(-len(names) // parts))
    edges = [names[place] for place in range(size, len(names), size)]
    bounds = list(zip(["", *edges], [*edges, "\U0010ffff"], strict=True))
    return [Piece(tier, start, end, low, high, newest, closing=place == 0) for place, (low, high) in enumerate(bounds)]


_MARKS: Final = "SELECT tier, epoch_us(bucket_at) // 300000000, mark FROM dirty_buckets"

_ROWS: Final = f"""
SELECT epoch_ms(started_at) // $ms AS bucket, count(*) FROM {STEPS}
WHERE started_at >= $start AND started_at < $end GROUP BY bucket ORDER BY bucket
"""  # noqa: S608 - names of ours

_NAMES: Final = "SELECT DISTINCT integration FROM schedule_changes ORDER BY integration"

_MADE: Final = "tier = $tier AND bucket_at >= $start AND bucket_at < $end AND mark <= $newest"

_ROLLED: Final = """
INSERT INTO rollup_watermarks (tier, rolled_from, rolled_until) VALUES ($tier, $start, $end)
ON CONFLICT (tier) DO UPDATE
SET rolled_from = least(rolled_from, excluded.rolled_from), rolled_until = greatest(rolled_until, excluded.rolled_until)
"""
