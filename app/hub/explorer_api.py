"""The table of runs behind the explorer's page: a block of rows, how many there are, and all of them as a file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from alerts.blame import usual_blame
from alerts.model import Blame
from app.hub.asking import Desk, window_of
from app.hub.files import FILES, File
from app.hub.state import HubState
from metrics.model import Window
from metrics.store.run_table import DEEPEST, LARGEST_BLOCK, Key, Order, RunExport, Wanted, run_block, run_count
from probes.model import FailureKind, Outcome

_LARGEST: Final = 32_767
"""Of the store's small numbers."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9.+-]+")


class Asked(BaseModel):
    """Which runs, as in the address of the explorer's page."""

    model_config = ConfigDict(extra="forbid")

    since: str
    until: str = "now"
    integration: str | None = None
    workflow: str | None = None
    region: str | None = None
    outcome: tuple[Outcome, ...] = ()
    failure_kind: FailureKind | None = None
    blame: Blame | None = None
    attempt: Annotated[int | None, Field(ge=0, le=_LARGEST)] = None
    config_version: Annotated[str | None, Field(max_length=64)] = None
    least_ms: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    simulated: Literal["yes", "no"] | None = None
    sort: Key = Key.STARTED
    way: Literal["asc", "desc"] = "desc"

    def wanted(self, window: Window) -> Wanted:
        """The same for the store."""
        same = ("integration", "workflow", "region", "attempt", "config_version", "least_ms")
        return Wanted(
            window,
            **{name: getattr(self, name) for name in same},
            outcomes=self.outcome,
            kinds=self._kinds(),
            simulated=None if self.simulated is None else self.simulated == "yes",
        )

    @property
    def order(self) -> Order:
        """What the rows are sorted by."""
        return Order(self.sort, self.way == "desc")

    def _kinds(self) -> tuple[FailureKind, ...] | None:
        if self.blame is None:
            return None if self.failure_kind is None else (self.failure_kind,)
        blamed = tuple(kind for kind in FailureKind if usual_blame(kind) is self.blame)
        return blamed if self.failure_kind is None else tuple(kind for kind in blamed if kind is self.failure_kind)


class Block(Asked):
    """Which rows of them."""

    first: Annotated[int, Field(ge=0, lt=DEEPEST)] = 0
    size: Annotated[int, Field(ge=1, le=LARGEST_BLOCK)] = 100


def explorer_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/explorer…`."""
    router = APIRouter(prefix="/api/v1/explorer")

    @router.get("/rows")
    async def rows(request: Request, asked: Annotated[Block, Query()]) -> dict[str, Any]:
        window = window_of(state, asked.since, asked.until)
        wanted = asked.wanted(window)
        found = await desk.answer(request, lambda con: run_block(con, wanted, asked.order, asked.first, asked.size))
        return {"rows": [_told(row) for row in found.to_pylist()], **_span(window)}

    @router.get("/count")
    async def count(request: Request, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
        window = window_of(state, asked.since, asked.until)
        found = await desk.answer(request, lambda con: run_count(con, asked.wanted(window)))
        return {"found": found, **_span(window)}

    @router.get("/runs.{kind}")
    async def export(kind: str, asked: Annotated[Asked, Query()]) -> StreamingResponse:
        if kind not in FILES:
            raise HTTPException(404, f"runs.{kind}: there are runs.{' and runs.'.join(FILES)}")
        window = window_of(state, asked.since, asked.until)
        whole = RunExport(state.store, asked.wanted(window), asked.order)
        file = FILES[kind](await desk.next_to_others(whole.schema))
        told = {"Content-Disposition": f'attachment; filename="{_file_name(asked, window)}.{kind}"'}
        return StreamingResponse(_written(desk, whole, file), headers=told, media_type=file.media_type)

    return router


async def _written(desk: Desk, whole: RunExport, file: File) -> AsyncIterator[bytes]:
    pieces = whole.pieces()
    while (piece := await desk.next_to_others(lambda: next(pieces, None))) is not None:
        yield file.add(piece)
    yield file.end()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    kind = row["failure_kind"]
    return row | {
        "started_at": row["started_at"].isoformat(),
        "blame": usual_blame(FailureKind(kind)) if kind else None,
    }


def _span(window: Window) -> dict[str, str]:
    return {"since": window.start.isoformat(), "until": window.end.isoformat()}


def _file_name(asked: Asked, window: Window) -> str:
    """Which runs the file holds and of what time, in letters that every disk takes."""
    given = (asked.integration, asked.workflow, asked.region, *asked.outcome, asked.failure_kind, asked.blame)
    more = (
        f"attempt-{asked.attempt}" if asked.attempt is not None else None,
        f"config-{asked.config_version}" if asked.config_version else None,
        f"from-{asked.least_ms:g}-ms" if asked.least_ms else None,
        {"yes": "simulated", "no": "measured", None: None}[asked.simulated],
    )
    named = [_UNFIT.sub("-", str(one)).strip("-.")[:40] for one in (*given, *more) if one]
    span = [at.strftime("%Y%m%dT%H%M%SZ") for at in (window.start, window.end)]
    return "_".join(["leadline-runs", *filter(None, named), *span])
