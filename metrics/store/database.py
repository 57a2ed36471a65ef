"""The store: one DuckDB file, one writer, any number of readers with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import duckdb
import structlog
from duckdb import DuckDBPyConnection

from metrics.store.failures import IngestFull, ReadTimeout, StoreClosed, StoreError, StoreUnavailable
from metrics.store.migrations import migrate
from metrics.store.opening import connect
from metrics.store.watchdog import Watchdog

__all__ = ["IngestFull", "ReadTimeout", "Store", "StoreClosed", "StoreError", "StoreUnavailable"]

T = TypeVar("T")

_log = structlog.get_logger(__name__)


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
        self._work: SimpleQueue[tuple[Callable[[DuckDBPyConnection], Any], Future[Any]] | None] = SimpleQueue()
        self._state = threading.Lock()
        self._closed = False
        self._writer = threading.Thread(target=self._write_forever, name="store-writer", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, path: Path | None, *, read_timeout: timedelta = timedelta(seconds=10)) -> Store:
        """Opens or creates the file (None = in memory) and brings its tables up to date; raises StoreUnavailable."""
        root = connect(path)
        try:
            migrate(root, path)
        except BaseException:
            root.close()
            raise
        return cls(root, path, read_timeout)

    def write(self, work: Callable[[DuckDBPyConnection], T]) -> Future[T]:
        """Runs `work` in one transaction; the future resolves after the commit, or carries the exception after the
        rollback. Raises StoreClosed at once when the store is closed."""
        future: Future[T] = Future()
        with self._state:
            if self._closed:
                raise StoreClosed("the store is closed")
            self._work.put((work, future))
        return future

    def read(self, question: Callable[[DuckDBPyConnection], T], *, timeout: timedelta | None = None) -> T:
        """Answers on a cursor of its own, from one consistent snapshot; raises ReadTimeout at the limit."""
        with self._state:
            if self._closed:
                raise StoreClosed("the store is closed")
            cursor = self._root.cursor()
        seconds = (timeout or self._read_timeout).total_seconds()
        try:
            with self._watchdog.limit(cursor, seconds) as limit:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                return question(cursor)
        except duckdb.InterruptException as err:
            if not limit.expired:
                raise
            raise ReadTimeout(f"a question was stopped after {seconds:g} s; ask for a shorter window") from err
        finally:
            cursor.close()

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
        while (item := self._work.get()) is not None:
            work, future = item
            if future.set_running_or_notify_cancel():
                _transact(con, work, future)
        con.close()


def _transact(con: DuckDBPyConnection, work: Callable[[DuckDBPyConnection], T], future: Future[T]) -> None:
    try:
        con.execute("BEGIN TRANSACTION")
        result = work(con)
        con.execute("COMMIT")
    except BaseException as err:  # noqa: BLE001 - whatever it was belongs to the one who asked; the thread lives on
        _roll_back(con)
        future.set_exception(err)
    else:
        future.set_result(result)


def _roll_back(con: DuckDBPyConnection) -> None:
    try:
        con.execute("ROLLBACK")
    except duckdb.TransactionException:
        pass  # A failed COMMIT has rolled back by itself.
    except duckdb.Error:
        _log.exception("rollback failed")
