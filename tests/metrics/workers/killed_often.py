"""Ingests, seals, forgets and compacts in a child process that is killed again and again at random instants.

Usage: killed_often.py STORE KILLS SEED; writes one JSON object. Each child first checks what the one before has left.
The children are forked, because importing everything takes longer than most of them live.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pandas as pd  # noqa: F401 - DuckDB imports it with the first parameter of a query, in every child again
from duckdb import DuckDBPyConnection

from metrics.store.compaction import compact
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.sealing.rounds import drop_months, seal_closed
from metrics.store.sealing.state import sealing_state
from probes.model import Batch, Outcome, Run, StepResult, Timings

START = datetime(2026, 9, 1, tzinfo=UTC)
EVERY = timedelta(hours=8)
KEEP = timedelta(days=35)
DELAY = timedelta(days=1)
BATCH = 25
"""More than a week of runs; batches and days do not begin together."""


def at(number: int) -> datetime:
    """When run `number` started; the first is number 1."""
    return START + (number - 1) * EVERY


def run(number: int) -> Run:
    """Run `number`, the same every time it is sent."""
    step = StepResult("read", 0, 1, False, at(number), Outcome.PASSED, Timings(total_ms=number), method="GET", url="/")
    made = (UUID(int=number), "eu", f"i{number % 3}", "w", at(number), at(number), float(number), Outcome.PASSED, "v")
    return Run(*made, steps=(step,), values={"number": float(number)}, every_s=EVERY.total_seconds())


def check(con: DuckDBPyConnection, acknowledged: int) -> tuple[int, int]:
    """The first and the last run that is there; fails if one between is missing, torn or there twice."""
    asked = ("runs", "duration_ms"), ("steps", "total_ms"), ("recorded_values", "value")
    sql = "SELECT count(*), count(DISTINCT run_id), min({0}), max({0}), sum({0}) FROM {1}"
    answers = [con.execute(sql.format(column, table)).fetchone() for table, column in asked]
    assert answers[0] == answers[1] == answers[2], answers
    rows, distinct, first, last, total = answers[0] or (0, 0, None, None, None)
    if not rows:
        assert acknowledged == 0, f"{acknowledged} acknowledged, nothing there"
        return 0, 0
    kept_from = sealing_state(con).kept_from
    assert last >= acknowledged, f"{acknowledged} acknowledged, {last} there"
    assert rows == distinct == last - first + 1, answers
    assert total == (first + last) * rows / 2, answers
    assert first == 1 or (kept_from is not None and at(int(first)) >= kept_from > at(int(first) - 1)), (
        first,
        kept_from,
    )
    return int(first), int(last)


def live(path: Path, acknowledged: int, say: int, compacting: bool) -> None:
    """One child's life: check, then work until killed."""
    if compacting and path.exists():
        compact(path)
    store = Store.open(path)
    store.read(lambda con: check(con, acknowledged))
    os.write(say, b"checked\n")
    turn = threading.Semaphore(0)
    threading.Thread(target=send, args=(store, acknowledged, say, turn), daemon=True).start()
    while True:
        newest = store.read(lambda con: con.execute("SELECT max(started_at) FROM runs").fetchone())
        now = newest[0] if newest and newest[0] else START
        seal_closed(store, now, DELAY, stopping=lambda: not os.write(say, b"piece\n"))
        drop_months(store, now, KEEP)
        turn.release()


def send(store: Store, acknowledged: int, say: int, turn: threading.Semaphore) -> None:
    """Sends what was not acknowledged, in order, as a prober would; a batch whenever a round of sealing has ended."""
    ingest = Ingest(store, flush_after_s=0.001)
    while True:
        turn.acquire()
        numbers = range(acknowledged + 1, acknowledged + 1 + BATCH)
        batch = Batch("p", "eu", numbers[0], tuple(map(run, numbers)))
        acknowledged = ingest.submit(batch, at(numbers[-1])).result()
        os.write(say, f"{acknowledged}\n".encode())


class Child:
    """A forked child, and what it says."""

    def __init__(self, path: Path, acknowledged: int, compacting: bool) -> None:
        self._listen, say = os.pipe()
        self._heard = b""
        self.pid = os.fork()
        if self.pid == 0:
            try:
                live(path, acknowledged, say, compacting)
            finally:
                traceback.print_exc()
                os._exit(1)
        os.close(say)

    def hear(self, line: bytes, times: int) -> None:
        """Waits until it has said that so often, or half a minute."""
        until = time.monotonic() + 30
        while self._heard.count(line) < times and time.monotonic() < until:
            if select.select([self._listen], [], [], 0.5)[0]:
                said = os.read(self._listen, 4096)
                self._heard += said
                if not said:
                    return

    def kill(self) -> int:
        """Ends it, which it must not have done itself; the last number that was acknowledged."""
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        assert os.WIFSIGNALED(status), self._heard
        with os.fdopen(self._listen, "rb") as said:
            self._heard += said.read()
        return max([0, *(int(line) for line in self._heard.split(b"\n")[:-1] if line.isdigit())])


def main() -> None:
    """Kills that many children, then looks at what is there."""
    path, kills, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    acknowledged, opening_s, piece_s = 0, 0.2, 0.05
    for number in range(kills):
        early = number % 5 == 4
        started = time.monotonic()
        one = Child(path, acknowledged, compacting=early)
        if early:
            time.sleep(chance.uniform(0.0, opening_s))
        else:
            one.hear(b"checked", 1)
            opening_s = time.monotonic() - started
            one.hear(b"piece", chance.randint(1, 3))
            paused = time.monotonic()
            time.sleep(chance.uniform(0.0, 2 * piece_s))
            piece_s = max(0.02, (paused - started - opening_s) / 3)
        acknowledged = max(acknowledged, one.kill())
    report(path, acknowledged)


def report(path: Path, acknowledged: int) -> None:
    """Says what is there in the end."""
    store = Store.open(path)
    first, last = store.read(lambda con: check(con, acknowledged))
    seals = store.read(sealing_state).visible
    months = len(list(store.months.glob("*.duckdb"))) if store.months else 0
    store.close()
    seen = {"acknowledged": acknowledged, "first": first, "last": last, "seals": seals, "months": months}
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
