"""Adds up slices by what they are to each objective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metrics.judgement import is_good
from metrics.model import SliceCount, Window
from metrics.store.asked import Compiled, Flat, Judge, Zones
from metrics.store.rollup.cells import Sum, Totals
from metrics.store.rollup.decided import ABOUT, KINDS, WITHIN, Numbers, Rows, unpacked
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


class Tallied:
    """What sums amount to for questions, kept for as long as both stay the same."""

    def __init__(self) -> None:
        self._kept: tuple[Compiled | None, dict[Sum, Numbers]] = None, {}

    def of(self, compiled: Compiled, sums: Sequence[Sum | None]) -> list[Numbers | None]:
        """By zone, where there is a sum: `_tallied` of it."""
        known = self._kept[1] if self._kept[0] is compiled else {}
        found = {
            one: known[one] if one in known else _tallied(compiled, Rows(np.zeros_like(one.keys), one.keys, one.n), 1)
            for one in sums
            if one
        }
        self._kept = compiled, found
        return [found[one] if one else None for one in sums]


def tables(
    compiled: Compiled,
    zones: Zones,
    groups: Sequence[tuple[tuple[Window, ...], Sequence[int]]],
    totals: Totals,
    tallied: Tallied,
) -> Iterator[Table]:
    """The counts of each question's windows; by the windows that some of them share, which they are."""
    running = _running(compiled, zones, totals, tallied)
    for windows, numbers in groups:
        starts, ends = zones.place(windows)
        some = running if len(numbers) == len(running) else running[numbers]
        yield Table(numbers, windows, some[:, ends] - some[:, starts])


def _running(compiled: Compiled, zones: Zones, totals: Totals, tallied: Tallied) -> Numbers:
    """By question, edge and column: what lies before the edge."""
    edges = len(zones.edges_ms)
    found = np.zeros((len(compiled.asked), edges, _COLUMNS), np.int64)
    promised = compiled.schedules.promised(zones.edges_ms, len(compiled.targets.rows))
    found[:, :, _PROMISED] = added(promised, compiled.series)
    tallies = _tallied(compiled, totals.rest, edges - 1)
    for zone, known in enumerate(tallied.of(compiled, totals.sums)):
        if known is not None:
            tallies[:, zone] += known[:, 0]
    found[:, 1:, _TALLIED] = np.cumsum(tallies, axis=1)
    return found


def added(figures: Numbers, flat: Flat) -> Numbers:
    """The figures (by number, …) of each list's numbers, added up."""
    running = np.zeros((len(flat.numbers) + 1, *figures.shape[1:]), np.int64)
    np.cumsum(figures[flat.numbers], axis=0, out=running[1:])
    added: Numbers = running[flat.offsets[1:]] - running[flat.offsets[:-1]]
    return added


def _tallied(compiled: Compiled, rows: Rows, zones: int) -> Numbers:
    """By question and zone: good, bad, good_ms, bad_ms, simulated, about."""
    target, every_ms, simulated, way = unpacked(rows.key)
    ways, which = np.unique(way, return_inverse=True)
    figures = np.stack([rows.n, rows.n * every_ms, rows.n * simulated, rows.n * ((way >> 6) >= WITHIN + ABOUT)])
    length = len(compiled.asked) * zones
    found = np.zeros((6, length))
    for judge, owners in compiled.judges.items():
        verdicts = np.array([verdict(one, judge) for one in ways.tolist()], np.int64)[which]
        counts = np.where(verdicts != 0, owners.offsets[target + 1] - owners.offsets[target], 0)
        row = np.repeat(np.arange(len(target)), counts)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        cell = owners.questions[owners.offsets[target[row]] + nth] * zones + rows.where[row]
        good = verdicts[row] > 0
        for place, some in enumerate((good, ~good)):
            for column in (0, 1):
                found[place + 2 * column] += np.bincount(cell[some], figures[column, row[some]], length)
        for column in (2, 3):
            if figures[column].any():
                found[column + 2] += np.bincount(cell, figures[column, row], length)
    tallies: Numbers = found.reshape(6, -1, zones).transpose(1, 2, 0).astype(np.int64)
    return tallies


def verdict(way: int, judge: Judge) -> int:
    """Of a way to be decided: 1 for good, −1 for bad, 0 for neither."""
    sli, throttled_is_bad = judge
    outcome, kind, elsewhere = way >> 6, way >> 1 & 31, way & 1
    within = None
    if outcome >= WITHIN:
        within = outcome in (WITHIN, WITHIN + ABOUT)
    decided = Outcome.PASSED if outcome >= WITHIN else OUTCOMES[outcome]
    failure = KINDS[kind - 1] if kind else None
    good = is_good(sli, decided, failure, within, throttled_is_bad=throttled_is_bad, elsewhere=bool(elsewhere))
    return 0 if good is None else 1 if good else -1
