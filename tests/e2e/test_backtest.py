"""`leadline backtest` against a running hub: its exit codes, what it prints, and that the hub stays as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from leadline_processes import Process, command, running

from app.wiring import load_config
from metrics.history import load
from metrics.store.database import Store

pytestmark = [pytest.mark.slow, pytest.mark.long]

SETTINGS = "regions: [{name: local}, {name: far, token: '${env:FAR_TOKEN}'}]\n"
ALERTS = "confirm: {failures: 2, recoveries: 2}\n"
INTEGRATION = """
integration: hubspot
base_url: http://127.0.0.1:9
objectives: [{sli: availability, target: 99.9%}]
workflows:
  - {name: contacts, every: 60s, regions: [far], steps: [{name: read, request: {path: /}}]}
"""
OUTAGE = "UPDATE hot_runs SET outcome = 'failed', failure_kind = 'status_5xx' WHERE started_at BETWEEN ? AND ?"
FAR = {"FAR_TOKEN": "x" * 32}


@dataclass
class World:
    """A hub with nine days of simulated history, and a copy of its configuration that a test may change."""

    data: Path
    changed: Path

    def backtest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return command(
            "backtest", str(self.changed), "--since", "6d", "--data", str(self.data), *arguments, environ=FAR
        )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    root = tmp_path_factory.mktemp("backtest")
    folder, data = root / "monitoring", root / "data"
    folder.mkdir()
    data.mkdir()
    for name, text in (("leadline.yaml", SETTINGS), ("alerts.yaml", ALERTS), ("hubspot.yaml", INTEGRATION)):
        (folder / name).write_text(text)
    store = Store.open(data / "leadline.duckdb")
    now = datetime.now(UTC)
    load(store, load_config(folder, FAR), now=now, days=9)
    broken = [now - timedelta(days=2), now - timedelta(days=2, minutes=-20)]
    store.write(lambda con: con.execute(OUTAGE, broken)).result()
    store.close()
    process = Process(("hub", str(folder), "--data", str(data), "--port", "0"), root / "hub.log", FAR)
    with running(process):
        process.said(r"hub listening on (http\S+)")
        yield folder, data


@pytest.fixture
def world(hub: tuple[Path, Path], tmp_path: Path) -> World:
    folder, data = hub
    return World(data, shutil.copytree(folder, tmp_path / "changed"))


def test_the_same_configuration_adds_nothing(world: World) -> None:
    done = world.backtest("--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["pages"]["added"], told["pages"]["gone"]) == ([], [])
    assert (told["alerts"]["added"], told["alerts"]["gone"], told["alerts"]["different"]) == ([], [], [])
    assert told["pages"]["now"] > 0, "its history holds an outage"


def test_a_change_that_wakes_more_often_is_refused_unless_it_is_allowed(world: World) -> None:
    (world.changed / "alerts.yaml").write_text("confirm: {failures: 1, recoveries: 2}\n")
    done = world.backtest("--format", "md")
    assert done.returncode == 1
    assert done.stdout.startswith("### Leadline back-test: ")
    assert "added, 0 allowed (--max-new-pages)" in done.stderr
    assert world.backtest("--max-new-pages", "1000").returncode == 0
    assert world.backtest("--format", "md").stdout.splitlines()[0] == done.stdout.splitlines()[0]


def test_a_mistake_in_the_change_is_told_with_its_place(world: World) -> None:
    (world.changed / "alerts.yaml").write_text("confirm: {failures: no}\n")
    done = world.backtest()
    assert done.returncode == 2
    assert "alerts.yaml:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_workflow_without_history_is_named(world: World) -> None:
    (world.changed / "stripe.yaml").write_text(INTEGRATION.replace("hubspot", "stripe"))
    done = world.backtest()
    assert done.returncode == 0, done.stderr
    assert "note: no history, so not judged at all: stripe/contacts from far" in done.stdout
