"""Reported changes over HTTP, and beside the incidents that followed them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from alerts.model import Incident, IncidentState, Tier
from alerts.store import audit_log
from alerts.store.incidents import save_incident
from alerts.store.reported_changes import reported_changes
from alerts.store.story import story
from app.hub.asking import Desk
from app.hub.changes_api import changes_router
from app.hub.problems import answer_problems
from app.hub.state import HubState
from config.model import Config, Integration, Retention
from metrics.model import Window
from metrics.store.retention import forget_old

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW + timedelta(hours=1))


@pytest.fixture
async def site(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    (hubspot,) = state.config.integrations
    plain = hubspot.model_dump(mode="json", by_alias=True)
    both = (plain | {"flows": ["leads"]}, plain | {"integration": "stripe"})
    integrations = tuple(Integration.model_validate(one) for one in both)
    state.config = Config(root=state.config.root, version="v2", integrations=integrations)
    server, router = FastAPI(), changes_router(state, Desk(state.store))
    server.include_router(router)
    answer_problems(server, (router,))
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def report(site: httpx.AsyncClient, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await site.post("/api/v1/changes", json={"title": "Deploy 4.2", "author": "ci"} | body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def touching(state: HubState, name: str) -> list[str]:
    return [one.title for one in state.store.read(lambda con: reported_changes(con, name, DAY))]


async def test_a_change_touches_what_it_names_by_integration_by_flow_or_all(
    site: httpx.AsyncClient, state: HubState
) -> None:
    await report(site, title="one", integrations=["stripe"])
    await report(site, title="flow", flows=["leads"], kind="config")
    await report(site, title="all", all=True)
    assert touching(state, "hubspot") == ["flow", "all"]
    assert touching(state, "stripe") == ["one", "all"]
    listed = (await site.get("/api/v1/changes", params={"until": "2026-11-22T03:01Z"})).json()["changes"]
    assert [(one["title"], one["kind"], one["integrations"], one["by"]) for one in listed] == [
        ("all", "deploy", [], "ci"),
        ("flow", "config", ["hubspot"], "ci"),
        ("one", "deploy", ["stripe"], "ci"),
    ]
    assert state.store.read(audit_log)[0].detail == "deploy “all” of everything"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "say what it touches"),
        ({"all": True, "flows": ["leads"]}, 400, "say what it touches"),
        ({"integrations": ["nobody"]}, 404, "no such integration"),
        ({"flows": ["nothing"]}, 404, "no declared integration"),
        ({"all": True, "at": "2026-11-23T03:00:00Z"}, 400, "not in the future"),
        ({"all": True, "link": "javascript:alert(1)"}, 422, "link"),
        ({"all": True, "title": " "}, 422, "title"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(
    site: httpx.AsyncClient, body: dict[str, Any], status: int, words: str
) -> None:
    assert words in (await report(site, status, **body))["error"]


async def test_it_stands_on_the_timeline_of_what_broke_soon_after(site: httpx.AsyncClient, state: HubState) -> None:
    opened = Incident("i-1", "hubspot", Tier.URGENT, IncidentState.OPEN, NOW, (), "HubSpot DOWN")
    state.store.write(lambda con: save_incident(con, opened)).result()
    for hours, minutes in ((7, 0), (0, 12)):
        at = (NOW - timedelta(hours=hours, minutes=minutes)).isoformat()
        await report(site, integrations=["hubspot"], at=at, link="https://ci.example.com/42")
    events = state.store.read(lambda con: story(con, "i-1"))
    assert [(one.kind, one.note, one.who) for one in events] == [
        ("change", "12 min before: deploy “Deploy 4.2” (https://ci.example.com/42)", "ci")
    ]


async def test_they_are_forgotten_with_the_raw_rows(site: httpx.AsyncClient, state: HubState) -> None:
    await report(site, all=True)
    later = NOW + Retention().raw + timedelta(days=1)
    state.store.write(lambda con: forget_old(con, later, Retention())).result()
    assert touching(state, "hubspot") == []
