"""How a learned limit explains itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, log10
from typing import Final
from zoneinfo import ZoneInfo

from metrics.baseline.series import HOUR_S, MINUTE_S, Measure, Monitor, SeriesKey
from metrics.operating import Usual

_CROSSED_ENOUGH: Final = 2
_MADE_OF: Final = ("the last 24 h", "hour of day, 14 days", "hour of day on days of the same kind, 28 days")
"""By kind of level: the past it is made of."""


def amount(ms: float, measure: str) -> str:
    """A figure with its unit, short; a recorded value has none."""
    if measure == Measure.RECORDED:
        return f"{ms:.4g}"
    if ms >= 10_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def rate(share: float) -> str:
    """`0.2 %`; below a tenth of a percent nothing is known more exactly."""
    return "under 0.1 %" if share < 0.001 else f"{share * 100:.2g} %"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One bucket against its limit."""

    at: datetime
    """Start of the bucket."""
    value: float
    usual: float
    limit: float
    spread: float
    """Of the logarithm."""
    kind: int
    """Place among `KINDS`."""
    n: int
    """Measurements in the bucket."""
    hours: int
    """That the usual figure is made of."""
    crossed: int
    """Of the last three buckets."""
    lower: float
    """The limit that longer trouble is held against."""
    raised: int
    """Of the last four buckets, how many were above that."""

    def words(self, monitor: Monitor) -> str:
        """`640 ms (75th percentile of 5 in 5 min); 14:00 is usually 361 ms (hour of day, 14 days, n = 84 h, spread
        × 1.10), limit 531 ms, crossed in 2 of 3 buckets`."""
        measure, bucket_s = monitor.key.measure, monitor.key.bucket_s
        clock = self.at.astimezone(ZoneInfo(monitor.zone))
        length = "1 h" if bucket_s == HOUR_S else f"{bucket_s // MINUTE_S} min"
        return (
            f"{amount(self.value, measure)} (75th percentile of {self.n} in {length}); "
            f"{clock:%H}:00 is usually {amount(self.usual, measure)} "
            f"({_MADE_OF[self.kind]}, n = {self.hours} h, spread × {exp(self.spread):.2f}), " + self._verdict(measure)
        )

    def _verdict(self, measure: str) -> str:
        if self.crossed < _CROSSED_ENOUGH <= self.raised - 1:
            return f"limit for longer trouble {amount(self.lower, measure)}, crossed in {self.raised} of 4 buckets"
        return f"limit {amount(self.limit, measure)}, crossed in {self.crossed} of 3 buckets"


def new_normal(monitor: Monitor, value: float, hours: int, *, by_person: bool) -> str:
    """When a level above the limit was accepted."""
    why = "accepted by hand" if by_person else f"above the limit for {hours} h"
    return f"{amount(value, monitor.key.measure)} is the new normal: {why}"


def usual_of(key: SeriesKey, figure: float) -> Usual:
    """`usually 110 ms at this hour`, `usually 0.2 % of its runs fail at this hour`."""
    if key.measure == Measure.FAILURES:
        said = f"usually {rate(figure)} of its runs fail at this hour"
    else:
        said = f"usually {amount(figure, key.measure)} at this hour"
    return Usual(key.integration, key.workflow, key.region, key.subject, key.measure, figure, said)


_NOT_BY_CHANCE: Final = {True: "in a row, and hardly known yet", False: "no more than that"}


def too_many(failed: int, asked: int, minutes: int, usual: float, chance: float, *, firing: bool = True) -> str:
    """`12 of 15 runs failed in 15 min; usually 0.4 % at this hour: so many come by chance once in 10^9 windows`."""
    rarity = f"once in 10^{-log10(chance):.0f}" if chance > 0 else "never"
    by_chance = f"so many come by chance {rarity} windows" if chance < 1 else _NOT_BY_CHANCE[firing]
    return f"{failed} of {asked} runs failed in {minutes} min; usually {rate(usual)} at this hour: {by_chance}"
