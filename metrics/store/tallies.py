"""Adds up slices by what they are to each objective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.judgement import is_good
from metrics.model import SliceCount, Window
from metrics.store.asked import Compiled, Flat, Judge, Zones
from metrics.store.rollup.cells import Totals
from metrics.store.rollup.decided import ABOUT, KINDS, WITHIN, Numbers, unpacked
from metrics.store.rollup.layout import OUTCOMES
from probes.model import Outcome

_COLUMNS: Final = len(SliceCount._fields)
_PROMISED: Final = [2, 5]
_TALLIED: Final = np.array([0, 1, 3, 4, 6, 7])


@dataclass(frozen=True, slots=True)
class Table:
    """The counts of questions over the same windows: by question, window and field of `SliceCount`."""

    numbers: Sequence[int]
    """Which of the questions."""
    windows: tuple[Window, ...]
    counts: Numbers


def tables(
    compiled: Compiled, zones: Zones, groups: Sequence[tuple[tuple[Window, ...], Sequence[int]]], totals: Totals
) -> Iterator[Table]:
    """The counts of each question's windows; by the windows that some of them share, which they are."""
    running = _running(compiled, zones, totals)
    for windows, numbers in groups:
        starts, ends = zones.place(windows)
        some = running if len(numbers) == len(running) else running[numbers]
        yield Table(numbers, windows, some[:, ends] - some[:, starts])


def _running(compiled: Compiled, zones: Zones, totals: Totals) -> Numbers:
    """By question, edge and column: what lies before the edge."""
    edges = len(zones.edges_ms)
    found = np.zeros((len(compiled.asked), edges, _COLUMNS), np.int64)
    promised = compiled.schedules.promised(zones.edges_ms, len(compiled.targets.rows))
    found[:, :, _PROMISED] = _added(promised, compiled.series, np.arange(len(compiled.asked)))
    keyed = _Keyed(totals, len(compiled.targets.rows) * compiled.targets.width)
    for judge, numbers in compiled.judges.items():
        tallies = _added(keyed.judged(judge), compiled.counted, numbers)
        found[numbers[:, None, None], np.arange(1, edges)[:, None], _TALLIED] = np.cumsum(tallies, axis=1)
    return found


def _added(figures: Numbers, flat: Flat, which: Numbers) -> Numbers:
    """The figures (by number, …) of those lists' numbers, added up by list."""
    lists = [flat.numbers[flat.offsets[i] : flat.offsets[i + 1]] for i in which.tolist()]
    numbers = np.concatenate(lists)
    ends = np.cumsum([0, *(len(one) for one in lists)])
    running = np.concatenate([np.zeros((1, *figures.shape[1:]), np.int64), np.cumsum(figures[numbers], axis=0)])
    added: Numbers = running[ends[1:]] - running[ends[:-1]]
    return added


class _Keyed:
    """Totals, with their keys unpacked and in order of target."""

    def __init__(self, totals: Totals, targets: int) -> None:
        order = np.argsort(totals.keys)
        self._n = totals.n[:, order]
        self._target, self._every_ms, self._simulated, way = unpacked(totals.keys[order])
        self._about = (way >> 6) >= WITHIN + ABOUT
        self._ways, self._which = np.unique(way, return_inverse=True)
        self._targets = targets

    def judged(self, judge: Judge) -> Numbers:
        """By target and zone: good, bad, good_ms, bad_ms, simulated, about."""
        found = np.zeros((self._targets, len(self._n), 6), np.int64)
        verdicts = np.array([_verdict(way, judge) for way in self._ways.tolist()], np.int64)[self._which]
        for place, verdict in enumerate((1, -1)):
            chosen = np.flatnonzero(verdicts == verdict)
            n, target = self._n[:, chosen], self._target[chosen]
            for column, figures in ((place, n), (place + 2, n * self._every_ms[chosen])):
                _add(found, column, target, figures)
            for column, flags in ((4, self._simulated[chosen]), (5, self._about[chosen])):
                if flags.any():
                    _add(found, column, target, n * flags)
        return found


def _add(found: Numbers, column: int, target: Numbers, figures: NDArray[np.float64]) -> None:
    """Adds figures (one row per zone), which are in order of their target, to that column."""
    if not len(target):
        return
    starts = np.flatnonzero(np.concatenate([[True], target[1:] != target[:-1]]))
    found[target[starts], :, column] += np.add.reduceat(figures, starts, axis=1).T.astype(np.int64)


def _verdict(way: int, judge: Judge) -> int:
    """1 for good, −1 for bad, 0 for neither."""
    sli, throttled_is_bad = judge
    outcome, kind, elsewhere = way >> 6, way >> 1 & 31, way & 1
    within = None
    if outcome >= WITHIN:
        within = outcome in (WITHIN, WITHIN + ABOUT)
    decided = Outcome.PASSED if outcome >= WITHIN else OUTCOMES[outcome]
    failure = KINDS[kind - 1] if kind else None
    good = is_good(sli, decided, failure, within, throttled_is_bad=throttled_is_bad, elsewhere=bool(elsewhere))
    return 0 if good is None else 1 if good else -1
