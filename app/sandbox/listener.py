"""A server on one loopback port that can refuse connections and come back on the same port.

What is spoken on a connection is the business of the conversation that is passed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable

import structlog

from app.sandbox import sockets

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

log = structlog.get_logger(__name__)


class Listener:
    """One port: `open`, then `refuse` and `accept` as often as wanted, then `close`."""

    def __init__(self, converse: Conversation, *, tls: ssl.SSLContext | None = None) -> None:
        self._converse = converse
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0

    async def open(self, ports: Iterable[int] = ()) -> None:
        """Listen on the first free one of these ports, else on any."""
        await self._listen(sockets.listen(ports))

    async def refuse(self) -> None:
        """Connections are refused and the open ones reset, as on a host whose server is gone; the port stays ours."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._held = sockets.hold(self.port)
        await self.drop_connections()

    async def accept(self) -> None:
        """Listen again on the same port."""
        if self._server is not None:
            return
        held, self._held = self._held, None
        await self._listen(held or sockets.listen([self.port]))

    async def drop_connections(self) -> None:
        """Abort every open connection."""
        tasks = list(self._connections)
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop for good."""
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.drop_connections()

    async def _listen(self, sock: socket.socket) -> None:
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._connected, sock=sock, ssl=self._tls)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - start_server runs this in a task
        self._connections[task] = writer
        try:
            await self._converse(reader, writer)
        except (ConnectionError, TimeoutError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # The client went away, or never spoke our protocol: its business.
        except asyncio.CancelledError:
            pass  # We closed; start_server's own task callback would report the cancellation as an error.
        except Exception:
            log.exception("sandbox conversation failed", port=self.port)
        finally:
            del self._connections[task]
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                writer.close()
