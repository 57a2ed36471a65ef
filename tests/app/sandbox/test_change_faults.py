"""The sandbox announces, falls forward and drifts; the probes notice, the hub learns, and the alert names it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from alerts.model import Rule
from alerts.policy import conditions
from app.sandbox import Sandbox, placeholder_environment, start
from app.wiring import load_config
from config.model import Config
from metrics.evaluation import evaluate
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.shapes import ShapeBook, find_drift, save_findings
from probes.model import Batch, ChangeKind, Outcome, Run
from probes.runner import Runner

EXAMPLE = Path(__file__).parents[3] / "config" / "example"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with await start(tmp_path_factory.mktemp("s"), ports_from=None, latency_scale=0, seed=7) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(shared: Sandbox) -> AsyncIterator[Sandbox]:
    yield shared
    for name in shared.vendors:
        await shared.clear_faults(name)


@pytest.fixture
def config() -> Config:
    return load_config(EXAMPLE, placeholder_environment())


class Prober:
    """Runs one workflow again and again, a minute apart as far as its runs say."""

    def __init__(self, sandbox: Sandbox, config: Config, vendor: str) -> None:
        self.config = config
        found = config.integration(vendor)
        assert found is not None
        self.integration = found
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.runner = Runner(environ=sandbox.environment, clock=lambda: self.now)

    async def run(self, times: int = 1) -> list[Run]:
        runs = []
        for _ in range(times):
            self.now += timedelta(minutes=1)
            workflow = self.integration.workflows[0]
            runs.append(
                await self.runner.run(
                    self.integration, workflow, region="local", config=self.config, scheduled_at=self.now
                )
            )
        return runs


def over_and_over(run: Run, times: int) -> list[Run]:
    """The same run in earlier minutes: so many real ones would be throttled, as they would be at the vendor."""
    earlier = []
    for minutes in range(times, 0, -1):
        at = run.started_at - timedelta(minutes=minutes)
        steps = tuple(replace(step, started_at=at) for step in run.steps)
        earlier.append(replace(run, run_id=uuid4(), scheduled_at=at, started_at=at, steps=steps))
    return [*earlier, run]


@pytest.mark.parametrize("vendor", ["shopify", "meta", "github"])
async def test_another_version_is_noticed_in_the_first_run(sandbox: Sandbox, config: Config, vendor: str) -> None:
    prober = Prober(sandbox, config, vendor)
    (before,) = await prober.run()
    assert before.changes == ()
    await sandbox.set_faults(vendor, {"version-fall-forward": True})
    (run,) = await prober.run()
    assert ChangeKind.FALL_FORWARD in {one.kind for one in run.changes}


async def test_an_announced_end_is_noticed_with_its_date_and_links(sandbox: Sandbox, config: Config) -> None:
    await sandbox.set_faults("hubspot", {"deprecation": 20})
    (run,) = await Prober(sandbox, config, "hubspot").run()
    assert run.outcome is Outcome.PASSED
    said = {one.kind: one for one in run.changes if one.step == "create contact"}
    end, begin = said[ChangeKind.SUNSET], said[ChangeKind.DEPRECATION]
    assert end.at is not None
    assert begin.at is not None
    assert (end.at - begin.at).days == 30
    assert (end.link or "").endswith("/sunset")
    assert (begin.link or "").endswith("/deprecation")


async def test_a_soft_change_passes_and_is_found_at_its_paths(sandbox: Sandbox, config: Config) -> None:
    store, prober = Store.open(None), Prober(sandbox, config, "shopify")
    ingest = Ingest(store, flush_after_s=0)
    before = over_and_over((await prober.run())[0], 21)
    await sandbox.set_faults("shopify", {"soft-change": True})
    after = await prober.run(3)
    assert {run.outcome for run in before + after} == {Outcome.PASSED}
    await asyncio.to_thread(ingest.submit(Batch("p", "local", 1, tuple(before + after)), prober.now).result)
    found = store.read(lambda con: find_drift(con, config, ShapeBook(), prober.now))
    ingest.close()
    store.close()
    assert {(one.path, one.change.value) for one in found} == {
        ("$.schemaVersion", "new"),
        ("$.draft_order.created_at", "null"),
    }


async def test_a_changed_schema_pages_with_the_path_that_is_gone(sandbox: Sandbox, config: Config) -> None:
    store, prober = Store.open(None), Prober(sandbox, config, "hubspot")
    ingest = Ingest(store, flush_after_s=0)
    runs = over_and_over((await prober.run())[0], 21)
    await sandbox.set_faults("hubspot", {"schema-change": True})
    runs += await prober.run(2)
    await asyncio.to_thread(ingest.submit(Batch("p", "local", 1, tuple(runs)), prober.now).result)
    found = store.read(lambda con: find_drift(con, config, ShapeBook(), prober.now))
    store.write(lambda con: save_findings(con, found, prober.now)).result()
    evaluation = store.read(lambda con: evaluate(con, config, prober.now))
    ingest.close()
    store.close()
    down = [one for one in conditions(replace(evaluation, objectives=()), config) if one.rule is Rule.WORKFLOW_DOWN]
    assert "$.id is gone (was string)" in down[0].blame_reason
