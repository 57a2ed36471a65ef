"""Order statistics of many series at once: one row per series, NaN where nothing was measured. Pure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Counts = NDArray[np.int64]
_LEAST: Final = 1e-3
_MOST: Final = 1e15
"""What is not between the two counts as the nearer one: a limit has to be a number that can be told."""

_HALF_NORMAL: Final = 1.645
"""The 90th percentile of the absolute value of a standard normal deviate."""


def unknown(series: int, length: int) -> NDArray[np.float32]:
    """So many figures of each, none of them known."""
    return np.full((series, length), np.nan, np.float32)


def known(values: Floats) -> Counts:
    """How many figures each row holds."""
    counted: Counts = np.count_nonzero(~np.isnan(values), axis=1)
    return counted


def logarithms(figures: Floats) -> Floats:
    """As figures are judged; NaN where nothing was measured."""
    found: Floats = np.log(np.clip(figures, _LEAST, _MOST))
    return found


def sorted_rows(values: Floats) -> tuple[Floats, Counts]:
    """Each row ascending, NaN last; and how many figures each holds."""
    return np.sort(values, axis=1), np.count_nonzero(~np.isnan(values), axis=1)


def median(values: Floats) -> Floats:
    """Of each row, NaN of one without a figure."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered, n = sorted_rows(values)
    rows = np.arange(len(values))
    # A row without figures has NaN in its first place.
    low, high = ordered[rows, np.maximum(0, (n - 1) // 2)], ordered[rows, np.minimum(n // 2, np.maximum(0, n - 1))]
    middle: Floats = (low + high) / 2
    return middle


def quantile(values: Floats, share: float) -> tuple[Floats, Counts]:
    """Of each row, between the neighbouring figures in proportion; and of how many figures."""
    if not values.shape[1]:
        return np.full(len(values), np.nan), np.zeros(len(values), np.int64)
    ordered, n = sorted_rows(values)
    rows = np.arange(len(values))
    place = share * np.maximum(0, n - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(0, n - 1))
    found: Floats = ordered[rows, low] + (ordered[rows, high] - ordered[rows, low]) * (place - low)
    return found, n


def upper_spread(values: Floats) -> tuple[Floats, Counts]:
    """Of each row the standard deviation that its figures above zero speak of, and how many those are."""
    found, n = quantile(np.where(values > 0, values, np.nan), 0.9)
    return found / _HALF_NORMAL, n


def reached_mostly(values: Floats) -> Floats:
    """Of each row the largest figure that more than half of its figures reach, NaN of one without a figure."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered, n = sorted_rows(values)
    found: Floats = ordered[np.arange(len(values)), np.maximum(0, (n - 1) // 2)]
    return found
