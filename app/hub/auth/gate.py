"""What stands before every route: who is it, may they, and did a page of ours ask? Plain ASGI, for WebSockets too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.hub.actor import ANYBODY, Role, as_actor
from app.hub.auth.access import SOCKET, Need, need_of
from app.hub.auth.callers import NOBODY, Caller, Callers
from app.hub.auth.origin import SAFE, is_foreign, is_ours

SCOPE_KEY: Final = "leadline.caller"
"""Where a route finds the `Caller`."""
ENDED: Final = 4401
"""Close code of a WebSocket whose session is over."""
_LOOK_EVERY_S: Final = 1.0

_FOREIGN: Final = "refused: a page of another site asked for this"
_SIGN_IN: Final = (
    "sign in first; a script sends a token (`leadline token add NAME --role …`, then LEADLINE_TOKEN or "
    "`Authorization: Bearer …`)"
)


class Gate:
    """Lets in whom `access.ACCESS` lets in. Everything behind it finds the actor by `app.hub.actor.actor`."""

    def __init__(self, app: ASGIApp, callers: Callers, look_every_s: float = _LOOK_EVERY_S) -> None:
        self._app = app
        self._callers = callers
        self._look_every_s = look_every_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        rules = self._callers.rules()
        caller = Caller(ANYBODY) if rules is None else self._callers.caller(headers, scope["scheme"])
        refused = self._refusal(scope, headers, caller)
        if refused is not None:
            await _refuse(refused, scope, receive, send)
            return
        known = caller or Caller(NOBODY)
        scope[SCOPE_KEY] = known
        with as_actor(known.actor):
            if scope["type"] == "websocket":
                await self._while_it_lasts(known, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, caller: Caller | None) -> Response | None:
        method = SOCKET if scope["type"] == "websocket" else scope["method"]
        need, public_url = need_of(method, scope["path"]), self._callers.hub().public_url
        by_cookie = caller is not None and caller.session is not None
        changes = method not in SAFE
        if changes and need is not Need.PROBER and is_foreign(headers, public_url):
            return JSONResponse({"error": _FOREIGN}, 403)
        if changes and by_cookie and not is_ours(headers, public_url):
            return JSONResponse({"error": _FOREIGN}, 403)
        if need.role is None:
            return None
        if caller is None:
            return _to_sign_in(scope, headers)
        if caller.actor.role.rank < need.role.rank:
            return JSONResponse({"error": _too_little(caller, need.role)}, 403)
        return None

    async def _while_it_lasts(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a WebSocket until its session is over."""
        outgoing = _Outgoing(send, lambda: self._callers.lasts(caller))
        served = asyncio.ensure_future(self._app(scope, receive, outgoing))
        try:
            while not served.done() and self._callers.lasts(caller):
                await asyncio.wait({served}, timeout=self._look_every_s)
            if not served.done():
                await outgoing.close()
        finally:
            served.cancel()
            await asyncio.wait({served})
        if not served.cancelled():
            served.result()


class _Outgoing:
    """What goes out of a WebSocket: nothing any more once its session is over."""

    def __init__(self, send: Send, lasts: Callable[[], bool]) -> None:
        self._send = send
        self._lasts = lasts
        self._closed = False

    async def __call__(self, message: Message) -> None:
        if self._closed:
            return
        if message["type"] == "websocket.send" and not self._lasts():
            await self.close()
            return
        self._closed = message["type"] == "websocket.close"
        await self._send(message)

    async def close(self) -> None:
        """Say that the session is over, once."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": ENDED, "reason": "signed out"})


def _to_sign_in(scope: Scope, headers: Headers) -> Response:
    wants_page = scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", "")
    if wants_page and not scope["path"].startswith(("/api/", "/_dash")):
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303, {"Cache-Control": "no-store"})
    return JSONResponse({"error": _SIGN_IN}, 401, {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})


def _too_little(caller: Caller, least: Role) -> str:
    return f"this takes the role {least}, and {caller.actor.name} is {caller.actor.role}; ask an admin"


async def _refuse(refused: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": ENDED, "reason": "sign in first"})
        return
    await refused(scope, receive, send)
