"""What is normal, as JSON; and what people say about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from alerts.store.audit import AuditRow, record
from app.hub.actor import Acting, Author
from app.hub.asking import Desk, only_json, window_of
from app.hub.state import HubState
from metrics.baseline.series import SeriesKey
from metrics.learning.band import Band, Standing
from metrics.store.evaluations import evaluations
from metrics.store.learned.answers import series_number
from metrics.store.learned.orders import Action, Order, note_order

_LONGEST: Final = timedelta(days=14)
"""What is older has no part in what is normal now, or hardly any."""
_AHEAD: Final = timedelta(days=366)
_WORDS: Final = Field(min_length=1, max_length=500)


class About(BaseModel):
    """Which series of an integration; all of them where nothing is narrowed."""

    model_config = ConfigDict(extra="forbid")

    integration: str
    workflow: str | None = None
    region: str | None = None
    subject: str | None = None
    """The step, or the recorded value."""

    def covers(self, key: SeriesKey) -> bool:
        """Whether the series is meant."""
        wanted = (self.workflow, self.region, self.subject)
        found = (key.workflow, key.region, key.subject)
        return key.integration == self.integration and all(
            one in (None, other) for one, other in zip(wanted, found, strict=True)
        )


class Accepted(About):
    """The body of `POST /api/v1/normal/accept`."""

    author: Author | None = None
    reason: Annotated[str, _WORDS]


class Excluded(Accepted):
    """The body of `POST /api/v1/normal/exclude`."""

    start: AwareDatetime
    end: AwareDatetime


class Explained(BaseModel):
    """The query of `GET /api/v1/evaluations`."""

    model_config = ConfigDict(extra="forbid")

    integration: str
    since: str = "24h"
    until: str = "now"
    limit: Annotated[int, Field(ge=1, le=5_000)] = 500


def normal_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/normal…` and `/api/v1/evaluations`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/normal")
    def normal(integration: str) -> dict[str, Any]:
        _declared(state, integration)
        standings = state.learned.standings(integration)
        ahead = state.learned.ahead([one.monitor.key for one in standings])
        shown = [_series(one, ahead[one.monitor.key]) for one in standings if one.monitor.key in ahead]
        return {"integration": integration, "series": shown}

    @router.post("/normal/accept", dependencies=[Depends(only_json)])
    def accept(said: Accepted, by: Acting) -> dict[str, Any]:
        _declared(state, said.integration)
        firing = [one.key for one in state.learned.firing or () if said.covers(one.key)]
        if not firing:
            raise HTTPException(409, f"{said.integration}: nothing there is above its limit, so there is no new level")
        now = state.clock()
        return _ordered(state, said, firing, Order(now, Action.ACCEPT, 0, now, now, by.name, said.reason))

    @router.post("/normal/exclude", dependencies=[Depends(only_json)])
    def exclude(said: Excluded, by: Acting) -> dict[str, Any]:
        _declared(state, said.integration)
        now = state.clock()
        oldest, latest = now - _LONGEST, now + _AHEAD
        if not oldest <= said.start < said.end <= latest:
            bounds = f"not before {oldest:%Y-%m-%dT%H:%MZ}, and not end after {latest:%Y-%m-%dT%H:%MZ}"
            raise HTTPException(400, f"the range has to begin before it ends, {bounds}")
        start, end = said.start.astimezone(UTC), said.end.astimezone(UTC)
        keys = [key for key in state.learned.keys(said.integration) if said.covers(key)]
        if not keys:
            raise HTTPException(404, f"{said.integration}: no such workflow, region or step is learned there")
        return _ordered(state, said, keys, Order(now, Action.EXCLUDE, 0, start, end, by.name, said.reason))

    @router.get("/evaluations")
    async def explained(request: Request, asked: Annotated[Explained, Query()]) -> dict[str, Any]:
        window = window_of(state, asked.since, asked.until)
        _declared(state, asked.integration)
        found = await desk.answer(
            request, lambda con: evaluations(con, asked.integration, window.start, window.end, asked.limit)
        )
        return {"evaluations": [one._asdict() for one in found]}

    return router


def _series(one: Standing, ahead: Band) -> dict[str, Any]:
    key = one.monitor.key
    told = {name: figure for name, figure in asdict(one).items() if name != "monitor"}
    return {**{name: getattr(key, name) for name in ("workflow", "region", "subject", "measure")}, **told,
            "time_zone": one.monitor.zone, "ahead": _hours(ahead)}  # fmt: skip


def _hours(band: Band) -> list[dict[str, Any]]:
    rows = zip(band.t_ms.tolist(), band.usual.tolist(), band.limit.tolist(), strict=True)
    return [
        {"at": datetime.fromtimestamp(t_ms / 1000, UTC), "usual": usual, "limit": limit}
        for t_ms, usual, limit in rows
        if usual == usual  # noqa: PLR0124 - not known yet
    ]


def _ordered(state: HubState, said: Accepted, keys: list[SeriesKey], order: Order) -> dict[str, Any]:
    def work(con: DuckDBPyConnection) -> int:
        numbers = [number for key in keys if (number := series_number(con, key)) is not None]
        for number in numbers:
            note_order(con, order.about(number))
        span = f" {order.start:%Y-%m-%dT%H:%MZ} to {order.end:%Y-%m-%dT%H:%MZ}" if order.start < order.end else ""
        detail = f"{len(numbers)} series{span}: {said.reason}"
        record(con, AuditRow(order.at, order.author, f"normal.{order.action}", said.integration, detail))
        return len(numbers)

    return {"series": state.store.write(work).result()}


def _declared(state: HubState, integration: str) -> None:
    if state.config.integration(integration) is None:
        raise HTTPException(404, f"{integration}: no such integration is declared")
