"""What is normal, asked and said over HTTP and by `leadline normal`."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from learned_world import START, Probes, World, at, declared

from alerts.store.audit import audit_log
from app.hub.asking import Desk
from app.hub.loops import learn_once
from app.hub.normal_api import normal_router
from app.hub.problems import answer_problems
from app.hub.state import HubState
from metrics.explaining import Explainer, of_learned
from metrics.learning import LearnedLimits
from metrics.store.database import Store

JSON = {"content-type": "application/json"}
SAID = {"integration": "slow", "author": "ana", "reason": "they moved"}


BOTH = declared("slow", "steady")


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is learned of `slow`, which is above its limit for half an hour, and of `steady`, which is as ever."""
    path = shutil.copy(migrated, tmp_path_factory.mktemp("normal") / "leadline.duckdb")
    store = Store.open(path)
    World(store).put({"slow": Probes.quiet(27).slower(26.4, 1, 3), "steady": Probes.quiet(27)})
    limits, explainer = LearnedLimits(store), Explainer(store)
    explainer.note(of_learned(change) for change in limits.catch_up(BOTH, at(27)))
    store.close()
    return path


@pytest.fixture
def store_path(filled: Path, tmp_path: Path) -> Path:
    return shutil.copy(filled, tmp_path / "leadline.duckdb")


@pytest.fixture
def learned(state: HubState) -> HubState:
    """A hub that was started on that store."""
    state.config = BOTH
    state.clock = lambda: at(27)
    learn_once(state, Explainer(state.store))
    return state


@pytest.fixture
def server(learned: HubState) -> FastAPI:
    """Its API."""
    made, router = FastAPI(), normal_router(learned, Desk(learned.store))
    made.include_router(router)
    answer_problems(made, [router])
    return made


