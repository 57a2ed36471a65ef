"""What PagerDuty and Slack tell back. The only two paths that take anything but JSON, and that a stranger may reach:
whoever has no secret gets 401 and no reason."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from fastapi import APIRouter, HTTPException, Request, Response

from alerts.inbound import EARS, Forged, Unreadable
from alerts.store.inbound import apply_heard
from app.hub.state import HubState

MAX_BYTES: Final = 256 * 1024
ANSWERED_WITHIN_S: Final = {"pagerduty": 4.0, "slack": 2.5}
"""PagerDuty waits for five seconds, Slack for three."""
_NUMBERED: Final = frozenset({"pagerduty"})
"""These tell again what they got no answer for, so a repetition is fine; from others it is a replay."""

log = structlog.get_logger(__name__)


def inbound_router(state: HubState) -> APIRouter:
    """`/api/v1/inbound/pagerduty/NAME` and `/api/v1/inbound/slack/NAME`."""
    router = APIRouter(prefix="/api/v1/inbound")

    @router.post("/{kind}/{name}")
    async def told(kind: str, name: str, request: Request) -> Response:
        ear = state.ears.get((kind, name))
        if kind not in EARS or ear is None:
            raise HTTPException(404, "no such channel listens here")
        body, now = await _body(request), state.clock()
        try:
            heard = ear.hear(request.headers, body, now)
        except Forged:
            log.warning("inbound.forged", channel=name)
            raise HTTPException(401, "unauthorized") from None
        except Unreadable as err:
            raise HTTPException(400, str(err)) from err
        done = asyncio.wrap_future(state.store.write(lambda con: apply_heard(con, name, heard, now)))
        try:
            # Shielded: what is asked of the store cannot be taken back, and when it is told again that changes nothing.
            is_news = await asyncio.wait_for(asyncio.shield(done), ANSWERED_WITHIN_S[kind])
        except TimeoutError as err:
            raise HTTPException(503, "the store is busy; tell it again", {"Retry-After": "5"}) from err
        if not is_news and kind not in _NUMBERED:
            log.warning("inbound.replayed", channel=name)
            raise HTTPException(401, "unauthorized")
        return Response(status_code=200)

    return router


async def _body(request: Request) -> bytes:
    """Raises HTTPException for one that is too long, before it is read to its end."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"at most {MAX_BYTES} bytes")
    return bytes(body)
