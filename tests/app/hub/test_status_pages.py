"""The hub's round of status pages, against those of the vendor sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from alerts.engine import Engine
from alerts.status_pages.model import Health
from alerts.store import open_incidents
from alerts.store.status_pages import stored_pages
from alerts.store.story import story
from app.clock import utc_now
from app.hub.state import HubState
from app.hub.status_pages import StatusReader
from app.sandbox import Sandbox, start
from app.wiring import load_config
from config.model import Config
from metrics.model import Evaluation, RegionVerdict, WorkflowVerdict
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from probes.model import FailureKind, Outcome

EXAMPLE = Path(__file__).parents[3] / "config" / "example"


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **more: float) -> None:
        self.now += timedelta(**more)


def failing(clock: Clock, config: Config, runs: int) -> Evaluation:
    """HubSpot's workflow has failed so often in a row."""
    outcome = Outcome.FAILED if runs else Outcome.PASSED
    seen = {"failing_since": clock.now, "failed_step": "create", "kind": FailureKind.STATUS_5XX, "status": 503}
    region = RegionVerdict("local", clock.now, outcome, runs, 0 if runs else 9, 0, **(seen if runs else {}))
    name = next(one for one in config.integrations if one.name == "hubspot").workflows[0].name
    verdict = WorkflowVerdict("hubspot", name, timedelta(seconds=15), (region,))
    return Evaluation(clock.now, (verdict,), (), ())


async def test_pages_are_asked_when_they_are_due_and_an_outage_is_told_of(store_path: Path, tmp_path: Path) -> None:
    clock = Clock(utc_now())
    async with await start(tmp_path / "sandbox", ports_from=None, latency_scale=0, clock=clock, seed=1) as sandbox:
        config = load_config(EXAMPLE, sandbox.environment)
        store = Store.open(store_path)
        ingest = Ingest(store)
        state = HubState(store, ingest, clock, clock(), config, "", {})
        async with httpx.AsyncClient(trust_env=False) as client:
            await _course(StatusReader(state, sandbox.environment, client), state, sandbox, clock)
        ingest.close()
        store.close()


async def _course(reader: StatusReader, state: HubState, sandbox: Sandbox, clock: Clock) -> None:
    assert await reader.round() == 5
    assert await reader.round() == 0
    pages = state.store.read(stored_pages)
    assert {page.kind for page in pages.values()} == {"statuspage", "statusio", "atom"}
    assert {page.indicator for page in pages.values()} == {Health.OPERATIONAL}
    assert [page.problem for page in pages.values()] == [""] * 5
    await sandbox.set_faults("hubspot", {"error-rate": 1})
    clock.advance(seconds=61)
    state.evaluation = failing(clock, state.config, 1)
    assert await reader.round() == 1
    Engine(state.store).apply(failing(clock, state.config, 2), state.config).result()
    (found,) = state.store.read(open_incidents)
    admitted = "the vendor's status page admits “API: elevated error rates” (investigating, http://127.0.0.1:"
    assert found.conditions[0].blame_reason.startswith(admitted)
    await sandbox.clear_faults("hubspot", "error-rate")
    clock.advance(seconds=61)
    assert await reader.round() == 1
    said = [e.note for e in state.store.read(lambda con: story(con, found.incident_id)) if e.kind == "vendor_status"]
    assert said[1:] == ["“API: elevated error rates” is over", "API: major outage → operational"]


async def test_every_format_of_the_sandbox_tells_of_trouble_and_of_its_end(tmp_path: Path, store_path: Path) -> None:
    clock = Clock(utc_now())
    async with await start(tmp_path / "sandbox", ports_from=None, latency_scale=0, clock=clock, seed=1) as sandbox:
        config = load_config(EXAMPLE, sandbox.environment)
        store = Store.open(store_path)
        ingest = Ingest(store)
        state = HubState(store, ingest, clock, clock(), config, "", {})
        vendors: dict[str, Any] = {"hubspot": {"latency": "x3"}, "marketo": {"reset": True}, "shopify": {"reset": True}}
        for vendor, faults in vendors.items():
            await sandbox.set_faults(vendor, faults)
        await sandbox.set_faults("klaviyo", {"status-page": "gone"})
        await sandbox.set_faults("github", {"error-rate": 1, "status-page": "fine"})
        async with httpx.AsyncClient(trust_env=False) as client:
            reader = StatusReader(state, sandbox.environment, client)
            await reader.round()
            assert _indicators(store) == {
                "hubspot": Health.DEGRADED, "marketo": Health.MAJOR_OUTAGE, "shopify": Health.DEGRADED,
                "github": Health.OPERATIONAL, "klaviyo": Health.UNKNOWN,
            }  # fmt: skip
            assert _problems(store) == {"klaviyo": "answered HTTP 503"}
            for vendor in (*vendors, "klaviyo"):
                await sandbox.clear_faults(vendor)
            clock.advance(minutes=6)
            await reader.round()
            assert set(_indicators(store).values()) == {Health.OPERATIONAL}
            assert [page.notices for page in store.read(stored_pages).values()] == [()] * 5
        ingest.close()
        store.close()


def _vendor(page: str) -> str:
    return page.split("}/")[1].split("/", maxsplit=1)[0]


def _indicators(store: Store) -> dict[str, Health]:
    return {_vendor(name): page.indicator for name, page in store.read(stored_pages).items()}


def _problems(store: Store) -> dict[str, str]:
    return {_vendor(name): page.problem for name, page in store.read(stored_pages).items() if page.problem}
