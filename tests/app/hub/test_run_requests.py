"""Runs that people ask for: carried out once, outside the timetable, and what came of them is said."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from alerts.store import audit_log
from app.hub.asking import Desk
from app.hub.prober_api import prober_router
from app.hub.problems import answer_problems
from app.hub.run_requests_api import offered, run_requests_router
from app.hub.state import HubState
from config.compiled import dump
from config.model import Alerting, Config, Integration, Objective, Sli
from metrics.model import Window
from metrics.store.run_requests import PICKED_UP_WITHIN
from metrics.store.slices import slice_counts
from metrics.store.verdicts import workflow_verdicts
from probes.agent.compose import runner_for
from probes.agent.process import Agent
from probes.agent.settings import AgentSettings
from probes.lag import LoopLag
from probes.model import Batch, Failure, FailureKind, Heartbeat, Outcome, RequestAnswer, RequestState, Run

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TOKEN = "the-local-token"
PATH = "/api/v1/run-requests"


def routed(state: HubState) -> FastAPI:
    server = FastAPI()
    routers = (prober_router(state), run_requests_router(state, Desk(state.store)))
    for router in routers:
        server.include_router(router)
    answer_problems(server, routers)
    return server


@pytest.fixture
async def site(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(routed(state), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def asked(site: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await site.post(PATH, json={"integration": "hubspot", "author": "ada"} | body)
    assert answer.status_code == 202, answer.text
    (one,) = answer.json()["requests"]
    return dict(one)


async def told(site: httpx.AsyncClient, one: dict[str, Any]) -> dict[str, Any]:
    return dict((await site.get(PATH, params={"id": one["id"]})).json()["requests"][0])


def offer(state: HubState, prober: str = "p1", region: str = "local", *answers: RequestAnswer) -> list[dict[str, str]]:
    now = state.clock()
    beat = Heartbeat(prober, region, "1", now, now, 0.0, 0, "v1", answers=answers)
    return state.store.write(lambda con: offered(con, beat, state)).result()


def move(state: HubState, **later: float) -> None:
    at = state.clock() + timedelta(**later)
    state.clock = lambda: at


async def test_a_request_is_offered_to_one_prober_of_its_region_until_that_says_something(
    site: httpx.AsyncClient, state: HubState
) -> None:
    one = await asked(site)
    assert (one["state"], one["asked_by"], one["region"]) == ("asked", "ada", "local")
    assert offer(state, "p2", "eu") == []
    expected = [{"id": one["id"], "integration": "hubspot", "workflow": "roundtrip"}]
    assert offer(state) == expected
    assert offer(state, "another") == []
    assert offer(state) == expected
    running = RequestAnswer(one["id"], RequestState.RUNNING)
    assert offer(state, "p1", "local", running) == []
    assert (await told(site, one))["state"] == "running"
    offer(state, "p1", "local", RequestAnswer(one["id"], RequestState.DECLINED, reason="quota reserve: 4 % left"))
    offer(state, "p1", "local", running)
    assert (await told(site, one))["reason"] == "quota reserve: 4 % left"
    row = state.store.read(audit_log)[0]
    assert (row.who, row.action, row.detail) == ("ada", "run.request", "hubspot/roundtrip from local")


async def test_who_asks_while_one_is_open_gets_that_one(site: httpx.AsyncClient, state: HubState) -> None:
    one = await asked(site)
    assert (await asked(site, author="bob"))["id"] == one["id"]
    move(state, seconds=PICKED_UP_WITHIN.total_seconds() + 1)
    assert offer(state) == []
    gone = await told(site, one)
    assert (gone["state"], gone["reason"]) == ("expired", "no prober of local took it in 60 s")
    assert (await asked(site, author="bob"))["id"] != one["id"]


async def test_a_prober_that_took_it_and_went_away_leaves_it_to_another(
    site: httpx.AsyncClient, state: HubState
) -> None:
    one = await asked(site)
    assert offer(state, "dead")
    move(state, seconds=21)
    assert [found["id"] for found in offer(state, "alive")] == [one["id"]]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"integration": "nobody"}, 404, "no such integration"),
        ({"workflow": "nothing"}, 404, "no such workflow"),
        ({"region": "moon"}, 404, "not in that region"),
        ({"author": ""}, 422, "author"),
    ],
)
async def test_what_cannot_be_run_is_refused_in_words(
    site: httpx.AsyncClient, body: dict[str, str], status: int, words: str
) -> None:
    answer = await site.post(PATH, json={"integration": "hubspot", "author": "ada"} | body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


async def test_nothing_is_asked_for_in_maintenance(site: httpx.AsyncClient, state: HubState) -> None:
    window = {
        "name": "move",
        "match": {"integration": "hubspot"},
        "start": "2026-11-22T02:00Z",
        "end": "2026-11-22T05:00Z",
    }
    state.config = state.config.model_copy(update={"alerting": Alerting.model_validate({"maintenance": [window]})})
    answer = await site.post(PATH, json={"integration": "hubspot", "author": "ada"})
    assert answer.status_code == 409
    assert "in maintenance move until 2026-11-22 05:00 UTC" in answer.json()["error"]


def made(state: HubState, at: datetime, attempt: int, outcome: Outcome, number: int) -> Run:
    from probes import ids

    failure = Failure(FailureKind.STATUS_5XX, "503") if outcome is Outcome.FAILED else None
    run = Run(
        ids.run_id(at), "local", "hubspot", "roundtrip", at, at, 90.0, outcome, "v1", attempt, failure, every_s=60.0
    )
    state.ingest.submit(Batch("p1", "local", number, (run,)), at).result()
    return run


async def test_a_run_that_was_asked_for_counts_in_no_slice_and_no_streak(state: HubState) -> None:
    slot = NOW - timedelta(minutes=5)
    made(state, slot, 1, Outcome.PASSED, 1)
    for number, later in enumerate((10, 20, 70, 130), start=2):
        made(state, slot + timedelta(seconds=later), 0, Outcome.FAILED, number)
    objective = Objective(sli=Sli.AVAILABILITY, target="99%", window="1d")
    declared, window = state.config.integrations[0], Window(NOW - timedelta(hours=1), NOW)
    (count,) = state.store.read(lambda con: slice_counts(con, declared, objective, [window]))
    assert (count.good, count.bad) == (1, 0)
    (verdict,) = state.store.read(lambda con: workflow_verdicts(con, state.config, NOW))
    assert [(one.last_outcome, one.failing) for one in verdict.regions] == [(Outcome.PASSED, 0)]


class Vendor:
    """Answers every request, and counts them."""

    asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}')
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def vendor() -> AsyncIterator[tuple[Vendor, str]]:
    one = Vendor()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    yield one, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
async def address(state: HubState, vendor: tuple[Vendor, str]) -> AsyncIterator[str]:
    """A hub on a real socket whose one workflow runs once an hour."""
    step = {"name": "get", "request": {"path": "/"}, "expect": {"json": {"$.a": 1}}}
    workflow = {"name": "roundtrip", "every": "1h", "timeout": "5s", "steps": [step]}
    declared = {"integration": "hubspot", "base_url": vendor[1], "workflows": [workflow]}
    state.config = Config(root=Path("m"), version="v2", integrations=(Integration.model_validate(declared),))
    state.compiled, state.clock = dump(state.config), lambda: datetime.now(UTC)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = uvicorn.Server(uvicorn.Config(routed(state), log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


async def test_the_real_prober_runs_what_was_asked_for_once_and_the_hub_links_its_result(
    state: HubState, address: str, vendor: tuple[Vendor, str], tmp_path: Path
) -> None:
    settings = AgentSettings(address, "local", SecretStr(TOKEN), tmp_path, {})
    clock, lag, stop = (lambda: datetime.now(UTC)), LoopLag(), asyncio.Event()
    agent = Agent(settings, runner_for({}, clock, lag), lag, clock)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as site:
        one = await asked(site)
        running = asyncio.create_task(agent.run(stop))
        async with asyncio.timeout(20):
            while (one := await told(site, one))["outcome"] is None:
                assert one["state"] in ("asked", "running", "done"), one
                await asyncio.sleep(0.05)
        stop.set()
        await running
    assert (one["state"], one["outcome"], vendor[0].asked) == ("done", "passed", 1)
    row = state.store.read(lambda con: con.execute("SELECT run_id::VARCHAR, attempt, final FROM runs").fetchall())
    assert row == [(one["run_id"], 0, False)]


def test_the_wire_carries_answers_and_an_older_hub_that_offers_nothing_is_understood() -> None:
    from probes.wire import dump_heartbeat, parse_heartbeat

    beat = Heartbeat("p1", "local", "1", NOW, NOW, 0.0, 0, None, answers=(RequestAnswer("q-1", RequestState.DONE),))
    assert parse_heartbeat(dump_heartbeat(beat)) == beat
    assert parse_heartbeat(dump_heartbeat(replace(beat, answers=()))).answers == ()
