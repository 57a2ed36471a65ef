"""Histograms with buckets of equal relative width: merged by adding counts, and never more than 1 % off. Pure.

Bucket i holds γ^(i−1) < x ≤ γ^i with γ = (1 + α) ÷ (1 − α), and stands for 2·γ^i ÷ (γ + 1), which is within α of
everything in it. What is below a microsecond counts as one. A histogram is two columns of equal length: the indices of
the buckets that hold something, ascending, and how many samples each holds.

Stored, it is one string of bytes. From the first index that there can be less one, a byte below 127 goes that many
indices further to a bucket that holds something, and 127 goes as far without one; bytes from 128 up are the digits, to
the base of 128 and the least first, of how many samples more than one the bucket before them holds.
"""

from __future__ import annotations

from math import ceil, log
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ALPHA: Final = 0.01
"""Largest relative error of a percentile."""
GAMMA: Final = (1 + ALPHA) / (1 - ALPHA)
LEAST: Final = 0.001
"""Milliseconds: the resolution of the store."""
PERCENTS: Final = (50, 95, 99)

Packed = tuple[NDArray[np.int32], NDArray[np.uint8]]
"""Where each string begins, and where the last one ends; and their bytes one behind the other."""
Counts = NDArray[np.int64]
Indices = NDArray[np.int64]
_LOG_GAMMA: Final = log(GAMMA)
_BEFORE: Final = ceil(log(LEAST) / _LOG_GAMMA) - 1
_SKIP: Final = 127
_BASE: Final = 128


def index(sample: float) -> int:
    """The bucket that holds the sample."""
    return ceil(log(max(sample, LEAST)) / _LOG_GAMMA)


def value(bucket: Any) -> Any:
    """What a bucket stands for; of an array, one value each."""
    return 2 * GAMMA**bucket / (GAMMA + 1)


def index_sql(column: str) -> str:
    """`index` of a column as SQL; null of null."""
    # greatest() passes over nulls, so a sample that is missing would become the smallest one.
    return f"CASE WHEN {column} IS NOT NULL THEN ceil(ln(greatest({column}, {LEAST})) / {_LOG_GAMMA!r})::SMALLINT END"


def of(samples: Any) -> tuple[Indices, Counts]:
    """The histogram of those samples."""
    positive = np.maximum(np.asarray(samples, np.float64), LEAST)
    buckets, counts = np.unique(np.ceil(np.log(positive) / _LOG_GAMMA).astype(np.int64), return_counts=True)
    return buckets, counts.astype(np.int64)


def merged(*parts: tuple[Any, Any]) -> tuple[Indices, Counts]:
    """The histogram of all their samples together."""
    indices = np.concatenate([np.asarray(part[0], np.int64) for part in parts])
    counts = np.concatenate([np.asarray(part[1], np.int64) for part in parts])
    buckets, place = np.unique(indices, return_inverse=True)
    total = np.zeros(len(buckets), np.int64)
    np.add.at(total, place, counts)
    return buckets, total


def packed(sizes: Any, indices: Any, counts: Any) -> Packed:
    """Many histograms as they are stored: `sizes` says how many rows of `indices` and `counts` each has."""
    sizes, indices, more = (np.asarray(column, np.int64) for column in (sizes, indices, counts))
    ahead = indices.copy()
    ahead[1:] -= indices[:-1]
    first = (np.cumsum(sizes) - sizes)[sizes > 0]
    ahead[first] = indices[first] - _BEFORE
    skips = ahead // _SKIP
    digits = [more - 1]
    while digits[-1].any():
        digits.append(digits[-1] // _BASE)
    own = skips + 1 + np.sum([digit > 0 for digit in digits], axis=0)
    ends = np.cumsum(own)
    data = np.full(int(own.sum()), _SKIP, np.uint8)
    at = ends - own + skips
    data[at] = ahead % _SKIP
    for place, digit in enumerate(digits, start=1):
        some = digit > 0
        data[at[some] + place] = _BASE + digit[some] % _BASE
    return np.concatenate([[0], np.concatenate([[0], ends])[np.cumsum(sizes)]]).astype(np.int32), data


def unpacked(offsets: Any, data: Any) -> tuple[Counts, Indices, Counts]:
    """The rows of many stored histograms: which of them, the index of a bucket, and how many samples that holds."""
    data = np.asarray(data, np.uint8)
    whose = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    steps = np.where(data < _BASE, data, 0).astype(np.int64)
    reached = np.cumsum(steps)
    start = np.concatenate([[0], reached])[np.asarray(offsets, np.int64)[:-1]]
    at = np.flatnonzero(data < _SKIP)
    counts = np.ones(len(at), np.int64)
    digit = np.flatnonzero(data >= _BASE)
    if len(digit):
        of = np.searchsorted(at, digit) - 1
        np.add.at(counts, of, (data[digit].astype(np.int64) - _BASE) * _BASE ** (digit - at[of] - 1))
    return whose[at], reached[at] - start[whose[at]] + _BEFORE, counts


def stored(packed_up: Packed, none: NDArray[np.bool_]) -> pa.Array:
    """Packed histograms as a column, null where there is none."""
    (offsets, data), held = packed_up, pa.array(~none).buffers()[1]
    return pa.Array.from_buffers(pa.binary(), len(none), [held, pa.py_buffer(offsets), pa.py_buffer(data)])


def read(column: pa.ChunkedArray) -> tuple[Counts, Indices, Counts]:
    """`unpacked` of a column; a null holds nothing."""
    whole = pa.concat_arrays([chunk.cast(pa.binary()) for chunk in column.chunks]) if column.num_chunks else None
    if whole is None or not len(whole):
        return unpacked(np.zeros(1, np.int64), np.zeros(0, np.uint8))
    _, offsets, data = whole.buffers()
    edges = np.frombuffer(offsets, np.int32)[whole.offset : whole.offset + len(whole) + 1]
    every = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return unpacked(edges - edges[0], every[edges[0] : edges[-1]])


def rank(count: Any, percent: int) -> Any:
    """Nearest rank, from 1: how many samples do not exceed the percentile."""
    return (count * percent + 99) // 100


def quantiles(
    group: Any, indices: Any, counts: Any, groups: int, percents: tuple[int, ...] = PERCENTS
) -> list[NDArray[np.float64]]:
    """Nearest-rank percentiles of many histograms at once, each within α; NaN for a group without samples.

    `group`, `indices` and `counts` are one row per bucket, sorted by group (0 … groups − 1), then index.
    """
    group, counts = np.asarray(group, np.int64), np.asarray(counts, np.int64)
    standing = value(np.asarray(indices, np.float64))
    total = np.bincount(group, counts, groups).astype(np.int64)
    ends = np.cumsum(counts)
    before = np.concatenate([[0], np.cumsum(total)[:-1]])
    known = total > 0
    found = []
    for percent in percents:
        column = np.full(groups, np.nan)
        wanted = before + rank(total, percent)
        column[known] = standing[np.searchsorted(ends, wanted[known])]
        found.append(column)
    return found
