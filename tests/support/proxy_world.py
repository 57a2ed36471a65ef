"""A small real proxy on loopback: CONNECT and whole addresses, with or without credentials, or broken on purpose."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from loopback import Loopback

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server that does nothing but `talk`; its port. Nothing of it is left when the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, OSError):
            await talk(reader, writer)

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(quietly(reader, writer))
        task.add_done_callback(lambda _: writer.close())
        task.add_done_callback(lambda _: tasks.add(asyncio.create_task(_closed(writer))))
        tasks.add(task)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    for task in list(tasks):
        task.cancel()
    while not all(task.done() for task in tasks):
        await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(writer: asyncio.StreamWriter) -> None:
    try:
        await asyncio.wait_for(writer.wait_closed(), 1)
    except (OSError, TimeoutError, asyncio.CancelledError):
        writer.transport.abort()


@dataclass
class Asked:
    """One request to the proxy; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Proxy(Loopback):
    """Relays. `credentials` (`user:password`) are asked for when set; `says` is answered to everything instead."""

    credentials: str | None = None
    says: bytes | None = None
    delay_s: float = 0.0
    silent: bool = False
    asked: list[Asked] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            await self._answer(reader, writer)
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked, head = await self._read(reader)
        await asyncio.sleep(self.delay_s if not self.silent else 60)
        if self.says is not None:
            await _say(writer, self.says)
        elif not self._admits(asked):
            await _say(writer, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 6\r\n\r\nsecret")
        elif asked.method == "CONNECT":
            host, _, port = asked.target.rpartition(":")
            await self._tunnel(host.strip("[]"), int(port), reader, writer)
        else:
            await self._forward(asked, head, reader, writer)

    async def _read(self, reader: asyncio.StreamReader) -> tuple[Asked, bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, target, _ = first.split(" ")
        self.asked.append(Asked(method, target, headers))
        return self.asked[-1], head

    def _admits(self, asked: Asked) -> bool:
        if self.credentials is None:
            return True
        wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        return asked.headers.get("proxy-authorization") == wanted

    async def _tunnel(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to = await asyncio.open_connection(host, port)
        except OSError:
            await _say(writer, b"HTTP/1.1 502 Bad Gateway\r\nX-Why: refused\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
        await _both_ways(reader, writer, *to)

    async def _forward(
        self, asked: Asked, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Passes the request on without what was meant for the proxy. A following one goes to the same server."""
        parts = urlsplit(asked.target)
        back, out = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            await self._exchanges(asked, head, parts.netloc, (reader, writer), (back, out))
        finally:
            out.transport.abort()

    async def _exchanges(self, asked: Asked, head: bytes, netloc: str, client: Pair, server: Pair) -> None:
        while True:
            path = asked.target.split(netloc, 1)[1]
            lines = [line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(b"proxy-")]
            server[1].write(f"{asked.method} {path} HTTP/1.1\r\n".encode() + b"\r\n".join(lines))
            server[1].write(await client[0].readexactly(int(asked.headers.get("content-length", "0"))))
            answer = await server[0].readuntil(b"\r\n\r\n")
            length = next((int(x[15:]) for x in answer.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
            client[1].write(answer + await server[0].readexactly(length))
            asked, head = await self._read(client[0])


async def _say(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
    writer.write_eof()
    await asyncio.sleep(0.05)


async def _both_ways(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamReader, out: asyncio.StreamWriter
) -> None:
    tasks = [asyncio.create_task(_copy(reader, out)), asyncio.create_task(_copy(back, writer))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        out.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