@pytest.fixture
async def site(server: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(server, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def hour(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat()


async def test_each_series_is_told_with_its_normal_and_the_day_ahead(site: httpx.AsyncClient) -> None:
    document = (await site.get("/api/v1/normal", params={"integration": "slow"})).json()
    total = next(one for one in document["series"] if one["measure"] == "total_ms")
    assert (total["workflow"], total["region"], total["subject"], total["firing"]) == ("replay", "local", "probe", True)
    assert total["value"] > total["limit"] > total["usual"] > 90
    assert total["hours"] > 5
    assert total["time_zone"] == "UTC"
    # What is known of one day does not reach a whole day ahead.
    assert len(total["ahead"]) >= 20
    assert all(one["limit"] > one["usual"] for one in total["ahead"])
    assert datetime.fromisoformat(total["ahead"][0]["at"]) == START + timedelta(hours=27)


async def test_what_was_concluded_can_be_read_with_its_reason(site: httpx.AsyncClient) -> None:
    told = (await site.get("/api/v1/evaluations", params={"integration": "slow"})).json()["evaluations"]
    assert [(one["kind"], one["subject"], one["verdict"]) for one in told] == [
        ("latency", "replay/local/probe:total_ms", "firing")
    ]
    assert "crossed in 2 of 3 buckets" in told[0]["words"]
    assert told[0]["samples"] == 5
    assert told[0]["seen"] > told[0]["against"]
    steady = await site.get("/api/v1/evaluations", params={"integration": "steady", "limit": 3})
    assert steady.json() == {"evaluations": []}


async def test_a_level_that_is_accepted_is_normal_with_the_next_bucket_and_written_down(
    site: httpx.AsyncClient, learned: HubState
) -> None:
    answer = await site.post("/api/v1/normal/accept", json=SAID)
    assert (answer.status_code, answer.json()) == (200, {"series": 1})
    (row,) = learned.store.read(audit_log)
    assert (row.who, row.action, row.subject) == ("ana", "normal.accept", "slow")
    assert row.detail == "1 series: they moved"
    World(learned.store).put({"slow": Probes.quiet(27.2).slower(26.4, 1, 3)}, keep=lambda at_h: at_h >= 27)
    learned.clock = lambda: at(27.1)
    learn_once(learned, Explainer(learned.store))
    assert learned.learned.firing == ()
    told = (await site.get("/api/v1/evaluations", params={"integration": "slow"})).json()["evaluations"]
    assert [one["verdict"] for one in told] == ["accepted", "firing"]


async def test_a_range_is_excluded_for_the_series_it_is_about(site: httpx.AsyncClient, learned: HubState) -> None:
    said = SAID | {"start": hour(20), "end": hour(22.5)}
    # Two latencies and the failures.
    assert (await site.post("/api/v1/normal/exclude", json=said)).json() == {"series": 3}
    only = said | {"workflow": "replay", "region": "local", "subject": "probe"}
    assert (await site.post("/api/v1/normal/exclude", json=only)).json() == {"series": 2}
    row = learned.store.read(audit_log)[-1]
    assert "3 series 2026-11-16T20:00Z to 2026-11-16T22:30Z: they moved" in {
        one.detail for one in learned.store.read(audit_log)
    }
    assert row.action == "normal.exclude"


RANGE = {"start": hour(20), "end": hour(22)}
REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "accept: nothing is above": ("accept", {"integration": "steady"}, 409, "nothing there is above its limit"),
    "accept: of another step": ("accept", {"subject": "other"}, 409, "nothing there is above its limit"),
    "accept: no such integration": ("accept", {"integration": "gone"}, 404, "gone: no such integration"),
    "accept: no reason": ("accept", {"reason": ""}, 422, "reason"),
    "accept: a key that there is none of": ("accept", {"step": "probe"}, 422, "step"),
    "exclude: no such integration": ("exclude", RANGE | {"integration": "gone"}, 404, "gone: no such integration"),
    "exclude: no such region": ("exclude", RANGE | {"region": "mars"}, 404, "no such workflow, region or step"),
    "exclude: backwards": ("exclude", {"start": hour(2), "end": hour(1)}, 400, "begin before it ends"),
    "exclude: too long ago": ("exclude", {"start": hour(-400), "end": hour(1)}, 400, "2026-11-03T03:00Z"),
    "exclude: the year one": ("exclude", {"start": "0001-01-01T00:00:00+14:00", "end": hour(1)}, 400, "not before"),
    "exclude: beyond the last year": ("exclude", RANGE | {"end": "9999-12-31T23:59:59-12:00"}, 400, "not end after"),
    "exclude: no time zone": ("exclude", RANGE | {"start": "2026-11-16T20:00:00"}, 422, "start"),
}


@pytest.mark.parametrize(("what", "body", "status", "told"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_done_is_refused_with_its_reason_and_not_written_down(
    site: httpx.AsyncClient, learned: HubState, what: str, body: dict[str, Any], status: int, told: str
) -> None:
    answer = await site.post(f"/api/v1/normal/{what}", json=SAID | body)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert learned.store.read(audit_log) == ()


@pytest.mark.parametrize("what", ["accept", "exclude"])
async def test_a_page_elsewhere_cannot_say_so_in_somebodys_name(site: httpx.AsyncClient, what: str) -> None:
    body = json.dumps(SAID | RANGE)
    answer = await site.post(f"/api/v1/normal/{what}", content=body, headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def test_an_integration_that_is_not_declared_has_no_normal(site: httpx.AsyncClient) -> None:
    for path in ("normal", "evaluations"):
        assert (await site.get(f"/api/v1/{path}", params={"integration": "gone"})).status_code == 404
    assert (await site.get("/api/v1/evaluations", params={"integration": "slow", "since": "x"})).status_code == 400


# -- the command --


@pytest.fixture
def served(server: FastAPI) -> Iterator[str]:
    """Its address."""
    running = uvicorn.Server(uvicorn.Config(server, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


Leadline = Callable[..., tuple[int, str, str]]


@pytest.fixture
def leadline(served: str, leadline_here: Leadline) -> Leadline:
    """`leadline normal …` of that hub."""
    return lambda *words: leadline_here("normal", *words, "--hub", served)


def test_the_command_shows_accepts_and_excludes(leadline: Leadline, learned: HubState) -> None:
    code, out, _ = leadline("show", "slow")
    assert code == 0
    assert out.startswith("ABOVE replay / probe · local · total_ms: ")
    assert "at this hour, limit " in out
    document = json.loads(leadline("show", "slow", "--json")[1])
    assert len(document["series"][-1]["ahead"]) >= 20
    code, out, _ = leadline("exclude", "slow", "--from", "2026-11-16T20:00", "--to", "2026-11-16T22:00",
                            "--reason", "load test", "--only", "step=probe", "--by", "ana")  # fmt: skip
    assert (code, out) == (0, "excluded: 2 series learn nothing from that time\n")
    code, out, _ = leadline("accept", "slow", "--reason", "they moved")
    assert (code, out) == (0, "accepted: the new level of 1 series is normal within five minutes\n")
    assert {one.action for one in learned.store.read(audit_log)} == {"normal.accept", "normal.exclude"}


def test_the_command_says_what_is_wrong_in_one_line(leadline: Leadline) -> None:
    code, _, told = leadline("accept", "steady", "--reason", "x")
    assert (code, told.count("\n")) == (1, 1)
    assert "nothing there is above its limit" in told
    code, _, told = leadline("accept", "slow", "--reason", "x", "--only", "probe")
    assert (code, told) == (2, "leadline: --only probe: write it as workflow=NAME, region=NAME or step=NAME\n")
    code, _, told = leadline(
        "exclude", "slow", "--from", "2026-11-16T20:00", "--to", "2026-11-16T19:00", "--reason", "x"
    )
    assert code == 2
    assert "begin before it ends" in told
    assert leadline("show", "gone")[0] == 1
