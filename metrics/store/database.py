"""The store: one DuckDB file, one writer, any number of readers with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from metrics.store.failures import IngestFull, ReadTimeout, StoreClosed, StoreError, StoreUnavailable
from metrics.store.opening import open_store
from metrics.store.sealing.months import month_folder
from metrics.store.transactions import transaction
from metrics.store.watchdog import Watchdog

__all__ = ["IngestFull", "ReadTimeout", "Store", "StoreClosed", "StoreError", "StoreUnavailable"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task:
    work: Callable[[DuckDBPyConnection], Any]
    in_transaction: bool
    future: Future[Any] = field(default_factory=Future)


class Store:
    """Owns the database file of this process.

    `write` runs each piece of work in a transaction of its own on the one writer thread, in the order it was asked;
    `read` answers on the caller's thread, from a snapshot that cannot be written to.
    """

    def __init__(self, root: DuckDBPyConnection, path: Path | None, read_timeout: timedelta) -> None:
        self.path = path
        self._root = root
        self._read_timeout = read_timeout
        self._watchdog = Watchdog()
        self._work: SimpleQueue[_Task | None] = SimpleQueue()
        self._state = threading.Condition()
        self._reading: set[DuckDBPyConnection] = set()
        self._closed = False
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
                with self._watchdog.limit(cursor, seconds) as limit:
                    cursor.execute("BEGIN TRANSACTION READ ONLY")
                    return question(cursor)
            except duckdb.InterruptException as err:
                if not limit.expired:
                    raise
                raise ReadTimeout(f"a question was stopped after {seconds:g} s; ask for a shorter window") from err

    @contextmanager
    def _cursor(self) -> Iterator[DuckDBPyConnection]:
        with self._state:
            if self._closed:
                raise StoreClosed("the store is closed")
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
        while (task := self._work.get()) is not None:
            if task.future.set_running_or_notify_cancel():
                _carry_out(con, task)
        con.close()


def _carry_out(con: DuckDBPyConnection, task: _Task) -> None:
    try:
        if task.in_transaction:
            with transaction(con):
                result = task.work(con)
        else:
            result = task.work(con)
    except BaseException as err:  # noqa: BLE001 - whatever it was belongs to the one who asked; the thread lives on
        task.future.set_exception(err)
    else:
        task.future.set_result(result)
