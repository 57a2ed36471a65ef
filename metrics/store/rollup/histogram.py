"""Histograms with buckets of equal relative width: merged by adding counts, and never more than 1 % off. Pure.

Bucket i holds γ^(i−1) < x ≤ γ^i with γ = (1 + α) ÷ (1 − α), and stands for 2·γ^i ÷ (γ + 1), which is within α of
everything in it. What is below a microsecond counts as one. A histogram is two columns of equal length: the indices of
the buckets that hold something, ascending, and how many samples each holds.
"""

from __future__ import annotations

from math import ceil, log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ALPHA: Final = 0.01
"""Largest relative error of a percentile."""
GAMMA: Final = (1 + ALPHA) / (1 - ALPHA)
LEAST: Final = 0.001
"""Milliseconds: the resolution of the store."""
PERCENTS: Final = (50, 95, 99)

Counts = NDArray[np.int64]
Indices = NDArray[np.int64]
_LOG_GAMMA: Final = log(GAMMA)


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
