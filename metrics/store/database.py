"""The store: one DuckDB file, one writer, any number of readers with a time limit."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import duckdb
import structlog
from duckdb import DuckDBPyConnection

from metrics.store.failures import (
    IngestFull,
    ReadTimeout,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreUnavailable,
    explained,
    has_given_up,
)
from metrics.store.memo import Memo
from metrics.store.opening import open_store
from metrics.store.sealing.months import month_folder
from metrics.store.snapshot import snapshot
from metrics.store.transactions import transaction
from metrics.store.watchdog import Watchdog

__all__ = ["IngestFull", "ReadTimeout", "Store", "StoreClosed", "StoreError", "StoreUnavailable"]

T = TypeVar("T")

_REOPEN_EVERY_S: Final = 1.0
_READERS_GONE_WITHIN: Final = timedelta(seconds=10)
LONG_LOG: Final = 16_000_000
"""Bytes of the write-ahead log that are worth taking into the file."""
_IDLE_S: Final = 0.25
_TAKE_IN_EVERY_S: Final = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Task:
    work: Callable[[DuckDBPyConnection], Any]
    in_transaction: bool
    future: Future[Any] = field(default_factory=Future)


class Store:
    """Owns the database file of this process.

    `write` runs each piece of work in a transaction of its own on the one writer thread, in the order it was asked;
    `read` answers on the caller's thread, from a snapshot that cannot be written to. When the engine gives up on the
    file (a checkpoint met a full disk), both raise StoreUnavailable or StoreFull until it could be opened again.
    `memo` is for questions that keep what closed buckets amount to.
    """

    def __init__(self, root: DuckDBPyConnection, path: Path | None, read_timeout: timedelta) -> None:
        self.path = path
        self.memo = Memo()
        self._root = root
        self._read_timeout = read_timeout
        self._watchdog = Watchdog()
        self._work: SimpleQueue[_Task | None] = SimpleQueue()
        self._state = threading.Condition()
        self._reading: set[DuckDBPyConnection] = set()
        self._closed = False
        self._broken: str | None = None
        self._reopen_at = 0.0
        self._take_in_at = 0.0
        self._writer = threading.Thread(target=self._write_forever, name="store-writer", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, path: Path | None, *, read_timeout: timedelta = timedelta(seconds=10)) -> Store:
        """Opens or creates the file (None = in memory) and brings its tables up to date; raises StoreUnavailable."""
        return cls(open_store(path), path, read_timeout)

    @property
    def months(self) -> Path | None:
        """The folder of the sealed months; None for a store in memory, which has none."""
        return month_folder(self.path) if self.path else None

    def write(self, work: Callable[[DuckDBPyConnection], T]) -> Future[T]:
        """Runs `work` in one transaction; the future resolves after the commit, or carries the exception after the
        rollback. Raises StoreClosed at once when the store is closed."""
        return self._ask(_Task(work, in_transaction=True))

    def maintain(self, work: Callable[[DuckDBPyConnection], T]) -> Future[T]:
        """Like `write`, but in no transaction: the work makes its own. Nothing else writes meanwhile."""
        return self._ask(_Task(work, in_transaction=False))

    def _ask(self, task: _Task) -> Future[Any]:
        with self._state:
            if self._closed:
                raise StoreClosed("the store is closed")
            self._work.put(task)
        return task.future

    def read(self, question: Callable[[DuckDBPyConnection], T], *, timeout: timedelta | None = None) -> T:
        """Answers on a cursor of its own, from one consistent snapshot; raises ReadTimeout at the limit."""
        seconds = (timeout or self._read_timeout).total_seconds()
        with self._cursor() as cursor:
            try:
                with self._watchdog.limit(cursor, seconds) as limit, snapshot(cursor):
                    cursor.execute("BEGIN TRANSACTION READ ONLY")
                    return question(cursor)
            except duckdb.InterruptException as err:
                if not limit.expired:
                    raise
                raise ReadTimeout(f"a question was stopped after {seconds:g} s; ask for a shorter window") from err
            except duckdb.Error as err:
                if not has_given_up(err):
                    raise
                self._give_up_on(err)
                raise explained(err) from err

    def beside(self, work: Callable[[DuckDBPyConnection], T]) -> T:
        """Runs `work` on the caller's thread, without a limit and in no transaction, while writes go on.

        For what reads the hot file and writes to a month's.
        """
        with self._cursor() as cursor:
            try:
                return work(cursor)
            except duckdb.Error as err:
                if has_given_up(err):
                    self._give_up_on(err)
                if (said := explained(err)) is err:
                    raise
                raise said from err

    @contextmanager
    def _cursor(self) -> Iterator[DuckDBPyConnection]:
        with self._state:
            if self._closed:
                raise StoreClosed("the store is closed")
            if self._broken is not None:
                raise StoreUnavailable(self._broken)
            cursor = self._root.cursor()
            self._reading.add(cursor)
        try:
            yield cursor
        finally:
            cursor.close()
            with self._state:
                self._reading.discard(cursor)
                self._state.notify_all()

    def outlast_readers(self, within: timedelta) -> bool:
        """Waits until every question that is being answered now has been; whether that came to pass in time."""
        with self._state:
            now = frozenset(self._reading)
            return self._state.wait_for(lambda: not now & self._reading, within.total_seconds())

    def close(self) -> None:
        """Finishes the writes that were asked for, then lets go of the file. Safe to call twice."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._work.put(None)
        self._writer.join()
        self._watchdog.stop()
        self._root.close()

    def _write_forever(self) -> None:
        con = self._root.cursor()
        while (task := self._next()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                con = self._usable(con)
                result = _carry_out(con, task)
            except BaseException as err:  # noqa: BLE001 - whatever it was belongs to the one who asked
                if has_given_up(err):
                    self._give_up_on(err)
                said = explained(err)
                if isinstance(said, StoreFull):
                    # A checkpoint that does not fit takes the file away from those who read, too.
                    self._take_in_at = time.monotonic() + _TAKE_IN_EVERY_S
                task.future.set_exception(said)
            else:
                task.future.set_result(result)
        con.close()

    def _next(self) -> _Task | None:
        broken, log_is_long = self._broken is not None, self._log_is_long()
        try:
            return self._work.get(timeout=_REOPEN_EVERY_S if broken else _IDLE_S if log_is_long else None)
        except Empty:
            if broken:
                return _Task(lambda con: None, in_transaction=False)
            # Nobody waits: who comes now waits for it instead of whoever would make the log too long.
            self._take_in_at = time.monotonic() + _TAKE_IN_EVERY_S
            return _Task(_take_in, in_transaction=False)

    def _log_is_long(self) -> bool:
        if self.path is None or time.monotonic() < self._take_in_at:
            return False
        try:
            size = self.path.with_name(self.path.name + ".wal").stat().st_size
            return size > LONG_LOG and shutil.disk_usage(self.path.parent).free > 2 * size
        except OSError:
            return False  # There is none, or whoever writes will be told what is wrong.

    def _give_up_on(self, err: BaseException) -> None:
        with self._state:
            if self._broken is None and self.path is not None:
                self._broken = str(explained(err))
                _log.error("store.broken", reason=str(err).splitlines()[0])
                self._work.put(_Task(lambda con: None, in_transaction=False))  # for a writer that waits for work

    def _usable(self, con: DuckDBPyConnection) -> DuckDBPyConnection:
        """A cursor of the writer's, of a file opened anew where the engine has given up on the one before."""
        if self._broken is None or self.path is None:
            return con
        if time.monotonic() < self._reopen_at:
            raise StoreUnavailable(self._broken)
        self._reopen_at = time.monotonic() + _REOPEN_EVERY_S
        self.outlast_readers(_READERS_GONE_WITHIN)
        con.close()
        self._root.close()
        root = open_store(self.path)
        with self._state:
            self._root, self._broken = root, None
            self.memo = Memo()  # What lies there now may be another copy.
        _log.warning("store.reopened")
        return root.cursor()


def _take_in(con: DuckDBPyConnection) -> None:
    try:
        con.execute("CHECKPOINT")
    except duckdb.TransactionException as err:
        _log.info("store.log_stays", reason=str(err).splitlines()[0])


def _carry_out(con: DuckDBPyConnection, task: _Task) -> Any:
    if not task.in_transaction:
        return task.work(con)
    with transaction(con):
        return task.work(con)
