"""From a host name to a connected socket: look-up, then one address after the other, in the system's order."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from probes.model import FailureKind
from probes.transport.arrival import connected_at
from probes.transport.failure import Phase, TransportFailure

Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]
Resolver: TypeAlias = Callable[[str, int], Awaitable[list[Address]]]
"""Host name and port → addresses in the order to try them; raises TransportFailure (DNS)."""
Guard: TypeAlias = Callable[[str], str | None]
"""Why an address must not be connected to, or None."""

_LOOK_UPS: Final = ThreadPoolExecutor(max_workers=64, thread_name_prefix="look-up")
"""A look-up cannot be stopped. With the few threads of the loop, names of one dead server would hold up all others'."""
_SHORTEST_S: Final = 1.25
_UNDER_WAY: Final = (errno.EINPROGRESS, errno.EINTR)
_NAMED: Final = 8
"""Addresses that a message names per reason."""
_SILENCE: Final = "no answer within"
_WORDS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "no answer to the connection request",
}


async def resolve(host: str, port: int) -> list[Address]:
    """Addresses of `host` in the system's order of preference (RFC 6724), each once."""
    try:
        found = _literal(host, port)
        if found is None:
            look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = _each_once(await asyncio.get_running_loop().run_in_executor(_LOOK_UPS, look_up))
    except (OSError, UnicodeError) as err:
        words = err.strerror if isinstance(err, OSError) and err.strerror else "not a valid host name"
        message = f"cannot resolve {host}: {words}"
        temporary = isinstance(err, socket.gaierror) and err.errno == socket.EAI_AGAIN
        raise TransportFailure(FailureKind.DNS, message, phase=Phase.DNS, retryable=temporary) from err
    if not found:
        raise TransportFailure(FailureKind.DNS, f"cannot resolve {host}: no address", phase=Phase.DNS, retryable=False)
    return list(found)


def ask_guard(guard: Guard | None, addresses: Iterable[str]) -> None:
    """Nothing if the guard lets every one of them pass, else TransportFailure (PROTOCOL) with its words."""
    reason = next(filter(None, map(guard, addresses)), None) if guard is not None else None
    if reason is not None:
        raise TransportFailure(FailureKind.PROTOCOL, reason, phase=Phase.CONNECT)


@dataclass(frozen=True, slots=True)
class Reached:
    """A connected socket, and every address tried before it with the reason why it was not that one."""

    stream: socket.socket
    at: float
    """`perf_counter` of when the connection stood."""
    refusals: tuple[str, ...] = ()


async def connect(addresses: list[Address], limit_s: float) -> Reached:
    """The first address that answers, tried one after the other: what is slow for a client without a race is seen.

    `limit_s` is for all of them together. Each gets an equal share of what is left, but no less than 1.25 s while there
    is that much, so that one lost packet (sent again after 1 s) does not cost the address. Raises TransportFailure,
    which names every address and why.
    """
    ends = time.monotonic() + limit_s
    refusals: list[tuple[Address, str]] = []
    for tried, address in enumerate(addresses):
        left = ends - time.monotonic()
        if left <= 0:
            break
        share = min(left, max(left / (len(addresses) - tried), _SHORTEST_S))
        try:
            stream, at = await _connect_one(address, share)
        except TimeoutError:
            refusals.append((address, f"{_SILENCE} {share:.3g} s"))
        except OSError as err:
            refusals.append((address, _WORDS.get(err.errno or 0) or os.strerror(err.errno or 0).lower()))
        else:
            return Reached(stream, at, tuple(f"{where[0]}: {words}" for (_, where), words in refusals))
    raise _refusal(refusals)


async def _connect_one(address: Address, limit_s: float) -> tuple[socket.socket, float]:
    """A non-blocking socket, and when it was connected. Raises OSError; TimeoutError after `limit_s`."""
    family, where = address
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        error = connecting.connect_ex(where)
        if error in _UNDER_WAY:
            await _connected(connecting, limit_s)
        else:
            _raise(error)
        return connecting, connected_at(connecting, began)
    except BaseException:
        connecting.close()
        raise


async def _connected(connecting: socket.socket, limit_s: float) -> None:
    # Not the loop's sock_connect with a timeout around it: that costs as much again as all the rest of connecting.
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    # Its number, not the socket: not finding it, the loop would make a text of it, addresses and all.
    number = connecting.fileno()
    loop.add_writer(number, _settle, connecting, done)
    timer = loop.call_later(limit_s, _give_up, done)
    try:
        await done
    finally:
        timer.cancel()
        loop.remove_writer(number)


def _settle(connecting: socket.socket, done: asyncio.Future[None]) -> None:
    if done.done():
        return
    try:
        _raise(connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    except OSError as err:
        done.set_exception(err)
    else:
        done.set_result(None)


def _give_up(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_exception(TimeoutError())


def _raise(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))


def _refusal(refusals: list[tuple[Address, str]]) -> TransportFailure:
    alike: dict[str, list[str]] = {}
    for (_, where), words in refusals:
        alike.setdefault(words, []).append(where[0])
    port = refusals[0][0][1][1]
    message = "; ".join(f"{words} ({', '.join(hosts[:_NAMED])}, port {port})" for words, hosts in alike.items())
    silent = any(words.startswith(_SILENCE) for _, words in refusals)
    return TransportFailure(FailureKind.CONNECT, message, phase=Phase.CONNECT, timed_out=silent)


@lru_cache(maxsize=4096)
def _literal(host: str, port: int) -> tuple[Address, ...] | None:
    """The address that `host` is, or None for a name. An address stays what it is, so it is remembered."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return _each_once(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))


def _each_once(found: Iterable[tuple[Any, ...]]) -> tuple[Address, ...]:
    return tuple(dict.fromkeys((family, address) for family, _, _, _, address in found))
