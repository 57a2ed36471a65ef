"""A server with known delays that writes down when things really happened, by the clock that all processes share.

It waits 20 ms before its part of a TLS handshake, 50 ms before the first byte, and sends the body in five parts, 5 ms
apart. What it waited is not taken for granted: each stamp is read next to the system call that made it happen, and
what arrived is stamped by the kernel. A line on its standard input gives all stamps, in seconds of `perf_counter`, by
the number in each request's path, and forgets them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import asdict, dataclass

from tests.benchmarks.peers import BODY

HANDSHAKE_S = 0.02
FIRST_BYTE_S = 0.05
PARTS = 5
PART_S = 0.005

_TIMESTAMPNS = 35
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(
    BODY
)


@dataclass
class Stamps:
    """`greeted`: the client's first handshake message came; `shaken`: the server's last one went. None without TLS."""

    accepted: float
    greeted: float | None = None
    shaken: float | None = None
    requested: float = 0.0
    first: float = 0.0
    last: float = 0.0


RECORDS: dict[str, Stamps] = {}


class Conversation:
    """One connection: at most a handshake, one request, one answer."""

    def __init__(self, connection: socket.socket, accepted: float, context: ssl.SSLContext | None) -> None:
        self._connection, self._stamps = connection, Stamps(accepted)
        self._loop = asyncio.get_running_loop()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True) if context else None
        self._shaken, self._greeted, self._heard = context is None, False, b""
        self._loop.add_reader(connection, self._readable)

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._connection.recvmsg(65536, 64)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        at = _stamped(ancillary) if data else 0.0
        if not data:
            self._close()
        elif self._tls is None:
            self._hear(data, at)
        elif not self._greeted:
            self._greeted, self._stamps.greeted = True, at
            self._incoming.write(data)
            self._loop.call_later(HANDSHAKE_S, self._shake, at)
        else:
            self._incoming.write(data)
            self._shake(at)

    def _shake(self, at: float) -> None:
        assert self._tls is not None
        if self._connection.fileno() < 0:
            return
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
                self._flush()
            while self._incoming.pending:
                self._hear(self._tls.read(65536), at)
        except ssl.SSLWantReadError:
            if not self._shaken:
                self._stamps.shaken = time.perf_counter()
            self._flush()
        except ssl.SSLError:
            self._close()

    def _hear(self, data: bytes, at: float) -> None:
        if not data or self._stamps.requested:
            return
        self._heard += data
        if not self._heard.endswith(b"\r\n\r\n"):
            return
        self._stamps.requested = at
        self._loop.call_at(self._loop.time() + FIRST_BYTE_S, self._answer, 0)

    def _answer(self, part: int) -> None:
        if self._connection.fileno() < 0:
            return
        size = -(-len(BODY) // PARTS)
        content = (_HEAD if part == 0 else b"") + BODY[part * size : (part + 1) * size]
        if self._tls is not None:
            self._tls.write(content)
            content = self._outgoing.read()
        now = time.perf_counter()
        try:
            self._connection.send(content)
        except OSError:
            self._close()
            return
        if part == 0:
            self._stamps.first = now
        if part < PARTS - 1:
            self._loop.call_later(PART_S, self._answer, part + 1)
            return
        self._stamps.last = now
        RECORDS[self._heard.split(b" ", 2)[1].decode("ascii")] = self._stamps
        self._connection.shutdown(socket.SHUT_WR)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._connection.send(self._outgoing.read())

    def _close(self) -> None:
        if self._connection.fileno() < 0:
            return
        self._loop.remove_reader(self._connection)
        self._connection.close()


def _stamped(ancillary: list[tuple[int, int, bytes]]) -> float:
    now, wall = time.perf_counter(), time.time_ns()
    for _, kind, stamp in ancillary:
        if kind == _TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", stamp)
            return now - (wall - seconds * 1_000_000_000 - nanoseconds) / 1e9
    return now


def _accept(listener: socket.socket, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext | None) -> None:
    # A thread that does nothing else, so that a busy loop does not make connections look younger.
    while True:
        connection, _ = listener.accept()
        accepted = time.perf_counter()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.call_soon_threadsafe(Conversation, connection, accepted, context)


def _listen(port: int, context: ssl.SSLContext | None) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    # What is accepted inherits it.
    listener.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_accept, args=(listener, loop, context), daemon=True).start()


def _report() -> None:
    if not sys.stdin.readline():
        asyncio.get_running_loop().stop()
        return
    found = {path: asdict(stamps) for path, stamps in RECORDS.items()}
    RECORDS.clear()
    print(json.dumps(found), flush=True)


async def main(plain: int, tls: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    _listen(plain, None)
    _listen(tls, context)
    asyncio.get_running_loop().add_reader(sys.stdin, _report)
    await asyncio.Event().wait()


if __name__ == "__main__":
    # The thread that accepts must not wait for the interpreter longer than what is measured.
    sys.setswitchinterval(0.0001)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
