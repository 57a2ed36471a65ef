"""What people and notebooks ask of the measurements: SQL, figures, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.hub.arrow import ARROW, Stream, whole
from app.hub.asking import JSON, Desk, window_of
from app.hub.state import HubState
from metrics.model import Window
from metrics.store.adhoc import MOST_ROWS, answer
from metrics.store.export import EXPORTS, Export
from metrics.store.figures import LONGEST, SHORTEST, figures
from metrics.store.figures import Asked as About


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name}: no such time zone; write it as Europe/Berlin")
    return name


class Asked(BaseModel):
    """The body of `POST /api/v1/sql`."""

    model_config = ConfigDict(extra="forbid")

    sql: Annotated[str, Field(max_length=100_000)]
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10_000
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0


class Wanted(BaseModel):
    """The query of `GET /api/v1/export/…`."""

    model_config = ConfigDict(extra="forbid")

    since: str
    until: str = "now"
    integration: str | None = None


class Figured(BaseModel):
    """The query of `GET /api/v1/figures/…`."""

    model_config = ConfigDict(extra="forbid")

    since: str = "24h"
    until: str = "now"
    integration: str | None = None
    workflow: str | None = None
    step: str | None = None
    region: str | None = None
    bucket_s: Annotated[float | None, Field(ge=SHORTEST.total_seconds(), le=LONGEST.total_seconds())] = None
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    def about(self, window: Window) -> About:
        """What the question is about."""
        same = {name: getattr(self, name) for name in ("integration", "workflow", "step", "region", "zone")}
        return About(window, **same, bucket=timedelta(seconds=self.bucket_s) if self.bucket_s else None)


def asking_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/sql`, `/api/v1/figures/…` and `/api/v1/export/…`."""
    router = APIRouter(prefix="/api/v1")

    @router.post("/sql")
    async def sql(request: Request, asked: Asked) -> Response:
        # A page elsewhere can make a browser send anything but this type without asking us first.
        if not request.headers.get("content-type", "").startswith(JSON):
            raise HTTPException(415, f"send the question as {JSON}")
        limit = timedelta(seconds=asked.timeout_s)
        found = await desk.answer(request, lambda con: answer(con, asked.sql, asked.limit), limit)
        return whole(found.table, {"leadline.cut": found.cut} if found.cut else None)

    @router.get("/figures/{question}")
    async def figures_of(request: Request, question: str, asked: Annotated[Figured, Query()]) -> Response:
        wanted = asked.about(window_of(state, asked.since, asked.until))
        return whole(await desk.answer(request, lambda con: figures(con, question, wanted)))

    @router.get("/export/{what}")
    async def export(what: str, asked: Annotated[Wanted, Query()]) -> Response:
        if what not in EXPORTS:
            raise HTTPException(404, f"{what}: cannot be exported; there are {', '.join(EXPORTS)}")
        window = window_of(state, asked.since, asked.until)
        return StreamingResponse(
            _pieces(desk, Export(state.store, EXPORTS[what], window, asked.integration)), 200, None, ARROW
        )

    return router


async def _pieces(desk: Desk, export: Export) -> AsyncIterator[bytes]:
    """The stream ends with an empty batch that says how many rows there were: without it, it was broken off."""
    pieces, rows = export.pieces(), 0
    stream = Stream(await desk.next_to_others(export.schema))
    while (piece := await desk.next_to_others(lambda: next(pieces, None))) is not None:
        rows += piece.table.num_rows
        for chunk in stream.add(piece.table, {"leadline.until": piece.until.isoformat()}):
            yield chunk
    for chunk in stream.add(stream.schema.empty_table(), {"leadline.rows": str(rows)}):
        yield chunk
    yield stream.end()
