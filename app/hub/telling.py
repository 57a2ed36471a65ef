"""Open pages hear of every act at once, whoever made it and by whichever route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_ACTS: Final = ("/api/v1/prober/", "/api/v1/sql")
"""Deliveries of probers, which the next evaluation tells of, and questions."""


class TellOfActs:
    """Calls `tell` when the API has done what it was asked to do, before whoever asked hears so."""

    def __init__(self, app: ASGIApp, tell: Callable[[], None]) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _acts(scope):
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._tell()
            await send(message)

        await self._app(scope, receive, told)


def _acts(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["method"] in _READS or not path.startswith("/api/v1/"):
        return False
    return not path.startswith(_NO_ACTS) and not path.endswith("/preview")
