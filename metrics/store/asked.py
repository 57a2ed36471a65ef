"""Questions about slices in numbers: which targets, which schedule, which stretches of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from config.model import Config, Integration, Objective, Sli
from metrics.model import Window
from metrics.store.buckets import epoch_ms, instant
from metrics.store.limits import Limit, limit_of
from metrics.store.rollup.decided import Numbers, Targets
from metrics.store.rollup.declared import Declared, LimitRow, as_declared
from metrics.store.schedule import Series, SeriesRow

NEVER: Final = 1 << 40
"""A slot later than any: what a limit that the roller does not know is counted from."""
_FOREVER_MS: Final = 1 << 52

Judge = tuple[Sli, bool]
"""All of an objective that decides which way of being decided is good: its SLI, and whether throttled is bad."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which objective is to be counted, over which windows."""

    integration: Integration
    objective: Objective
    windows: tuple[Window, ...]


Pair = tuple[Integration, Objective]


@dataclass(frozen=True, slots=True)
class Questions:
    """Many of them: what they are about, and by the windows that some of them share, which they are."""

    pairs: Sequence[Pair]
    groups: Sequence[tuple[tuple[Window, ...], Sequence[int]]]

    @classmethod
    def of(cls, questions: Sequence[Question]) -> Questions:
        """Those."""
        alike: dict[tuple[Window, ...], list[int]] = defaultdict(list)
        for number, asked in enumerate(questions):
            alike[asked.windows].append(number)
        return cls([(asked.integration, asked.objective) for asked in questions], list(alike.items()))


@dataclass(frozen=True, slots=True)
class Zones:
    """The time between the edges of all windows, cut at each."""

    edges_ms: Numbers
    windows: Sequence[Window]
    """Between two neighbouring edges each."""

    @classmethod
    def of(cls, windows: Iterable[Window]) -> Zones:
        """Those of these windows."""
        edges = sorted({epoch_ms(at) for window in windows for at in (window.start, window.end)})
        return cls(
            np.array(edges, np.int64), [Window(instant(a * 1000), instant(b * 1000)) for a, b in pairwise(edges)]
        )

    def place(self, windows: Sequence[Window]) -> tuple[Numbers, Numbers]:
        """At which edge each window begins, and ends."""
        starts, ends = ([epoch_ms(getattr(w, side)) for w in windows] for side in ("start", "end"))
        return np.searchsorted(self.edges_ms, starts), np.searchsorted(self.edges_ms, ends)


