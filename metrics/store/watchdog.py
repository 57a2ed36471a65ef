"""Interrupts questions that take too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb

_AGAIN_S: Final = 0.05


@dataclass(slots=True, eq=False)
class Limit:
    """One running question; `expired` once it was interrupted."""

    cursor: duckdb.DuckDBPyConnection
    deadline: float
    expired: bool = False


class Watchdog:
    """One thread that watches every running question."""

    def __init__(self) -> None:
        self._running: set[Limit] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="store-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def limit(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[Limit]:
        """Interrupts whatever runs on the cursor after that many seconds, until the block is left."""
        limit = Limit(cursor, time.monotonic() + seconds)
        with self._changed:
            self._running.add(limit)
            self._changed.notify()
        try:
            yield limit
        finally:
            with self._changed:
                self._running.discard(limit)

    def stop(self) -> None:
        """Ends the thread; questions that still run are no longer watched."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while not self._stopping:
                self._changed.wait(self._interrupt_overdue(time.monotonic()))

    def _interrupt_overdue(self, now: float) -> float | None:
        for limit in self._running:
            if limit.deadline <= now:
                limit.expired = True
                # Again and again: an interrupt that falls between two statements of a question is lost.
                limit.cursor.interrupt()
        waits = [_AGAIN_S if limit.expired else limit.deadline - now for limit in self._running]
        return min(waits, default=None)
