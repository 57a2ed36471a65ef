"""What hours leave behind of learned series: enough to go on from, one entry per series and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Hours:
    """Columns of equal length; an entry may hold several figures. `row` is the place of the series."""

    row: NDArray[np.int64]
    hour: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All entries, one part after the other."""
        return cls(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(cls)))


@dataclass(frozen=True, slots=True)
class LatencyHours(Hours):
    """What `LatencyBaselines` knows of hours; logarithms of milliseconds, NaN where nothing is known."""

    level: NDArray[np.float32]
    kind: NDArray[np.int8]
    spread: NDArray[np.float32]
    habit: NDArray[np.float32]
    samples: NDArray[np.int16]
    uncorrected: NDArray[np.float32]
    """By kind of level."""
    wrong: NDArray[np.float32]
    """By kind of level."""
    middle: NDArray[np.float32]
    high: NDArray[np.float32]
    above: NDArray[np.int8]
    since: NDArray[np.int64]
    """Bucket in which the alert began that is going on at the end; -1 without one."""


@dataclass(frozen=True, slots=True)
class LatencyBuckets(Hours):
    """The buckets of the same hours, in order; logarithms of milliseconds, NaN where nothing is known."""

    figures: NDArray[np.float32]
    refused: NDArray[np.bool_]
    deviations: NDArray[np.float32]
    residuals: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FailureHours(Hours):
    """What `ErrorBaselines` knows of hours: counts."""

    asked: NDArray[np.int64]
    failed: NDArray[np.int64]
    learned_asked: NDArray[np.int64]
    learned_failed: NDArray[np.int64]
    most: NDArray[np.int64]
    """By window."""
    in_a_row: NDArray[np.int64]
    since: NDArray[np.int64]
    begun: NDArray[np.int64]


AGES: Final = {"uncorrected": 24, "wrong": 7 * 24, "refused": 2 * 24, "deviations": 2, "residuals": 14 * 24}
"""Of how many hours back each figure is known; those that are not named here, of all."""


@dataclass(frozen=True, slots=True)
class AmendedLatencies(Hours):
    """Hours that are known differently since a person, or a new level, said so, as they stand when the hour `next`
    begins.

    A figure that is no longer asked for of so old an hour is that of a later one: `AGES`.
    """

    next: NDArray[np.int64]
    middle: NDArray[np.float32]
    high: NDArray[np.float32]
    uncorrected: NDArray[np.float32]
    wrong: NDArray[np.float32]
    refused: NDArray[np.bool_]
    deviations: NDArray[np.float32]
    residuals: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AmendedFailures(Hours):
    """The same of error rates."""

    learned_asked: NDArray[np.int64]
    learned_failed: NDArray[np.int64]
    most: NDArray[np.int64]
