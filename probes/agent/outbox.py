"""Finished runs on disk until the hub has them: numbered once, written before shipping, deleted after.

One SQLite file per prober (WAL, synchronous=FULL: a run that `append` returned for survives a kill and a power cut).
An `Outbox` blocks and belongs to one thread at a time; `probes.agent.mailbox` keeps it off the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog

from probes import wire
from probes.agent.lock import FileLock
from probes.agent.outbox_file import open_file

_REQUEUED_AT_MOST: Final = 1000
_BATCH_KEYS: Final = 256
"""Room that a batch's own keys take beside its runs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an unreachable hub may cost on this disk. Beyond it the oldest runs go first."""

    bytes: int = 1024**3
    age: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Runs `first`…`last`, numbered without a gap, as the JSON of a batch."""

    first: int
    last: int
    body: bytes

    @property
    def count(self) -> int:
        """How many runs it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Depth:
    """What the outbox holds: runs waiting, runs the hub refused for good, and runs it ever had to drop."""

    waiting: int
    refused: int
    dropped: int
    bytes: int


class Outbox:
    """The durable queue. Only one process may hold a file: a second one gets an AgentError that says so.

    `previous_stop` is `first`, `clean` or `unclean`. A file that SQLite cannot read is moved aside and a new one begun
    under a new prober id, because its numbers cannot be trusted any more.
    """

    def __init__(self, path: Path, region: str, now: datetime, limits: Limits | None = None) -> None:
        self._region, self._limits = region, limits or Limits()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(path.with_suffix(".lock"))
        try:
            self._connection, existed = open_file(path, now)
        except BaseException:
            self._lock.release()
            raise
        self._begin(existed)

    def _begin(self, existed: bool) -> None:
        self.previous_stop = self._meta("stop") or ("unclean" if existed else "first")
        self.prober_id = self._meta("prober_id") or str(uuid4())
        self._last_at_open = self._sent_up_to = self.last_number
        with self._transaction():
            self._set("prober_id", self.prober_id)
            self._set("stop", "unclean")
            self._requeue_refused()
        self.depth = self._counted()

    def close(self, *, clean: bool) -> None:
        """Close the file; `clean` says that nothing was cut off, which the next start reports."""
        try:
            if clean:
                with self._transaction():
                    self._set("stop", "clean")
        finally:
            self._connection.close()
            self._lock.release()

    @property
    def last_number(self) -> int:
        """The highest number ever given out, 0 before the first."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
        return int(row[0]) if row else 0

    def append(self, bodies: Sequence[bytes], now: datetime) -> int:
        """Store finished runs (JSON) in that order → the last one's number. On return they are on disk.

        Makes room by dropping the oldest first when a limit is passed.
        """
        size = sum(map(len, bodies))
        rows = [(now.timestamp(), body) for body in bodies]
        with self._transaction():
            self._connection.executemany("INSERT INTO runs (made_at, body) VALUES (?, ?)", rows)
            last = self.last_number
            depth = replace(self.depth, waiting=self.depth.waiting + len(rows), bytes=self.depth.bytes + size)
            depth = self._within_limits(depth, now)
        self.depth = depth
        return last

    def _within_limits(self, depth: Depth, now: datetime) -> Depth:
        oldest, excess, doomed = (now - self._limits.age).timestamp(), depth.bytes - self._limits.bytes, 0
        for number, made_at, size in self._connection.execute(
            "SELECT number, made_at, length(body) FROM runs ORDER BY number"
        ):
            if made_at >= oldest and excess <= 0:
                break
            doomed, excess = number, excess - size
        return self._drop(doomed, depth) if doomed else depth

    def _drop(self, up_to: int, depth: Depth) -> Depth:
        gone = self._connection.execute(
            "DELETE FROM runs WHERE number <= ? RETURNING length(body), refused IS NOT NULL", (up_to,)
        ).fetchall()
        refused = sum(was_refused for _, was_refused in gone)
        dropped = depth.dropped + len(gone)
        self._set("dropped", str(dropped))
        return Depth(
            waiting=depth.waiting - (len(gone) - refused),
            refused=depth.refused - refused,
            dropped=dropped,
            bytes=depth.bytes - sum(size for size, _ in gone),
        )

    def parcel(self, runs: int = wire.MAX_RUNS, size: int = wire.MAX_BODY_BYTES) -> Parcel | None:
        """The oldest waiting runs without a gap, at most that many and that large, or None.

        One run that is too large on its own still comes, alone.
        """
        numbers: list[int] = []
        bodies: list[bytes] = []
        room = size - _BATCH_KEYS
        sql = "SELECT number, body FROM runs WHERE refused IS NULL ORDER BY number LIMIT ?"
        for number, body in self._connection.execute(sql, (runs,)):
            room -= len(body) + 1
            if numbers and (room < 0 or number != numbers[-1] + 1):
                break
            numbers.append(number)
            bodies.append(body)
        if not numbers:
            return None
        self._sent_up_to = max(self._sent_up_to, numbers[-1])
        batch = wire.join_batch(self.prober_id, self._region, numbers[0], bodies)
        return Parcel(numbers[0], numbers[-1], batch)

    def acknowledge(self, cursor: int) -> None:
        """The hub holds every run up to `cursor`: delete those.

        A cursor beyond anything sent means that this file is an old copy whose numbers were used before. What was in
        the copy is with the hub; what was made since goes on under a new prober id.
        """
        if cursor > self._sent_up_to:
            self._become_another(cursor)
            return
        with self._transaction():
            gone = self._connection.execute(
                "DELETE FROM runs WHERE number <= ? AND refused IS NULL RETURNING length(body)", (cursor,)
            ).fetchall()
        size = sum(length for (length,) in gone)
        self.depth = replace(self.depth, waiting=self.depth.waiting - len(gone), bytes=self.depth.bytes - size)

    def _become_another(self, cursor: int) -> None:
        log.warning("outbox_is_an_old_copy", hub_cursor=cursor, sent_up_to=self._sent_up_to)
        prober_id = str(uuid4())
        with self._transaction():
            self._connection.execute("DELETE FROM runs WHERE number <= ?", (self._last_at_open,))
            self._set("prober_id", prober_id)
        self.prober_id, self.depth = prober_id, self._counted()

    def refuse(self, number: int, reason: str) -> None:
        """Keep that run, but do not offer it again before the next start: the hub will not have it."""
        with self._transaction():
            self._connection.execute("UPDATE runs SET refused = ? WHERE number = ?", (reason[:500], number))
        self.depth = self._counted()

    def shrink(self, number: int) -> bool:
        """Leave one run's evidence out. False: it had none and is still too large, so it was dropped and counted."""
        row = self._connection.execute("SELECT body FROM runs WHERE number = ?", (number,)).fetchone()
        smaller = _without_evidence(row[0]) if row else None
        with self._transaction():
            if smaller is None:
                self._connection.execute("DELETE FROM runs WHERE number = ?", (number,))
                self._set("dropped", str(self.depth.dropped + 1))
            else:
                self._connection.execute("UPDATE runs SET body = ? WHERE number = ?", (smaller, number))
        self.depth = self._counted()
        return smaller is not None

    def _requeue_refused(self) -> None:
        """A restart often brings a new version, or follows one of the hub's: offer what was refused once more.

        Under new numbers, because the hub's cursor has passed the old ones; it never stored them, so nothing doubles.
        """
        rows = self._connection.execute(
            "SELECT number FROM runs WHERE refused IS NOT NULL ORDER BY number DESC LIMIT ?", (_REQUEUED_AT_MOST,)
        ).fetchall()
        for number in sorted(number for (number,) in rows):
            self._connection.execute(
                "INSERT INTO runs (made_at, body) SELECT made_at, body FROM runs WHERE number = ?", (number,)
            )
            self._connection.execute("DELETE FROM runs WHERE number = ?", (number,))

    def _counted(self) -> Depth:
        total, refused, size = self._connection.execute(
            "SELECT count(*), count(refused), coalesce(sum(length(body)), 0) FROM runs"
        ).fetchone()
        return Depth(total - refused, refused, int(self._meta("dropped") or 0), size)

    def _meta(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def _set(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _without_evidence(body: bytes) -> bytes | None:
    run = wire.parse_run(body)
    if not run.evidence:
        return None
    return wire.dump_run(replace(run, steps=tuple(replace(step, evidence=None) for step in run.steps)))
