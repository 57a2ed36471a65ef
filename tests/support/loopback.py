"""What every server of the tests does: listen on loopback, serve each connection in a task, leave nothing behind."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Loopback:
    """Starts on a free port; whoever derives from it says in `_serve` what one connection hears."""

    scheme: str = "http"
    host: str = "127.0.0.1"
    _listener: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def port(self) -> int:
        assert self._listener is not None
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    async def start(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.scheme = "https" if context else self.scheme
        self._listener = await asyncio.start_server(self._accepted, self.host, port, ssl=context)

    async def stop(self) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Known from here on: one that never came to run when the server stops must be closed as well.
        task = asyncio.create_task(self._serve(reader, writer))
        task.add_done_callback(lambda _: writer.transport.abort())
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError
