"""From a host name to a connected socket: look-up, then the addresses in a staggered race (RFC 8305)."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import itertools
import os
import socket
from typing import Final, TypeAlias

from probes.model import FailureKind
from probes.transport.failure import Phase, TransportFailure

Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]

_STAGGER_S: Final = 0.25
_WORDS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "no answer to the connection request",
}


async def resolve(host: str, port: int) -> list[Address]:
    """Addresses of `host`, families interleaved, in the system's order of preference."""
    flags = socket.AI_NUMERICHOST if _is_literal(host) else 0
    try:
        if flags:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        else:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        words = err.strerror if isinstance(err, OSError) and err.strerror else "not a valid host name"
        message = f"cannot resolve {host}: {words}"
        temporary = isinstance(err, socket.gaierror) and err.errno == socket.EAI_AGAIN
        raise TransportFailure(FailureKind.DNS, message, phase=Phase.DNS, retryable=temporary) from err
    if not found:
        raise TransportFailure(FailureKind.DNS, f"cannot resolve {host}: no address", phase=Phase.DNS, retryable=False)
    return _interleaved([(family, address) for family, _, _, _, address in found])  # type: ignore[misc]


async def connect(addresses: list[Address]) -> socket.socket:
    """The first socket to connect. Every address gets a head start of 250 ms over the next; losers are closed."""
    attempts: set[asyncio.Task[socket.socket]] = set()
    errors: list[OSError] = []
    waiting = list(addresses)
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_connect_one(waiting.pop(0))))
            stagger = _STAGGER_S if waiting else None
            done, attempts = await asyncio.wait(attempts, timeout=stagger, return_when=asyncio.FIRST_COMPLETED)
            winner = _winner(done, errors)
            if winner is not None:
                return winner
    finally:
        await _discard(attempts)
    raise _refusal(addresses, errors)


async def _connect_one(address: Address) -> socket.socket:
    family, where = address
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connecting, where)
    except BaseException:
        connecting.close()
        raise
    return connecting


def _winner(done: set[asyncio.Task[socket.socket]], errors: list[OSError]) -> socket.socket | None:
    winner: socket.socket | None = None
    for task in done:
        err = task.exception()
        if isinstance(err, OSError):
            errors.append(err)
        elif winner is None:
            winner = task.result()
        else:
            task.result().close()
    return winner


async def _discard(attempts: set[asyncio.Task[socket.socket]]) -> None:
    for task in attempts:
        task.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, socket.socket):
            result.close()


def _refusal(addresses: list[Address], errors: list[OSError]) -> TransportFailure:
    last = errors[-1]
    number = last.errno or 0
    words = _WORDS.get(number) or os.strerror(number).lower()
    tried = ", ".join(where[0] for _, where in addresses[:4])
    return TransportFailure(FailureKind.CONNECT, f"{words} ({tried}, port {addresses[0][1][1]})", phase=Phase.CONNECT)


def _interleaved(addresses: list[Address]) -> list[Address]:
    first_family = addresses[0][0]
    preferred = [a for a in addresses if a[0] == first_family]
    others = [a for a in addresses if a[0] != first_family]
    pairs = itertools.zip_longest(preferred, others)
    return list(dict.fromkeys(a for pair in pairs for a in pair if a is not None))


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
