"""What runs were to an objective, and what that made of its slices, with the instants at which it was known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from config.model import Objective
from metrics.hindsight.spells import NEVER, Promises, Spells
from metrics.sliced import Decided, Slicing, by_time
from metrics.store.from_runs.watched import Watched
from metrics.store.hindsight import RunRows
from metrics.store.rollup.decided import Numbers
from metrics.store.schedule import Segment, Series, promised

_NO_NUMBERS = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Judged:
    """Slices that runs decided, from when to when each decision was the one that counted (milliseconds)."""

    decided: Decided
    """`series` are numbers within the objective; a verdict of 0 is a slice that was left out for maintenance."""
    seen: Numbers
    gone: Numbers

    @classmethod
    def joined(cls, parts: Sequence[Judged]) -> Judged:
        """All of them."""
        return cls(
            Decided.joined(part.decided for part in parts),
            np.concatenate([_NO_NUMBERS, *(part.seen for part in parts)]),
            np.concatenate([_NO_NUMBERS, *(part.gone for part in parts)]),
        )

    def where(self, some: NDArray[np.bool_]) -> Judged:
        """Those that are chosen."""
        return Judged(self.decided.where(some), self.seen[some], self.gone[some])

    def spells(self) -> Spells:
        """Each slice by itself."""
        lasting = self.gone > self.seen
        return Spells(
            self.decided.start_ms[lasting], self.decided.every_ms[lasting], self.seen[lasting], self.gone[lasting]
        )


def decisions(rows: RunRows) -> tuple[Numbers, Numbers]:
    """From when on each run was known, and from when on a later one of its slice decided instead; milliseconds."""
    seen = -(-rows.seen_us // 1000)
    gone = np.where(rows.measured, NEVER, 0)
    places = np.flatnonzero(rows.measured)
    keys = (rows.runs.start_ms[places], rows.runs.every_ms[places], rows.code[places])
    order = np.lexsort(keys)
    places, ordered = places[order], [key[order] for key in keys]
    again = np.flatnonzero(np.logical_and.reduce([key[1:] == key[:-1] for key in ordered]))
    for at in again[::-1].tolist():
        gone[places[at]] = min(seen[places[at + 1]], gone[places[at + 1]])
    return seen, gone


def judged(rows: RunRows, own: Numbers, objective: Objective, known: tuple[Numbers, Numbers]) -> Judged:
    """What the runs were to the objective; `own` is the number of each series in it, −1 where it is not about it."""
    verdicts = np.where(rows.measured, rows.runs.verdicts(objective), 0)
    mine = own[rows.code] >= 0
    found = _of(rows, own, verdicts, known, mine & (verdicts != 0))
    if objective.maintenance != "excluded":
        return found
    return Judged.joined([found, _left_out(rows, own, found, known[0], mine & ~rows.tells)])


def _of(
    rows: RunRows, own: Numbers, verdicts: Numbers, known: tuple[Numbers, Numbers], some: NDArray[np.bool_]
) -> Judged:
    columns = (own[rows.code], rows.runs.start_ms, rows.runs.every_ms, verdicts, rows.runs.simulated)
    return Judged(Decided(*(column[some] for column in columns)), *(column[some] for column in known))


def _left_out(rows: RunRows, own: Numbers, found: Judged, seen: Numbers, some: NDArray[np.bool_]) -> Judged:
    """Slices that were skipped for maintenance, until something was measured in them."""
    measured: dict[tuple[int, int], int] = {}
    for series, start, at in zip(*(c.tolist() for c in (found.decided.series, found.decided.start_ms, found.seen)),
                                 strict=True):  # fmt: skip
        measured[series, start] = min(at, measured.get((series, start), NEVER))
    places = np.flatnonzero(some)
    keys = np.stack([own[rows.code[places]], rows.runs.start_ms[places], rows.runs.every_ms[places]])
    _, first = np.unique(keys, axis=1, return_index=True)
    chosen = np.zeros(len(some), bool)
    chosen[places[first]] = True
    gone = np.array([measured.get((s, a), NEVER) for s, a in zip(own[rows.code].tolist(), rows.runs.start_ms.tolist(),
                                                                 strict=True)], np.int64)  # fmt: skip
    return _of(rows, own, np.zeros(len(some), np.int64), (seen, gone), chosen)


def of_runs(found: Judged) -> tuple[Spells, Spells]:
    """Slices of schedules: the bad ones, and those that maintenance took out."""
    verdict = found.decided.verdict
    return found.where(verdict < 0).spells(), found.where(verdict == 0).spells()


def of_time(found: Judged, slicing: Slicing, schedules: Sequence[Sequence[Segment]]) -> tuple[Spells, Spells]:
    """Slices of time, likewise. `schedules` are those of the series, in their order."""
    number = found.decided.start_ms // slicing.length_ms
    doubtful = np.unique(number[found.decided.verdict <= 0])
    order = np.argsort(number, kind="stable")
    first, end = (np.searchsorted(number[order], doubtful, side) for side in ("left", "right"))
    bad: list[tuple[int, int, int]] = []
    out: list[tuple[int, int, int]] = []
    for a, b in zip(first.tolist(), end.tolist(), strict=True):
        for verdict, *spell in _turns(_chosen(found, order[a:b]), slicing, schedules):
            (bad if verdict < 0 else out).append((spell[0], spell[1], spell[2]))
    return _spells(bad, slicing.length_ms), _spells(out, slicing.length_ms)


def _chosen(found: Judged, places: Numbers) -> Judged:
    decided = found.decided
    columns = (decided.series, decided.start_ms, decided.every_ms, decided.verdict, decided.simulated)
    return Judged(Decided(*(column[places] for column in columns)), found.seen[places], found.gone[places])


def _turns(
    found: Judged, slicing: Slicing, schedules: Sequence[Sequence[Segment]]
) -> Iterator[tuple[int, int, int, int]]:
    """Verdict, start, and from when to when, of one slice of time: of every spell in which it is bad or left out."""
    begin = slicing.begin_of(int(found.decided.start_ms[0]))
    end = begin + slicing.length_ms
    members = int(slicing.member.max()) + 1
    promises = [
        promised([s for s, m in zip(schedules, slicing.member.tolist(), strict=True) if m == member], begin, end).ms
        for member in range(members)
    ]
    events = sorted({*found.seen.tolist(), *found.gone[found.gone < NEVER].tolist(), end})
    before, since = 1, 0
    for at in events:
        verdict = _verdict(found.where((found.seen <= at) & (at < found.gone)), slicing, at, promises)
        if verdict != before:
            if before <= 0:
                yield before, begin, since, at
            before, since = verdict, at
    if before <= 0:
        yield before, begin, since, NEVER


def _verdict(known: Judged, slicing: Slicing, at: int, promises: Sequence[int]) -> int:
    """Of the one slice: −1 bad, 0 left out, 1 good or nothing that is told yet."""
    running = by_time(known.decided, slicing, at, promises).running[-1]
    good, bad, _, _, _, out, _ = running.tolist()
    return -1 if bad else 0 if out and not good else 1


def _spells(found: Sequence[tuple[int, int, int]], length_ms: int) -> Spells:
    start, seen, gone = (np.array(column, np.int64) for column in zip(*found, strict=True)) if found else (
        _NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS
    )  # fmt: skip
    return Spells(start, np.full(len(start), length_ms), seen, gone)


def schedule_of(rows: RunRows, code: int) -> list[Segment]:
    """The intervals that the series was run at, from its first measured slice on."""
    mine = np.flatnonzero((rows.code == code) & rows.measured)
    order = np.argsort(rows.runs.start_ms[mine], kind="stable")
    start, every = rows.runs.start_ms[mine[order]], rows.runs.every_ms[mine[order]]
    firsts = np.flatnonzero(np.diff(every, prepend=-1)).tolist()
    ends = [int(start[place]) for place in firsts[1:]]
    return [
        Segment(int(start[place]), end, int(every[place])) for place, end in zip(firsts, [*ends, None], strict=True)
    ]


def promises_of(one: Watched, schedules: dict[Series, list[Segment]]) -> Promises:
    """What was promised of the objective."""
    known = [schedules[series] for series in one.series if schedules.get(series)]
    if one.slicing is None or not known:
        return Promises(tuple(segment for spans in known for segment in spans))
    first = min(spans[0].first_ms for spans in known)
    return Promises((Segment(one.slicing.begin_of(first), None, one.slicing.length_ms),))


def numbered(judged_ones: Judged, numbers: Numbers) -> Judged:
    """The same with other numbers of their series."""
    return replace(judged_ones, decided=replace(judged_ones.decided, series=numbers[judged_ones.decided.series]))
