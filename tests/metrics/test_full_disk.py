"""A full disk is said clearly, costs nothing that was acknowledged, and is got over without a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORKER = Path(__file__).parent / "workers" / "full_disk.py"
AT_CHECKPOINT = WORKER.with_name("full_at_checkpoint.py")
ROWS = 20_000


def told_by(worker: Path, *arguments: object) -> Any:
    command = [sys.executable, str(worker), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("room", [6_000_000, 24_000_000], ids=["little room", "some room"])
def test_what_was_acknowledged_is_there_and_writing_goes_on_once_there_is_room(store_path: Path, room: int) -> None:
    seen = told_by(WORKER, store_path, room)
    assert seen["said"].startswith("StoreFull: the disk takes no more")
    assert seen["again"]
    there = dict(seen["there"])
    assert set(range(1, seen["acknowledged"] + 1)) | {2_000} <= set(there)
    assert set(there.values()) == {ROWS}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["leadline", "sealed_2026_11"], ids=["of the hot file", "of a month"])
def test_a_checkpoint_that_does_not_fit_is_got_over_without_a_restart(store_path: Path, database: str) -> None:
    seen = told_by(AT_CHECKPOINT, store_path, database)
    assert seen["said"].startswith("StoreFull: the disk takes no more")
    assert seen["there"] == 3 * 2_000


@pytest.mark.slow
def test_a_long_log_is_left_alone_while_the_disk_is_full_so_that_questions_are_answered(store_path: Path) -> None:
    seen = told_by(WORKER.with_name("full_while_idle.py"), store_path)
    assert seen == {"said": "StoreFull", "is_long": True, "there": 4 * 120_000}
