"""Hindsight says of any instant what an evaluation of the store would have said then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from config.model import Config, Integration
from metrics.evaluation import evaluate
from metrics.hindsight import Past, Seen
from metrics.history import load
from metrics.model import ObjectiveStatus, RegionVerdict, Window
from metrics.store.database import Store
from metrics.store.slices import SliceMemo
from probes.model import Outcome

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAYS = 8
_AT_ONCE = "UPDATE hot_runs SET scheduled_at = slice_at, started_at = slice_at, received_at = slice_at"
"""A run is known as soon as its slice begins: a question about the past cannot leave out what came after it began."""


@pytest.fixture(scope="module")
def watched() -> Config:
    steps = [{"name": "a", "request": {"path": "/"}}]
    workflow = {"name": "roundtrip", "every": "60s", "regions": ["eu", "us"], "steps": steps}
    objectives = [
        {"sli": "availability", "target": "99.9%"},
        {"sli": "latency", "threshold": "150ms", "target": "95%"},
        {"sli": "server_errors", "target": "99.5%", "window": "7d"},
        {"sli": "availability", "target": "99%", "method": "time_slices", "slice": "5m", "slice_target": "90%"},
    ]
    one = {"integration": "hubspot", "base_url": "https://x.invalid", "workflows": [workflow], "objectives": objectives}
    return Config(root=Path(), version="v1", integrations=(Integration.model_validate(one),))


@pytest.fixture(scope="module")
def store(migrated: Path, watched: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("hindsight") / "leadline.duckdb"
    path.write_bytes(migrated.read_bytes())
    found = Store.open(path)
    load(found, watched, now=NOW, days=DAYS)
    found.write(lambda con: con.execute(_AT_ONCE)).result()
    yield found
    found.close()


@pytest.fixture(scope="module")
def looking(store: Store, watched: Config) -> Seen:
    window = Window(NOW - timedelta(days=DAYS), NOW + timedelta(hours=1))
    return Past.of_store(store, window, [watched]).read()[0]


def instants(looking: Seen) -> list[datetime]:
    """Some of those that matter, and some others."""
    random = np.random.default_rng(7)
    matter = random.choice(looking.moments(), 5, replace=False)
    failing = np.concatenate([one.seen_us[one.failing > 0] // 1000 for one in looking.courses.values()])
    others = NOW.timestamp() * 1000 - random.uniform(0, DAYS * 86_400_000, 3)
    chosen = (*matter, *random.choice(failing, 5), *others)
    return [datetime.fromtimestamp(int(at) / 1000, UTC) for at in chosen]


def told(region: RegionVerdict) -> RegionVerdict:
    """Of a good run nobody is told which one it was."""
    return replace(region, run_id=None) if region.last_outcome is Outcome.PASSED else region


def burns(status: ObjectiveStatus) -> tuple[object, ...]:
    return tuple((burn.pair, burn.long_burn, burn.short_burn, burn.bad_in_long, burn.firing) for burn in status.burns)


def test_verdicts_and_burns_are_those_of_an_evaluation_at_that_instant(
    store: Store, watched: Config, looking: Seen
) -> None:
    memo, down = SliceMemo(), 0
    for at in instants(looking):
        live = store.read(lambda con, at=at: evaluate(con, watched, at, memo), timeout=timedelta(minutes=1))
        past = looking.evaluation(at)
        assert [tuple(map(told, one.regions)) for one in past.workflows] == [
            tuple(map(told, one.regions)) for one in live.workflows
        ]
        assert [(one.key, [burn.firing for burn in one.burns]) for one in past.objectives] == [
            (one.key, [burn.firing for burn in one.burns]) for one in live.objectives
        ]
        exact = [promise.status(at) for promise in looking.promises]
        assert [burns(one) for one in exact] == [burns(one) for one in live.objectives]
        down += any(region.failing for one in live.workflows for region in one.regions)
    assert down, "the history holds no failure at any of those instants"


def test_what_the_hub_had_not_heard_of_yet_is_not_known(store: Store, watched: Config) -> None:
    """The store's own question takes every run that began by then, also one whose answer was still on its way."""
    window = Window(NOW - timedelta(days=DAYS), NOW + timedelta(hours=1))
    store.write(lambda con: con.execute("UPDATE hot_runs SET received_at = started_at + INTERVAL 30 SECOND")).result()
    looking = Past.of_store(store, window, [watched]).read()[0]
    at = NOW - timedelta(hours=3) + timedelta(seconds=5)
    live = store.read(lambda con: evaluate(con, watched, at))
    newest = {region.last_run_at for region in live.workflows[0].regions}
    known = {region.last_run_at for region in looking.evaluation(at).workflows[0].regions}
    assert known == {begun - timedelta(minutes=1) for begun in newest}
    store.write(lambda con: con.execute(_AT_ONCE)).result()
