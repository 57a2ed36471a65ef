"""Adds up how slices were decided in stretches of time, and keeps what closed buckets amount to from one question to
the next.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.model import Window
from metrics.store.buckets import epoch_ms
from metrics.store.limits import Limit
from metrics.store.relations import RUNS
from metrics.store.rollup.decided import (
    Numbers,
    Rows,
    Targets,
    about_limits,
    held_against_limits,
    joined,
    raw,
    raw_slices,
    rolled,
)
from metrics.store.rollup.plan import Known, Span, plan, tier_of
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, SLOT_MS, TIERS, Source, Tier, slot_of, slot_start
from metrics.store.sealing.layout import HOT

MOST_ROWS: Final = 2_000_000
"""As much as is kept: 24 MB. A month of 1,000 series is a tenth of it."""

_Raw = tuple[int, datetime, datetime]
_Bucket = tuple[str, int, int]
"""What was asked of it, its tier's source, its first slot."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one bucket amounts to."""

    version: int
    where: Numbers
    """Of raw runs: the starts of their slices, ascending."""
    codes: NDArray[np.int32]
    n: NDArray[np.float64]

    def between(self, start: datetime, until: datetime) -> _Cell:
        """The raw runs of slices that begin in that time."""
        first, end = np.searchsorted(self.where, [epoch_ms(start), epoch_ms(until)]).tolist()
        return _Cell(self.version, self.where[first:end], self.codes[first:end], self.n[first:end])


@dataclass(frozen=True, slots=True)
class _Family:
    """What can be asked of buckets: its name in the memo (none: it is not kept), and how many of what its rows are
    placed by make up a slot."""

    name: str
    fetch: Callable[[DuckDBPyConnection, Targets, Tier, Sequence[int]], Rows]
    unit: int = 1


_PLAIN: Final = _Family("plain", rolled)
_LIMITS: Final = _Family("limits", held_against_limits)
_ABOUT: Final = _Family("", about_limits)
_EDGES: Final = _Family("edges", raw_slices, SLOT_MS)


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """What the whole buckets of a zone amount to; the very same object for as long as none of them changes."""

    keys: Numbers
    n: NDArray[np.float64]
    cells: Mapping[_Bucket, _Cell]


@dataclass(frozen=True, slots=True)
class Totals:
    """How many slices were decided alike: what zones' whole buckets amount to, and by zone all the rest."""

    sums: Sequence[Sum | None]
    rest: Rows

    @property
    def rows(self) -> Rows:
        """All of it, by zone."""
        sums = ((zone, one) for zone, one in enumerate(self.sums) if one)
        return joined([self.rest, *(Rows(np.full(len(one.keys), zone), one.keys, one.n) for zone, one in sums)])