@dataclass(frozen=True, slots=True)
class Flat:
    """Lists of numbers one behind the other; list i is from `offsets[i]` to before `offsets[i + 1]`."""

    numbers: Numbers
    offsets: Numbers

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Flat:
        """Of those lists."""
        numbers = np.array([number for one in lists for number in one], np.int64)
        return cls(numbers, np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Owners:
    """Which questions each target counts for: those of target t are from `offsets[t]` to before `offsets[t + 1]`."""

    questions: Numbers
    offsets: Numbers

    @classmethod
    def of(cls, counted: Flat, questions: Numbers, targets: int) -> Owners:
        """Of these questions, out of the targets of all."""
        lists = [counted.numbers[counted.offsets[i] : counted.offsets[i + 1]] for i in questions.tolist()]
        target = np.concatenate([*lists, np.zeros(0, np.int64)]).astype(np.int64)
        order = np.argsort(target, kind="stable")
        owner = np.repeat(questions, [len(one) for one in lists])[order]
        return cls(owner, np.searchsorted(target[order], np.arange(targets + 1)).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Schedules:
    """Spans over which a series' interval stayed the same, in order of place."""

    place: Numbers
    first_ms: Numbers
    end_ms: Numbers
    every_ms: Numbers

    @classmethod
    def of(cls, rows: Sequence[SeriesRow], places: Mapping[Series, int]) -> Schedules:
        """As `segments` has them."""
        place = [places[row[:3]] for row in rows]
        ends = [later[3] if later[:3] == row[:3] else _FOREVER_MS for row, later in pairwise(rows)]
        columns = (
            place,
            [row[3] for row in rows],
            [*ends, _FOREVER_MS][: len(rows)],
            [round(row[4] * 1000) for row in rows],
        )
        order = np.argsort(np.array(place, np.int64), kind="stable")
        return cls(*(np.array(column, np.int64)[order] for column in columns))

    def promised(self, edges_ms: Numbers, series: int) -> Numbers:
        """Slices, and their milliseconds, that begin before each edge: [series, edge, 2]."""
        until = np.minimum(edges_ms[None, :], self.end_ms[:, None])
        every = self.every_ms[:, None]
        slices = np.maximum(0, -(-until // every) - -(-self.first_ms[:, None] // every))
        found = np.zeros((series, len(edges_ms), 2), np.int64)
        if len(self.place):
            firsts = np.flatnonzero(np.diff(self.place, prepend=-1))
            found[self.place[firsts]] = np.add.reduceat(np.stack([slices, slices * every], axis=2), firsts, axis=0)
        return found


@dataclass(frozen=True, slots=True)
class Compiled:
    """Questions about the same objectives, whatever their windows."""

    asked: Sequence[Pair]
    targets: Targets
    since: Mapping[Limit, int]
    """From which slot on each limit is counted in the roll-ups."""
    schedules: Schedules
    series: Flat
    """By question: the places of its series."""
    judges: Mapping[Judge, Owners]
    """The questions that each decides."""

    @classmethod
    def of(cls, asked: Sequence[Pair], rows: Sequence[SeriesRow], limits: Sequence[LimitRow]) -> Compiled:
        """Of those questions, as the store stands."""
        known = as_declared(limits)
        own = [limit_of(integration.name, objective) for integration, objective in asked]
        columns = _columns({limit for limit in own if limit})
        targets, place_of = _targets(rows, columns, known, {integration.name for integration, _ in asked})
        series = [[place_of[s] for s in series_of(*pair) if s in place_of] for pair in asked]
        judges: dict[Judge, list[int]] = defaultdict(list)
        for number, (_, objective) in enumerate(asked):
            judges[objective.sli, objective.throttled_is_bad].append(number)
        flat = Flat.of(
            [
                _counted(here, targets.width, columns[limit] if limit else None)
                for here, limit in zip(series, own, strict=True)
            ]
        )
        return cls(
            asked=asked,
            targets=targets,
            since={limit: known[limit].counted_from if limit in known else NEVER for limit in columns},
            schedules=Schedules.of(rows, place_of),
            series=Flat.of(series),
            judges={
                judge: Owners.of(flat, np.array(numbers, np.int64), len(targets.rows) * targets.width)
                for judge, numbers in judges.items()
            },
        )

    def is_about(self, asked: Sequence[Pair]) -> bool:
        """Whether it is about the same objectives (the very same objects)."""
        return asked is self.asked or (
            len(asked) == len(self.asked)
            and all(a is i and b is o for (a, b), (i, o) in zip(asked, self.asked, strict=True))
        )


def series_of(integration: Integration, objective: Objective | None = None) -> list[Series]:
    """The series that the configuration has, all of them or those of one objective."""
    wanted = objective.workflow if objective else None
    return [
        (integration.name, workflow.name, region)
        for workflow in integration.workflows
        if wanted in (None, workflow.name)
        for region in workflow.regions
    ]


def all_objectives(config: Config) -> list[Pair]:
    """Every objective of the configuration's integrations, in its order."""
    return [(integration, objective) for integration in config.integrations for objective in integration.objectives]


def longest_interval(integration: Integration, objective: Objective | None = None) -> timedelta:
    """Of the workflows that the objective is about, or of all."""
    wanted = objective.workflow if objective else None
    return max(w.every for w in integration.workflows if wanted in (None, w.name))


def place_series(rows: Sequence[SeriesRow]) -> tuple[dict[Series, int], tuple[int, ...]]:
    """The place of each series among the targets, and the row that tells of it, by place."""
    first: dict[Series, int] = {}
    for integration, workflow, region, _, _, row in rows:
        series = (integration, workflow, region)
        first[series] = min(row, first.get(series, row))
    numbers = tuple(sorted(first.values()))
    place = {row: number for number, row in enumerate(numbers)}
    return {series: place[row] for series, row in first.items()}, numbers


def _columns(limits: set[Limit]) -> dict[Limit, int]:
    """A column for each limit; those of one integration have different ones."""
    found: dict[Limit, int] = {}
    taken: dict[str, int] = defaultdict(int)
    for limit in sorted(limits):
        found[limit] = taken[limit.integration]
        taken[limit.integration] += 1
    return found


def _targets(
    rows: Sequence[SeriesRow], columns: Mapping[Limit, int], known: Mapping[Limit, Declared], names: set[str]
) -> tuple[Targets, dict[Series, int]]:
    places, numbers = place_series(rows)
    deepest = 1 + max(columns.values(), default=-1)
    targets = Targets(
        rows=numbers,
        names=tuple(name for (name, _, _), _ in sorted(places.items(), key=lambda known: known[1])),
        limits=tuple({limit.integration: limit for limit, at in columns.items() if at == i} for i in range(deepest)),
        width=1 + deepest,
        columns={known[limit].limit_id: at for limit, at in columns.items() if limit in known},
        identities={known[limit].limit_id: limit for limit in columns if limit in known},
        only=next(iter(names)) if len(names) == 1 else None,
    )
    return targets, places


def _counted(places: Sequence[int], width: int, column: int | None) -> list[int]:
    plain = [place * width for place in places]
    return plain if column is None else [*plain, *(target + 1 + column for target in plain)]
