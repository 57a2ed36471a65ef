"""Reported changes over HTTP: a deploy job says what it did, and a page asks what happened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from alerts.messages import one_line
from alerts.store.reported_changes import Kind, ReportedChange, every_reported_change, report_change
from app.hub.actor import Acting, Author
from app.hub.asking import Desk, only_json, window_of
from app.hub.state import HubState
from config.model import Config

_BACK: Final = timedelta(days=90)
_AHEAD: Final = timedelta(hours=1)
_ONE_LINE: Final = BeforeValidator(lambda given: one_line(given) if isinstance(given, str) else given)


class Wanted(BaseModel):
    """The body of `POST /api/v1/changes`: what it touches is named by integrations, by flows, or it is all."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, _ONE_LINE, StringConstraints(min_length=1, max_length=200)]
    kind: Kind = "deploy"
    at: AwareDatetime | None = None
    integrations: Annotated[tuple[str, ...], Field(max_length=1_000)] = ()
    flows: Annotated[tuple[str, ...], Field(max_length=1_000)] = ()
    all: bool = False
    link: Annotated[str, StringConstraints(max_length=500, pattern=r"^(https?://[!-~]+)?$")] = ""
    author: Author | None = None


class Listed(BaseModel):
    """The query of `GET /api/v1/changes`."""

    model_config = ConfigDict(extra="forbid")

    since: str = "7d"
    until: str = "now"
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


def changes_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/changes`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/changes")
    async def listed(request: Request, asked: Annotated[Listed, Query()]) -> dict[str, Any]:
        window = window_of(state, asked.since, asked.until)
        found = await desk.answer(request, lambda con: every_reported_change(con, window, asked.limit))
        return {"changes": [change_document(one) for one in found]}

    @router.post("/changes", status_code=201, dependencies=[Depends(only_json)])
    async def report(wanted: Wanted, by: Acting) -> dict[str, Any]:
        now = state.clock()
        change = _change(wanted, by.name, state.config, now)
        made = await asyncio.wrap_future(state.store.write(lambda con: report_change(con, change, now)))
        return change_document(made)

    return router


def change_document(one: ReportedChange) -> dict[str, Any]:
    """`integrations` holds those of the flows too; none: everything."""
    return {
        "id": one.change_id,
        "at": one.at.isoformat(),
        "title": one.title,
        "kind": one.kind,
        "integrations": list(one.integrations),
        "flows": list(one.flows),
        "link": one.link or None,
        "by": one.by,
    }


def _change(wanted: Wanted, author: str, config: Config, now: datetime) -> ReportedChange:
    """Raises HTTPException for one that may not be."""
    if wanted.all == bool(wanted.integrations or wanted.flows):
        raise HTTPException(400, 'say what it touches: "integrations", "flows", or "all": true')
    at = wanted.at.astimezone(UTC) if wanted.at else now
    if not now - _BACK <= at <= now + _AHEAD:
        raise HTTPException(400, f"at: not before {now - _BACK:%Y-%m-%dT%H:%MZ}, and not in the future")
    names = {} if wanted.all else dict.fromkeys((*wanted.integrations, *_of_flows(wanted.flows, config)))
    for name in wanted.integrations:
        if config.integration(name) is None:
            raise HTTPException(404, f"{name}: no such integration is declared")
    return ReportedChange(at, wanted.title, wanted.kind, author, tuple(names), wanted.flows, wanted.link)


def _of_flows(flows: tuple[str, ...], config: Config) -> list[str]:
    named = {flow: [one.name for one in config.integrations if flow in one.flows] for flow in flows}
    for flow, names in named.items():
        if not names:
            raise HTTPException(404, f"{flow}: no declared integration is part of such a flow")
    return [name for names in named.values() for name in names]
