"""Adds up slices by what they are to each objective."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from metrics.judgement import is_good
from metrics.model import SliceCount
from metrics.store.asked import Compiled, Flat, Judge, Question, Zones
from metrics.store.rollup.cells import Totals
from metrics.store.rollup.decided import ABOUT, KINDS, WITHIN, Numbers, unpacked
from metrics.store.rollup.layout import OUTCOMES
from probes.model import Outcome

_COLUMNS: Final = 8
"""Good, bad, expected, good_ms, bad_ms, expected_ms, simulated, about."""
_PROMISED: Final = [2, 5]
_TALLIED: Final = np.array([0, 1, 3, 4, 6, 7])


def answers(
    compiled: Compiled, zones: Zones, questions: Sequence[Question], totals: Totals
) -> list[tuple[SliceCount, ...]]:
    """The counts of each question's windows."""
    running = _running(compiled, zones, totals)
    alike: dict[int, list[int]] = defaultdict(list)
    for number, asked in enumerate(questions):
        alike[id(asked.windows)].append(number)
    found: list[tuple[SliceCount, ...]] = [()] * len(questions)
    made: dict[tuple[int, ...], SliceCount] = {}
    for numbers in alike.values():
        starts, ends = zones.place(questions[numbers[0]].windows)
        counted = running[numbers][:, ends] - running[numbers][:, starts]
        for number, rows in zip(numbers, counted.tolist(), strict=True):
            found[number] = tuple([_count(tuple(row), made) for row in rows])
    return found


def _count(row: tuple[int, ...], made: dict[tuple[int, ...], SliceCount]) -> SliceCount:
    count = made.get(row)
    if count is None:
        good, bad, expected, good_ms, bad_ms, expected_ms, simulated, about = row
        count = SliceCount(good, bad, expected, good_ms, bad_ms, expected_ms, simulated, exact=not about)
        made[row] = count
    return count


def _running(compiled: Compiled, zones: Zones, totals: Totals) -> Numbers:
    """By question, edge and column: what lies before the edge."""
    edges = len(zones.edges_ms)
    found = np.zeros((len(compiled.asked), edges, _COLUMNS), np.int64)
    promised = compiled.schedules.promised(zones.edges_ms, len(compiled.targets.rows))
    found[:, :, _PROMISED] = _added(promised, compiled.series, np.arange(len(compiled.asked)))
    keyed = _Keyed.of(totals, len(compiled.targets.rows) * compiled.targets.width)
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
        target, self._every_ms, self._simulated, self._way = unpacked(totals.keys[order])
        self._n = totals.n[:, order]
        self._targets = targets
        self._present, self._starts = np.unique(target, return_index=True)
        self._ways, self._which = np.unique(self._way, return_inverse=True)

    @classmethod
    def of(cls, totals: Totals, targets: int) -> _Keyed:
        """Of those totals."""
        return cls(totals, targets)

    def judged(self, judge: Judge) -> Numbers:
        """By target and zone: good, bad, good_ms, bad_ms, simulated, about."""
        found = np.zeros((self._targets, len(self._n), 6), np.int64)
        if not len(self._way):
            return found
        verdicts = np.array([_verdict(way, judge) for way in self._ways.tolist()])[self._which]
        good, bad = self._n * (verdicts == 1), self._n * (verdicts == -1)
        about = (self._way >> 6) >= WITHIN + ABOUT
        columns = (good, bad, good * self._every_ms, bad * self._every_ms)
        both = good + bad
        for place, figures in enumerate((*columns, both * self._simulated, both * about)):
            found[self._present, :, place] = np.add.reduceat(figures, self._starts, axis=1).T
        return found


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
