"""What PagerDuty and Slack tell back: only with their signature, only once, and only on what is of now."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI

from alerts.inbound import build_ears, pagerduty, slack
from alerts.model import Action, Condition, Incident, IncidentEvent, IncidentState, Rule, Tier
from alerts.routing import Message
from alerts.store import audit_log, incident, outbox, timeline
from alerts.store.incidents import add_event, save_incident
from alerts.store.outbox import enqueue
from alerts.store.silences import silences
from app.hub.inbound_api import MAX_BYTES, inbound_router
from app.hub.problems import answer_problems
from app.hub.state import HubState
from config.model import Alerting, Config

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRETS = {
    "PD_HOOK": "pagerduty-webhook-secret",
    "SLACK_SIGN": "slack-signing-secret",
    "KEY": "k" * 32,
    "BOT": "xoxb-1",
}
HELD = Condition("hubspot/x", Rule.WORKFLOW_DOWN, Tier.URGENT, "hubspot", NOW, "create → 503", title="HubSpot DOWN")
OPEN = Incident(
    "20261122-025500-hubspot", "hubspot", Tier.URGENT, IncidentState.OPEN, NOW - 5 * MINUTE, (HELD,), HELD.title
)
PAGER, SLACK = "/api/v1/inbound/pagerduty/on-call", "/api/v1/inbound/slack/ops"


def listening() -> Config:
    channels = [
        {"name": "on-call", "kind": "pagerduty", "routing_key": "${env:KEY}", "webhook_secret": "${env:PD_HOOK}"},
        {"name": "deaf", "kind": "pagerduty", "routing_key": "${env:KEY}"},
        {"name": "lost", "kind": "pagerduty", "routing_key": "${env:KEY}", "webhook_secret": "${env:NOT_THERE}"},
        {
            "name": "ops", "kind": "slack", "bot_token": "${env:BOT}", "channel": "#ops",
            "signing_secret": "${env:SLACK_SIGN}",
        },
    ]  # fmt: skip
    return Config(
        root=Path("x"), version="v1", integrations=(), alerting=Alerting.model_validate({"channels": channels})
    )


@pytest.fixture
def told(state: HubState) -> HubState:
    """A hub with an open incident, of which PagerDuty and Slack were told."""

    def work(con: Any) -> None:
        save_incident(con, OPEN)
        add_event(con, IncidentEvent(OPEN.incident_id, OPEN.opened_at, "opened", OPEN.title))
        enqueue(con, OPEN, Message("on-call", Tier.URGENT, Action.TRIGGER), OPEN.opened_at, None)
        enqueue(con, OPEN, Message("ops", Tier.DEGRADED, Action.TRIGGER), OPEN.opened_at, None)

    state.store.write(work).result()
    state.ears = build_ears(listening(), SECRETS)
    return state


@pytest.fixture
async def site(told: HubState) -> AsyncIterator[httpx.AsyncClient]:
    server, router = FastAPI(), inbound_router(told)
    server.include_router(router)
    answer_problems(server, [router])
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def event(kind: str, *, number: int = 1, at: datetime = NOW, **more: Any) -> bytes:
    """As PagerDuty writes it."""
    data = {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": OPEN.dedup_key}
    agent = {"id": "PLH1HKV", "summary": "Ada Lovelace", "type": "user_reference"}
    known = {"id": f"01DEN4HPBQAAAG05V5{number}", "event_type": kind, "occurred_at": at.isoformat(), "agent": agent}
    return json.dumps({"event": {**known, "data": data, **more}}).encode()


async def ring(site: httpx.AsyncClient, body: bytes, *signatures: str, path: str = PAGER) -> httpx.Response:
    given = ",".join(signatures or (pagerduty.signature(SECRETS["PD_HOOK"], body),))
    return await site.post(path, content=body, headers={"X-PagerDuty-Signature": given})


def press(action: str, **more: Any) -> bytes:
    """As Slack writes it."""
    button = {"action_id": action, "type": "button", "value": OPEN.incident_id, "block_id": "b"}
    payload = {"type": "block_actions", "user": {"id": "U1", "username": "ada"}, "actions": [button], **more}
    return urlencode({"payload": json.dumps(payload)}).encode()


async def click(site: httpx.AsyncClient, body: bytes, at: datetime = NOW, secret: str = "") -> httpx.Response:
    stamp = str(int(at.timestamp()))
    signed = slack.signature(secret or SECRETS["SLACK_SIGN"], stamp, body)
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signed,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return await site.post(SLACK, content=body, headers=headers)


def now_of(hub: HubState) -> Incident:
    found = hub.store.read(lambda con: incident(con, OPEN.incident_id))
    assert found is not None
    return found


def news(hub: HubState) -> list[tuple[str, str]]:
    return [(row.channel, str(row.action)) for row in reversed(hub.store.read(outbox))][2:]


async def test_an_acknowledgement_in_pagerduty_is_told_to_the_others_and_not_back(
    site: httpx.AsyncClient, told: HubState
) -> None:
    assert (await ring(site, event("incident.acknowledged"))).status_code == 200
    assert (now_of(told).state, now_of(told).acknowledged_by) == (
        IncidentState.ACKNOWLEDGED,
        "Ada Lovelace (PagerDuty)",
    )
    assert news(told) == [("ops", "acknowledge")]


async def test_each_kind_of_event_does_what_it_says(site: httpx.AsyncClient, told: HubState) -> None:
    await ring(site, event("incident.acknowledged", number=1))
    await ring(site, event("incident.unacknowledged", number=2))
    assert now_of(told).state is IncidentState.OPEN
    note = {"id": "PWL7QXS", "type": "incident_note", "content": "called them", "incident": {"id": "PGR0VU2"}}
    await ring(site, event("incident.annotated", number=3, data=note))
    await ring(site, event("incident.resolved", number=4))
    assert now_of(told).resolved_by == "Ada Lovelace (PagerDuty)"
    await ring(site, event("incident.reopened", number=5))
    kinds = [(e.kind, e.note) for e in told.store.read(lambda con: timeline(con, OPEN.incident_id))]
    assert [kind for kind, _ in kinds] == [
        "opened", "acknowledged", "unacknowledged", "comment", "resolved_by_hand", "called_back",
    ]  # fmt: skip
    assert kinds[3][1] == "called them"
    assert now_of(told).dismissed == ()


async def test_a_retry_of_the_same_event_changes_nothing(site: httpx.AsyncClient, told: HubState) -> None:
    body = event("incident.acknowledged")
    await ring(site, body)
    await ring(site, event("incident.unacknowledged", number=2))
    assert (await ring(site, body)).status_code == 200
    assert now_of(told).state is IncidentState.OPEN


@pytest.mark.parametrize(
    "signatures",
    [
        pytest.param(("v1=" + "0" * 64,), id="forged"),
        pytest.param(("",), id="empty"),
        pytest.param(("v1=ünïcode",), id="no hexadecimal"),
        pytest.param((pagerduty.signature("another secret", event("incident.resolved")),), id="of another secret"),
        pytest.param((pagerduty.signature(SECRETS["PD_HOOK"], b"{}"),), id="of another body"),
        pytest.param((pagerduty.signature(SECRETS["PD_HOOK"], event("incident.resolved"))[3:],), id="no version"),
    ],
)
async def test_whoever_has_no_secret_gets_no_reason_and_no_effect(
    site: httpx.AsyncClient, told: HubState, signatures: tuple[str, ...]
) -> None:
    body = event("incident.resolved")
    headers = {"X-PagerDuty-Signature": ",".join(signatures).encode()}
    answer = await site.post(PAGER, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert (now_of(told), told.store.read(audit_log)) == (OPEN, ())


async def test_while_a_secret_is_rotated_any_of_several_signatures_will_do(
    site: httpx.AsyncClient, told: HubState
) -> None:
    body = event("incident.acknowledged")
    good = pagerduty.signature(SECRETS["PD_HOOK"], body)
    assert (await ring(site, body, "v1=" + "a" * 64, f" {good}")).status_code == 200
    assert now_of(told).state is IncidentState.ACKNOWLEDGED


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(event("pagey.ping", data={"message": "Hello", "type": "ping"}), id="a test of the subscription"),
        pytest.param(event("incident.priority_updated"), id="an event of another kind"),
        pytest.param(event("incident.resolved", data={"id": "P1", "incident_key": "leadline/x/y"}), id="not ours"),
        pytest.param(event("incident.resolved", data={"id": "P1", "incident_key": "someone's"}), id="of another tool"),
        pytest.param(event("incident.resolved", data={"id": "P9"}), id="an incident that we never named"),
        pytest.param(event("incident.resolved", data=None), id="no data"),
        pytest.param(event("incident.resolved", data={"id": "\ud800", "incident_key": "\ud800\0"}), id="no text"),
        pytest.param(event("incident.resolved", at=NOW - 10 * MINUTE), id="done before it opened"),
        pytest.param(
            event("incident.resolved", agent={"type": "events_api_v2_inbound_integration_reference", "summary": "us"}),
            id="what we told it ourselves",
        ),
    ],
)
async def test_what_is_none_of_ours_or_not_of_now_is_accepted_and_passed_over(
    site: httpx.AsyncClient, told: HubState, body: bytes
) -> None:
    assert (await ring(site, body)).status_code == 200
    assert (now_of(told), told.store.read(audit_log)) == (OPEN, ())


async def test_a_clock_that_is_a_little_behind_does_not_lose_an_acknowledgement(
    site: httpx.AsyncClient, told: HubState
) -> None:
    await ring(site, event("incident.acknowledged", at=OPEN.opened_at - timedelta(seconds=20)))
    assert now_of(told).state is IncidentState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/api/v1/inbound/pagerduty/deaf", 404, id="a channel without a secret"),
        pytest.param("/api/v1/inbound/pagerduty/lost", 404, id="a secret that is not to be had here"),
        pytest.param("/api/v1/inbound/pagerduty/ops", 404, id="a channel of another kind"),
        pytest.param("/api/v1/inbound/pagerduty/nobody", 404, id="no such channel"),
        pytest.param("/api/v1/inbound/teams/on-call", 404, id="a kind that tells nothing"),
    ],
)
async def test_where_nobody_listens_there_is_nothing(site: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await ring(site, event("incident.resolved"), path=path)).status_code == status


async def test_a_body_beyond_the_limit_is_refused_unread(site: httpx.AsyncClient) -> None:
    assert (await ring(site, b"x" * (MAX_BYTES + 1))).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"event": []}', b'{"event": {"id": 1}}', b"\xff", b"[" * 9_000]
)
async def test_what_is_signed_but_no_event_is_a_bad_request(site: httpx.AsyncClient, body: bytes) -> None:
    assert (await ring(site, body)).status_code == 400


async def test_the_buttons_in_slack_acknowledge_and_resolve_and_the_message_is_changed(
    site: httpx.AsyncClient, told: HubState
) -> None:
    assert (await click(site, press("leadline.acknowledge"))).status_code == 200
    assert now_of(told).acknowledged_by == "ada (Slack)"
    assert news(told) == [("on-call", "acknowledge"), ("ops", "acknowledge")]
    await click(site, press("leadline.resolve"))
    assert now_of(told).resolved_by == "ada (Slack)"


async def test_the_button_silence_mutes_the_subject_for_an_hour(site: httpx.AsyncClient, told: HubState) -> None:
    await click(site, press("leadline.silence_1h"))
    (made,) = told.store.read(lambda con: silences(con, NOW))
    assert (made.match, made.ends_at, made.author) == ({"subject": ("hubspot",)}, NOW + 60 * MINUTE, "ada (Slack)")


@pytest.mark.parametrize(
    ("minutes", "secret"),
    [
        pytest.param(6, "", id="signed too long ago"),
        pytest.param(-6, "", id="signed in the future"),
        pytest.param(0, "another secret", id="of another secret"),
    ],
)
async def test_a_stale_or_forged_click_is_refused(
    site: httpx.AsyncClient, told: HubState, minutes: int, secret: str
) -> None:
    answer = await click(site, press("leadline.resolve"), NOW - minutes * MINUTE, secret)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert now_of(told) == OPEN


async def test_a_replayed_click_is_refused(site: httpx.AsyncClient, told: HubState) -> None:
    body = press("leadline.silence_1h")
    assert [(await click(site, body)).status_code for _ in range(2)] == [200, 401]
    assert len(told.store.read(lambda con: silences(con, NOW))) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(press("another.app"), id="another button"),
        pytest.param(press("x", type="view_submission", actions=None), id="another interaction"),
        pytest.param(press("x", actions=[1, {"action_id": "leadline.resolve", "value": None}]), id="no incident"),
        pytest.param(press("x", actions=[{"action_id": ["leadline.resolve"]}]), id="no words"),
    ],
)
async def test_other_interactions_are_accepted_and_passed_over(
    site: httpx.AsyncClient, told: HubState, body: bytes
) -> None:
    assert (await click(site, body)).status_code == 200
    assert now_of(told) == OPEN


@pytest.mark.parametrize("body", [b"", b"payload=[]", b"payload=x", b"other=1", b"\xff=\xfe", b"&" * 40])
async def test_what_is_signed_but_no_click_is_a_bad_request(site: httpx.AsyncClient, body: bytes) -> None:
    assert (await click(site, body)).status_code == 400


async def test_a_name_from_outside_is_one_line_and_short(site: httpx.AsyncClient, told: HubState) -> None:
    user = {"id": "U1", "username": "ada\n\x1b[31m" + "x" * 500}
    await click(site, press("leadline.acknowledge", user=user))
    by = now_of(told).acknowledged_by or ""
    assert (by.isprintable(), len(by) <= 90) == (True, True)


def test_no_ear_shows_its_secret() -> None:
    assert not [secret for secret in SECRETS.values() if secret in repr(build_ears(listening(), SECRETS))]
