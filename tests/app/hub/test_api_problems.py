"""Whatever is asked of the API, the answer is JSON with an `error` and a status that means it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sign_in_world import World

from app.dashboard.view import View
from app.hub.server import create_app
from app.hub.state import HubState
from config.model import Hub
from metrics.evaluation import evaluate
from probes.wire import MAX_BODY_BYTES

LOCAL = {"Authorization": "Bearer the-local-token"}


def asking(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def refusing(only_refused: HubState) -> FastAPI:
    return create_app(only_refused, View.of_hub(only_refused), World(only_refused.store, hub=Hub()).auth)


@pytest.fixture
async def site(refusing: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Of all tests that change nothing."""
    async with asking(refusing) as client:
        yield client


@pytest.fixture
async def own_site(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(create_app(state, View.of_hub(state), World(state.store, hub=Hub()).auth)) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v2/status", 404),
        ("DELETE", "/api/v1/prober/nothing", 404),
        ("GET", "/api/v1/prober/batches", 405),
        ("POST", "/api/v1/status", 405),
        ("PUT", "/healthz", 405),
        ("GET", "/api/v1/prober/config", 422),
        ("GET", "/api/v1/status", 503),
    ],
)
async def test_what_cannot_be_done_is_said_in_json(
    site: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await site.request(method, path, headers=LOCAL)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "runs?since=0001-01-01",
        "runs?since=0001-01-01T00:00%2B14:00",
        "runs?until=9999-12-31",
        "runs?status=99999999999999999999999999999999999999999999",
        "runs?attempt=-1",
        "runs?after=bmV3ZXN0OjEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDE",
        "runs/ffffffff-ffff-7fff-bfff-ffffffffffff",
        "figures/weeks?since=0001-01-01",
        "figures/latency?until=9999-12-31",
        "figures/latency_series?integration=a&bucket_s=1e300",
        "figures/latency_series?integration=a&bucket_s=inf",
        "figures/latency_series?integration=a&bucket_s=1&since=3650d",
        "export/steps?since=1d&until=9999-12-31T23:59:59",
    ],
)
async def test_what_no_measurement_can_be_about_is_the_askers_mistake(site: httpx.AsyncClient, path: str) -> None:
    answer = await site.get(f"/api/v1/{path}")
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["error"]


@pytest.mark.parametrize("body", [b'{"sql": "SELECT \\ud800"}', b'{"sql": "SELECT 1", "limit": 1e400}'])
async def test_what_is_no_text_or_number_is_the_askers_mistake(site: httpx.AsyncClient, body: bytes) -> None:
    answer = await site.post("/api/v1/sql", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


async def test_a_wrong_method_is_told_the_right_one(site: httpx.AsyncClient) -> None:
    assert (await site.get("/api/v1/prober/batches")).headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["batches", "heartbeat"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"[" * 100_000, 422),
        (b"\xff\xfe", 422),
        (b"x" * (MAX_BODY_BYTES + 1), 413),
    ],
    ids=["nothing", "half an object", "a list", "a hundred thousand brackets", "not UTF-8", "too much"],
)
async def test_a_body_that_is_none_is_refused(site: httpx.AsyncClient, path: str, body: bytes, status: int) -> None:
    answer = await site.post(f"/api/v1/prober/{path}", content=body, headers=LOCAL)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"attempt": 2**31}, {"every_s": 1e300}], ids=["too large", "too long"])
async def test_a_run_that_cannot_be_stored_is_refused_for_good_so_that_it_blocks_no_other(
    site: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    run = {
        "run_id": str(UUID(int=1)), "region": "local", "integration": "hubspot", "workflow": "roundtrip",
        "scheduled_at": "2026-11-22T02:59:00Z", "started_at": "2026-11-22T02:59:00Z", "duration_ms": 1.0,
        "outcome": "passed", "config_version": "v1",
    }  # fmt: skip
    batch = {"prober_id": "p1", "region": "local", "first": 1, "runs": [{**run, **wrong}]}
    answer = await site.post("/api/v1/prober/batches", json=batch, headers=LOCAL)
    assert (answer.status_code, list(answer.json())) == (422, ["error"])


async def test_a_bug_of_ours_is_said_in_json_too(state: HubState, own_site: httpx.AsyncClient) -> None:
    state.compiled = "not JSON"
    answer = await own_site.get("/api/v1/prober/config?region=local", headers=LOCAL)
    assert (answer.status_code, list(answer.json())) == (500, ["error"])


async def test_a_hub_that_has_not_judged_for_a_minute_is_not_ready_and_says_why(
    state: HubState, own_site: httpx.AsyncClient
) -> None:
    state.evaluation = state.store.read(lambda con: evaluate(con, state.config, state.clock()))
    assert (await own_site.get("/readyz")).status_code == 200
    state.evaluation = replace(state.evaluation, at=state.clock() - timedelta(seconds=61))
    state.last_error = "evaluate: ReadTimeout"
    answer = await own_site.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the last evaluation was 61 s ago; evaluate: ReadTimeout"
