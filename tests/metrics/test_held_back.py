"""An outage seen through an open circuit lasts and costs as much as any; failures elsewhere cost nothing here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.model import Config, Confirmation, Integration, Objective
from metrics.evaluation import evaluate
from metrics.model import Evaluation, SliceCount, State, Window
from metrics.state import integration_state
from metrics.store.database import Store
from metrics.store.overview import integration_summaries
from metrics.store.probers import probers, record_heartbeat
from metrics.store.recorded import recorded_series
from metrics.store.runs import latest_runs, run
from metrics.store.slices import slice_counts
from probes.model import (
    Failure,
    FailureKind,
    Heartbeat,
    Leftovers,
    OpenCircuit,
    Outcome,
    QuotaReading,
    Run,
    StepResult,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOWN = Failure(FailureKind.STATUS_5XX, "status 503")
Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]


def held_back(make_run: Make, minutes_ago: float, **fields: Any) -> Run:
    standing: dict[str, Any] = {
        "outcome": Outcome.SKIPPED, "skip_reason": "circuit open since 11:00:00 …", "failure": DOWN,
        "failed_step": "read", "steps": (), "circuit_open": True,
    }  # fmt: skip
    return make_run(NOON - minutes_ago * MINUTE, **(standing | fields))


def seen(store: Store, config: Config) -> Evaluation:
    return store.read(lambda con: evaluate(con, config, NOON))


@pytest.fixture
def count(store: Store, make_integration: Callable[..., Integration]) -> Callable[..., SliceCount]:
    def ask(**fields: Any) -> SliceCount:
        objective = Objective.model_validate({"sli": "availability", "target": "99%"} | fields)
        window = Window.last(timedelta(hours=1), NOON)
        return store.read(lambda con: slice_counts(con, make_integration(), objective, [window]))[0]

    return ask


@pytest.fixture
def outage(put: Put, make_run: Make) -> Run:
    """Half an hour well, half an hour down: three real failures, then a trial every five minutes."""
    put([make_run(NOON - minute * MINUTE) for minute in range(31, 61)])
    trials = {30, 29, 28, 25, 20, 15, 10, 5}
    failed = [make_run(NOON - minute * MINUTE, kind=FailureKind.STATUS_5XX) for minute in trials]
    put(failed)
    put([held_back(make_run, minute) for minute in range(1, 31) if minute not in trials])
    return max(failed, key=lambda run: run.started_at)


@pytest.mark.usefixtures("outage")
def test_every_slice_of_the_outage_costs(count: Callable[..., SliceCount]) -> None:
    counted = count()
    assert (counted.good, counted.bad, counted.expected) == (30, 30, 60)
    assert count(sli="server_errors").bad == 30


@pytest.mark.usefixtures("outage")
def test_the_overview_counts_the_same(store: Store) -> None:
    [summary] = store.read(lambda con: integration_summaries(con, ["hubspot"], NOON))
    assert (summary.availability_30d.good, summary.availability_30d.bad) == (30, 30)


def test_the_workflow_stays_down_and_shows_the_last_real_run(
    outage: Run, store: Store, make_config: Callable[..., Config]
) -> None:
    evaluation = seen(store, make_config())
    ((region,),) = [workflow.regions for workflow in evaluation.workflows]
    assert (region.failing, region.good, region.last_outcome) == (20, 0, Outcome.FAILED)
    assert (region.kind, region.failed_step, region.message) == (FailureKind.STATUS_5XX, "read", "status 503")
    assert (region.last_run_at, region.run_id) == (NOON - MINUTE, str(outage.run_id))
    assert integration_state("hubspot", evaluation, Confirmation()) is State.DOWN


def test_one_good_run_does_not_make_the_held_ones_before_it_good(
    put: Put, make_run: Make, count: Callable[..., SliceCount], store: Store, make_config: Callable[..., Config]
) -> None:
    put([make_run(NOON - 4 * MINUTE, kind=FailureKind.DNS), held_back(make_run, 3), held_back(make_run, 2)])
    put([make_run(NOON - MINUTE)])
    ((region,),) = [workflow.regions for workflow in seen(store, make_config()).workflows]
    assert (count().good, count().bad, region.good, region.failing) == (1, 3, 1, 0)


def test_a_run_skipped_for_any_other_reason_still_says_nothing(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put(
        [make_run(NOON - 3 * MINUTE), make_run(NOON - 2 * MINUTE, outcome=Outcome.SKIPPED, skip_reason="quota reserve")]
    )
    assert (count().good, count().bad) == (1, 0)


def test_it_comes_back_as_it_was_sent(put: Put, make_run: Make, store: Store) -> None:
    held = held_back(make_run, 1)
    put([held])
    assert store.read(lambda con: run(con, held.run_id)) == held
    [row] = store.read(lambda con: latest_runs(con, "hubspot"))
    assert row.skip_reason == "circuit open since 11:00:00 …"


# -- failures in another integration --


@pytest.fixture
def across(make_run: Make, make_step: Callable[..., StepResult]) -> Callable[..., Run]:
    """A run of hubspot whose second step was sent to mail."""

    def build(minutes_ago: float = 1, *, failed: bool = True, **fields: Any) -> Run:
        at = NOON - minutes_ago * MINUTE
        kind = FailureKind.STATUS_5XX if failed else None
        there = make_step(at, 900.0, name="appears", position=2, integration="mail", kind=kind)
        more: dict[str, Any] = {"failed_step": "appears", "failed_integration": "mail"} if failed else {}
        return make_run(
            at, failure=there.failure, steps=(make_step(at, 100.0, position=1), there),
            outcome=Outcome.FAILED if failed else Outcome.PASSED, **(more | fields),
        )  # fmt: skip

    return build


def test_a_failure_elsewhere_costs_only_what_is_promised_of_both(
    put: Put, across: Callable[..., Run], count: Callable[..., SliceCount]
) -> None:
    put([across()])
    assert (count().good, count().bad) == (0, 0)
    assert count(sli="server_errors").bad == 0
    assert count(sli="sync_lag", threshold="1s").bad == 1


def test_the_other_integrations_slowness_is_not_this_ones(
    put: Put, across: Callable[..., Run], count: Callable[..., SliceCount]
) -> None:
    put([across(failed=False)])
    assert (count(sli="latency", threshold="200ms").good, count(sli="latency", threshold="200ms").bad) == (1, 0)


def test_a_run_across_comes_back_as_it_was_sent_and_its_steps_count_where_they_went(
    put: Put, across: Callable[..., Run], store: Store
) -> None:
    there = QuotaReading("mail", "m", "daily", "requests", NOON, "header", limit=9.0, integration="mail")
    made = across(quota=(there,))
    put([made])
    assert store.read(lambda con: run(con, made.run_id)) == made
    asked = "SELECT integration, step FROM steps ORDER BY position"
    assert store.read(lambda con: con.execute(asked).fetchall()) == [("hubspot", "read"), ("mail", "appears")]
    assert store.read(lambda con: con.execute("SELECT integration FROM quota_readings").fetchall()) == [("mail",)]


def test_the_one_that_fails_is_degraded_and_the_one_that_saw_it_is_not_down(
    put: Put, across: Callable[..., Run], make_run: Make, store: Store, make_integration: Callable[..., Integration]
) -> None:
    put([across(minute) for minute in (1, 2, 3)])
    put([make_run(NOON - MINUTE, integration="mail")])
    config = Config(root=Path(), version="v", integrations=(make_integration(), make_integration(integration="mail")))
    evaluation = seen(store, config)
    assert integration_state("hubspot", evaluation, Confirmation()) is State.DEGRADED
    assert integration_state("mail", evaluation, Confirmation()) is State.DEGRADED
    assert evaluation.workflows[0].regions[0].failed_integration == "mail"


# -- recorded values --


def scored(make_integration: Callable[..., Integration]) -> Integration:
    record = {"emq": {"from": "$.score", "at_least": 6, "unit": "points"}, "free": "$.free"}
    step = {"name": "read", "request": {}, "record": record}
    return make_integration(workflows=[{"name": "contacts", "every": "60s", "steps": [step]}])


def test_a_number_with_a_range_has_a_streak_by_region(
    put: Put, make_run: Make, store: Store, make_config: Callable[..., Config], make_integration: Any
) -> None:
    numbers = {5: 9.0, 4: 7.0, 3: 5.5, 2: 4.0, 1: 4.1}
    put([make_run(NOON - ago * MINUTE, values={"emq": number, "free": 1.0}) for ago, number in numbers.items()])
    put([make_run(NOON, values={"emq": 1.0}, simulated=True)])
    [level] = seen(store, make_config(scored(make_integration))).recorded
    assert (level.name, level.region, level.value, level.outside, level.within) == ("emq", "local", 4.1, 3, 0)
    assert (level.outside_since, level.at) == (NOON - 3 * MINUTE, NOON - MINUTE)


def test_a_number_that_is_no_longer_recorded_is_no_level(
    put: Put, make_run: Make, store: Store, make_config: Callable[..., Config], make_integration: Any
) -> None:
    put([make_run(NOON - timedelta(minutes=7), values={"emq": 1.0})])
    assert seen(store, make_config(scored(make_integration))).recorded == ()
    assert seen(store, make_config()).recorded == ()


def test_a_series_has_its_unit_its_range_and_its_count(
    put: Put, make_run: Make, store: Store, make_integration: Callable[..., Integration]
) -> None:
    put([make_run(NOON - ago * MINUTE, values={"emq": 7.0, "sync_lag_to_mail_ms": 80.0}) for ago in (1, 2, 3)])
    window = Window.last(timedelta(hours=1), NOON)
    emq, lag = store.read(lambda con: recorded_series(con, scored(make_integration), window))
    assert (emq.name, emq.unit, emq.n, list(emq.value)) == ("emq", "points", 3, [7.0, 7.0, 7.0])
    assert emq.recorded is not None
    assert (lag.name, lag.unit, lag.recorded) == ("sync_lag_to_mail_ms", "ms", None)


# -- heartbeats --


def test_open_circuits_and_leftovers_come_with_the_prober(store: Store) -> None:
    circuit = OpenCircuit("crm", NOON, 5, NOON + MINUTE, "status 503")
    beat = Heartbeat(
        "p", "local", "1", NOON, NOON, 0.0, 0, "v", circuits=(circuit,), leftovers=(Leftovers("crm", "w", 2, 1),)
    )
    record_heartbeat(store, beat, NOON).result()
    [prober] = store.read(lambda con: probers(con, NOON, timedelta(seconds=30)))
    assert (prober.circuits, prober.leftovers) == ((circuit,), (Leftovers("crm", "w", 2, 1),))
