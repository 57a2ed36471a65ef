"""Slices that were decided by single runs, and slices of time that several of them make up. Pure arithmetic.

A slice of time is good when at least `slice_target` of its measured time was, in every member or in their weighted
mean; a member that was not measured in it has no say. One that is not over is bad as soon as no later run could make it
good, and otherwise neither: it never turns from bad to good by more runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

_CLOSE: Final = 1e-12
"""Weighted means are floating-point numbers; the rest is exact."""
_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Decided:
    """Slices of schedules: which series, where they begin, how long they are, and whether they were good (1), bad (−1)
    or left out for maintenance (0)."""

    series: Numbers
    start_ms: Numbers
    every_ms: Numbers
    verdict: Numbers
    simulated: Numbers

    @classmethod
    def joined(cls, parts: Iterable[Decided]) -> Decided:
        """All of them."""
        several = list(parts)
        names = ("series", "start_ms", "every_ms", "verdict", "simulated")
        return cls(*(_joined([getattr(part, name) for part in several]) for name in names))

    def where(self, some: NDArray[Any]) -> Decided:
        """Those that are chosen."""
        return Decided(
            self.series[some], self.start_ms[some], self.every_ms[some], self.verdict[some], self.simulated[some]
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """Slices in order of their start, added up: a row before the first and one after each.

    Columns: good, bad, good_ms, bad_ms, simulated, left out, left_out_ms.
    """

    start_ms: Numbers
    running: Numbers

    @classmethod
    def of(cls, start_ms: Numbers, length_ms: Numbers, verdict: Numbers, simulated: Numbers) -> Tally:
        """Of slices in any order."""
        order = np.argsort(start_ms, kind="stable")
        length, verdicts = length_ms[order], verdict[order]
        good, bad, out = verdicts > 0, verdicts < 0, verdicts == 0
        columns = (good, bad, good * length, bad * length, simulated[order] * ~out, out, out * length)
        running = np.zeros((len(order) + 1, len(columns)), np.int64)
        np.cumsum(np.stack(columns, axis=1), axis=0, out=running[1:])
        return cls(start_ms[order], running)

    def between(self, start_ms: Numbers, end_ms: Numbers) -> Numbers:
        """The columns over the slices that begin in each of those stretches of time."""
        first, end = np.searchsorted(self.start_ms, start_ms), np.searchsorted(self.start_ms, end_ms)
        found: Numbers = self.running[end] - self.running[first]
        return found


@dataclass(frozen=True, slots=True)
class Slicing:
    """How slices of time are judged. `member` says of each series whose it is; without weights the worst decides."""

    length_ms: int
    target: Fraction
    member: Numbers
    weights: tuple[float, ...] = ()

    def begin_of(self, at_ms: int) -> int:
        """Where the slice begins that holds the instant."""
        return at_ms // self.length_ms * self.length_ms


def by_run(decided: Decided) -> Tally:
    """Every decided slice of a schedule by itself; what was measured was not left out."""
    measured = decided.verdict != 0
    key = decided.start_ms * (decided.series.max(initial=0) + 1) + decided.series
    kept = decided.where(measured | ~np.isin(key, key[measured]))
    return Tally.of(kept.start_ms, kept.every_ms, kept.verdict, kept.simulated)


def by_time(decided: Decided, slicing: Slicing, now_ms: int, promised_ms: Sequence[int]) -> Tally:
    """Slices of time; `promised_ms` is how much the schedule of each member promises for the one that holds `now`."""
    if not len(decided.start_ms):
        return Tally.of(*(np.zeros(0, np.int64) for _ in range(4)))
    starts, which = np.unique(decided.start_ms // slicing.length_ms, return_inverse=True)
    starts = starts * slicing.length_ms
    members = len(promised_ms)
    cell = slicing.member[decided.series] * len(starts) + which
    good, bad = (
        _summed(cell, decided.every_ms * (decided.verdict == sign), members * len(starts)).reshape(members, -1)
        for sign in (1, -1)
    )
    measured = (good + bad).any(axis=0)
    open_ = starts + slicing.length_ms > now_ms
    whole = np.where(open_[None, :], np.maximum(np.array(promised_ms, np.int64)[:, None], good + bad), good + bad)
    kept = _kept(whole - bad, whole, slicing)
    verdict = np.where(kept, np.where(open_, 2, 1), -1)
    verdict[~measured] = 0
    # Nothing is said of a slice that is not over and may yet be good.
    told = verdict != 2
    simulated = np.bincount(which, decided.simulated, len(starts)) > 0
    length = np.full(len(starts), slicing.length_ms)
    return Tally.of(starts[told], length[told], verdict[told], simulated[told].astype(np.int64))


def _kept(good: Numbers, whole: Numbers, slicing: Slicing) -> NDArray[np.bool_]:
    """By slice: whether enough of it was good."""
    if slicing.weights:
        weights = np.array(slicing.weights)[:, None] * (whole > 0)
        share = (weights * good / np.maximum(whole, 1)).sum(axis=0) / np.maximum(weights.sum(axis=0), _CLOSE)
        enough: NDArray[np.bool_] = share >= float(slicing.target) - _CLOSE
        return enough
    numerator, denominator = slicing.target.as_integer_ratio()
    # Of a target with many digits 64 bits would not hold the product.
    kind = np.int64 if denominator <= _MANY else object
    each = np.asarray(good.astype(kind) * denominator >= whole.astype(kind) * numerator, bool)
    return np.asarray(each.all(axis=0), bool)


def _joined(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)


def _summed(cell: Numbers, figures: Numbers, length: int) -> Numbers:
    return np.bincount(cell, figures, length).astype(np.int64)
