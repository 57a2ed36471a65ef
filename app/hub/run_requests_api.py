"""Runs outside the timetable, over HTTP: asking for one, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Final

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from alerts.store.audit import AuditRow, record
from app.hub.actor import Acting, Author
from app.hub.asking import Desk, only_json
from app.hub.state import HubState
from config.matching import Coverage
from config.model import Integration, Workflow
from config.traits import integration_traits
from config.windows import Timetable
from metrics.store.run_requests import RunRequest, ask_for_run, note_answers, offers, outcome_of, run_requests
from probes.model import Heartbeat

MOST: Final = 60
"""Workflows times regions that are asked for at once."""


class Wanted(BaseModel):
    """The body of `POST /api/v1/run-requests`: every workflow and region that is not narrowed down."""

    model_config = ConfigDict(extra="forbid")

    integration: str
    workflow: str | None = None
    region: str | None = None
    author: Author | None = None


class Listed(BaseModel):
    """The query of `GET /api/v1/run-requests`."""

    model_config = ConfigDict(extra="forbid")

    id: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


def run_requests_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/run-requests…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/run-requests")
    async def listed(request: Request, asked: Annotated[Listed, Query()]) -> dict[str, Any]:
        now = state.clock()

        def question(con: DuckDBPyConnection) -> list[RunRequest]:
            found = run_requests(con, now, asked.id, asked.limit)
            return [outcome_of(con, one) for one in found] if asked.id else found

        found = await desk.answer(request, question)
        return {"requests": [request_document(one) for one in found]}

    @router.post("/run-requests", status_code=202, dependencies=[Depends(only_json)])
    async def ask(wanted: Wanted, by: Acting) -> dict[str, Any]:
        integration = _declared(state, wanted.integration)
        chosen = list(_chosen(state, integration, wanted))
        now = state.clock()

        def work(con: DuckDBPyConnection) -> list[RunRequest]:
            made = []
            for workflow, region in chosen:
                one, is_new = ask_for_run(con, integration.name, workflow.name, region, by.name, now)
                made.append(one)
                if is_new:
                    about = f"{one.integration}/{one.workflow} from {one.region}"
                    record(con, AuditRow(now, by.name, "run.request", one.request_id, about))
            return made

        made = await asyncio.wrap_future(state.store.write(work))
        return {"requests": [request_document(one) for one in made]}

    return router


def request_document(one: RunRequest) -> dict[str, Any]:
    """`outcome` is None until the run is stored; `reason` says why there is none, or what is special about it."""
    return {
        "id": one.request_id,
        "integration": one.integration,
        "workflow": one.workflow,
        "region": one.region,
        "asked_at": one.asked_at.isoformat(),
        "asked_by": one.asked_by,
        "state": one.state,
        "reason": one.reason or None,
        "run_id": one.run_id,
        "outcome": one.outcome,
    }


def offered(con: DuckDBPyConnection, beat: Heartbeat, state: HubState) -> list[dict[str, str]]:
    """What the hub says to a heartbeat: the runs that its prober is to make at once."""
    now = state.clock()
    note_answers(con, beat.answers, beat.region, now)
    found = offers(con, beat.region, beat.prober_id, now)
    return [{"id": one.request_id, "integration": one.integration, "workflow": one.workflow} for one in found]


def _declared(state: HubState, name: str) -> Integration:
    integration = state.config.integration(name)
    if integration is None:
        raise HTTPException(404, f"{name}: no such integration is declared")
    return integration


def _chosen(state: HubState, integration: Integration, wanted: Wanted) -> Iterator[tuple[Workflow, str]]:
    """Raises HTTPException where there is none, where there are too many, or where maintenance holds."""
    found = [
        (workflow, region)
        for workflow in integration.workflows
        for region in workflow.regions
        if wanted.workflow in (None, workflow.name) and wanted.region in (None, region)
    ]
    if not found:
        raise HTTPException(404, f"{integration.name}: no such workflow runs there, or not in that region")
    if len(found) > MOST:
        raise HTTPException(400, f"{integration.name}: {len(found)} runs at once; name a workflow or a region")
    for workflow, region in found:
        window = _maintenance(state, integration, workflow, region)
        if window is not None:
            raise HTTPException(409, f"{integration.name}: in maintenance {window}; no run is asked for meanwhile")
    yield from found


def _maintenance(state: HubState, integration: Integration, workflow: Workflow, region: str) -> str | None:
    traits = {**integration_traits(integration), "workflow": (workflow.name,), "region": (region,)}
    for one in Timetable.of(state.config, state.entries()).open_at(state.clock()):
        if Coverage.of(one.window.match).holds(traits):
            return f"{one.window.name} until {one.span.end:%Y-%m-%d %H:%M} UTC"
    return None
