"""One's own sessions: which there are, and ending them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from alerts.store.sign_in.sessions import Session
from app.hub.actor import actor
from app.hub.auth.setup import Auth
from app.hub.auth.visiting import given, session_of
from app.hub.plain.pages import page

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def own_sessions_router(auth: Auth) -> APIRouter:
    """`/my-sessions…` and `/session`."""
    router = APIRouter()

    @router.get("/my-sessions")
    async def mine(request: Request) -> Response:
        here = session_of(request)
        found = auth.sessions.of(here.name) if here else ()
        shown = [_shown(one, here) for one in found]
        return page("sessions.html", name=here.name if here else "", role=actor().role, sessions=shown)

    @router.post("/my-sessions/end")
    async def end(request: Request) -> Response:
        here, wanted = session_of(request), (await given(request)).get("id", "")
        own = auth.sessions.of(here.name) if here else ()
        if here is not None and any(one.session_id == wanted for one in own):
            await auth.sessions.end(wanted, here.name)
        return RedirectResponse("/my-sessions", 303)

    @router.get("/session")
    async def session() -> dict[str, str]:
        return {"name": actor().name, "role": actor().role}

    return router


def _shown(one: Session, here: Session | None) -> dict[str, Any]:
    return {
        "id": one.session_id,
        "browser": browser(one.agent),
        "address": one.address,
        "method": one.method,
        "began": _at(one.began_at),
        "seen": _at(one.seen_at),
        "ends": _at(one.ends_at),
        "here": here is not None and one.session_id == here.session_id,
    }


def browser(agent: str) -> str:
    """`Firefox on Linux`, as far as a User-Agent says."""
    name = next((name for mark, name in _BROWSERS if mark in agent), "Another client")
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return f"{name} on {system}" if system else name


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
