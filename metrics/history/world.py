"""What happens to one simulated vendor: its usual latency, how that wanders, and its incidents."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.model import Window
from probes.model import FailureKind

Floats = NDArray[np.float64]
Level = Callable[[datetime], float]
"""Usual server time in milliseconds at an instant."""

_GRID: Final = timedelta(minutes=5)
_PERSISTENCE: Final = 0.97
_WANDER: Final = 0.05
_DRIFT: Final = 0.1
"""Standard deviation of the logarithm of how much slower a vendor is after a quarter of a year."""
_QUARTER: Final = timedelta(days=91)
QUIET_DAYS: Final = 4
"""No incident this close to the end: a demo begins calm, also in its three-day windows."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One simulated incident. `failing` is the share of runs that end as `kind`; others are `slower` times slower."""

    start: datetime
    end: datetime
    kind: FailureKind | None
    failing: float
    slower: float


@dataclass(frozen=True, slots=True)
class World:
    """One vendor over the window: median server time on a grid, and its incidents in order."""

    grid_ms: Floats
    level: Floats
    troubles: tuple[Trouble, ...]

    def level_at(self, at_ms: Floats) -> Floats:
        """Median server time at those instants (epoch milliseconds)."""
        return np.interp(at_ms, self.grid_ms, self.level)


def business_hours(base_ms: float) -> Level:
    """Busiest at 14:30 UTC on working days, quiet at night, calmer at the weekend."""

    def usual_ms(at: datetime) -> float:
        hour = at.hour + at.minute / 60
        distance = min(abs(hour - 14.5), 24 - abs(hour - 14.5))
        rise = 0.6 * math.exp(-((distance / 4) ** 2) / 2)
        return base_ms * (1 + rise * (0.3 if at.weekday() >= 5 else 1.0))

    return usual_ms


def build(window: Window, level: Level, random: np.random.Generator) -> World:
    """A world from its usual level and a seeded generator."""
    grid_ms, usual = _rhythm(window, level)
    wander = _autoregressive(random.normal(0, _WANDER * math.sqrt(1 - _PERSISTENCE**2), len(usual)))
    drift = random.normal(0, _DRIFT) * (grid_ms - grid_ms[0]) / (_QUARTER / timedelta(milliseconds=1))
    return World(grid_ms, usual * np.exp(wander + drift), _troubles(window, random))


@lru_cache(maxsize=8)
def _rhythm(window: Window, level: Level) -> tuple[Floats, Floats]:
    """The instants of the grid, and the usual level at each: of many vendors with the same one, worked out once."""
    count = math.ceil(window.length / _GRID) + 1
    instants = [window.start.astimezone(UTC) + i * _GRID for i in range(count)]
    return np.array([at.timestamp() * 1000 for at in instants]), np.array([level(at) for at in instants])


def _autoregressive(shocks: Floats) -> Floats:
    level, path = 0.0, []
    for shock in shocks.tolist():
        level = _PERSISTENCE * level + shock
        path.append(level)
    return np.array(path)


def _troubles(window: Window, random: np.random.Generator) -> tuple[Trouble, ...]:
    days = window.length / timedelta(days=1) - QUIET_DAYS
    if days <= 1:
        return ()
    plans: list[tuple[FailureKind | None, tuple[int, int], float, float]] = [
        (_pick(random, [FailureKind.STATUS_5XX, FailureKind.TIMEOUT, FailureKind.CONNECT]), (6, 26), 0.9, 1.6),
        (None, (60, 240), 0.0, 2.4),
        (FailureKind.THROTTLED, (10, 40), 0.7, 1.0),
        (_pick(random, [FailureKind.SCHEMA, FailureKind.BODY, FailureKind.VENDOR_ERROR]), (3, 9), 0.6, 1.0),
    ]
    months = max(1, round(days / 28))
    happening = [plan for plan in plans * months if random.random() < min(1.0, days / 14)]
    # A whole day each, so that two never overlap.
    starts = random.permutation(np.arange(int(days)))[: len(happening)]
    troubles = [_trouble(window.start, int(day), plan, random) for day, plan in zip(starts, happening, strict=False)]
    return tuple(sorted(troubles, key=lambda trouble: trouble.start))


def _pick(random: np.random.Generator, kinds: Sequence[FailureKind]) -> FailureKind:
    return kinds[int(random.integers(len(kinds)))]


def _trouble(start: datetime, day: int, plan: Any, random: np.random.Generator) -> Trouble:
    kind, (shortest, longest), failing, slower = plan
    begin = start + timedelta(days=day, minutes=float(random.uniform(0, 1_100)))
    length = timedelta(minutes=float(random.uniform(shortest, longest)))
    return Trouble(begin, begin + length, kind, failing, slower)
