"""A lead written to Marketo appears in Salesforce, and the example's workflow across the two measures how soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.sandbox import Sandbox
from app.wiring import load_config
from config.model import Config, Integration
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

EXAMPLE = Path(__file__).parents[3] / "config" / "example"


@pytest.fixture
def config(sandbox: Sandbox) -> Config:
    return load_config(EXAMPLE, sandbox.environment)


def hurried(config: Config) -> tuple[Integration, Config]:
    """The example's marketo, its workflow waiting for less long."""
    declared = config.integration("marketo")
    assert declared is not None
    workflow = next(one for one in declared.workflows if one.name == "lead-to-salesforce")
    waiting = next(step for step in workflow.steps if step.until is not None)
    assert waiting.until is not None
    until = waiting.until.model_copy(update={"within": timedelta(seconds=0.6), "every": timedelta(seconds=0.02)})
    steps = tuple(
        step.model_copy(update={"until": until}) if step.name == waiting.name else step for step in workflow.steps
    )
    marketo = declared.model_copy(update={"workflows": (workflow.model_copy(update={"steps": steps}),)})
    others = tuple(one for one in config.integrations if one.name != "marketo")
    return marketo, config.model_copy(update={"integrations": (*others, marketo)})


async def probe(sandbox: Sandbox, config: Config) -> Run:
    marketo, config = hurried(config)
    runner = Runner(environ=sandbox.environment, clock=lambda: datetime.now(UTC), jitter=lambda _longest: 0.0)
    now = datetime.now(UTC)
    return await runner.run(marketo, marketo.workflows[0], region="local", config=config, scheduled_at=now)


async def test_the_workflow_across_both_measures_the_lag_and_leaves_nothing(sandbox: Sandbox, config: Config) -> None:
    run = await probe(sandbox, config)
    assert run.outcome is Outcome.PASSED, run.failure
    assert run.values["sync_lag_to_salesforce_ms"] == run.values["sync_lag_ms"] > 0
    assert [step.integration for step in run.steps if step.name.startswith("clean up")] == ["salesforce", None]
    for vendor in ("marketo", "salesforce"):
        records: Any = sandbox.vendors[vendor]
        assert list(records.leads.visible(datetime.now(UTC) + timedelta(days=1))) == []


async def test_a_slow_sync_is_neither_ends_outage(sandbox: Sandbox, config: Config, set_faults: Any) -> None:
    await set_faults("marketo", sync_lag=60_000)
    run = await probe(sandbox, config)
    assert (run.outcome, run.failed_integration, run.failed_step) == (
        Outcome.FAILED,
        "salesforce",
        "arrives in Salesforce",
    )
    assert run.failure is not None
    assert run.failure.kind is FailureKind.ASSERTION
    assert run.failure.message == "in salesforce: not visible within 600ms (last: $.totalSize = 0)"


async def test_an_outage_of_salesforce_is_not_marketos(sandbox: Sandbox, config: Config, set_faults: Any) -> None:
    await set_faults("salesforce", error_rate=1)
    run = await probe(sandbox, config)
    assert run.failure is not None
    assert (run.failed_integration, run.failure.kind) == ("salesforce", FailureKind.STATUS_5XX)


async def test_a_lead_without_a_company_stays_in_marketo(sandbox: Sandbox) -> None:
    salesforce: Any = sandbox.vendors["salesforce"]
    marketo: Any = sandbox.vendors["marketo"]
    now = datetime.now(UTC)
    marketo.lead_written({"email": "a@example.com", "lastName": "A"}, now)
    marketo.lead_written({"email": "b@example.com", "lastName": "B", "company": "C"}, now)
    found = list(salesforce.leads.visible(now + timedelta(seconds=1)))
    assert [record.fields["Email"] for record in found] == ["b@example.com"]
