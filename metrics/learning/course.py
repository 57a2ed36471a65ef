"""The course of judgement over time: from where it stood, bucket by bucket, to now; and again where rows came late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import structlog
from duckdb import DuckDBPyConnection

from metrics.baseline.series import FIVE_MINUTES_S, HOUR_S
from metrics.model import LearnedVerdict
from metrics.store.database import Store
from metrics.store.learned import series
from metrics.store.learned.figures import remade_since
from metrics.store.learned.orders import Order, orders

SETTLED_AFTER: Final = timedelta(seconds=20)
"""How long after its end a bucket is left alone: its last runs are still on their way."""
LOOK_BACK: Final = timedelta(days=35)
"""How far back a series is learned that was never learned before."""
JUDGED_AGAIN: Final = timedelta(hours=46)
"""Rows that come later than this change no verdict any more."""
_CHUNK_H: Final = 24
_CHUNK_SERIES: Final = 1_000
"""So many series are read a day at a time, more of them fewer hours: what is read lies in memory."""
_PATIENCE: Final = timedelta(minutes=1)
"""For one chunk: nobody looks at a page and waits for it."""

_log = structlog.get_logger(__name__)


class Judge(Protocol):
    """The series that are judged together, in buckets of the same length."""

    firing: dict[int, LearnedVerdict]

    @property
    def series(self) -> int:
        """How many there are."""

    def forget(self) -> None:
        """Nothing is known."""

    def restoring(self, before: int) -> Iterator[Callable[[DuckDBPyConnection], None]]:
        """What makes it as it was when the hour `before` began, one look at the store after the other."""

    def read(self, con: DuckDBPyConnection, first: int, end: int, orders: Sequence[Order]) -> None:
        """What was measured in those buckets, to be judged next."""

    def judge(self, first: int, end: int) -> list[LearnedVerdict]:
        """Buckets `first` ≤ number < `end`, which were read → what has changed, in order of time."""

    def take_kept(self) -> Callable[[DuckDBPyConnection], None]:
        """What stores the hours that were over since this was asked last, inside its caller's transaction."""

    def first_change(self, con: DuckDBPyConnection, buckets: Sequence[int]) -> int | None:
        """The first of these judged buckets whose measurements are not those that were judged."""


class Course:
    """Brings one judge from where it stood to now. For one thread."""

    def __init__(self, store: Store, judge: Judge, bucket_s: int) -> None:
        self.judge = judge
        self._store, self._bucket_s = store, bucket_s
        self._per_hour = HOUR_S // bucket_s
        self._next: int | None = None
        self._version = 0
        self._saving: Future[None] | None = None

    def catch_up(
        self, now: datetime, stop: Callable[[], bool], heard: Callable[[float], None], turn: AbstractContextManager[Any]
    ) -> list[LearnedVerdict]:
        """Everything that is closed and settled at `now` → what has changed, in order of time.

        `heard` is told the share that is done; `turn` is held while the judge changes. A start, a restart and every
        round of a running hub go this way.
        """
        try:
            return self._catch_up(now, stop, heard, turn)
        except BaseException:
            # The judge may be half-way through anything; the store is not.
            self._next = None
            raise

    def _catch_up(
        self, now: datetime, stop: Callable[[], bool], heard: Callable[[float], None], turn: AbstractContextManager[Any]
    ) -> list[LearnedVerdict]:
        with turn:
            if self._next is None:
                self._next = self._begin(now)
            if self._next is None:
                return []
            self._go_back(now)
        end, changes, began = int((now - SETTLED_AFTER).timestamp()) // self._bucket_s, [], self._next
        while self._next < end and not stop():
            with turn:
                changes += self._chunk(end)
            heard((self._next - began) / (end - began))
        self._settle()
        return changes

    def _begin(self, now: datetime) -> int | None:
        """The first bucket to judge; None while there is nothing."""
        self._outwait()
        known = self._store.read(partial(series.progress, bucket_s=self._bucket_s))
        oldest = int((now - LOOK_BACK).timestamp()) // HOUR_S
        if known is not None and known[0] > oldest:
            hour, self._version = known
            self._restore(hour)
            return hour * self._per_hour
        self.judge.forget()
        first = self._store.read(series.first_run_at)
        if first is None:
            return None
        self._version, _ = self._store.read(partial(remade_since, version=0))
        return max(oldest, int(first) // HOUR_S) * self._per_hour

    def _restore(self, before: int) -> None:
        """In many short looks: only this course changes what they see, and a slow machine has time for each."""
        for look in self.judge.restoring(before):
            self._store.read(look, timeout=_PATIENCE)

    def _chunk(self, end: int) -> list[LearnedVerdict]:
        """A stretch of at most a day → what has changed; its whole hours are stored."""
        assert self._next is not None  # noqa: S101 - it has begun
        first = self._next
        hours = max(1, min(_CHUNK_H, _CHUNK_H * _CHUNK_SERIES // max(1, self.judge.series)))
        until = min(end, (first // self._per_hour + hours) * self._per_hour)
        self._store.read(partial(self._read, first=first, end=until), timeout=_PATIENCE)
        changes = self.judge.judge(first, until)
        self._next = until
        if until // self._per_hour > first // self._per_hour:
            # Stored while the next chunk is judged.
            self._settle()
            save, hour, version = self.judge.take_kept(), until // self._per_hour, self._version

            def work(con: DuckDBPyConnection) -> None:
                save(con)
                series.save_progress(con, self._bucket_s, hour, version)

            self._saving = self._store.write(work)
        return changes

    def _settle(self) -> None:
        """Wait until everything is stored; what could not be is judged again, from where the store stands."""
        saving, self._saving = self._saving, None
        if saving is not None:
            saving.result()

    def _outwait(self) -> None:
        """Let what is still being stored come to its end, whatever that is."""
        saving, self._saving = self._saving, None
        if saving is not None:
            wait([saving])

    def _read(self, con: DuckDBPyConnection, first: int, end: int) -> None:
        start, stop = (datetime.fromtimestamp(bucket * self._bucket_s, UTC) for bucket in (first, end))
        self.judge.read(con, first, end, orders(con, start, stop))

    def _go_back(self, now: datetime) -> None:
        """To before the first bucket that late rows have changed."""
        assert self._next is not None  # noqa: S101 - it has begun
        version, slots = self._store.read(partial(remade_since, version=self._version))
        oldest = int((now - JUDGED_AGAIN).timestamp()) // self._bucket_s
        judged = {slot * FIVE_MINUTES_S // self._bucket_s for slot in slots}
        judged |= {(slot + 1) * FIVE_MINUTES_S // self._bucket_s - 1 for slot in slots}
        late = [bucket for bucket in judged if oldest <= bucket < self._next]
        changed = self._store.read(lambda con: self.judge.first_change(con, late)) if late else None
        self._version = version
        if changed is not None:
            hour = changed // self._per_hour
            _log.info("learning.judged_again", since=datetime.fromtimestamp(hour * HOUR_S, UTC).isoformat())
            self._restore(hour)
            self._next = hour * self._per_hour
