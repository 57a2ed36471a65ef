"""What the raw attempts of a span amount to, by bucket and key: read once, and counted in numpy for both levels.

A statement with an aggregate for each of sixty columns costs several times as much, most of it for the state of each
aggregate in each of as many groups as there are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.store.relations import GOOD_ATTEMPTS, STEPS
from metrics.store.rollup.histogram import PERCENTS, index_sql, packed, rank, stored
from metrics.store.rollup.layout import (
    HISTOGRAM_COLUMNS,
    HISTOGRAMS,
    KINDS,
    MEASURES,
    OUTCOMES,
    PHASES,
    SAME,
    STATUSES,
    STEP_LEVEL,
    Level,
)
from metrics.store.rollup.tiers import Tier

_SUMMED: Final = (*PHASES, "total", "ttfb")
_Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Names:
    """A column of names: a number for each row, in the order of the names."""

    code: _Numbers
    names: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Names:
        """Of a column without nulls."""
        encoded = pa.chunked_array(column.chunks, column.type).combine_chunks().dictionary_encode()
        found = np.asarray(encoded.dictionary.to_pylist(), object)
        order = np.argsort(found)
        place = np.empty(len(found), np.int64)
        place[order] = np.arange(len(found))
        return cls(place[encoded.indices.to_numpy()], pa.array(found[order], pa.string()))


@dataclass(frozen=True, slots=True)
class Attempts:
    """Raw attempts; `columns` are numpy arrays, without nulls but for NaN."""

    keys: dict[str, Names]
    columns: dict[str, NDArray[Any]]

    @classmethod
    def read(cls, con: DuckDBPyConnection, tier: Tier, bounds: dict[str, Any]) -> Attempts:
        """Those of whole buckets, `$start` ≤ t < `$end`, of the integrations from `$first` to before `$last`."""
        length = round(tier.length.total_seconds() * 1_000_000)
        rows = con.execute(_ROWS, bounds | {"length": length}).to_arrow_table()
        keys = {name: Names.of(rows[name]) for name in STEP_LEVEL.keys}
        plain = (name for name in rows.column_names if name not in keys)
        return cls(keys, {name: rows[name].to_numpy() for name in plain})

    def table(self, level: Level, tier: Tier) -> pa.Table:
        """The roll-ups of that level: keys, bucket and the columns of that tier, in order of bucket and keys."""
        groups = _Groups.of([self.keys[name].code for name in level.keys], self.columns["bucket"])
        found: dict[str, Any] = {
            name: self.keys[name].names.take(self.keys[name].code[groups.first]) for name in level.keys
        }
        found["bucket_at"] = pa.array(self.columns["bucket"][groups.first], pa.timestamp("us", "UTC"))
        return pa.table(found | _Counting(self, groups).columns((*level.columns[tier], *HISTOGRAM_COLUMNS)))


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups that rows fall into: the group of each row, and a row of each group."""

    of_row: _Numbers
    first: _Numbers

    @classmethod
    def of(cls, codes: Sequence[_Numbers], bucket: _Numbers) -> _Groups:
        whole = np.zeros(len(bucket), np.int64)
        for code in (np.unique(bucket, return_inverse=True)[1], *codes):
            whole = whole * (int(code.max(initial=0)) + 1) + code
        _, first, of_row = np.unique(whole, return_index=True, return_inverse=True)
        return cls(of_row, first)

    @property
    def count(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class _Counting:
    rows: Attempts
    groups: _Groups

    def columns(self, wanted: Sequence[str]) -> dict[str, pa.Array]:
        """These columns of the roll-ups."""
        found = self._counts()
        for measure in _SUMMED:
            if f"{measure}_sum" in wanted:
                found |= self._sums(measure)
        for measure in MEASURES:
            found |= _Sorted.of(self, measure).columns()
        return {name: _folded(found, name) for name in wanted}

    def _column(self, name: str) -> NDArray[Any]:
        return self.rows.columns[name]

    @cached_property
    def good(self) -> NDArray[np.bool_]:
        return self._column("good")

    def _count(self, chosen: NDArray[np.bool_]) -> pa.Array:
        return _whole(np.bincount(self.groups.of_row[chosen], minlength=self.groups.count))

    def _spread(self, code: str, width: int) -> NDArray[np.int64]:
        """By value of the code, the counted rows of each group."""
        counted, size = self._column("counted"), self.groups.count
        place = self._column(code)[counted].astype(np.int64) * size + self.groups.of_row[counted]
        return np.bincount(place, minlength=width * size).reshape(width, size)

    def _counts(self) -> dict[str, pa.Array]:
        found = {name: self._count(self._column(name)) for name in ("simulated", "counted")}
        found["requests"] = found.pop("counted")
        for prefix, code, names in (
            ("", "outcome", OUTCOMES),
            ("kind_", "kind", KINDS),
            ("status_", "status", STATUSES),
        ):
            counted = self._spread(code, len(names) + 1)
            found |= {f"{prefix}{name}": _whole(part) for name, part in zip(names, counted, strict=False)}
        return found | {"n": self._count(self.good)}

    def _sums(self, measure: str) -> dict[str, pa.Array]:
        taken = self._column(f"{measure}_ms")
        some = self.good & ~np.isnan(taken)
        group, size = self.groups.of_row[some], self.groups.count
        n = np.bincount(group, minlength=size)
        # To the microsecond, as the parts are stored: without the noise of adding it packs into half the room.
        summed = np.round(np.bincount(group, taken[some], size), 3)
        return {f"{measure}_sum": _real(summed, n == 0), f"{measure}_n": _whole(n)}


@dataclass(frozen=True)
class _Sorted:
    """The good attempts that a measure is known of, by group and then by size."""

    measure: str
    taken: NDArray[np.float64]
    index: NDArray[np.int64] | None
    group: _Numbers
    size: _Numbers
    """How many each group has."""

    @classmethod
    def of(cls, counting: _Counting, measure: str) -> _Sorted:
        columns, of_row = counting.rows.columns, counting.groups.of_row
        taken = columns[f"{measure}_ms"]
        some = np.flatnonzero(counting.good & ~np.isnan(taken))
        some = some[np.lexsort((taken[some], of_row[some]))]
        index = columns[f"{measure}_i"][some].astype(np.int64) if measure in HISTOGRAMS else None
        size = np.bincount(of_row[some], minlength=counting.groups.count)
        return cls(measure, taken[some], index, of_row[some], size)

    def columns(self) -> dict[str, pa.Array]:
        """Extremes, percentiles and the histogram."""
        ends = np.cumsum(self.size)
        starts, none = ends - self.size, self.size == 0
        places = {"min": starts, "max": ends - 1}
        places |= {f"p{percent}": starts + rank(self.size, percent) - 1 for percent in PERCENTS}
        most = max(len(self.taken) - 1, 0)
        taken = self.taken if len(self.taken) else np.zeros(1)
        cut = {name: _real(taken[np.clip(place, 0, most)], none) for name, place in places.items()}
        found = {f"{self.measure}_{name}": column for name, column in cut.items()}
        return found if self.index is None else found | self._histogram(self.index, none)

    def _histogram(self, index: _Numbers, none: NDArray[np.bool_]) -> dict[str, pa.Array]:
        first = np.ones(len(index), bool)
        first[1:] = (np.diff(index) != 0) | (np.diff(self.group) != 0)
        at = np.flatnonzero(first)
        sizes = np.bincount(self.group[at], minlength=len(none))
        held = packed(sizes, index[at], np.diff(at, append=len(index)))
        return {f"{self.measure}_histogram": stored(held, none)}


def _folded(found: dict[str, pa.Array], name: str) -> pa.Array:
    """The column, null where another one stands for it."""
    if name not in SAME:
        return found[name]
    same = pc.equal(found[name], found[SAME[name][0]])
    return pc.if_else(pc.fill_null(same, fill_value=True), pa.scalar(None, found[name].type), found[name])


def _whole(counts: Any) -> pa.Array:
    return pa.array(counts.astype(np.uint32))


def _real(figures: NDArray[Any], none: NDArray[np.bool_]) -> pa.Array:
    return pa.array(figures, mask=none)


def _places(column: str, names: Sequence[str]) -> str:
    """The place of a column's value among the names; one more for any other."""
    cases = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(names))
    return f"(CASE {column} {cases} ELSE {len(names)} END)::UTINYINT"


_ROWS: Final = f"""
SELECT {", ".join(STEP_LEVEL.keys)}, epoch_us(started_at) // $length * $length AS bucket, simulated, counted,
       {_places("outcome", OUTCOMES)} AS outcome, {_places("failure_kind", KINDS)} AS kind,
       {_places("status // 100", [status[0] for status in STATUSES])} AS status, {GOOD_ATTEMPTS} AS good,
       {", ".join(f"{measure}_ms" for measure in _SUMMED)},
       {", ".join(f"coalesce({index_sql(measure + '_ms')}, 0) AS {measure}_i" for measure in HISTOGRAMS)}
FROM {STEPS}
WHERE started_at >= $start AND started_at < $end AND integration >= $first AND integration < $last
"""  # noqa: S608 - names of ours
