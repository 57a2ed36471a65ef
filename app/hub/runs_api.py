"""Lists of runs, one run, and what was kept of a failure, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.hub.asking import JSON, Desk, window_of
from app.hub.state import HubState
from metrics.model import RunRow, Window
from metrics.store.explorer import MOST, PAGE, RunFilter, Sort, runs_page
from metrics.store.runs import evidence, run
from probes.model import FailureKind, Outcome
from probes.wire import dump_run

_LARGEST: Final = 32_767
"""Of the store's small numbers."""


class Listed(BaseModel):
    """The query of `GET /api/v1/runs`."""

    model_config = ConfigDict(extra="forbid")

    since: str = "24h"
    until: str = "now"
    integration: str | None = None
    workflow: str | None = None
    region: str | None = None
    outcome: tuple[Outcome, ...] = ()
    failure_kind: tuple[FailureKind, ...] = ()
    status: Annotated[int | None, Field(ge=0, le=_LARGEST)] = None
    attempt: Annotated[int | None, Field(ge=0, le=_LARGEST)] = None
    least_ms: float | None = None
    sort: Sort = Sort.NEWEST
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE


def runs_router(state: HubState, desk: Desk) -> APIRouter:
    """`/api/v1/runs…` and `/api/v1/evidence/…`."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/runs")
    async def runs(request: Request, asked: Annotated[Listed, Query()]) -> dict[str, Any]:
        wanted = _filter(asked, window_of(state, asked.since, asked.until))
        page = await desk.answer(
            request, lambda con: runs_page(con, wanted, sort=asked.sort, after=asked.after, size=asked.limit)
        )
        return {"runs": [_run(row) for row in page.rows], "after": page.after}

    @router.get("/runs/{run_id}")
    async def run_of(request: Request, run_id: str) -> Response:
        found = await desk.answer(request, lambda con: run(con, run_id))
        if found is None:
            raise HTTPException(404, f"{run_id}: there is no such run, or it is beyond the age that runs are kept for")
        return Response(dump_run(found), media_type=JSON)

    @router.get("/evidence/{evidence_id}")
    async def evidence_of(request: Request, evidence_id: str) -> dict[str, Any]:
        found = await desk.answer(request, lambda con: evidence(con, evidence_id))
        if found is None:
            raise HTTPException(404, f"{evidence_id}: there is no such evidence, or it has expired")
        of_run, kept = found
        return {"run": _run(of_run), "evidence": asdict(kept)}

    return router


def _filter(asked: Listed, window: Window) -> RunFilter:
    same = ("integration", "workflow", "region", "status", "attempt", "least_ms")
    return RunFilter(
        window,
        **{name: getattr(asked, name) for name in same},
        outcomes=asked.outcome,
        failure_kinds=asked.failure_kind,
    )


def _run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "integration": row.integration,
        "workflow": row.workflow,
        "region": row.region,
        "started_at": row.started_at.isoformat(),
        "duration_ms": row.duration_ms,
        "outcome": row.outcome,
        "attempt": row.attempt,
        "failed_step": row.failed_step,
        "failure_kind": row.failure_kind,
        "failure_message": row.failure_message,
        "failed_status": row.failed_status,
        "skip_reason": row.skip_reason,
        "evidence_id": row.evidence_id,
        "simulated": row.simulated,
    }
