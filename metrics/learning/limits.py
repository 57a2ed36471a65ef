"""The learned limits of a configuration, kept up with the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import numpy as np

from config.model import Config
from metrics.baseline.series import MINUTE_S, Monitor, monitors
from metrics.learning.course import Course
from metrics.learning.failures import FailureJudge
from metrics.learning.latencies import LatencyJudge
from metrics.model import LearnedVerdict
from metrics.store.database import Store
from metrics.store.learned.series import number_series


class LearnedLimits:
    """Judges every configured series against what is normal for it. For one thread; `firing` may be read by any."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._monitors: tuple[Monitor, ...] = ()
        self._courses: list[Course] = []
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
        self._adopt(monitors(config))
        changes = [change for course in self._courses for change in course.catch_up(now, stop, heard)]
        if not stop():
            self.firing = tuple(verdict for course in self._courses for verdict in course.judge.firing.values())
        return changes

    def _adopt(self, declared: tuple[Monitor, ...]) -> None:
        if declared == self._monitors:
            return
        ids = self._store.write(partial(number_series, keys=[one.key for one in declared])).result()
        self._courses = [self._course(declared, ids, length) for length in sorted({m.key.bucket_s for m in declared})]
        self._monitors = declared

    def _course(self, declared: Sequence[Monitor], ids: Sequence[int], bucket_s: int) -> Course:
        ours = [(one, number) for one, number in zip(declared, ids, strict=True) if one.key.bucket_s == bucket_s]
        some, numbers = [one for one, _ in ours], np.array([number for _, number in ours], np.int64)
        judge = FailureJudge(some, numbers) if bucket_s == MINUTE_S else LatencyJudge(some, numbers, bucket_s)
        return Course(self._store, judge, bucket_s)
