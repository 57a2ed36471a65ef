"""What a prober may expect of the hub: exactly once, only with its own token, a clear refusal of anything else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from app.hub.state import HubState
from probes.model import Batch, Heartbeat, Outcome, Run
from probes.wire import MAX_BODY_BYTES, dump_batch, dump_heartbeat

TOKEN = "the-local-token"
AT = datetime(2026, 11, 22, 2, 59, tzinfo=UTC)
LOCAL = {"Authorization": f"Bearer {TOKEN}"}
RUN = Run(
    run_id=UUID(int=1),
    region="local",
    integration="hubspot",
    workflow="roundtrip",
    scheduled_at=AT,
    started_at=AT,
    duration_ms=120.0,
    outcome=Outcome.PASSED,
    config_version="v1",
)
HEARTBEAT = Heartbeat("p1", "local", "0.1.0", AT, AT, 1.0, 0, "v1")


def batch(numbers: Sequence[int], region: str = "local") -> bytes:
    runs = tuple(replace(RUN, run_id=UUID(int=number), region=region) for number in numbers)
    return dump_batch(Batch("p1", region, numbers[0], runs))


def count(state: HubState) -> int:
    row = state.store.read(lambda con: con.execute("SELECT count(*) FROM runs").fetchone())
    assert row is not None
    return int(row[0])


async def test_a_batch_sent_twice_is_stored_once(hub: httpx.AsyncClient, state: HubState) -> None:
    for _ in range(2):
        answer = await hub.post("/api/v1/prober/batches", content=batch([1, 2, 3]), headers=LOCAL)
        assert answer.json() == {"cursor": 3}
    assert count(state) == 3


async def test_overlapping_batches_add_only_what_is_new(hub: httpx.AsyncClient, state: HubState) -> None:
    await hub.post("/api/v1/prober/batches", content=batch([1, 2]), headers=LOCAL)
    await hub.post("/api/v1/prober/batches", content=batch([2, 3]), headers=LOCAL)
    assert count(state) == 3


async def test_a_gzip_body_is_read(hub: httpx.AsyncClient, state: HubState) -> None:
    headers = {**LOCAL, "Content-Encoding": "gzip"}
    await hub.post("/api/v1/prober/batches", content=gzip.compress(batch([1])), headers=headers)
    assert count(state) == 1


ROUTES = [
    ("GET", "/api/v1/prober/config?region=local", b""),
    ("POST", "/api/v1/prober/batches", batch([1])),
    ("POST", "/api/v1/prober/heartbeat", dump_heartbeat(HEARTBEAT)),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
async def test_no_route_answers_without_the_regions_token(
    hub: httpx.AsyncClient, state: HubState, method: str, path: str, body: bytes, authorization: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await hub.request(method, path, content=body, headers=headers)
    assert answer.status_code == 401
    assert count(state) == 0


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_token_is_good_for_its_own_region_only(
    hub: httpx.AsyncClient, method: str, path: str, body: bytes
) -> None:
    answer = await hub.request(method, path, content=body, headers={"Authorization": "Bearer the-eu-token"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not json", {}, 422),
        (b"[]", {}, 422),
        (b"{}", {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(batch([1]))[:-4], {"Content-Encoding": "gzip"}, 422),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b" " * (MAX_BODY_BYTES + 1), {}, 413),
        (gzip.compress(b" " * (MAX_BODY_BYTES + 1)), {"Content-Encoding": "gzip"}, 413),
    ],
    ids=["not JSON", "not a batch", "not gzip", "gzip cut off", "unknown encoding", "too large", "a bomb"],
)
async def test_what_is_no_batch_is_refused_for_good(
    hub: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await hub.post("/api/v1/prober/batches", content=body, headers={**LOCAL, **headers})
    assert answer.status_code == status


async def test_the_configuration_holds_references_and_no_secret(hub: httpx.AsyncClient) -> None:
    answer = await hub.get("/api/v1/prober/config", params={"region": "local"}, headers=LOCAL)
    assert answer.json()["version"] == "v1"
    assert "${env:HUBSPOT_TOKEN}" in answer.text


async def test_an_unchanged_configuration_is_not_sent_again(hub: httpx.AsyncClient) -> None:
    headers = {**LOCAL, "If-None-Match": '"v1"'}
    answer = await hub.get("/api/v1/prober/config", params={"region": "local"}, headers=headers)
    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_heartbeat_is_answered_with_the_version_in_use(hub: httpx.AsyncClient) -> None:
    answer = await hub.post("/api/v1/prober/heartbeat", content=dump_heartbeat(HEARTBEAT), headers=LOCAL)
    assert answer.json()["config_version"] == "v1"


async def test_the_hub_is_alive_before_it_is_ready(hub: httpx.AsyncClient) -> None:
    assert (await hub.get("/healthz")).status_code == 200
    assert (await hub.get("/readyz")).status_code == 503


async def test_own_metrics_are_in_prometheus_format_from_the_start(hub: httpx.AsyncClient) -> None:
    answer = await hub.get("/metrics")
    assert "leadline_hub_evaluation_age_seconds NaN" in answer.text
    assert json.dumps(TOKEN) not in answer.text
