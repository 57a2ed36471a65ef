"""The figures that the learned thresholds go by, each with its reason in docs/judgement.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Final

from config.thresholds import Sensitivity


class Kind(StrEnum):
    """What a baseline is made of, the simplest first."""

    DAY = "last day's level"
    HOUR = "hour of day"
    KIND_OF_DAY = "hour of day on days of the same kind"


KINDS: Final = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Rule:
    """Spreads are standard deviations of ln(ms); times are hours unless their name says otherwise."""

    spreads: float = 4.0
    """How many spreads above normal the limit lies; see `sensitivity`."""
    lower: float = 1.0
    """So many spreads lower is the limit that three of four buckets must be above."""
    lowest: float = 3.0
    """And at so many spreads at least, unless the limit itself is lower."""
    least_spread: float = 0.07
    first_spread: float = 0.3
    """Taken for granted of a young series, with the weight of `first_weight` buckets, until `young` are known."""
    first_weight: int = 8
    young: int = 80
    hour_weight: int = 40
    """How many buckets the spread of all hours counts for beside that of this hour."""
    memory: float = 0.65
    """Share of the last two hours' deviation that is expected to go on."""
    habit: float = log(1.1)
    """How far above what this hour usually reaches the limit lies at least."""
    error_cap: float = 4.0
    """Errors of a candidate count up to so many medians."""
    complexity: float = 0.04
    """A candidate must be better by this share for each step of complexity."""
    fewest_errors: int = 12
    fewest_days: int = 2
    fewest_hours: int = 2
    """Of the last day: before, its level is not known."""
    accepted_after: int = 24
    """Hours under alert after which the new level is normal."""


SPREADS: Final = {Sensitivity.HIGH: 3.5, Sensitivity.NORMAL: 4.0, Sensitivity.LOW: 5.5}
SPARSE_LESS: Final = {300: 1.0, 3600: 2.0}
"""Bucket in seconds → so many spreads less where it holds fewer than three probes: two of three have to be above."""
