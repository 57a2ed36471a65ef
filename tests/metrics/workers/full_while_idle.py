"""Fills the disk when the log is long, and leaves the store alone. Usage: full_while_idle.py STORE.

A limit on the size of files stands for the full disk: the system refuses a write in the same place and in the same way.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from duckdb import DuckDBPyConnection

from metrics.store.database import LONG_LOG, Store
from metrics.store.failures import StoreError

ROWS = 120_000
IDLE_S = 2.0


def add(con: DuckDBPyConnection) -> None:
    """Rows that do not pack."""
    con.execute("INSERT INTO number_gaps SELECT uuid()::VARCHAR, 1, (random() * 1e15)::BIGINT FROM range(?)", [ROWS])


def add_without_room(con: DuckDBPyConnection) -> None:
    """From here on no file grows."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    add(con)


def main() -> None:
    """Writes without a break until the disk is full, waits, and says what can be read."""
    path = Path(sys.argv[1])
    store = Store.open(path)
    *fit, refused = [store.write(work) for work in (add, add, add, add, add_without_room)]
    for write in fit:
        write.result()
    said = type(refused.exception()).__name__
    is_long = path.with_name(path.name + ".wal").stat().st_size > LONG_LOG
    time.sleep(IDLE_S)  # nobody writes: the time in which a long log would be taken in
    try:
        row = store.read(lambda con: con.execute("SELECT count(*) FROM number_gaps").fetchone())
        there = row[0] if row else 0
    except StoreError as err:
        there = str(err)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    store.close()
    sys.stdout.write(json.dumps({"said": said, "is_long": is_long, "there": there}))


if __name__ == "__main__":
    main()
