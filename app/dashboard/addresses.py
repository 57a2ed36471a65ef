"""Which addresses lead to a page. One that leads nowhere says so by its status, too: 404, with a page that tells
where to go."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from dash import Dash
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.view import View

log = structlog.get_logger(__name__)


def add_documents(server: FastAPI, dash_app: Dash, view: View) -> None:
    """Answers every address that nothing before it took: the same document each time, with a status that is true.

    Dash would answer all of them with 200. Call it last.
    """

    mounted: Any = dash_app
    enter: Any = set_current_request
    leave: Any = reset_current_request

    @server.get("/{path:path}", include_in_schema=False)
    async def document(request: Request) -> Response:
        known = await asyncio.to_thread(leads_somewhere, view, request.url.path)
        token = enter(request)
        try:
            return HTMLResponse(mounted.index(), status_code=200 if known else 404)
        finally:
            leave(token)


def leads_somewhere(view: View, pathname: str) -> bool:
    """Whether a page is there, and what it would be about; yes where the store cannot say."""
    found = find(PAGES, pathname, "")
    if found is None:
        return False
    page, visit = found
    try:
        return page.knows is None or page.knows(view, visit)
    except Exception:
        log.exception("dashboard.address_unknown", page=page.path)
        return True
