"""One run, and what was kept of a failure, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.hub.asking import Desk
from app.hub.runs_api import runs_router
from app.hub.state import HubState
from metrics.store.rows import NumberedRun, insert
from probes.model import Evidence, Failure, FailureKind, Outcome, Run, StepResult, Timings
from probes.wire import parse_run

EVIDENCE = Evidence("ev-1", "GET", "/contacts", {"accept": "*/*"}, None, 500, {}, "{}", {"x-request-id": "vendor-7"})


@pytest.fixture
async def asked(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    server = FastAPI()
    server.include_router(runs_router(state, Desk(state.store)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://hub") as client:
        yield client


def failed(state: HubState) -> Run:
    """A run whose only step failed, stored."""
    at, failure = state.clock(), Failure(FailureKind.STATUS_5XX, "500 from the vendor")
    step = StepResult("get", 0, 1, False, at, Outcome.FAILED, Timings(total_ms=100.0), failure, status=500)
    step = replace(step, evidence=EVIDENCE)
    run = Run(uuid4(), "local", "hubspot", "roundtrip", at, at, 100.0, Outcome.FAILED, "v1", failure=failure)
    run = replace(run, failed_step="get", steps=(step,), every_s=60.0)
    state.store.write(lambda con: insert(con, [NumberedRun("p", 1, at, run)])).result()
    return run


async def test_a_run_comes_back_as_the_prober_sent_it(asked: httpx.AsyncClient, state: HubState) -> None:
    run = failed(state)
    answer = await asked.get(f"/api/v1/runs/{run.run_id}")
    assert parse_run(answer.content) == run


async def test_evidence_names_the_run_that_it_belongs_to(asked: httpx.AsyncClient, state: HubState) -> None:
    run = failed(state)
    told = (await asked.get("/api/v1/evidence/ev-1")).json()
    assert told["run"]["run_id"] == str(run.run_id)
    assert told["evidence"]["vendor_request_ids"] == {"x-request-id": "vendor-7"}


@pytest.mark.parametrize("path", ["runs/nonsense", "runs/019356b2-5b1c-7cc3-98c4-dc0c0c07398f", "evidence/nonsense"])
async def test_what_is_not_there_is_a_404_that_says_why(asked: httpx.AsyncClient, path: str) -> None:
    answer = await asked.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert "there is no such" in answer.json()["detail"]
