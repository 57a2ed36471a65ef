"""What learned limits say of latencies: what is normal in an hour, and how a bucket stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.baseline.rows import Floats
from metrics.baseline.rule import KINDS

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal in one hour, one row per series; logarithms of milliseconds."""

    level: Floats
    kind: NDArray[np.int64]
    """Place among `KINDS`."""
    spread: Floats
    habit: Floats
    """What this hour is in the habit of reaching, with its margin; -inf: none known."""
    candidates: Floats
    """One row per kind."""
    uncorrected: Floats
    """The candidates before the last day's deviation is added."""
    samples: NDArray[np.int64]
    """Hours that the level is made of."""

    @classmethod
    def unknown(cls, count: int) -> Normal:
        """Of series that were never measured."""
        nothing, none = np.full(count, np.nan), np.zeros(count, np.int64)
        each = np.full((len(KINDS), count), np.nan)
        return cls(nothing, none, nothing.copy(), nothing.copy(), each, each.copy(), none.copy())

    @classmethod
    def gathered(cls, parts: Sequence[tuple[NDArray[np.int64], Normal]], count: int) -> Normal:
        """Of all series, from some rows each."""
        return cls(*(_whole([(rows, getattr(part, one.name)) for rows, part in parts], count) for one in fields(cls)))


def _whole(parts: Sequence[tuple[NDArray[np.int64], NDArray[Any]]], count: int) -> Any:
    _, first = parts[0]
    whole = np.empty((*first.shape[:-1], count), first.dtype)
    for rows, part in parts:
        whole[..., rows] = part
    return whole


@dataclass(frozen=True, slots=True)
class Judged:
    """One bucket of every series; logarithms of milliseconds, NaN where nothing was measured or known."""

    value: Floats
    expected: Floats
    limit: Floats
    above: Flags
    of_three: NDArray[np.int64]
    """How many of the last three measured buckets were above their limit."""
    lower: Floats
    """The limit that most of four buckets must be above; nowhere above `limit`."""
    of_four: NDArray[np.int64]
    """How many of the last four measured buckets were above their lower limit."""
    firing: Flags
    accepted: Flags
    """What it was so long under alert for is normal from here on."""
