"""The line over which open pages hear at once that something changed, and how many incidents are open."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.dashboard.firing import firing
from app.dashboard.view import View
from app.pulse import Ear, Pulse

log = structlog.get_logger(__name__)

PATH: Final = "/api/v1/live"
STILL_EVERY_S: Final = 10.0
"""So often it says something even when nothing changed: a page that hears nothing takes the line for dead."""
_REFUSED: Final = 4403


def add_live_socket(server: FastAPI, view: View, pulse: Pulse) -> None:
    """Opens the line at `PATH`. What it says is why a page should ask, and the open incidents; pages ask as ever."""

    @server.websocket(PATH)
    async def live(socket: WebSocket) -> None:
        if not _of_this_site(socket):
            await socket.close(_REFUSED, "only pages of this site may listen")
            return
        await socket.accept()
        with pulse.listen() as ear:
            speaking = asyncio.create_task(_speak(socket, view, ear))
            try:
                await _until_gone(socket)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)


def _of_this_site(socket: WebSocket) -> bool:
    """A page elsewhere may open a line to here with its visitor's cookies; its own name gives it away."""
    return urlsplit(socket.headers.get("origin", "")).netloc == socket.headers.get("host")


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue  # nothing that a page says is listened to


async def _speak(socket: WebSocket, view: View, ear: Ear) -> None:
    while True:
        why = await ear.heard(STILL_EVERY_S)
        try:
            await socket.send_text(json.dumps({"why": why.value, "firing": await _firing(view)}))
        except (WebSocketDisconnect, RuntimeError):
            return  # the page went while we spoke


async def _firing(view: View) -> list[dict[str, Any]] | None:
    try:
        return await asyncio.to_thread(firing, view)
    except Exception:
        log.exception("dashboard.firing_unknown")
        return None
