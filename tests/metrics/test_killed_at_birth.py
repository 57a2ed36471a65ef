"""A store whose process was killed before its first checkpoint replays its write-ahead log, tables and all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metrics.store.database import Store

BORN_AND_KILLED = """
import os, sys
from pathlib import Path
from metrics.store.database import Store
store = Store.open(Path(sys.argv[1]))
store.write(lambda con: con.execute(
    "INSERT INTO audit (audit_id, done_at, who, action, subject, detail)"
    " VALUES (nextval('audit_ids'), now(), 'a', 'b', 'c', 'd')")).result()
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_store_killed_before_its_first_checkpoint_opens_again_with_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "leadline.duckdb"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", BORN_AND_KILLED, str(path)], check=False)
    store = Store.open(path)
    ids = store.read(lambda con: con.execute("SELECT audit_id FROM audit ORDER BY audit_id").fetchall())
    store.close()
    assert ids == [(1,), (2,)]
