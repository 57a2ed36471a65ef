"""Channels over HTTP: how each fares, and its self-test against the sandbox's receivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import plain_http
import pytest
from fastapi import FastAPI

from alerts.channels import build_senders
from alerts.self_tests import SelfTests
from alerts.store import audit_log
from alerts.store.channels import hold, note_failure
from app.hub.channels_api import channel_documents, channels_router
from app.hub.problems import answer_problems
from app.hub.state import HubState
from app.sandbox import start
from app.wiring import load_config

EXAMPLE = Path(__file__).parents[3] / "config" / "example"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Any]:
    async with await start(tmp_path, ports_from=None, latency_scale=0) as made:
        yield made


@pytest.fixture
async def site(state: HubState, sandbox: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A hub that has the example's channels, with the sandbox at their other end."""
    state.config = load_config(EXAMPLE, sandbox.environment)
    server, router = FastAPI(), channels_router(state)
    server.include_router(router)
    answer_problems(server, (router,))
    async with (
        httpx.AsyncClient(verify=plain_http.TRUSTS_NOBODY, trust_env=False) as sending,
        httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://127.0.0.1") as asking,
    ):
        senders = build_senders(state.config, sandbox.environment, sending)
        state.self_tests = SelfTests(state.store, lambda: senders, lambda: state.config, clock=state.clock)
        yield asking


async def proved(site: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await site.post(f"/api/v1/channels/{name}/test", json={"author": "ada"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_every_channel_of_the_example_proves_itself_and_bothers_nobody(
    site: httpx.AsyncClient, sandbox: Any, state: HubState
) -> None:
    names = [channel.name for channel in state.config.alerting.channels]
    shown = {name: await proved(site, name) for name in names}
    assert {name: one["ok"] for name, one in shown.items()} == dict.fromkeys(names, True)
    assert shown["on-call"]["end_to_end"] is True
    received = {name: len(receiver.inbox.messages()) for name, receiver in sandbox.receivers.items()}
    assert {name: count for name, count in received.items() if count} == {"pagerduty": 2}
    (synthetic,) = sandbox.receivers["pagerduty"].incidents
    assert (synthetic.status, synthetic.severity) == ("resolved", "info")
    assert {one["state"] for one in channel_documents(state)} == {"ok"}
    assert {row.action for row in state.store.read(audit_log)} == {"channel.test"}


async def test_receivers_in_trouble_show_and_no_secret_does(
    site: httpx.AsyncClient, sandbox: Any, state: HubState
) -> None:
    await sandbox.set_faults("pagerduty", {"status": 403})
    await sandbox.set_faults("twilio", {"throttle": 30})
    await sandbox.set_faults("slack", {"status": 503})
    await sandbox.set_faults("smtp", {"down": True})
    shown = [await proved(site, channel.name) for channel in state.config.alerting.channels]
    assert [one["ok"] for one in shown] == [False] * len(shown)
    documents = {one["name"]: one for one in channel_documents(state)}
    assert {name: one["state"] for name, one in documents.items()} == {
        "on-call": "broken", "on-call-sms": "failing", "integrations-slack": "failing", "commerce-slack": "failing",
        "stakeholders": "failing",
    }  # fmt: skip
    secrets = [value for name, value in sandbox.environment.items() if "TOKEN" in name or "KEY" in name]
    assert not [secret for secret in secrets if secret in str(documents) + str(shown)]


async def test_the_list_says_what_waits_and_until_when(site: httpx.AsyncClient, state: HubState) -> None:
    now = state.clock()

    def trouble(con: Any) -> None:
        for _ in range(3):
            note_failure(con, "on-call", now, "HTTP 503: busy")
        hold(con, "on-call", now + timedelta(seconds=15))

    state.store.write(trouble).result()
    listed = {one["name"]: one for one in (await site.get("/api/v1/channels")).json()["channels"]}
    found = listed["on-call"]
    assert (found["state"], found["failures"], found["circuit_open"]) == ("failing", 3, True)
    assert (found["problem"], found["rate"], found["waiting"]) == ("HTTP 503: busy", "120/min", 0)
    assert found["held_until"] == (now + timedelta(seconds=15)).isoformat()
    assert listed["stakeholders"]["state"] == "unproven"
    assert listed["stakeholders"]["next_test_at"] == (now + timedelta(minutes=10)).isoformat()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("nobody", {"author": "ada"}, 404),
        ("on-call", {}, 422),
        ("on-call", {"author": " "}, 422),
        ("on-call", {"author": "ada", "loud": True}, 422),
    ],
    ids=["no such channel", "nobody asks", "a blank name", "a key that there is not"],
)
async def test_a_mistake_is_answered_with_what_it_is(
    site: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await site.post(f"/api/v1/channels/{path}/test", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_page_elsewhere_cannot_have_a_browser_test_channels(site: httpx.AsyncClient) -> None:
    answer = await site.post("/api/v1/channels/on-call/test", content=b'{"author": "eve"}')
    assert answer.status_code == 415
