"""Our own proxy: the request to it that opens a tunnel, and what its refusals mean."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from typing import Final

from config.proxy import ProxyAddress
from probes.http import USER_AGENT
from probes.model import FailureKind
from probes.transport.failure import Phase, TransportFailure

_HEAD: Final = 16 * 1024
"""Most that its answer to CONNECT may take."""
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (?P<status>[1-5][0-9][0-9])(?: (?P<words>[ -~]{0,60}))?[^\r\n]*\r?\n")
_BEHIND: Final = frozenset({502, 503, 504})
"""What proxies answer when they work themselves, but not the way from them to the vendor."""


def authorisation(proxy: ProxyAddress) -> list[tuple[bytes, bytes]]:
    """The header that carries its credentials; nothing without them. Never a part of a `Request`."""
    if proxy.user is None:
        return []
    password = proxy.password.get_secret_value() if proxy.password is not None else ""
    pair = base64.b64encode(f"{proxy.user.get_secret_value()}:{password}".encode())
    return [(b"Proxy-Authorization", b"Basic " + pair)]


async def open_tunnel(stream: socket.socket, proxy: ProxyAddress, host: str, port: int) -> None:
    """After this, bytes on `stream` go to and from that host. Raises TransportFailure.

    A proxy that cannot be used is PROXY; one that cannot get through to the vendor is CONNECT.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields = [(b"Host", where.encode("ascii")), (b"User-Agent", USER_AGENT.encode("ascii")), *authorisation(proxy)]
    head = b"".join(b"%s: %s\r\n" % field for field in fields)
    try:
        await asyncio.get_running_loop().sock_sendall(stream, b"CONNECT %s HTTP/1.1\r\n%s\r\n" % (where.encode(), head))
        answer = await _answer_head(stream)
    except OSError as err:
        raise _failure(f"the proxy {proxy} broke the connection when asked for {where}", retryable=True) from err
    if not answer:
        raise _failure(f"the proxy {proxy} closed the connection when asked for {where}", retryable=True)
    found = _STATUS.match(answer)
    if found is None:
        raise _failure(f"the proxy {proxy} does not answer in HTTP")
    status = int(found["status"])
    if not 200 <= status < 300:
        raise _refusal(proxy, where, status, (found["words"] or b"").decode("ascii").strip())


def refused_credentials(proxy: ProxyAddress) -> TransportFailure:
    """What an answer of 407 means."""
    if proxy.user is None:
        words = "asks for credentials; write them into the address: http://user:${env:NAME}@host:port"
    else:
        words = "refuses our credentials"
    return _failure(f"the proxy {proxy} {words} (407)")


def unreachable(proxy: ProxyAddress, failure: TransportFailure) -> TransportFailure:
    """The failure of a look-up or connect, where it is the proxy that was looked for."""
    return TransportFailure(
        FailureKind.PROXY,
        f"the proxy {proxy} cannot be reached: {failure.message}",
        phase=failure.phase,
        retryable=failure.retryable,
    )


def _refusal(proxy: ProxyAddress, where: str, status: int, words: str) -> TransportFailure:
    if status == 407:
        return refused_credentials(proxy)
    shown = f"{status} {words}".strip()
    if status in _BEHIND:
        message = f"the proxy {proxy} cannot connect to {where}: {shown}"
        return TransportFailure(FailureKind.CONNECT, message, phase=Phase.CONNECT)
    return _failure(f"the proxy {proxy} refuses to connect to {where}: {shown}")


def _failure(message: str, *, retryable: bool = False) -> TransportFailure:
    return TransportFailure(FailureKind.PROXY, message, phase=Phase.CONNECT, retryable=retryable)


async def _answer_head(stream: socket.socket) -> bytes:
    """Up to the empty line and not a byte more: what follows is the vendor's. What there is, when it ends before."""
    head = b""
    while len(head) < _HEAD:
        await _readable(stream)
        seen = stream.recv(_HEAD - len(head), socket.MSG_PEEK)
        end = (head + seen).find(b"\r\n\r\n")
        taken = stream.recv(len(seen) if end < 0 else end + 4 - len(head))
        head += taken
        if end >= 0 or not taken:
            break
    return head


async def _readable(stream: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(stream, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(stream)
