"""What somebody does in PagerDuty or Slack, from the sandbox's receivers to a hub and out again, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.engine import Engine
from alerts.escalation import LEVEL
from alerts.inbound import build_ears
from alerts.model import Incident, IncidentState
from alerts.store import incidents, timeline
from app.hub.inbound_api import inbound_router
from app.hub.state import HubState
from app.sandbox import start
from app.wiring import load_config
from config.compiled import dump
from metrics.model import WorkflowVerdict
from metrics.store.database import Store
from metrics.store.ingest import Ingest

EXAMPLE = Path(__file__).parents[2] / "config" / "example"


class Night:
    """A sandbox, a hub that listens, and an outage of HubSpot whose minutes pass as told; a webhook takes none."""

    def __init__(self, sandbox: Any, store: Store, client: httpx.AsyncClient, world: Any) -> None:
        self.sandbox, self.store, self.client, self.world = sandbox, store, client, world
        self.config = load_config(EXAMPLE, sandbox.environment)
        self.engine = Engine(store)
        # The sandbox signs by its own clock, which is that of this machine.
        self.begin = datetime.now(UTC).replace(microsecond=0)
        self.now = self.begin
        senders = build_senders(self.config, sandbox.environment, client)
        self.deliverer = Deliverer(store, senders, clock=lambda: self.now, link="http://127.0.0.1:8050")
        self.state = HubState(
            store, Ingest(store), lambda: datetime.now(UTC), self.begin, self.config, dump(self.config), {}
        )
        self.state.ears = build_ears(self.config, sandbox.environment)

    async def down(self, minute: int) -> None:
        """The outage as it is seen then, with what is told of it."""
        self.now = self.begin + timedelta(minutes=minute)
        hubspot = next(one for one in self.config.integrations if one.name == "hubspot")
        workflow = hubspot.workflows[0]
        shift = self.begin - self.world.T0
        regions = tuple(
            _later(self.world.region(minute, region=name, failing=2 + minute), shift) for name in workflow.regions
        )
        seen = self.world.seen(minute, WorkflowVerdict("hubspot", workflow.name, workflow.every, regions))
        self.engine.apply(_at(seen, self.now), self.config).result()
        await self.deliverer.deliver_due()

    async def does(self, receiver: str, act: str) -> Any:
        """Somebody does it there, to what stands there first."""
        board = (await self.client.get(f"{self.sandbox.admin_url}/received/{receiver}")).json()["now"]
        (there,) = [one for one in board if "thread_ts" not in one]
        body = {"act": act, "key": there.get("dedup_key") or there["ts"], "who": "Ada"}
        answer = await self.client.post(f"{self.sandbox.admin_url}/received/{receiver}", json=body)
        self.now = max(self.now, datetime.now(UTC))
        await self.deliverer.deliver_due()
        return answer.json()

    @property
    def incident(self) -> Incident:
        (found,) = self.store.read(incidents)
        return found

    def kinds(self) -> list[str]:
        name = self.incident.incident_id
        return [event.kind for event in self.store.read(lambda con: timeline(con, name))]

    def slack(self) -> dict[str, Any]:
        messages = self.sandbox.receivers["slack"].messages
        (posted,) = [one for one in messages.values() if "thread_ts" not in one]
        return dict(posted)


def _later(region: Any, shift: timedelta) -> Any:
    since = region.failing_since + shift if region.failing_since else None
    return replace(region, last_run_at=region.last_run_at + shift, failing_since=since)


def _at(evaluation: Any, now: datetime) -> Any:
    return replace(evaluation, at=now)


@pytest.fixture
async def night(world: Any, store: Store, client: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[Night]:
    async with await start(tmp_path, ports_from=None, latency_scale=0.0) as sandbox:
        made = Night(sandbox, store, client, world)
        app = FastAPI()
        app.include_router(inbound_router(made.state))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        hub = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        for receiver, channel in (("pagerduty", "on-call"), ("slack", "integrations-slack")):
            webhook = {"webhook": f"{hub}/api/v1/inbound/{receiver}/{channel}"}
            await client.put(f"{sandbox.admin_url}/received/{receiver}", json=webhook)
        yield made
        server.should_exit = True
        await serving
        made.state.ingest.close()


async def test_who_acknowledges_in_pagerduty_is_seen_in_slack_and_nobody_else_is_woken(night: Night) -> None:
    await night.down(0)
    assert await night.does("pagerduty", "acknowledge") == {"answered": 200}
    assert (night.incident.state, night.incident.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "Ada (PagerDuty)")
    assert night.slack()["edits"] == 1
    assert "acknowledged by Ada (PagerDuty)" in night.slack()["text"]
    texts = len(night.sandbox.receivers["twilio"].inbox.messages())
    for minute in (10, 20, 40):
        await night.down(minute)
    assert LEVEL not in night.kinds()
    assert len(night.sandbox.receivers["twilio"].inbox.messages()) == texts


async def test_while_nobody_does_the_levels_ring(night: Night) -> None:
    await night.down(0)
    texts = len(night.sandbox.receivers["twilio"].inbox.messages())
    await night.down(10)
    assert night.kinds()[-1] == LEVEL
    (text,) = night.sandbox.receivers["twilio"].inbox.messages()[texts:]
    assert "nobody has acknowledged it for 10 min" in text.line


async def test_the_buttons_of_the_slack_message_acknowledge_and_resolve(night: Night) -> None:
    await night.down(0)
    assert await night.does("slack", "acknowledge") == {"answered": 200}
    (page,) = night.sandbox.receivers["pagerduty"].incidents
    assert (night.incident.acknowledged_by, page.status) == ("Ada (Slack)", "acknowledged")
    assert await night.does("slack", "resolve") == {"answered": 200}
    assert (night.incident.resolved_by, page.status) == ("Ada (Slack)", "resolved")
    assert "RESOLVED by Ada (Slack) after" in night.slack()["text"]
    await night.down(1)
    assert (night.incident.state, page.pages) == (IncidentState.RESOLVED, 1)


async def test_a_note_in_pagerduty_stands_in_the_timeline(night: Night) -> None:
    await night.down(0)
    await night.does("pagerduty", "unacknowledge")
    await night.does("pagerduty", "annotate")
    name = night.incident.incident_id
    events = night.store.read(lambda con: timeline(con, name))
    assert [(e.note, e.who) for e in events if e.kind == "comment"] == [("Ada looks at it", "Ada (PagerDuty)")]
