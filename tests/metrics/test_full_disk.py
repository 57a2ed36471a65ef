"""A full disk is said clearly, costs nothing that was acknowledged, and is got over without a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "workers" / "full_disk.py"
ROWS = 20_000


@pytest.mark.slow
@pytest.mark.parametrize("room", [6_000_000, 24_000_000], ids=["the log does not fit", "a checkpoint does not fit"])
def test_what_was_acknowledged_is_there_and_writing_goes_on_once_there_is_room(store_path: Path, room: int) -> None:
    command = [sys.executable, str(WORKER), str(store_path), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["said"].startswith("StoreFull: the disk takes no more")
    assert seen["again"]
    there = dict(seen["there"])
    assert set(range(1, seen["acknowledged"] + 1)) | {2_000} <= set(there)
    assert set(there.values()) == {ROWS}
