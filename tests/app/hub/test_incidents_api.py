"""Incidents and silences over HTTP: what there is, what people do, and what they may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from alerts.model import Action, Blame, Condition, Incident, IncidentEvent, IncidentState, Rule, Tier
from alerts.routing import Message
from alerts.store import audit_log, open_incidents
from alerts.store.incidents import add_event, save_incident
from alerts.store.outbox import enqueue
from app.hub.asking import Desk
from app.hub.incidents_api import incidents_router
from app.hub.problems import answer_problems
from app.hub.silences_api import silences_router
from app.hub.state import HubState

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELD = Condition(
    "hubspot/workflow_down/roundtrip", Rule.WORKFLOW_DOWN, Tier.URGENT, "hubspot", NOW - 5 * MINUTE, "create → 503",
    Blame.VENDOR, "the vendor's servers report an error", "roundtrip", "create", title="HubSpot roundtrip DOWN",
)  # fmt: skip


def made(name: str, minutes_ago: int, **more: Any) -> Incident:
    known = Incident(
        name, "hubspot", Tier.URGENT, IncidentState.OPEN, NOW - minutes_ago * MINUTE, (HELD,), HELD.title, ("leads",)
    )
    return replace(known, **more)


OPEN = made("20261122-025500-hubspot", 5)
OVER = made("20261122-020000-hubspot", 60, state=IncidentState.RESOLVED, resolved_at=NOW - 50 * MINUTE)
TAKEN = made(
    "20261121-230000-stripe", 240, subject="stripe", state=IncidentState.ACKNOWLEDGED, acknowledged_by="bob",
    acknowledged_at=NOW - 230 * MINUTE,
)  # fmt: skip


@pytest.fixture
def hub_state(state: HubState) -> HubState:
    def work(con: Any) -> None:
        for incident in (OPEN, OVER, TAKEN):
            save_incident(con, incident)
            add_event(con, IncidentEvent(incident.incident_id, incident.opened_at, "opened", incident.title))
        enqueue(con, OPEN, Message("pager", Tier.URGENT, Action.TRIGGER), NOW, 0.4)

    state.store.write(work).result()
    return state


@pytest.fixture
async def site(hub_state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    server, desk = FastAPI(), Desk(hub_state.store)
    routers = (incidents_router(hub_state, desk), silences_router(hub_state, desk))
    for router in routers:
        server.include_router(router)
    answer_problems(server, routers)
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def ids(site: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await site.get("/api/v1/incidents", params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["incidents"]]


async def test_incidents_are_listed_newest_first_by_state_time_and_prefix(site: httpx.AsyncClient) -> None:
    assert await ids(site) == [OPEN.incident_id, OVER.incident_id, TAKEN.incident_id]
    assert await ids(site, state=["open", "acknowledged"]) == [OPEN.incident_id, TAKEN.incident_id]
    assert await ids(site, since="55m") == [OPEN.incident_id, OVER.incident_id, TAKEN.incident_id]
    assert await ids(site, since="30m") == [OPEN.incident_id, TAKEN.incident_id]
    assert await ids(site, prefix="20261122-02") == [OPEN.incident_id, OVER.incident_id]


async def test_pages_follow_one_another_without_a_gap(site: httpx.AsyncClient) -> None:
    seen, after = [], None
    for _ in range(3):
        params = {"limit": 1} | ({"after": after} if after else {})
        page = (await site.get("/api/v1/incidents", params=params)).json()
        seen += [one["id"] for one in page["incidents"]]
        after = page["after"]
    assert (seen, after) == ([OPEN.incident_id, OVER.incident_id, TAKEN.incident_id], None)


async def test_one_incident_is_told_with_its_timeline_messages_and_mutings(site: httpx.AsyncClient) -> None:
    told = (await site.get(f"/api/v1/incidents/{OPEN.incident_id}")).json()
    assert told["conditions"][0]["blame_reason"] == "the vendor's servers report an error"
    assert [event["kind"] for event in told["timeline"]] == ["opened"]
    assert [(m["channel"], m["action"], m["state"]) for m in told["messages"]] == [("pager", "trigger", "due")]
    assert (told["deliveries"], told["mutings"], told["muted"]) == ([], [], None)


async def test_acts_answer_with_the_incident_as_it_is_now_and_are_audited(
    site: httpx.AsyncClient, hub_state: HubState
) -> None:
    path = f"/api/v1/incidents/{OPEN.incident_id}"
    taken = await site.post(f"{path}/acknowledge", json={"author": " ada "})
    assert (taken.status_code, taken.json()["state"], taken.json()["acknowledged_by"]) == (200, "acknowledged", "ada")
    assert (await site.post(f"{path}/unacknowledge", json={"author": "ada"})).json()["state"] == "open"
    assert (await site.post(f"{path}/comment", json={"author": "ada", "text": "called them"})).status_code == 200
    over = (await site.post(f"{path}/resolve", json={"author": "bob"})).json()
    assert (over["state"], over["resolved_by"]) == ("resolved", "bob")
    assert [row.action for row in reversed(hub_state.store.read(audit_log))] == [
        "incident.acknowledge", "incident.unacknowledge", "incident.comment", "incident.resolve",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        pytest.param("20261121-230000-stripe/acknowledge", {"author": "a"}, 409, "acknowledged by bob", id="taken"),
        pytest.param("20261122-020000-hubspot/resolve", {"author": "a"}, 409, "it is over already", id="over"),
        pytest.param("20261122-025500-hubspot/unacknowledge", {"author": "a"}, 409, "nobody", id="nobody had it"),
        pytest.param("nothing/acknowledge", {"author": "a"}, 404, "there is no such incident", id="no such incident"),
        pytest.param("nothing/comment", {"author": "a", "text": "x"}, 404, "there is no such", id="no such, comment"),
        pytest.param("20261122-025500-hubspot/close", {"author": "a"}, 404, "acknowledge, ", id="no such act"),
        pytest.param("20261122-025500-hubspot/resolve", {}, 422, "author", id="nobody answers for it"),
        pytest.param("20261122-025500-hubspot/resolve", {"author": "  "}, 422, "author", id="a blank author"),
        pytest.param("20261122-025500-hubspot/comment", {"author": "a", "text": " "}, 422, "text", id="no words"),
        pytest.param("20261122-025500-hubspot/resolve", {"author": "a", "by": "b"}, 422, "by", id="an unknown key"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_reason(
    site: httpx.AsyncClient, hub_state: HubState, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = await site.post(f"/api/v1/incidents/{path}", json=body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    assert hub_state.store.read(audit_log) == ()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        pytest.param({"since": "yesterday"}, "write how long ago", id="no moment"),
        pytest.param({"after": "nothing"}, "no such incident", id="no such page"),
    ],
)
async def test_a_bad_question_is_told_what_to_write(site: httpx.AsyncClient, params: dict[str, str], said: str) -> None:
    answer = await site.get("/api/v1/incidents", params=params)
    assert (answer.status_code, said in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "path", [f"incidents/{OPEN.incident_id}/resolve", "silences", "silences/preview", "silences/s-1/end"]
)
async def test_a_page_elsewhere_cannot_make_a_browser_act(
    site: httpx.AsyncClient, hub_state: HubState, path: str
) -> None:
    answer = await site.post(f"/api/v1/{path}", content='{"author": "x"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert len(hub_state.store.read(open_incidents)) == 2


WANTED = {"match": {"integration": "hubspot"}, "for": "2h", "author": "ada", "comment": "they know"}


async def test_a_silence_is_made_listed_and_ended(site: httpx.AsyncClient) -> None:
    answer = await site.post("/api/v1/silences", json=WANTED)
    made = answer.json()
    assert (answer.status_code, made["state"], made["match"]) == (201, "active", {"integration": ["hubspot"]})
    assert made["ends_at"] == "2026-11-22T05:00:00+00:00"
    assert (await site.get("/api/v1/silences")).json()["silences"] == [made]
    ended = await site.post(f"/api/v1/silences/{made['id']}/end", json={"author": "bob"})
    assert ended.json() == {"id": made["id"], "ended_at": "2026-11-22T03:00:00+00:00", "ended_by": "bob"}
    assert (await site.get("/api/v1/silences")).json()["silences"] == []
    (over,) = (await site.get("/api/v1/silences", params={"over": "true"})).json()["silences"]
    assert (over["state"], over["ended_by"]) == ("over", "bob")
    assert (await site.post(f"/api/v1/silences/{made['id']}/end", json={"author": "bob"})).status_code == 404


async def test_a_preview_tells_what_would_be_muted_and_mutes_nothing(site: httpx.AsyncClient) -> None:
    told = (await site.post("/api/v1/silences/preview", json=WANTED)).json()
    assert [one["id"] for one in told["incidents"]] == [OPEN.incident_id]
    assert told["integrations"] == ["hubspot"]
    assert (await site.get("/api/v1/silences")).json()["silences"] == []


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        pytest.param({"match": {}}, 400, "needs a matcher", id="for everything"),
        pytest.param({"match": {"integation": "hubspot"}}, 400, 'did you mean "integration"', id="a misspelt matcher"),
        pytest.param({"for": "90d"}, 400, "at most 30 days", id="too long"),
        pytest.param({"for": "2"}, 422, "not a duration", id="no duration"),
        pytest.param({"ends_at": "2026-11-22T05:00:00Z"}, 400, "either", id="two ends"),
        pytest.param({"for": None, "ends_at": "2026-11-22T02:00:00Z"}, 400, "in the future", id="over already"),
        pytest.param({"for": None, "ends_at": "2026-11-22T05:00:00"}, 422, "timezone", id="no time zone"),
        pytest.param({"comment": ""}, 422, "comment", id="no reason"),
    ],
)
async def test_a_silence_that_may_not_be_is_refused_with_the_remedy(
    site: httpx.AsyncClient, change: dict[str, Any], status: int, said: str
) -> None:
    answer = await site.post("/api/v1/silences", json=WANTED | change)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
