"""Simulated history: labelled, repeatable, plausible, and over before now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from config.model import Config, Integration
from metrics import history
from metrics.evaluation import evaluate
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.quota import quota_levels
from metrics.store.runs import latest_runs, run

STEPS = [
    {"name": "create", "request": {"method": "POST", "path": "/a"}},
    {"name": "find", "request": {"path": "/b"}, "until": {"within": "10s", "every": "1s"}},
    {"name": "cleanup", "always": True, "request": {"method": "DELETE", "path": "/a"}},
]


@pytest.fixture
def config(make_config: Callable[..., Config], make_integration: Callable[..., Integration]) -> Config:
    """Two integrations, one with a workflow that runs every ten seconds."""
    slow = {"name": "contacts", "every": "5m", "steps": STEPS}
    fast = {"name": "search", "every": "10s", "steps": STEPS[:1]}
    return make_config(
        make_integration(
            workflows=[slow, fast], objectives=[{"sli": "availability", "target": "99.9%", "workflow": "contacts"}]
        ),
        make_integration(integration="github", workflows=[slow]),
    )


def test_everything_is_labelled_as_simulated_and_over_before_now(store: Store, config: Config, noon: datetime) -> None:
    runs = history.load(store, config, now=noon, days=2)
    assert runs == pytest.approx(2 * 288 + 1440 * 2 + 2 * 288, abs=6)
    for table, column in [("runs", "started_at"), ("steps", "started_at"), ("quota_readings", "observed_at")]:
        sql = f"SELECT bool_and(simulated), min({column}), max({column}) FROM {table}"  # noqa: S608
        row = store.read(lambda con, sql=sql: con.execute(sql).fetchone())
        assert row is not None
        labelled, first, last = row
        assert labelled
        assert noon - timedelta(days=2) <= first < noon - timedelta(days=2) + timedelta(minutes=15)
        assert noon - timedelta(minutes=20) < last < noon


def test_the_same_seed_makes_the_same_history(store: Store, config: Config, noon: datetime) -> None:
    first, again = (list(history.generate(config, now=noon, days=1, seed=7)) for _ in range(2))
    other = list(history.generate(config, now=noon, days=1, seed=8))
    assert [part.tables for part in first] == [part.tables for part in again]
    assert [part.tables for part in first] != [part.tables for part in other]


def test_loading_again_changes_nothing(store: Store, config: Config, noon: datetime) -> None:
    heard: list[float] = []
    assert history.load(store, config, now=noon, days=1, progress=heard.append) > 0
    assert heard[-1] == 1.0
    assert history.load(store, config, now=noon, days=1) == 0


def test_a_workflow_faster_than_a_minute_is_simulated_once_a_minute_and_its_slices_agree(
    store: Store, config: Config, noon: datetime
) -> None:
    history.load(store, config, now=noon, days=1)
    (every,) = store.read(
        lambda con: con.execute("SELECT DISTINCT every_s FROM runs WHERE workflow = 'search'").fetchall()
    )
    assert every == (60.0,)
    (summary,) = store.read(lambda con: integration_summaries(con, ["hubspot"], noon))
    assert summary.availability_30d.coverage == pytest.approx(1.0, abs=0.01)


def test_what_is_loaded_answers_every_question(store: Store, config: Config, noon: datetime) -> None:
    history.load(store, config, now=noon, days=3, levels={"generic": lambda _: 100.0})
    day = Window.last(timedelta(days=1), noon)
    seen = store.read(lambda con: latency(con, "github", day))
    assert seen.p50 is not None
    assert seen.p99 is not None
    assert 70 < seen.p50 < 130 < seen.p99 < 1_300
    series = store.read(lambda con: latency_series(con, "github", day))
    assert series.simulated_until is not None
    assert np.nanmax(series.n) > 0
    newest = store.read(lambda con: latest_runs(con, "hubspot", 1))[0]
    whole = store.read(lambda con: run(con, newest.run_id))
    assert whole is not None
    assert whole.simulated
    assert [step.position for step in whole.steps] == list(range(len(whole.steps)))
    assert whole.duration_ms == pytest.approx(sum(s.timings.total_ms or 0 for s in whole.steps if not s.cleanup), 0.01)
    assert {level.bucket for level in store.read(lambda con: quota_levels(con, noon))} == {"daily"}
    (objective,) = store.read(lambda con: evaluate(con, config, noon)).objectives
    assert objective.simulated == objective.good + objective.bad > 0


def test_weeks_of_history_have_incidents_and_begin_calm(store: Store, config: Config, noon: datetime) -> None:
    history.load(store, config, now=noon, days=28)
    outcomes = dict(
        store.read(lambda con: con.execute("SELECT outcome, count(*) FROM runs GROUP BY outcome").fetchall())
    )
    assert set(outcomes) == {"passed", "unstable", "failed", "throttled"}
    assert outcomes["passed"] > 0.98 * sum(outcomes.values())
    evaluation = store.read(lambda con: evaluate(con, config, noon))
    assert not any(burn.firing for status in evaluation.objectives for burn in status.burns)


def test_latency_has_a_daily_rhythm(store: Store, config: Config, noon: datetime) -> None:
    history.load(store, config, now=noon, days=7)
    by_hour = dict(
        store.read(
            lambda con: con.execute(
                "SELECT epoch_ms(started_at) // 3600000 % 24 AS h, median(total_ms) FROM steps "
                "WHERE outcome = 'passed' AND integration = 'github' GROUP BY h"
            ).fetchall()
        )
    )
    assert by_hour[14] > 1.2 * by_hour[3]
