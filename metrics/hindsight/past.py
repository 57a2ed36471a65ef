"""Stored history as evaluations saw it, for any number of configurations at once."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from config.model import Config, Sli
from metrics.hindsight.course import Course, Standing, instant_us
from metrics.hindsight.judged import Judged, decisions, judged, of_runs, of_time, promises_of, schedule_of
from metrics.hindsight.moments import series_moments
from metrics.hindsight.promise import Promise
from metrics.model import Evaluation, LearnedVerdict, ObjectiveStatus, RegionVerdict, Window, WorkflowVerdict
from metrics.store.buckets import epoch_ms
from metrics.store.database import Store
from metrics.store.from_runs.watched import Watched, every_objective
from metrics.store.hindsight import RunRows, run_rows
from metrics.store.rollup.decided import Numbers
from metrics.store.schedule import Segment, Series

_PATIENCE = timedelta(minutes=10)
"""For the rows of one integration: nobody else asks this store."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What learned limits had found to be off, from each of those instants on (microseconds)."""

    since_us: Sequence[int] = ()
    firing: Sequence[tuple[LearnedVerdict, ...]] = ()

    def at(self, now_us: int) -> tuple[LearnedVerdict, ...] | None:
        """None before anything was judged."""
        place = bisect_right(self.since_us, now_us)
        return self.firing[place - 1] if place else None


@dataclass(slots=True)
class Seen:
    """The history through the eyes of one configuration. For one thread; instants may be asked for in any order."""

    config: Config
    courses: dict[Series, Course]
    promises: Sequence[Promise]
    learned: Learned = Learned()
    more: Callable[[datetime], dict[str, tuple[object, ...]]] = lambda at: {}
    """Further fields of an evaluation: quotas, recorded values."""
    _statuses: dict[int, tuple[int, ObjectiveStatus]] = field(default_factory=dict)
    _verdicts: dict[Series, tuple[Standing, RegionVerdict | None]] = field(default_factory=dict)
    _changes: list[Numbers] = field(default_factory=list)

    def evaluation(self, at: datetime, *, figures: bool = True) -> Evaluation:
        """What `evaluate` would have said, without the budgets, and without whatever the store keeps no history of.

        Without `figures`, the rates of burns that fire may be those of when they began to.
        """
        return Evaluation(
            at=at,
            workflows=tuple(self._workflows(at)),
            objectives=tuple(self._objectives(at, figures)),
            probers=(),
            learned=self.learned.at(instant_us(at)),
            **self.more(at),  # type: ignore[arg-type] # Fields by name.
        )

    def moments(self) -> Numbers:
        """Milliseconds since the epoch, in order: when a rule may see something new. In between, only time goes by."""
        parts = [np.array(self.learned.since_us, np.int64) // 1000 + 1]
        parts += list(series_moments(self.config, self.courses))
        parts += self._burn_changes()
        return np.unique(np.concatenate(parts))

    def _burn_changes(self) -> list[Numbers]:
        if not self._changes:
            self._changes = [promise.changes() for promise in self.promises]
        return self._changes

    def _workflows(self, at: datetime) -> Iterator[WorkflowVerdict]:
        now = instant_us(at)
        for integration in self.config.integrations:
            for workflow in integration.workflows:
                keys = ((integration.name, workflow.name, region) for region in workflow.regions)
                verdicts = (self._verdict(key, now, workflow.every) for key in keys)
                regions = tuple(verdict for verdict in verdicts if verdict is not None)
                yield WorkflowVerdict(integration.name, workflow.name, workflow.every, regions)

    def _verdict(self, series: Series, now_us: int, every: timedelta) -> RegionVerdict | None:
        """Anew only where another run has come, or one has gone."""
        course = self.courses.get(series)
        if course is None:
            return None
        standing, known = course.standing(now_us, every), self._verdicts.get(series)
        if known is None or known[0] != standing or standing.known != standing.some:
            known = self._verdicts[series] = standing, course.verdict_of(standing, now_us, every)
        return known[1]

    def _objectives(self, at: datetime, figures: bool) -> Iterator[ObjectiveStatus]:
        """Each anew only where another pair fires: else its figures are told nowhere, unless they are asked for."""
        now = epoch_ms(at)
        for number, (promise, changes) in enumerate(zip(self.promises, self._burn_changes(), strict=True)):
            turn = int(np.searchsorted(changes, now, "right"))
            known = self._statuses.get(number)
            if known is None or known[0] != turn or (figures and any(burn.firing for burn in known[1].burns)):
                known = self._statuses[number] = turn, promise.status(at)
            yield known[1]


RowsOf = Callable[[str, Sequence[str]], RunRows]
"""The runs of an integration, with those values that they recorded."""


class Past:
    """Takes the history in, an integration at a time, and keeps of it what rules go by."""

    def __init__(self, rows_of: RowsOf, configs: Sequence[Config]) -> None:
        self._rows_of, self._configs = rows_of, configs
        self._watched = [every_objective(config) for config in configs]
        self._courses: dict[Series, Course] = {}
        self._schedules: dict[Series, list[Segment]] = {}
        self._judged: list[dict[int, list[Judged]]] = [defaultdict(list) for _ in configs]

    @classmethod
    def of_store(cls, store: Store, window: Window, configs: Sequence[Config]) -> Past:
        """The runs that a store holds of that time."""

        def rows_of(name: str, values: Sequence[str]) -> RunRows:
            return store.read(lambda con: run_rows(con, name, window, values), timeout=_PATIENCE)

        return cls(rows_of, configs)

    def read(self, heard: Callable[[float], None] = lambda share: None) -> list[Seen]:
        """Everything, as each of the configurations sees it."""
        names = sorted({one.name for config in self._configs for one in config.integrations})
        for done, name in enumerate(names, start=1):
            self._take(self._rows_of(name, self._values(name)))
            heard(done / len(names))
        return [
            Seen(config, self._courses, [self._promise(place, one) for one in self._watched[place]])
            for place, config in enumerate(self._configs)
        ]

    def _values(self, name: str) -> list[str]:
        found = {
            one.objective.value or ""
            for watched in self._watched
            for one in watched
            if one.objective.sli is Sli.RECORDED and any(member.name == name for member in one.members)
        }
        return sorted(found)

    def _take(self, rows: RunRows) -> None:
        known = decisions(rows)
        for code, series in enumerate(rows.series):
            self._courses[series] = Course.of(rows, code)
            self._schedules[series] = schedule_of(rows, code)
        for place, watched in enumerate(self._watched):
            for number, one in enumerate(watched):
                self._judged[place][number] += self._of(rows, one, known)

    def _of(self, rows: RunRows, one: Watched, known: tuple[Numbers, Numbers]) -> Iterable[Judged]:
        places = {series: number for number, series in enumerate(one.series)}
        own = np.array([places.get(series, -1) for series in rows.series], np.int64)
        if not len(own) or not (own >= 0).any():
            return []
        found = judged(rows, own, one.objective, known)
        # Of slices of schedules the good ones are promised, and no more is asked of them.
        return [found if one.slicing is not None else found.where(found.decided.verdict <= 0)]

    def _promise(self, place: int, one: Watched) -> Promise:
        parts = Judged.joined(self._judged[place][self._watched[place].index(one)])
        schedules = [self._schedules.get(series, []) for series in one.series]
        bad, out = of_runs(parts) if one.slicing is None else of_time(parts, one.slicing, schedules)
        least = self._configs[place].alerting.confirm.min_bad_slices
        return Promise(one, bad, out, promises_of(one, self._schedules), least)
