"""Runs in a maintenance window that is left out of the SLO: kept for inspection, and counted by nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.model import Alerting, Config, Integration
from config.windows import Span
from metrics.evaluation import evaluate
from metrics.maintenance import excused
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.errors import rates
from metrics.store.ingest import Ingest
from metrics.store.latency import latency
from metrics.store.rollup.roller import roll
from metrics.store.runs import latest_runs, run
from probes.model import Batch, FailureKind, Outcome, Run, Shape

Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)
DOWN = FailureKind.STATUS_5XX
OBJECTIVE = {"sli": "availability", "target": "99%"}


@pytest.fixture
def declared(make_config: Callable[..., Config], make_integration: Callable[..., Integration]) -> Callable[..., Config]:
    """A configuration with one window from noon to a quarter past."""

    def build(objective: dict[str, Any] | None = None, **window: Any) -> Config:
        standing = {
            "name": "move", "match": {"integration": "hubspot"}, "slo": "excluded",
            "start": "2026-11-20T12:00+00:00", "end": "2026-11-20T12:15+00:00",
        }  # fmt: skip
        alerting = Alerting.model_validate({"maintenance": [standing | window]})
        return make_config(make_integration(objectives=[objective or OBJECTIVE]), alerting=alerting)

    return build


def kept(store: Store, config: Config, runs: Sequence[Run]) -> None:
    """Through the hub's own door."""
    ingest = Ingest(store, flush_after_s=0.01, excuse=lambda one: excused(one, config, {}))
    try:
        ingest.submit(Batch("p1", "local", 1, tuple(runs)), runs[-1].started_at).result(timeout=30)
    finally:
        ingest.close()


@pytest.mark.parametrize("rolled", [False, True], ids=["from raw runs", "from roll-ups"])
def test_nothing_that_is_counted_sees_them(
    store: Store, make_run: Make, noon: datetime, declared: Callable[..., Config], rolled: bool
) -> None:
    config = declared()
    fine = [make_run(noon + n * MINUTE, 100.0) for n in range(-30, 0)]
    broken = [make_run(noon + n * MINUTE, 9000.0, kind=DOWN if n % 2 else None) for n in range(15)]
    kept(store, config, [*fine, *broken, make_run(noon + 15 * MINUTE, 100.0)])
    now = noon + timedelta(hours=3)
    if rolled:
        roll(store, now, limits=(), retention=config.settings.retention)
    whole = Window(noon - timedelta(hours=1), now)
    seen = store.read(lambda con: latency(con, "hubspot", whole))
    assert seen.n == 31
    assert seen.max == pytest.approx(100.0, rel=0.011)
    errors = store.read(lambda con: rates(con, "hubspot", whole))
    assert (errors.requests, errors.server_errors) == (31, 0)
    (objective,) = store.read(lambda con: evaluate(con, config, noon + 16 * MINUTE)).objectives
    assert (objective.good, objective.bad, objective.expected, objective.budget_left) == (31, 0, 46, 1.0)


def test_an_objective_may_leave_the_time_out_as_well(
    store: Store, make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    config = declared({**OBJECTIVE, "maintenance": "excluded"})
    kept(store, config, [make_run(noon + n * MINUTE, kind=DOWN if n >= 0 else None) for n in range(-10, 15)])
    (objective,) = store.read(lambda con: evaluate(con, config, noon + 15 * MINUTE)).objectives
    assert (objective.good, objective.bad, objective.expected, objective.coverage) == (10, 0, 10, 1.0)


def test_a_window_that_counts_changes_nothing_of_a_run(
    make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    one = make_run(noon, kind=DOWN)
    assert excused(one, declared(slo="counted"), {}) is one


def test_the_steps_and_what_became_of_it_stay_to_be_looked_at(
    store: Store, make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    made = make_run(noon, kind=DOWN)
    made = replace(made, steps=tuple(replace(step, status=503) for step in made.steps))
    kept(store, declared(), [made])
    found = store.read(lambda con: run(con, made.run_id))
    assert found is not None
    assert (found.outcome, found.failure) == (Outcome.SKIPPED, None)
    assert found.skip_reason == "maintenance move (was: failed, read → 503)"
    assert [(step.outcome, step.status) for step in found.steps] == [(Outcome.FAILED, 503)]
    (row,) = store.read(lambda con: latest_runs(con, "hubspot"))
    assert row.skip_reason == found.skip_reason


def test_it_begins_no_outage_and_ends_none(
    store: Store, make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    config = declared()
    before = [make_run(noon + n * MINUTE, kind=DOWN) for n in (-3, -2, -1)]
    kept(store, config, [*before, *(make_run(noon + n * MINUTE) for n in range(4))])
    (verdict,) = store.read(lambda con: evaluate(con, config, noon + 4 * MINUTE)).workflows
    (region,) = verdict.regions
    assert (region.failing, region.good, region.last_run_at) == (3, 0, noon - MINUTE)


@pytest.mark.parametrize(
    ("match", "is_excused"),
    [
        ({"workflow": "contacts", "region": "local"}, True),
        ({"workflow": "deals"}, False),
        ({"region": "eu"}, False),
        ({"integration": "hub*"}, True),
        ({"vendor": "generic", "environment": "production"}, True),
        ({"flow": "leads"}, False),
    ],
)
def test_only_what_its_matchers_cover(
    make_run: Make, noon: datetime, declared: Callable[..., Config], match: dict[str, str], is_excused: bool
) -> None:
    found = excused(make_run(noon), declared(match=match), {})
    assert (found.outcome is Outcome.SKIPPED) is is_excused


def test_a_run_that_fails_at_another_integration_is_excused_by_that_ones_maintenance(
    make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    config = declared(match={"integration": "marketo"})
    assert excused(make_run(noon, kind=DOWN), config, {}).outcome is Outcome.FAILED
    across = make_run(noon, kind=DOWN, failed_integration="marketo")
    assert excused(across, config, {}).outcome is Outcome.SKIPPED


def test_the_time_that_it_was_scheduled_for_decides_however_late_it_comes(
    make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    config = declared()
    seen = [excused(make_run(noon + n * MINUTE), config, {}).outcome is Outcome.SKIPPED for n in (-0.01, 0, 14.99, 15)]
    assert seen == [False, True, True, False]


def test_an_entry_of_a_calendar_excuses_too(make_run: Make, noon: datetime, declared: Callable[..., Config]) -> None:
    config = declared(start=None, end=None, calendar="vendor.ics")
    entries = {"move": (Span(noon, noon + MINUTE, "Upgrade"),)}
    assert excused(make_run(noon), config, entries).outcome is Outcome.SKIPPED
    assert excused(make_run(noon + MINUTE), config, entries).outcome is Outcome.PASSED


def test_a_page_that_says_back_soon_teaches_nothing_about_the_api(
    store: Store, make_run: Make, noon: datetime, declared: Callable[..., Config]
) -> None:
    shape = Shape("s1", "r1", {"$.message": "string"})
    made = make_run(noon, values={"sync_lag_ms": 5.0, "score": 3.0}, shapes=(shape,))
    made = replace(made, steps=tuple(replace(step, shape_id="s1") for step in made.steps))
    kept(store, declared(), [made])
    counted = "SELECT (SELECT count(*) FROM shape_counts), (SELECT count(*) FROM recorded_values)"
    assert store.read(lambda con: con.execute(counted).fetchall()) == [(0, 0)]
