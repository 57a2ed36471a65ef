"""Killed at random instants of ingest, sealing, forgetting and compaction: no row is lost, none is there twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "workers" / "killed_often.py"
KILLS = 52


@pytest.mark.long
@pytest.mark.slow
def test_kill_minus_nine_at_any_instant_loses_and_doubles_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(WORKER), str(tmp_path / "leadline.duckdb"), str(KILLS), "20261123"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    # Every life checks all rows; this says that the lives were spent on what can go wrong.
    assert seen["last"] >= seen["acknowledged"] > 200
    assert seen["seals"] > 50
    assert seen["first"] > 1
