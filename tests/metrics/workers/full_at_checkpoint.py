"""Takes a log into its file on a full disk, and goes on when there is room.

Usage: full_at_checkpoint.py STORE DATABASE

A limit on the size of files stands for the full disk: the system refuses a write in the same place and in the same way.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from metrics.store.database import Store
from metrics.store.failures import StoreError
from metrics.store.rows import NumberedRun, insert
from metrics.store.sealing.moving import closed_pieces
from metrics.store.sealing.rounds import seal_piece
from probes.model import Outcome, Run

NOW = datetime(2026, 11, 20, tzinfo=UTC)
RUNS = 2_000
LIMIT_S = 60.0


def add(store: Store, first: int) -> None:
    """Stores two thousand runs of a closed day."""
    at = NOW - timedelta(days=9)
    run = Run(uuid4(), "local", "hubspot", "contacts", at, at, 1.0, Outcome.PASSED, "v1")
    rows = [NumberedRun("p1", number, NOW, run) for number in range(first, first + RUNS)]
    store.write(lambda con: insert(con, rows)).result()


def counted(store: Store) -> int:
    """All runs, sealed or not."""
    row = store.read(lambda con: con.execute("SELECT count(DISTINCT number) FROM runs").fetchone())
    return int(row[0]) if row else 0


def seal(store: Store) -> None:
    """Moves what is there; the month's log keeps it."""
    folder = store.months
    assert folder is not None
    for piece in store.read(lambda con: closed_pieces(con, NOW)):
        seal_piece(store, folder, piece, NOW)


def refused(store: Store, database: str) -> str:
    """What is said of a checkpoint that does not fit."""
    try:
        store.maintain(lambda con: con.execute(f"CHECKPOINT {database}")).result()
    except StoreError as err:
        return f"{type(err).__name__}: {err}"
    raise AssertionError("never refused")


def again(store: Store) -> int:
    """Runs, once questions are answered and writes taken again."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        try:
            add(store, 1 + 2 * RUNS)
            return counted(store)
        except StoreError:
            time.sleep(0.1)  # not for the test's sake: this is how often somebody asks
    raise AssertionError("never opened again")


def main() -> None:
    """Seals some, keeps some hot, fills the disk, makes room, and says what is there."""
    store = Store.open(Path(sys.argv[1]))
    add(store, 1)
    seal(store)
    add(store, 1 + RUNS)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    said = refused(store, sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    there = again(store)
    store.close()
    sys.stdout.write(json.dumps({"said": said, "there": there}))


if __name__ == "__main__":
    main()
