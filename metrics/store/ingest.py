"""Takes runs in: a write-behind queue in front of the store, each run stored exactly once."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog
from duckdb import DuckDBPyConnection

from metrics.store.changes import note_changes
from metrics.store.database import Store
from metrics.store.failures import IngestFull, StoreClosed
from metrics.store.finished import NumberedRun
from metrics.store.numbering import save_numbering
from metrics.store.remembered import Remembered
from metrics.store.rows import insert
from metrics.store.schedule import settle, slices
from probes.model import Batch, Run

FLUSH_ROWS: Final = 250
"""So many are worth a commit of their own; while one is under way, more come together."""
FLUSH_AFTER_S: Final = 1.0
FLUSH_MOST_ROWS: Final = 5_000
"""What already waits goes along with those that were waited for, up to so many: a commit costs the same for all."""
MOST_WAITING_ROWS: Final = 200_000

_log = structlog.get_logger(__name__)


def _as_it_is(run: Run) -> Run:
    return run


@dataclass(slots=True, eq=False)
class _Waiting:
    batch: Batch
    received_at: datetime
    future: Future[int] = field(default_factory=Future)

    @property
    def rows(self) -> int:
        return 1 + sum(1 + len(run.steps) for run in self.batch.runs)


class Ingest:
    """Collects batches for up to a second or 250 rows, then stores rows and cursors in one transaction."""

    def __init__(
        self,
        store: Store,
        *,
        flush_after_s: float = FLUSH_AFTER_S,
        flush_rows: int = FLUSH_ROWS,
        excuse: Callable[[Run], Run] = _as_it_is,
    ) -> None:
        """`excuse`: what is to be stored of a run that came in a maintenance window."""
        self._store = store
        self._excuse = excuse
        self._flush_after_s = flush_after_s
        self._flush_rows = flush_rows
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_rows = 0
        self._waiting: dict[int, datetime] = {}
        """Since when batches wait, oldest first."""
        self._closed = False
        self._memory = Remembered()
        self._thread = threading.Thread(target=self._collect_forever, name="ingest", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, received_at: datetime) -> Future[int]:
        """The prober's cursor, once the batch is safely stored (it may have been before).

        Raises IngestFull when too much is waiting (come back later) and StoreClosed after `close`.
        """
        waiting = _Waiting(replace(batch, runs=tuple(map(self._excuse, batch.runs))), received_at)
        with self._lock:
            if self._closed:
                raise StoreClosed("the store is closed")
            if self._waiting_rows + waiting.rows > MOST_WAITING_ROWS:
                raise IngestFull(f"{self._waiting_rows} rows are waiting to be stored")
            self._waiting_rows += waiting.rows
            self._waiting[id(waiting)] = received_at
            self._queue.put(waiting)
        return waiting.future

    @property
    def waiting_rows(self) -> int:
        """Rows received and not yet stored."""
        return self._waiting_rows

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest batch was received that is not stored yet; None when none waits."""
        with self._lock:
            return next(iter(self._waiting.values()), None)

    def close(self) -> None:
        """Stores what is waiting; the store itself stays open. Safe to call twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _collect_forever(self) -> None:
        more = True
        while more:
            group, more = self._collect()
            if group:
                self._store_group(group)

    def _collect(self) -> tuple[list[_Waiting], bool]:
        """The next group to store, and whether more may come."""
        first = self._queue.get()
        if first is None:
            return [], False
        group, rows, until = [first], first.rows, time.monotonic() + self._flush_after_s
        while rows < FLUSH_MOST_ROWS:
            patience = max(0.0, until - time.monotonic()) if rows < self._flush_rows else 0.0
            try:
                item = self._queue.get(timeout=patience)
            except queue.Empty:
                break
            if item is None:
                return group, False
            group.append(item)
            rows += item.rows
        return group, True

    def _store_group(self, group: Sequence[_Waiting]) -> None:
        try:
            cursors = self._store.write(lambda con: store_batches(con, group, self._memory)).result()
        except Exception as err:  # noqa: BLE001 - the loop's edge: one bad batch must not take its neighbours with it
            self._memory.forget()
            self._store_apart(group, err)
        else:
            for item, cursor in zip(group, cursors, strict=True):
                self._settle(item, cursor)

    def _store_apart(self, group: Sequence[_Waiting], err: Exception) -> None:
        if len(group) > 1:
            for item in group:
                self._store_group([item])
            return
        _log.error("a batch could not be stored", prober=group[0].batch.prober_id, exc_info=err)
        self._settle(group[0], err)

    def _settle(self, item: _Waiting, answer: int | Exception) -> None:
        with self._lock:
            self._waiting_rows -= item.rows
            self._waiting.pop(id(item), None)
        if not item.future.set_running_or_notify_cancel():
            return
        if isinstance(answer, Exception):
            item.future.set_exception(answer)
        else:
            item.future.set_result(answer)


def store_batches(con: DuckDBPyConnection, group: Sequence[_Waiting], memory: Remembered) -> list[int]:
    """Stores the runs that are new, and the cursors, inside the caller's transaction; the cursor after each batch.

    When it fails, or the transaction does, the memory has to forget.
    """
    memory.recall(con)
    numberings = memory.numberings(con, {item.batch.prober_id for item in group})
    fresh: list[NumberedRun] = []
    cursors: list[int] = []
    for item in group:
        batch, numbering = item.batch, numberings[item.batch.prober_id]
        new = numbering.take(batch.first, batch.last)
        numbering.region = batch.region
        fresh += [
            NumberedRun(batch.prober_id, number, item.received_at, batch.runs[number - batch.first]) for number in new
        ]
        cursors.append(numbering.cursor)
    if fresh:
        memory.look_up(con, slices(fresh))
        insert(con, fresh, memory.append)
        settle(con, fresh, memory)
        note_changes(con, fresh)
    save_numbering(con, numberings)
    return cursors
