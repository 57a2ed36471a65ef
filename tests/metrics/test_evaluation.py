"""One evaluation: streaks of each region, objectives, probers, quotas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from config.model import Config, Integration
from metrics.evaluation import evaluate
from metrics.model import Evaluation, RegionVerdict
from metrics.store.database import Store
from metrics.store.probers import record_heartbeat
from probes.model import Evidence, FailureKind, Heartbeat, Outcome, Run, StepResult

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def judge(store: Store, make_config: Callable[..., Config], noon: datetime) -> Callable[..., Evaluation]:
    """Evaluates the store at noon."""

    def ask(*integrations: Integration, now: datetime = noon) -> Evaluation:
        return store.read(lambda con: evaluate(con, make_config(*integrations), now))

    return ask


def only_region(evaluation: Evaluation) -> RegionVerdict:
    ((region,),) = [workflow.regions for workflow in evaluation.workflows]
    return region


def test_an_empty_store_has_no_verdicts_and_no_opinion(
    judge: Callable[..., Evaluation], make_integration: Callable[..., Integration]
) -> None:
    seen = judge(make_integration(objectives=[{"sli": "availability", "target": "99.9%"}]))
    assert [(workflow.workflow, workflow.regions) for workflow in seen.workflows] == [("contacts", ())]
    assert [(status.sli, status.budget_left) for status in seen.objectives] == [(None, None)]
    assert (seen.probers, seen.quotas) == ((), ())


def test_a_streak_of_failures_is_counted_from_its_first(
    judge: Callable[..., Evaluation], put: Put, make_run: Make, noon: datetime
) -> None:
    put([make_run(noon - 4 * MINUTE)])
    put([make_run(noon - i * MINUTE, kind=FailureKind.TIMEOUT) for i in (1, 3, 2)])
    region = only_region(judge())
    assert (region.failing, region.good, region.failing_since) == (3, 0, noon - 3 * MINUTE)
    assert (region.kind, region.failed_step, region.message) == (FailureKind.TIMEOUT, "read", "timeout happened")
    assert (region.last_outcome, region.last_run_at) == (Outcome.FAILED, noon - MINUTE)


def test_a_confirmation_run_belongs_to_the_streak(
    judge: Callable[..., Evaluation], put: Put, make_run: Make, noon: datetime
) -> None:
    at = noon - MINUTE
    put([make_run(at, attempt=2, kind=FailureKind.DNS), make_run(at, kind=FailureKind.DNS)])
    assert only_region(judge()).failing == 2


def test_throttled_is_not_failing(judge: Callable[..., Evaluation], put: Put, make_run: Make, noon: datetime) -> None:
    put([make_run(noon - 3 * MINUTE)])
    throttled = {"kind": FailureKind.THROTTLED, "outcome": Outcome.THROTTLED}
    put([make_run(noon - i * MINUTE, **throttled) for i in (1, 2)])
    region = only_region(judge())
    assert (region.failing, region.good, region.throttled) == (0, 3, 2)


def test_tainted_and_skipped_runs_do_not_break_a_streak(
    judge: Callable[..., Evaluation], put: Put, make_run: Make, noon: datetime
) -> None:
    put(
        [
            make_run(noon - MINUTE, outcome=Outcome.TAINTED),
            make_run(noon - 2 * MINUTE, kind=FailureKind.DNS),
            make_run(noon - 3 * MINUTE, outcome=Outcome.SKIPPED),
            make_run(noon - 4 * MINUTE, kind=FailureKind.DNS),
        ]
    )
    assert only_region(judge()).failing == 2


def test_a_quiet_region_is_left_out(
    judge: Callable[..., Evaluation],
    put: Put,
    make_run: Make,
    make_integration: Callable[..., Integration],
    noon: datetime,
) -> None:
    step = {"name": "read", "request": {"path": "/"}}
    integration = make_integration(
        workflows=[{"name": "contacts", "every": "60s", "regions": ["local", "eu", "us"], "steps": [step]}]
    )
    put([make_run(noon - 6 * MINUTE, region="eu"), make_run(noon - 6 * MINUTE - timedelta(seconds=1))])
    (workflow,) = judge(integration).workflows
    assert [region.region for region in workflow.regions] == ["eu"]


def test_a_daily_workflow_is_remembered_for_ten_days(
    judge: Callable[..., Evaluation],
    put: Put,
    make_run: Make,
    make_integration: Callable[..., Integration],
    noon: datetime,
) -> None:
    step = {"name": "read", "request": {"path": "/"}}
    integration = make_integration(workflows=[{"name": "contacts", "every": "1d", "steps": [step]}])
    put([make_run(noon - timedelta(days=day), kind=FailureKind.DNS) for day in (1, 2)])
    assert only_region(judge(integration)).failing == 2


def test_each_workflow_is_remembered_as_long_as_its_own_schedule_needs(
    judge: Callable[..., Evaluation],
    put: Put,
    make_run: Make,
    make_integration: Callable[..., Integration],
    noon: datetime,
) -> None:
    steps = [{"name": "read", "request": {"path": "/"}}]
    daily = {"name": "report", "every": "1d", "steps": steps}
    often = {"name": "contacts", "every": "60s", "steps": steps}
    put([make_run(noon - timedelta(days=day), workflow="report", kind=FailureKind.DNS) for day in (1, 2)])
    put([make_run(noon - ago, kind=FailureKind.DNS) for ago in (MINUTE, timedelta(hours=1), timedelta(hours=2))])
    seen = judge(make_integration(workflows=[daily, often])).workflows
    assert [(verdict.workflow, verdict.regions[0].failing) for verdict in seen] == [("report", 2), ("contacts", 2)]


def test_the_evidence_and_the_status_come_with_the_verdict(
    judge: Callable[..., Evaluation], put: Put, make_run: Make, make_step: Callable[..., StepResult], noon: datetime
) -> None:
    at = noon - MINUTE
    kept = Evidence("ev-9", "GET", "https://x/", {}, None, 502, {}, "bad gateway", {})
    step = make_step(at, kind=FailureKind.STATUS_5XX, status=502, evidence=kept)
    failed = make_run(at, kind=FailureKind.STATUS_5XX, steps=(step,))
    put([failed])
    region = only_region(judge())
    assert (region.status, region.evidence_id, region.run_id) == (502, "ev-9", str(failed.run_id))


def test_an_outage_spends_the_budget_and_fires(
    judge: Callable[..., Evaluation],
    put: Put,
    make_run: Make,
    make_integration: Callable[..., Integration],
    noon: datetime,
) -> None:
    integration = make_integration(
        objectives=[
            {"sli": "availability", "target": "99%"},
            {"sli": "latency", "target": "95%", "threshold": "200ms"},
        ]
    )
    put([make_run(noon - i * MINUTE) for i in range(31, 1001)])
    put([make_run(noon - i * MINUTE, kind=FailureKind.STATUS_5XX) for i in range(1, 31)])
    availability, speed = judge(integration).objectives
    assert (availability.good, availability.bad, availability.expected, availability.coverage) == (970, 30, 1000, 1.0)
    assert availability.budget_left == pytest.approx(-2.0)
    assert [burn.firing for burn in availability.burns] == [True, True, True, True]
    assert (speed.sli, speed.bad, speed.coverage, speed.budget_left) == (1.0, 0, 0.97, 1.0)


def test_a_prober_is_silent_after_the_configured_time(
    judge: Callable[..., Evaluation], store: Store, noon: datetime
) -> None:
    beat = Heartbeat("p1", "local", "0.1.0", noon, noon, 0.5, 0, "v1")
    record_heartbeat(store, beat, noon - timedelta(seconds=31)).result(timeout=30)
    (prober,) = judge().probers
    assert prober.silent


def test_the_future_is_not_known_yet(
    judge: Callable[..., Evaluation], put: Put, make_run: Make, noon: datetime
) -> None:
    put([make_run(noon - MINUTE), make_run(noon + MINUTE, kind=FailureKind.DNS)])
    assert only_region(judge()).failing == 0
