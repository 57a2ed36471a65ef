"""Rows of closed buckets, read once and kept by day for as long as their buckets stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.store.memo import Memo
from metrics.store.rollup.plan import Span, tier_of
from metrics.store.rollup.tiers import DAY, Source, Tier, slot_of, slot_start
from metrics.store.snapshot import once

Rows = dict[str, Any]
"""Columns of equal length; `slot` is the first slot of each row's bucket."""
Fetch = Callable[[Tier, int, int], Rows]
"""Reads the buckets of a tier that begin in `first` ≤ slot < `end`."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Spans that roll-ups answer for, and of which making each of their buckets is, by slot from the span's first."""

    spans: tuple[Span, ...]
    versions: tuple[Any, ...]

    @classmethod
    def of(cls, con: DuckDBPyConnection, spans: Iterable[Span]) -> Closed:
        """Those among the spans, as the store stands now."""
        rolled = tuple(span for span in spans if span.source is not Source.RAW)
        asked = ((tier_of(span.source), *_slots(span)) for span in rolled)
        return cls(rolled, tuple(once(con, ("versions", *one), partial(_versions, con, *one)) for one in asked))

    @property
    def key(self) -> Hashable:
        """All that decides what the roll-ups say."""
        return self.spans, tuple(map(_digest, self.versions))

    def rows(self, memo: Memo, what: Hashable, fetch: Fetch) -> Rows:
        """What `fetch` says of these buckets; `what` names all else that it depends on."""
        parts = []
        for span, versions in zip(self.spans, self.versions, strict=True):
            parts += _of_span(memo, what, span, versions, fetch)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _digest(versions: Any) -> bytes:
    """Stands for them in a key; three months of five minutes are 200 kB."""
    return blake2b(versions.tobytes(), digest_size=16).digest()


def _slots(span: Span) -> tuple[int, int]:
    return slot_of(span.start), slot_of(span.end)


def _of_span(memo: Memo, what: Hashable, span: Span, versions: Any, fetch: Fetch) -> list[Rows]:
    tier, (first, end) = tier_of(span.source), _slots(span)
    edges = [first, *range((first // DAY.slots + 1) * DAY.slots, end, DAY.slots), end]
    keys = {(a, b): (what, tier.suffix, a, b, _digest(versions[a - first : b - first])) for a, b in pairwise(edges)}
    found = {cut: memo.get(key) for cut, key in keys.items()}
    missing = [cut for cut, rows in found.items() if rows is None]
    if missing:
        # Days that are missing lie together nearly always: at either end of the window, or all of it.
        rows = fetch(tier, missing[0][0], missing[-1][1])
        order = np.argsort(rows["slot"], kind="stable")
        places = np.searchsorted(rows["slot"][order], missing)
        for cut, (low, high) in zip(missing, places.tolist(), strict=True):
            own = found[cut] = {name: column[order[low:high]] for name, column in rows.items()}
            memo.keep(keys[cut], own, 500 + sum(column.nbytes for column in own.values()))
    return [rows for rows in found.values() if rows is not None]


def _versions(con: DuckDBPyConnection, tier: Tier, first: int, end: int) -> Any:
    """Of which making each bucket is, by slot from the first one; 0 where that is not known."""
    bounds = {"tier": tier.suffix, "start": slot_start(first), "end": slot_start(end)}
    answer = con.execute(_VERSIONS, bounds).fetchnumpy()
    found = np.zeros(end - first, np.int64)
    found[answer["slot"] - first] = answer["version"]
    return found


def places(slots: Any, parameters: Mapping[str, Any]) -> Any:
    """Which group a bucket that begins in the slot is in: that of a grid, bound by its first millisecond and the length
    of its cells, or the only one."""
    if not parameters:
        return np.zeros(len(slots), np.int64)
    first, length = parameters["first_ms"], next(v for name, v in parameters.items() if name != "first_ms")
    return (np.asarray(slots, np.int64) * 300_000 - first) // length


def merged(parts: Iterable[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Group, bucket and count of several histograms, in order and each bucket once."""
    g, i, c = (np.concatenate([np.zeros(0, np.int64), *columns]) for columns in zip(*parts, strict=True))
    if not len(g):
        return g, i, c
    low = int(i.min())
    width = int(i.max()) - low + 1
    counted = np.bincount((g * width + i - low).astype(np.int64), c)
    place = np.flatnonzero(counted > 0)
    return place // width, place % width + low, counted[place].astype(np.int64)


def added(places_of: Any, column: Any, how: str, groups: Any) -> Any:
    """The column added up (or its extreme) by group; masked where a group has no figure but NaN."""
    known = ~np.isnan(column)
    row = np.searchsorted(groups, places_of[known])
    start = {"sum": 0.0, "min": np.inf, "max": -np.inf}[how]
    found = np.full(len(groups), start)
    {"sum": np.add, "min": np.minimum, "max": np.maximum}[how].at(found, row, column[known])
    return np.ma.masked_array(found, np.bincount(row, minlength=len(groups)) == 0)


_VERSIONS: Final = """
SELECT epoch_us(bucket_at) // 300000000 AS slot, version FROM rolled_buckets
WHERE tier = $tier AND bucket_at >= $start AND bucket_at < $end
"""
