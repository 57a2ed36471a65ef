"""Writes until the disk takes no more, and goes on when it does again. Usage: full_disk.py STORE ROOM_BYTES.

A limit on the size of files stands for the full disk: the system refuses a write in the same place and in the same way.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from metrics.store.database import Store
from metrics.store.failures import StoreError

ROWS = 20_000
LIMIT_S = 60.0


def add(store: Store, number: int) -> None:
    """Stores twenty thousand rows that bear the number."""
    sql = "INSERT INTO number_gaps SELECT uuid()::VARCHAR, ?, range FROM range(?)"
    store.write(lambda con: con.execute(sql, [number, ROWS])).result()


def until_refused(store: Store) -> tuple[int, str]:
    """The last number that was acknowledged, and what was said of the next."""
    for number in range(1, 1_000):
        try:
            add(store, number)
        except StoreError as err:
            return number - 1, f"{type(err).__name__}: {err}"
    raise AssertionError("never refused")


def refused_still(store: Store, number: int) -> bool:
    """Whether the next write fails, too."""
    try:
        add(store, number)
    except StoreError:
        return True
    return False


def main() -> None:
    """Fills, makes room, goes on, and says what is there."""
    path, room = Path(sys.argv[1]), int(sys.argv[2])
    store = Store.open(path)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    acknowledged, said = until_refused(store)
    again = refused_still(store, 1_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    until = time.monotonic() + LIMIT_S
    while refused_still(store, 2_000) and time.monotonic() < until:
        time.sleep(0.1)  # not for the test's sake: this is how often somebody writes
    sql = "SELECT first, count(*) FROM number_gaps GROUP BY first ORDER BY first"
    there = store.read(lambda con: con.execute(sql).fetchall())
    store.close()
    sys.stdout.write(json.dumps({"acknowledged": acknowledged, "said": said, "again": again, "there": there}))


if __name__ == "__main__":
    main()