class CellMemo:
    """What closed buckets amount to, as of the version of each that was read; and numbers for the keys in them.

    An answer is the same with a memo and without: a bucket is only taken from here when the question would have asked
    its roll-up, and that is still of the same making. It keeps what the latest question used, and no more.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._lock = Lock()
        self._targets: Targets | None = None
        self._versions: tuple[object, Mapping[tuple[int, int], int]] = None, {}
        self._clear()

    def _clear(self) -> None:
        self._cells: dict[_Bucket, _Cell] = {}
        self._sums: dict[Hashable, Sum] = {}
        self._sorted = np.zeros(0, np.int64)
        self._codes = np.zeros(0, np.int32)

    def add_up(
        self,
        con: DuckDBPyConnection,
        known: Known,
        targets: Targets,
        zones: Sequence[Window],
        since: Mapping[Limit, int],
    ) -> Totals:
        """Slices that begin in each zone. `since`: the slot that each limit of the targets is counted from."""
        with self._lock:
            if targets is not self._targets and targets != self._targets:
                self._clear()
            self._targets = targets
            look = _Look(con, self._as_made(con), known.sealed_until + DAY.slots)
            sums: list[Sum | None] = [None] * len(zones)
            rest: list[Rows] = []
            for asked in _asked(known, targets, zones, since):
                if asked.is_kept:
                    sums = self._whole(look, asked, len(zones))
                rest += self._rest(look, asked)
            self._keep(look)
            return Totals(sums, joined(rest))

    def _as_made(self, con: DuckDBPyConnection) -> Mapping[tuple[int, int], int]:
        """Of which making each bucket is, by source and first slot. A making takes the next number: the highest one and
        how many there are tell whether any bucket was made or forgotten since."""
        stands = con.execute("SELECT max(version), count(*) FROM rolled_buckets").fetchone()
        if self._versions[0] != stands:
            self._versions = stands, _versions(con)
        return self._versions[1]

    def _whole(self, look: _Look, asked: _Asked, zones: int) -> list[Sum | None]:
        """What the whole buckets of each zone amount to."""
        wanted: list[list[tuple[str, int, int, int]]] = [[] for _ in range(zones)]
        for family, places in asked.buckets:
            for zone, source, slot in places:
                wanted[zone].append((family.name, source, slot, look.versions.get((source, slot), 0)))
        keys = [tuple(one) for one in wanted]
        new = {zone for zone, key in enumerate(keys) if key and key not in self._sums}
        cells: list[dict[_Bucket, _Cell]] = [{} for _ in keys]
        for zone, bucket, cell in self._cells_of(look, asked, lambda zone: zone in new):
            cells[zone][bucket] = cell
        for zone in new:
            look.sums[keys[zone]] = self._sum(cells[zone])
        look.sums.update({key: self._sums[key] for zone, key in enumerate(keys) if key and zone not in new})
        return [look.sums.get(key) for key in keys]

    def _cells_of(
        self, look: _Look, asked: _Asked, wanted: Callable[[int], bool]
    ) -> Iterator[tuple[int, _Bucket, _Cell]]:
        """Every whole bucket of the zones that are wanted."""
        for family, places in asked.buckets:
            for tier in TIERS:
                zone_of = {slot: zone for zone, source, slot in places if source is tier.source and wanted(zone)}
                cells = self._read(look, asked.targets, family, tier, list(zone_of))
                yield from ((zone_of[slot], (family.name, tier.source, slot), cell) for slot, cell in cells.items())

    def _rest(self, look: _Look, asked: _Asked) -> Iterator[Rows]:
        """What is not in the sums, by zone."""
        if not asked.is_kept:
            for zone, _, cell in self._cells_of(look, asked, lambda _: True):
                yield self._rows(zone, cell)
        ragged = sorted({slot_of(start) for _, start, _ in asked.ragged})
        cells = self._read(look, asked.targets, _EDGES, FIVE_MINUTES, ragged)
        for zone, start, end in asked.ragged:
            yield self._rows(zone, cells[slot_of(start)].between(start, end))
        late = all(slot_of(start) >= look.hot_from for _, start, _ in asked.raw)
        yield raw(look.con, asked.targets, asked.raw, plain=asked.plain, runs=HOT[RUNS] if late else RUNS)

    def _rows(self, zone: int, cell: _Cell) -> Rows:
        return Rows(np.full(len(cell.codes), zone), self._keys()[cell.codes], cell.n)

    def _sum(self, cells: Mapping[_Bucket, _Cell]) -> Sum:
        codes = np.concatenate([cell.codes for cell in cells.values()])
        weights = np.concatenate([cell.n for cell in cells.values()])
        n = np.bincount(codes, weights, len(self._codes)).astype(np.float64)
        some = np.flatnonzero(n)
        return Sum(self._keys()[some], n[some], cells)

    def _keys(self) -> Numbers:
        """The key of each code."""
        keys = np.zeros(len(self._codes), np.int64)
        keys[self._codes] = self._sorted
        return keys

    def _read(
        self, look: _Look, targets: Targets, family: _Family, tier: Tier, slots: Sequence[int]
    ) -> dict[int, _Cell]:
        """These buckets, out of the memo or the store."""
        cells, stale = {}, []
        for slot in slots:
            cell = self._cells.get((family.name, tier.source, slot))
            if cell is None or cell.version != look.versions.get((tier.source, slot), 0):
                stale.append(slot)
            else:
                cells[slot] = cell
        if stale:
            cells |= self._fetched(
                family.fetch(look.con, targets, tier, stale), stale, tier, family.unit, look.versions
            )
        if family.name:
            look.used.update({(family.name, tier.source, slot): cell for slot, cell in cells.items()})
        return cells

    def _fetched(
        self, rows: Rows, slots: Sequence[int], tier: Tier, unit: int, versions: Mapping[tuple[int, int], int]
    ) -> dict[int, _Cell]:
        order = np.argsort(rows.where, kind="stable")
        where, codes, n = rows.where[order], self._encoded(rows.key[order]), rows.n[order]
        wanted = np.asarray(slots, np.int64) * unit
        edges = zip(slots, *(np.searchsorted(where, edge).tolist() for edge in (wanted, wanted + unit)), strict=True)
        return {
            slot: _Cell(versions.get((tier.source, slot), 0), where[low:high], codes[low:high], n[low:high])
            for slot, low, high in edges
        }

    def _encoded(self, keys: Numbers) -> NDArray[np.int32]:
        """A small number for each key, always the same one."""
        place = np.searchsorted(self._sorted, keys)
        if not len(self._sorted) or (self._sorted[np.minimum(place, len(self._sorted) - 1)] != keys).any():
            new = np.setdiff1d(keys, self._sorted)
            numbers = np.arange(len(self._codes), len(self._codes) + len(new), dtype=np.int32)
            at = np.searchsorted(self._sorted, new)
            self._sorted, self._codes = np.insert(self._sorted, at, new), np.insert(self._codes, at, numbers)
            place = np.searchsorted(self._sorted, keys)
        codes: NDArray[np.int32] = self._codes[place]
        return codes

    def _keep(self, look: _Look) -> None:
        kept, rows = {}, 0
        used = look.used | {bucket: cell for one in look.sums.values() for bucket, cell in one.cells.items()}
        for bucket, cell in used.items():
            rows += len(cell.n)
            if rows > self._most_rows:
                break
            kept[bucket] = cell
        self._cells = kept
        self._sums = look.sums if len(kept) == len(used) else {}


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the store: as of which making each bucket is, and what was used of them."""

    con: DuckDBPyConnection
    versions: Mapping[tuple[int, int], int]
    hot_from: int
    """No run of a slice that begins in this slot or later is sealed: a run begins less than a day before its slice."""
    used: dict[_Bucket, _Cell] = field(default_factory=dict)
    sums: dict[Hashable, Sum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be asked where: targets, raw spans, ragged edges in closed clean buckets, and buckets (zone, source,
    slot) by what is asked of them; what has no name is not kept."""

    targets: Targets
    plain: bool
    raw: Sequence[_Raw]
    ragged: Sequence[_Raw]
    buckets: Sequence[tuple[_Family, Sequence[tuple[int, Source, int]]]]

    @property
    def is_kept(self) -> bool:
        """Whether all of its buckets are kept."""
        return all(family.name for family, _ in self.buckets)


def _asked(known: Known, targets: Targets, zones: Sequence[Window], since: Mapping[Limit, int]) -> Iterator[_Asked]:
    """Limits that are counted as far back as anything is asked go along with all the rest."""
    plans = [plan(known, zone) for zone in zones]
    buckets = _buckets(plans)
    alone: dict[int, list[list[Span]]] = {}
    together = set()
    for start in sorted(set(since.values())):
        if zones and start <= slot_of(zones[0].start):
            together.add(start)
            continue
        own = [list(plan(known, zone, counted_from=start)) for zone in zones]
        if own == [list(spans) for spans in plans] and all(slot >= start for _, _, slot in buckets):
            together.add(start)
        else:
            alone[start] = own
    whole = _of(targets, {limit for limit, start in since.items() if start in together})
    limits = _LIMITS if not alone else replace(_LIMITS, name="")
    loose = _raw(known, plans)
    ragged = [] if alone else [span for span in loose if _is_closed(known, span)]
    families = [(_PLAIN, buckets), (limits, buckets)]
    yield _Asked(whole, True, [span for span in loose if span not in ragged], ragged, families)
    for start, own in alone.items():
        some = _of(targets, {limit for limit, at in since.items() if at == start})
        places = _buckets(own)
        counted, about = ([p for p in places if (p[2] >= start) is early] for early in (True, False))
        yield _Asked(some, False, _raw(known, own), [], [(replace(_LIMITS, name=""), counted), (_ABOUT, about)])


def _of(targets: Targets, limits: set[Limit]) -> Targets:
    """The same with those limits only; every target keeps its number."""
    columns = tuple({name: limit for name, limit in column.items() if limit in limits} for column in targets.limits)
    numbers = {number: column for number, column in targets.columns.items() if targets.identities[number] in limits}
    return replace(targets, limits=columns if any(columns) else (), columns=numbers)


def _buckets(plans: Sequence[Sequence[Span]]) -> list[tuple[int, Source, int]]:
    return [
        (zone, span.source, slot)
        for zone, spans in enumerate(plans)
        for span in spans
        if span.source is not Source.RAW
        for slot in range(slot_of(span.start), slot_of(span.end), tier_of(span.source).slots)
    ]


def _raw(known: Known, plans: Sequence[Sequence[Span]]) -> list[_Raw]:
    """Where raw runs answer, if there can be any: not in the time before the store began."""
    found = ((zone, span) for zone, spans in enumerate(plans) for span in spans)
    return [
        (zone, span.start, span.end)
        for zone, span in found
        if span.source is Source.RAW and span.start < span.end and known.may_hold(Window(span.start, span.end))
    ]


def _is_closed(known: Known, span: _Raw) -> bool:
    """Whether it lies within one bucket of five minutes whose raw runs are all there and as they were rolled up."""
    _, start, end = span
    slot = slot_of(start)
    first, last = known.rolled.get(FIVE_MINUTES.suffix, (0, 0))
    whole = max(first, known.raw_from or 0) <= slot < last and end <= slot_start(slot + 1)
    return whole and slot not in known.dirty[FIVE_MINUTES.suffix]


def _versions(con: DuckDBPyConnection) -> dict[tuple[int, int], int]:
    found = con.execute(_VERSIONS).fetchnumpy()
    source, slot, version = (found[name].tolist() for name in ("source", "slot", "version"))
    return dict(zip(zip(source, slot, strict=True), version, strict=True))


_SOURCES: Final = " ".join(f"WHEN '{tier.suffix}' THEN {int(tier.source)}" for tier in TIERS)
_VERSIONS: Final = f"""
SELECT CASE tier {_SOURCES} END AS source, epoch_us(bucket_at) // 300000000 AS slot, version
FROM rolled_buckets
"""  # noqa: S608 - names of ours
