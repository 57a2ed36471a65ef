"""Incidents as JSON, and what people do to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Annotated, Any, Final

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from alerts.model import Incident, IncidentState
from alerts.store import acknowledge, comment, deliveries, incident, outbox, resolve, unacknowledge
from alerts.store.incidents import incident_page
from alerts.store.mutings import mutings_of
from alerts.store.story import story
from app.hub.actor import Acting, Author
from app.hub.asking import Desk, only_json
from app.hub.incident_document import (
    delivery_document,
    event_document,
    incident_document,
    message_document,
    muting_document,
)
from app.hub.state import HubState
from app.moments import moment
from metrics.store.database import Store

MOST: Final = 1_000
"""Incidents of one page; attempts and messages told of one incident."""


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Act = Callable[[Store, str, str, datetime], "Future[bool]"]

_ACTS: Final[dict[str, tuple[Act, str]]] = {
    "acknowledge": (acknowledge, "there is nothing to acknowledge"),
    "unacknowledge": (unacknowledge, "nobody has acknowledged it"),
    "resolve": (resolve, "it is over already"),
}
"""What can be done, and why it cannot."""


class Listed(BaseModel):
    """The query of `GET /api/v1/incidents`."""

    model_config = ConfigDict(extra="forbid")

    state: tuple[IncidentState, ...] = ()
    since: str | None = None
    prefix: str = ""
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Said(BaseModel):
    """Who acts; `acting` reads it, and says when it is missing."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None


class Remark(Said):
    """The body of a comment."""

    text: Words


def incidents_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/incidents…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/incidents")
    async def listed(request: Request, asked: Annotated[Listed, Query()]) -> dict[str, Any]:
        since = _moment(asked.since, state.clock())

        def question(con: DuckDBPyConnection) -> tuple[tuple[Incident, ...], str | None]:
            if asked.after is not None and incident(con, asked.after) is None:
                raise HTTPException(400, f"after: {asked.after}: there is no such incident")
            return incident_page(con, asked.state, since, asked.prefix, asked.after, asked.limit)

        found, after = await desk.answer(request, question)
        return {"incidents": [incident_document(one) for one in found], "after": after}

    @router.get("/incidents/{incident_id}")
    async def one(request: Request, incident_id: str) -> dict[str, Any]:
        return await desk.answer(request, lambda con: _whole(con, incident_id))

    @router.post("/incidents/{incident_id}/comment", dependencies=[Depends(only_json)])
    async def remark(incident_id: str, said: Remark, by: Acting) -> dict[str, Any]:
        done = comment(state.store, incident_id, by.name, said.text, state.clock())
        if not await asyncio.wrap_future(done):
            raise _unknown(incident_id)
        return await asyncio.to_thread(_shown, state.store, incident_id)

    @router.post("/incidents/{incident_id}/{act}", dependencies=[Depends(only_json)])
    async def acted(incident_id: str, act: str, _: Said, by: Acting) -> dict[str, Any]:
        if act not in _ACTS:
            raise HTTPException(404, f"{act}: there is no such act; there are {', '.join((*_ACTS, 'comment'))}")
        work, why_not = _ACTS[act]
        done = await asyncio.wrap_future(work(state.store, incident_id, by.name, state.clock()))
        now = await asyncio.to_thread(_shown, state.store, incident_id)
        if not done:
            raise HTTPException(409, f"{incident_id}: {why_not} ({_standing(now)})")
        return now

    return router


def _moment(text: str | None, now: datetime) -> datetime | None:
    try:
        return moment(text, now) if text is not None else None
    except ValueError as err:
        raise HTTPException(400, f"since: {err}") from err


def _shown(store: Store, incident_id: str) -> dict[str, Any]:
    found = store.read(lambda con: incident(con, incident_id))
    if found is None:
        raise _unknown(incident_id)
    return incident_document(found)


def _whole(con: DuckDBPyConnection, incident_id: str) -> dict[str, Any]:
    found = incident(con, incident_id)
    if found is None:
        raise _unknown(incident_id)
    mutings = mutings_of(con, incident_id)
    muted = next((row for row in mutings if row.ended_at is None), None)
    return {
        **incident_document(found),
        "muted": muting_document(muted) if muted else None,
        "timeline": [event_document(event) for event in story(con, incident_id)],
        "messages": [message_document(row) for row in reversed(outbox(con, MOST, incident_id=incident_id))],
        "deliveries": [delivery_document(attempt) for attempt in reversed(deliveries(con, incident_id, MOST))],
        "mutings": [muting_document(row) for row in mutings],
    }


def _standing(now: dict[str, Any]) -> str:
    """`acknowledged by ada`, `resolved`: why it is as it is."""
    who = {"acknowledged": now["acknowledged_by"], "resolved": now["resolved_by"]}.get(now["state"])
    return f"{now['state']} by {who}" if who else str(now["state"])


def _unknown(incident_id: str) -> HTTPException:
    return HTTPException(404, f"{incident_id}: there is no such incident")
