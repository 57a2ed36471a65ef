"""Silences as JSON: which there are, what one would mute, a new one, and the end of one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from alerts.model import Silence
from alerts.muting import preview
from alerts.store import open_incidents
from alerts.store.silences import InvalidSilence, add_silence, check, end_silence, every_silence, silences
from app.hub.actor import Acting, Author
from app.hub.asking import Desk, only_json
from app.hub.incident_document import incident_document
from app.hub.incidents_api import Said, Words
from app.hub.state import HubState
from config.matching import Patterns
from config.scalars import Duration


class Wanted(BaseModel):
    """The body of `POST /api/v1/silences`: until `ends_at`, or `for` so long."""

    model_config = ConfigDict(extra="forbid")

    match: dict[str, Patterns]
    author: Author | None = None
    comment: Words
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    lasts: Duration | None = Field(None, alias="for")


class Listed(BaseModel):
    """The query of `GET /api/v1/silences`."""

    model_config = ConfigDict(extra="forbid")

    over: bool = False
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


def silences_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/silences…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/silences")
    async def listed(request: Request, asked: Annotated[Listed, Query()]) -> dict[str, Any]:
        now = state.clock()
        found = await desk.answer(
            request, lambda con: every_silence(con, asked.limit) if asked.over else silences(con, now)
        )
        return {"silences": [silence_document(one, now) for one in found[: asked.limit]]}

    @router.post("/silences", status_code=201, dependencies=[Depends(only_json)])
    async def add(wanted: Wanted, by: Acting) -> dict[str, Any]:
        now = state.clock()
        silence = _silence(wanted, by.name, now)
        silence_id = await asyncio.wrap_future(add_silence(state.store, silence))
        made = await asyncio.to_thread(state.store.read, lambda con: silences(con, now))
        return next(silence_document(one, now) for one in made if one.silence_id == silence_id)

    @router.post("/silences/preview", dependencies=[Depends(only_json)])
    async def previewed(request: Request, wanted: Wanted) -> dict[str, Any]:
        silence = _silence(wanted, wanted.author or "somebody", state.clock())
        found = await desk.answer(request, lambda con: preview(silence, open_incidents(con), state.config))
        return {
            "incidents": [incident_document(one) for one in found.incidents],
            "integrations": found.integrations,
        }

    @router.post("/silences/{silence_id}/end", dependencies=[Depends(only_json)])
    async def end(silence_id: str, _: Said, by: Acting) -> dict[str, Any]:
        now = state.clock()
        if not await asyncio.wrap_future(end_silence(state.store, silence_id, by.name, now)):
            raise HTTPException(404, f"{silence_id}: there is no such silence in force or to come")
        return {"id": silence_id, "ended_at": now.isoformat(), "ended_by": by.name}

    return router


def silence_document(one: Silence, now: datetime) -> dict[str, Any]:
    """Instants ISO 8601; `until` is when it is, or was, over."""
    waits = "over" if one.until <= now else "pending"
    return {
        "id": one.silence_id,
        "state": "active" if one.is_in_force(now) else waits,
        "match": one.match,
        "starts_at": one.starts_at.isoformat(),
        "ends_at": one.ends_at.isoformat(),
        "until": one.until.isoformat(),
        "author": one.author,
        "comment": one.comment,
        "created_at": one.created_at.isoformat() if one.created_at else None,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "ended_by": one.ended_by,
    }


def _silence(wanted: Wanted, author: str, now: datetime) -> Silence:
    """Raises HTTPException for one that may not be."""
    start = (wanted.starts_at or now).astimezone(UTC)
    if (wanted.ends_at is None) == (wanted.lasts is None):
        raise HTTPException(400, 'give either "ends_at", or "for" so long, such as "2h"')
    end = wanted.ends_at.astimezone(UTC) if wanted.ends_at else start + (wanted.lasts or timedelta())
    silence = Silence(dict(wanted.match), start, end, author, wanted.comment, created_at=now)
    try:
        check(silence, now)
    except InvalidSilence as err:
        raise HTTPException(400, str(err)) from err
    return silence
