"""Reports over HTTP: for programs under `/api/v1/reports`, for people under `/reports`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, HTTPException, Response

from alerts.reports.case import UnknownIncidentError
from alerts.reports.document import Document
from alerts.reports.rendering import MEDIA_TYPES
from alerts.reports.weekly import FutureWeekError
from alerts.reports.weeks import NotAWeekError, Week
from alerts.store.reports import ReportRow, reports
from app.hub.asking import Desk
from app.hub.drawing import DrawingError
from app.hub.reporting import Reporter
from app.hub.state import HubState

Format = Literal["html", "pdf", "md", "json"]
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Of a report's page: it needs nothing but its own styles, so that whatever got into it can do nothing."""


def reports_router(state: HubState, desk: Desk) -> APIRouter:
    """The list of reports, and each of them in every format."""
    router = APIRouter()

    @router.get("/api/v1/reports")
    async def made(limit: int = 100) -> dict[str, Any]:
        rows = await desk.next_to_others(lambda: state.store.read(lambda con: reports(con, max(1, min(limit, 1000)))))
        return {"reports": [_row(one) for one in rows]}

    @router.get("/api/v1/reports/weekly")
    async def weekly(week: str | None = None, format: Format = "json") -> Response:  # noqa: A002 - what people write
        return await desk.next_to_others(lambda: _weekly(_reporter(state), week, format))

    @router.get("/api/v1/reports/incident/{incident_id}")
    async def incident(incident_id: str, format: Format = "json") -> Response:  # noqa: A002 - what people write
        return await desk.next_to_others(lambda: _incident(_reporter(state), incident_id, format))

    @router.get("/reports/weekly")
    @router.get("/reports/weekly/{week}")
    async def weekly_page(week: str | None = None, format: Format = "html") -> Response:  # noqa: A002 - what people write
        return await desk.next_to_others(lambda: _weekly(_reporter(state), week, format))

    @router.get("/reports/incident/{incident_id}")
    async def incident_page(incident_id: str, format: Format = "html") -> Response:  # noqa: A002 - what people write
        return await desk.next_to_others(lambda: _incident(_reporter(state), incident_id, format))

    return router


def _reporter(state: HubState) -> Reporter:
    if state.reporter is None:
        raise HTTPException(503, "the hub has just started; try again in a few seconds", {"Retry-After": "2"})
    return state.reporter


def _weekly(reporter: Reporter, name: str | None, form: str) -> Response:
    try:
        week = Week.named(name) if name else reporter.this_week()
        return _answer(reporter, reporter.weekly_document(week), form)
    except (NotAWeekError, FutureWeekError) as err:
        raise HTTPException(400, str(err)) from err


def _incident(reporter: Reporter, incident_id: str, form: str) -> Response:
    try:
        return _answer(reporter, reporter.incident_document(incident_id), form)
    except UnknownIncidentError as err:
        raise HTTPException(404, str(err)) from err


def _answer(reporter: Reporter, document: Document, form: str) -> Response:
    try:
        content = reporter.file(document, form)
    except DrawingError as err:
        raise HTTPException(503, f"the report could not be drawn: {err}", {"Retry-After": "30"}) from err
    shown = {"Content-Disposition": f'inline; filename="{document.file_name}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers={"Content-Security-Policy": _POLICY, **shown})


def _row(one: ReportRow) -> dict[str, Any]:
    found = asdict(one)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
