"""`/status/FLOW` and `/status/FLOW.json`: nobody signs in, nothing is asked of the store more than twice a minute."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from app.dashboard.cache import Shared
from app.dashboard.public.facts import Level, Part, PublicStatus, Word, public_status
from app.hub.auth.attempts import Attempts
from app.hub.plain.pages import page
from app.hub.state import HubState
from config.model import PublicPage
from metrics.store.failures import StoreError

FRESH_FOR: Final = timedelta(seconds=30)
MOST: Final = 60
PER: Final = timedelta(minutes=1)
_HEADERS: Final = {
    "Cache-Control": "public, max-age=30",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_CLASSES: Final = {Word.UP: "up", Word.DEGRADED: "degraded", Word.DOWN: "down", Word.NO_DATA: "no_data"}
_BARS: Final = {Level.FULL: "full", Level.MOSTLY: "mostly", Level.PARTLY: "partly", Level.UNKNOWN: "unknown"}
_COUNTED: Final = {
    Level.FULL: "without trouble",
    Level.MOSTLY: "with some",
    Level.PARTLY: "with much",
    Level.UNKNOWN: "not measured",
}
_ALL: Final = {
    Word.UP: "Everything is working",
    Word.DEGRADED: "Something is disturbed",
    Word.DOWN: "Something is not working",
    Word.NO_DATA: "Not everything is known just now",
}


def status_router(state: HubState) -> APIRouter:
    """Serves the pages that the configuration declares now; any other is not there, whatever flows there are."""
    router = APIRouter()
    answers = Shared(state.clock, FRESH_FOR)
    asked = Attempts(state.clock, MOST, PER)

    @router.get("/status/{flow}")
    async def status(request: Request, flow: str) -> Response:
        _slow_down(asked, request)
        name = flow.removesuffix(".json")
        declared = next((one for one in state.config.settings.public if one.flow == name), None)
        if declared is None:
            raise HTTPException(404, "there is no such status page")
        try:
            found = await asyncio.to_thread(answers.get, (name, state.config.version), lambda: _look(state, declared))
        except StoreError as err:
            # Without its words: they may name what strangers need not know.
            raise HTTPException(503, "not to be had just now; try again in a minute", {"Retry-After": "60"}) from err
        if flow.endswith(".json"):
            return JSONResponse(document(found), headers=_HEADERS)
        return page("status.html", headers=_HEADERS, **_shown(found))

    return router


def _slow_down(asked: Attempts, request: Request) -> None:
    address = request.client.host if request.client else "unknown"
    wait = asked.wait(address)
    if wait:
        raise HTTPException(429, "too many requests", {"Retry-After": str(wait)})
    asked.count(address)


def _look(state: HubState, declared: PublicPage) -> PublicStatus:
    def question(con: DuckDBPyConnection) -> PublicStatus:
        return public_status(con, state.config, declared, state.evaluation, state.clock())

    return state.store.read(question)


def document(found: PublicStatus) -> dict[str, Any]:
    """The same for programs; instants ISO 8601."""
    return {
        "title": found.title,
        "at": found.at.isoformat(timespec="seconds"),
        "state": found.word,
        "parts": [
            {
                "name": part.name,
                "state": part.word,
                "since": part.since.isoformat(timespec="seconds") if part.since else None,
                "days": [{"date": day.date.isoformat(), "level": day.level} for day in part.days],
            }
            for part in found.parts
        ],
        "incidents": [
            {"name": one.name, "since": one.since.isoformat(timespec="seconds"), "taken": one.taken}
            for one in found.troubles
        ],
    }


def _shown(found: PublicStatus) -> dict[str, Any]:
    return {
        "title": found.title,
        "at": _at(found.at),
        "sentence": _ALL[found.word],
        "tone": _CLASSES[found.word],
        "parts": [_part(part) for part in found.parts],
        "legend": [(tone, str(level)) for level, tone in _BARS.items()],
        "troubles": [{"name": one.name, "since": _at(one.since), "taken": one.taken} for one in found.troubles],
    }


def _part(part: Part) -> dict[str, Any]:
    counted = Counter(day.level for day in part.days)
    return {
        "name": part.name,
        "word": part.word,
        "tone": _CLASSES[part.word],
        "since": _at(part.since) if part.since else None,
        "days": [{"tone": _BARS[day.level], "words": f"{day.date:%Y-%m-%d}: {day.level}"} for day in part.days],
        "summary": "Days: " + ", ".join(f"{counted[level]} {_COUNTED[level]}" for level in Level if counted[level]),
        "from": f"{part.days[0].date:%Y-%m-%d}" if part.days else "",
    }


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
