"""Signing in by password, and out: a plain form that works without a script."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from app.hub.auth.door import TooOften
from app.hub.auth.setup import Auth
from app.hub.auth.visiting import cookies_of, form, given, session_of, signed_in, wanted_page, where_of
from app.hub.plain.pages import STYLE

WRONG: Final = "That name and password do not go together."


def pages_router(auth: Auth) -> APIRouter:
    """`/sign-in`, `/sign-out`, and the style of plain pages."""
    router = APIRouter()

    @router.get("/plain.css")
    async def style() -> Response:
        return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    @router.get("/sign-in")
    async def to_sign_in(request: Request) -> Response:
        rules, wanted = auth.callers.rules(), wanted_page(request.query_params.get("next"))
        if rules is None or session_of(request) is not None:
            return RedirectResponse(wanted, 303)
        return await form(auth, rules, request, wanted)

    @router.post("/sign-in")
    async def by_password(request: Request) -> Response:
        rules, typed = auth.callers.rules(), await given(request)
        if rules is None or not rules.passwords:
            raise HTTPException(404, "nobody signs in by password here")
        wanted, name = wanted_page(typed.get("next")), typed.get("name", "")
        entered = await auth.door.enter(name, typed.get("password", ""), where_of(request))
        if isinstance(entered, TooOften):
            told = f"Too many tries. Wait {_minutes(entered.seconds)} and try again."
            return await form(auth, rules, request, wanted, told, 429, {"Retry-After": str(entered.seconds)})
        if entered is None:
            return await form(auth, rules, request, wanted, WRONG, 401, name=name)
        return await signed_in(auth, request, entered, wanted)

    @router.post("/sign-out")
    async def out(request: Request) -> Response:
        session = session_of(request)
        if session is not None:
            await auth.sessions.end(session.session_id, session.name)
        answer = RedirectResponse("/sign-in?out=1" if auth.callers.rules() else "/", 303, {"Cache-Control": "no-store"})
        cookies_of(auth, request).drop(answer, cookies_of(auth, request).session)
        return answer

    return router


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
