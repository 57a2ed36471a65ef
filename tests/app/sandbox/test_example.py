"""The example configuration: it loads, every workflow passes, and its probes stay within what the vendors allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from app.sandbox import Sandbox, placeholder_environment, start
from app.sandbox.vendors import VENDOR_SIMULATORS
from app.wiring import load_config
from config.model import Config, Integration
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

EXAMPLE = Path(__file__).parents[3] / "config" / "example"
VENDORS = list(VENDOR_SIMULATORS)

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Calls per day that the vendor allows; GitHub, Klaviyo, Meta and Shopify count shorter windows.
ALLOWED_PER_DAY = {
    "hubspot": 250_000,
    "salesforce": 100_000,
    "marketo": 50_000,
    "google_ads": 15_000,
    "github": 5000 * 24,
    "klaviyo": 150 * 60 * 24,
    "meta": 3600 * 24,
    "shopify": 2 * 86_400,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    directory = tmp_path_factory.mktemp("sandbox")
    async with await start(directory, ports_from=None, latency_scale=0, seed=7) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(shared: Sandbox) -> AsyncIterator[Sandbox]:
    yield shared
    for name in shared.vendors:
        await shared.clear_faults(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def config(shared: Sandbox) -> Config:
    return load_config(EXAMPLE, shared.environment)


def of_vendor(config: Config, vendor: str) -> Integration:
    return next(integration for integration in config.integrations if integration.vendor == vendor)


async def probe(
    sandbox: Sandbox, config: Config, vendor: str, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> Run:
    integration = of_vendor(config, vendor)
    runner = Runner(
        environ=sandbox.environment, clock=lambda: datetime.now(UTC), sleep=sleep, jitter=lambda _longest: 0.0
    )
    return await runner.run(
        integration, integration.workflows[0], region="local", config=config, scheduled_at=datetime.now(UTC)
    )


async def no_pause(_seconds: float) -> None:
    """For retries that would only wait for a Retry-After."""


async def test_it_loads_with_nothing_but_the_names_that_the_sandbox_gives() -> None:
    config = load_config(EXAMPLE, placeholder_environment())
    assert {integration.vendor for integration in config.integrations} == set(VENDORS)


async def test_the_probes_use_less_than_half_of_what_each_vendor_allows(config) -> None:
    for integration in config.integrations:
        calls = sum(
            86_400 / workflow.every.total_seconds() * (len(workflow.steps) + 2 * any(s.until for s in workflow.steps))
            for workflow in integration.workflows
        )
        assert calls < ALLOWED_PER_DAY[integration.vendor] / 2, integration.name


async def test_every_timeout_leaves_room_before_the_next_run(config) -> None:
    for integration in config.integrations:
        for workflow in integration.workflows:
            assert workflow.timeout.total_seconds() <= 10 < workflow.every.total_seconds()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_workflow_passes_against_the_sandbox(sandbox, config, vendor) -> None:
    run = await probe(sandbox, config, vendor)
    assert run.outcome is Outcome.PASSED, run.failure


@pytest.mark.parametrize("vendor", VENDORS)
async def test_throttling_is_seen_as_throttling(sandbox, config, vendor) -> None:
    await sandbox.set_faults(vendor, {"throttle": True})
    assert (await probe(sandbox, config, vendor, no_pause)).outcome is Outcome.THROTTLED


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_revoked_credential_is_seen_as_such(sandbox, config, vendor) -> None:
    await sandbox.set_faults(vendor, {"token-revoked": True})
    run = await probe(sandbox, config, vendor)
    assert run.failure is not None
    assert (run.outcome, run.failure.kind) == (Outcome.FAILED, FailureKind.AUTH)


@pytest.mark.slow
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("error-rate", {FailureKind.STATUS_5XX}),
        ("corrupt-body", {FailureKind.BODY}),
        ("truncated-body", {FailureKind.BODY, FailureKind.PROTOCOL}),
        ("schema-change", {FailureKind.SCHEMA, FailureKind.ASSERTION, FailureKind.CAPTURE}),
        ("connection-refused", {FailureKind.CONNECT}),
        ("reset", {FailureKind.PROTOCOL, FailureKind.CONNECT, FailureKind.BODY}),
        ("tls-expired", {FailureKind.TLS}),
    ],
)
async def test_every_fault_fails_the_run_with_its_own_kind(sandbox, config, vendor, fault, kinds) -> None:
    await sandbox.set_faults(vendor, {fault: True})
    run = await probe(sandbox, config, vendor)
    assert run.failure is not None
    assert run.outcome is Outcome.FAILED
    assert run.failure.kind in kinds, run.failure
