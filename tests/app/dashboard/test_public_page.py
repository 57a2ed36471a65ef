"""What strangers see of a flow: the declared names, words and instants, and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from alerts.model import Rule
from alerts.store import open_incidents
from app.dashboard.public.facts import Level, level
from app.dashboard.public.router import MOST, status_router
from app.hub.problems import answer_problems
from app.hub.state import HubState
from config.model import Config, Settings
from metrics.model import SliceCount
from metrics.store.ingest import Ingest

PUBLIC: dict[str, Any] = {
    "flow": "lead-routing",
    "title": "Acme services",
    "integrations": {"hubspot": "Contact forms", "salesforce": "Orders", "github": "Downloads"},
}
OURS = {Rule.CREDENTIAL_DUE, Rule.CERTIFICATE_EXPIRING, Rule.NO_DATA}
ANSWER = "/status/lead-routing"


class Standing:
    """A hub that shows the small world, and the clock that a test moves."""

    def __init__(self, world: Any) -> None:
        self.now: datetime = world.now
        self.questions = 0
        settings = Settings.model_validate({"public": [PUBLIC]})
        config: Config = world.config.model_copy(update={"settings": settings})
        self.state = HubState(world.store, Ingest(world.store), lambda: self.now, world.now, config, "", {})
        self.state.evaluation = world.evaluation

    def client(self) -> httpx.AsyncClient:
        app, router = FastAPI(), status_router(self.state)
        app.include_router(router)
        answer_problems(app, [router])
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


@pytest.fixture
async def standing(world: Any) -> AsyncIterator[Standing]:
    made = Standing(world)
    yield made
    made.state.ingest.close()


async def test_the_page_says_state_since_when_and_ninety_days_in_words(standing: Standing, made: ModuleType) -> None:
    async with standing.client() as client:
        told = (await client.get(f"{ANSWER}.json")).json()
        page = (await client.get(ANSWER)).text
    parts = {part["name"]: part for part in told["parts"]}
    assert set(parts) == {"Contact forms", "Orders", "Downloads"}
    assert (parts["Contact forms"]["state"], told["state"]) == ("not working", "not working")
    assert parts["Contact forms"]["since"] is not None
    assert parts["Downloads"]["state"] == "not known"
    assert all(day["level"] == "not measured" for day in parts["Downloads"]["days"])
    assert {len(part["days"]) for part in told["parts"]} == {90}
    assert parts["Contact forms"]["days"][-1] == {"date": f"{made.NOW:%Y-%m-%d}", "level": "much trouble"}
    assert "Contact forms" in [one["name"] for one in told["incidents"]]
    assert "Something is not working" in page
    assert page.count('<span class="d-unknown" title="20') == sum(
        d["level"] == "not measured" for part in told["parts"] for d in part["days"]
    )


async def test_nothing_else_leaks(standing: Standing, world: Any) -> None:
    async with standing.client() as client:
        page, told = await client.get(ANSWER), await client.get(f"{ANSWER}.json")
    shown = re.sub(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\+00:00| \d\d:\d\d UTC)?", "", f"{page.text} {told.text}")
    names = {"klaviyo", "shopify", "eu", "roundtrip", "read it back", "growth-integrations", "runbook", "prober"}
    names |= {word for one in world.config.integrations for word in (one.name, one.title, one.vendor)}
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", shown, re.IGNORECASE)] == []
    for figure in ("503", "Service Unavailable", "99.9", "burn", " ms", "evidence", "credential", "example.com"):
        assert figure not in shown, figure
    visible = re.sub(r"<head>.*</head>|<[^>]*>", " ", page.text, flags=re.DOTALL)
    allowed = r"\d+ (without trouble|with some|with much|not measured)|The last 90 days|\d{4}-\d\d-\d\d( \d\d:\d\d)?"
    assert re.findall(r"\d+", re.sub(allowed, "", visible)) == []


async def test_a_credential_of_ours_that_ends_is_no_trouble_of_theirs(standing: Standing, world: Any) -> None:
    shown = [one for one in world.store.read(open_incidents) if one.integration in PUBLIC["integrations"]]
    ours = [one for one in shown if {c.rule for c in one.conditions} <= OURS]
    assert any(one.integration == "salesforce" for one in ours)
    async with standing.client() as client:
        told = (await client.get(f"{ANSWER}.json")).json()
    assert len(told["incidents"]) == len(shown) - len(ours)


async def test_there_is_no_page_of_a_flow_that_declares_none(standing: Standing) -> None:
    async with standing.client() as client:
        known, unknown = await client.get("/status/quotes"), await client.get("/status/nothing")
        assert (known.status_code, unknown.status_code) == (404, 404)
        assert known.json() == unknown.json()
        standing.state.config = standing.state.config.model_copy(update={"settings": Settings()})
        assert (await client.get(ANSWER)).status_code == 404


async def test_answers_are_shared_and_strangers_are_slowed_down(standing: Standing) -> None:
    async with standing.client() as client:
        first = await client.get(ANSWER)
        assert first.headers["cache-control"] == "public, max-age=30"
        assert "default-src 'none'" in first.headers["content-security-policy"]
        assert first.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in first.headers
        standing.state.evaluation = None
        assert (await client.get(ANSWER)).text == first.text
        for _ in range(MOST - 2):
            await client.get("/status/nothing")
        slowed = await client.get(ANSWER)
        assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "60")
        standing.now += timedelta(minutes=1)
        assert "Not everything is known" in (await client.get(ANSWER)).text


@pytest.mark.parametrize(
    ("good", "bad", "expected", "told"),
    [
        (0, 0, 0, Level.UNKNOWN),
        (0, 0, 1440, Level.UNKNOWN),
        (1440, 0, 1440, Level.FULL),
        (600, 0, 1440, Level.UNKNOWN),
        (1430, 10, 1440, Level.MOSTLY),
        (1000, 440, 1440, Level.PARTLY),
        (0, 100, 1440, Level.PARTLY),
    ],
)
def test_a_day_is_called_what_it_was(good: int, bad: int, expected: int, told: Level) -> None:
    count = SliceCount(good, bad, expected, good * 60_000, bad * 60_000, expected * 60_000)
    assert level(count) is told
