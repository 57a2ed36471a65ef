"""`leadline up` as a process: one per data directory, ended by a signal at any time, leaving nobody behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from leadline_processes import ROOT, Process, command, eventually, running

pytestmark = pytest.mark.slow

EXAMPLE = str(ROOT / "config" / "example")


def children(pid: int) -> list[int]:
    """Of a process that lives."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(after_name[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Process]:
    arguments = ("up", EXAMPLE, "--data", str(tmp_path / "data"), "--port", "0")
    with running(Process(arguments, tmp_path / "up.log")) as process:
        yield process


def test_a_second_up_on_one_data_directory_is_refused_before_it_disturbs_the_first(up: Process) -> None:
    sandbox = Path(up.arguments[3]) / "sandbox" / "sandbox.json"
    up.said(r"vendor sandbox: (\S+)")
    announced = json.loads(sandbox.read_text())
    second = command(*up.arguments)
    assert second.returncode == 1
    assert "another `leadline up` or `leadline demo` runs on" in second.stderr
    assert json.loads(sandbox.read_text()) == announced


def test_a_signal_before_the_hub_answers_is_a_clean_end(up: Process) -> None:
    up.said(r"vendor sandbox: (\S+)")
    assert up.stop() == 0
    assert "ended at its start" not in up.log.read_text()
    assert "Traceback" not in up.log.read_text()


def test_no_child_outlives_a_supervisor_that_was_killed(up: Process) -> None:
    up.said(r"(prober_started)")
    assert up.popen is not None
    family = children(up.popen.pid)
    assert len(family) == 3
    os.kill(up.popen.pid, signal.SIGKILL)
    up.popen.wait()
    eventually(lambda: not any(map(alive, family)), what="the children ending")


def test_a_store_that_is_damaged_is_a_message_and_leaves_nobody_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "leadline.duckdb").write_bytes(b"not a store" * 1000)
    ended = command("up", EXAMPLE, "--data", str(data), "--port", "0")
    assert ended.returncode == 1
    assert "is not a Leadline store or is damaged" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert not (data / "hub.json").exists()
