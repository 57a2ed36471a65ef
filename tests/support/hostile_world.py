"""Servers that misbehave on a socket of their own: each connection is played by one coroutine, from its first byte."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from loopback import Loopback

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Hostile(Loopback):
    """Plays one thing on every connection; `met` counts those that the play was begun on."""

    play: Play
    met: int = 0
    requests: list[bytes] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            await self.play(reader, writer)
        writer.transport.abort()


async def request_head(reader: asyncio.StreamReader) -> bytes:
    """The request line and the headers."""
    return await reader.readuntil(b"\r\n\r\n")


def says(*parts: bytes, pause: float = 0.0, then: str = "close") -> Play:
    """Hear a request, write the parts; `then`: close, wait (until the client goes) or reset."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        await _end(reader, writer, then)

    return play


def blurts(*parts: bytes, then: str = "close") -> Play:
    """Write at once, before any request is read."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        await _end(reader, writer, then)

    return play


def goes_on(head: bytes, part: bytes) -> Play:
    """Hear a request, write the head, and then the part for as long as somebody takes it."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(head)
        while not writer.is_closing():
            writer.write(part)
            await writer.drain()

    return play


def replays(*answers: bytes, after: bytes = b"") -> Play:
    """Answer one request after the other on the connection, `after` behind each answer."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(1000):
            await request_head(reader)
            writer.write(answers[min(number, len(answers) - 1)] + after)
            await writer.drain()

    return play


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, then: str) -> None:
    if then == "reset":
        # What was written shall arrive: a reset throws away what is still on its way.
        await asyncio.sleep(0.02)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif then == "wait":
        while await reader.read(65536):
            pass
    elif writer.can_write_eof():
        writer.write_eof()
        while await reader.read(65536):
            pass


def chunked(*parts: bytes) -> bytes:
    """A whole chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def whole(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer of a right length with these header lines."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
