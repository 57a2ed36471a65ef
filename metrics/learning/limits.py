"""The learned limits of a configuration, kept up with the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config
from metrics.baseline.series import MINUTE_S, Monitor, SeriesKey, monitors
from metrics.learning.band import AHEAD_H, Band, Normal, Standing, past_band
from metrics.learning.course import Course
from metrics.learning.failures import FailureJudge
from metrics.learning.latencies import LatencyJudge
from metrics.model import LearnedVerdict, Window
from metrics.operating import Usual
from metrics.store.database import Store
from metrics.store.learned.answers import JudgedBuckets, judged_buckets
from metrics.store.learned.series import number_series

_PATIENCE_S: Final = 0.2
"""A page does not wait longer for what is usual."""


class LearnedLimits:
    """Judges every configured series against what is normal for it. One thread catches up; any may ask."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._config: Config | None = None
        self._monitors: tuple[Monitor, ...] = ()
        self._courses: list[Course] = []
        self._latencies: dict[int, LatencyJudge] = {}
        """By the length of their buckets in seconds."""
        self._failures: FailureJudge | None = None
        self.firing: tuple[LearnedVerdict, ...] | None = None
        """As of the last round that came up to its `now`; None before the first."""

    def catch_up(
        self,
        config: Config,
        now: datetime,
        *,
        stop: Callable[[], bool] = lambda: False,
        heard: Callable[[float], None] = lambda share: None,
    ) -> list[LearnedVerdict]:
        """Judge what is closed and settled at `now`, and learn from it → what has changed, by the length of buckets.

        The first round of a new store learns up to 35 days; `heard` is told the share of each length that is done.
        """
        with self._turn:
            self._adopt(config)
        changes = [change for course in self._courses for change in course.catch_up(now, stop, heard, self._turn)]
        if not stop():
            self.firing = tuple(verdict for course in self._courses for verdict in course.judge.firing.values())
        return changes

    def standings(self, integration: str) -> list[Standing]:
        """How its latencies and recorded values stand against what is normal in this hour."""
        with self._turn:
            return [one for judge in self._latencies.values() for one in judge.standings(integration)]

    def furthest(self, patience_s: float = _PATIENCE_S) -> dict[str, Standing]:
        """Of every integration the step that is furthest up against its limit. Nothing while it would have to be waited
        for."""
        if not self._turn.acquire(timeout=patience_s):
            return {}
        try:
            found: dict[str, Standing] = {}
            for judge in self._latencies.values():
                found = judge.furthest() | found
            return found
        finally:
            self._turn.release()

    def usual(self, integrations: Collection[str], patience_s: float = _PATIENCE_S) -> tuple[Usual, ...]:
        """What is normal for everything of those integrations in this hour, as far as it is known. Nothing while so
        much is being learned that it would have to be waited for."""
        if not integrations or not self._turn.acquire(timeout=patience_s):
            return ()
        try:
            judges = (*self._latencies.values(), *([self._failures] if self._failures is not None else ()))
            return tuple(one for judge in judges for one in judge.usual(integrations))
        finally:
            self._turn.release()

    def normal(self, monitor: Monitor, window: Window) -> Normal:
        """One of those against its normal, in that time and 24 hours ahead."""

        def work(con: DuckDBPyConnection) -> tuple[JudgedBuckets, Band]:
            past = past_band(con, monitor, window.start, window.end)
            return judged_buckets(con, monitor.key, window.start, window.end), past

        buckets, past = self._store.read(work)
        nothing = Band(np.empty(0), np.empty(0), np.empty(0))
        return Normal(monitor, buckets, past, self.ahead([monitor.key]).get(monitor.key, nothing))

    def ahead(self, keys: Collection[SeriesKey]) -> dict[SeriesKey, Band]:
        """What will be normal for those of them that are judged, in this hour and those that follow, 24 in all."""
        with self._turn:
            return {key: band for judge in self._latencies.values() for key, band in judge.ahead(keys, AHEAD_H).items()}

    def keys(self, integration: str) -> list[SeriesKey]:
        """Everything of the integration that is judged."""
        return [one.key for one in self._monitors if one.key.integration == integration]

    def _adopt(self, config: Config) -> None:
        if config is self._config:
            return
        declared, self._config = monitors(config), config
        if declared == self._monitors:
            return
        ids = self._store.write(partial(number_series, keys=[one.key for one in declared])).result()
        self._latencies, self._failures = {}, None
        self._courses = [self._course(declared, ids, length) for length in sorted({m.key.bucket_s for m in declared})]
        self._monitors = declared

    def _course(self, declared: Sequence[Monitor], ids: Sequence[int], bucket_s: int) -> Course:
        ours = [(one, number) for one, number in zip(declared, ids, strict=True) if one.key.bucket_s == bucket_s]
        some, numbers = [one for one, _ in ours], np.array([number for _, number in ours], np.int64)
        if bucket_s == MINUTE_S:
            self._failures = FailureJudge(some, numbers)
            return Course(self._store, self._failures, bucket_s)
        judge = self._latencies[bucket_s] = LatencyJudge(some, numbers, bucket_s)
        return Course(self._store, judge, bucket_s)
