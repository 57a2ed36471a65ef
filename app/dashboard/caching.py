"""How long a browser may keep what it was served: for good what carries its version in its address, nothing else."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_VERSIONED: Final = re.compile(r"^/_dash-component-suites/.+\.v[\w-]+m\d+\.(?:min\.)?\w+")
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


class Caching:
    """Marks what never changes at its address, so that a second visit asks for the document and the data only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _never_changes(scope):
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = _FOR_GOOD
            await send(message)

        await self._app(scope, receive, marked)


def _never_changes(scope: Scope) -> bool:
    path: str = scope["path"]
    if path.startswith("/assets/"):
        # Dash adds the time of the file's last change.
        query: bytes = scope["query_string"]
        return query.startswith(b"m=")
    return bool(_VERSIONED.match(path))
