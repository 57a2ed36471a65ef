"""From an address to a connection that can take a request: look-up, connect, tunnel, TLS, the choice of HTTP."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final, TypeAlias

from config.proxy import ProxyAddress
from probes.model import Certificate, FailureKind
from probes.transport.certificates import Presented, chain
from probes.transport.connecting import Guard, Reached, Resolver, ask_guard, connect, resolve
from probes.transport.connection import Connection
from probes.transport.failure import Phase, TransportFailure
from probes.transport.http2 import Http2Connection
from probes.transport.limits import Limits
from probes.transport.proxy import open_tunnel, unreachable
from probes.transport.stopwatch import Stopwatch
from probes.transport.stream import Stream
from probes.transport.tls import handshake_failure
from probes.transport.trust import HttpVersion

AnyConnection: TypeAlias = Connection | Http2Connection

_INSPECTION_S: Final = 2.0
"""Longest that fetching an untrusted certificate may take, only to say what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection, and what is known of its other end: the proxy's address, where there is one."""

    connection: AnyConnection
    peer: tuple[str, int]
    tls_version: str | None = None
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Where to, and how. Without `context` it is in clear. `name` is what TLS asks for."""

    host: str
    port: int
    name: str
    http: HttpVersion
    context: ssl.SSLContext | None = None
    proxy: ProxyAddress | None = None

    @property
    def is_tunnelled(self) -> bool:
        """Whether the proxy only passes bytes on. If not, it reads the request: `http://` in HTTP/1.1."""
        return self.proxy is not None and (self.context is not None or self.http == "2")

    @property
    def is_read_by_proxy(self) -> bool:
        """Whether requests have to say the whole address, for the proxy to know where to send them."""
        return self.proxy is not None and not self.is_tunnelled


class Opening:
    """One attempt to open a connection. `peer` and `refusals` hold what is known by the time it fails.

    `guard` is asked of every address, except where a proxy looks the name up.
    """

    def __init__(
        self,
        way: Way,
        watch: Stopwatch,
        limits: Limits,
        connect_s: float | None = None,
        *,
        resolver: Resolver = resolve,
        guard: Guard | None = None,
    ) -> None:
        self._resolver = resolver
        self._guard = guard if way.proxy is None else None
        self.peer: tuple[str, int] | None = None
        self.refusals: tuple[str, ...] = ()
        self._way = way
        self._watch = watch
        self._limits = limits
        self._connect_s = connect_s or limits.connect_s

    async def open(self) -> Line:
        """The connection; stamps the watch. Raises TransportFailure."""
        self._watch.started = time.perf_counter()
        reached = await self._reach()
        self.peer, self.refusals = _peer(reached.stream), reached.refusals
        if self._way.is_tunnelled:
            await self._tunnel(reached.stream)
        self._watch.connected = time.perf_counter() if self._way.is_tunnelled else reached.at
        return await self._converse(reached.stream, self.peer)

    async def presented(self) -> Presented | None:
        """The certificate that was just refused, fetched without trust and without sending anything."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            async with asyncio.timeout(_INSPECTION_S):
                return await self._inspect(context)
        except (OSError, TimeoutError, TransportFailure, ValueError):
            return None

    async def _reach(self) -> Reached:
        way, watch = self._way, self._watch
        host, port = (way.proxy.host, way.proxy.port) if way.proxy is not None else (way.host, way.port)
        try:
            addresses = await self._resolver(host, port)
            watch.resolved = time.perf_counter()
            ask_guard(self._guard, [where[0] for _, where in addresses])
            return await connect(addresses, self._connect_s)
        except TransportFailure as failure:
            if way.proxy is None:
                raise
            raise unreachable(way.proxy, failure) from failure

    async def _tunnel(self, connected: socket.socket) -> None:
        way = self._way
        assert way.proxy is not None  # noqa: S101 - only tunnelled ways come here
        try:
            # A limit of its own: it is another connection that is made now, from the proxy on.
            async with asyncio.timeout(self._connect_s):
                await open_tunnel(connected, way.proxy, way.host, way.port)
        except TimeoutError as err:
            connected.close()
            message = f"the proxy {way.proxy} has not connected to {way.host}:{way.port} within {self._connect_s:g} s"
            raise TransportFailure(FailureKind.CONNECT, message, phase=Phase.CONNECT, timed_out=True) from err
        except BaseException:
            connected.close()
            raise

    async def _converse(self, connected: socket.socket, peer: tuple[str, int]) -> Line:
        way, early = self._way, _Early()
        stream = Stream(connected, early)
        if way.context is None:
            return Line(self._connection(stream, "h2" if way.http == "2" else None), peer)
        try:
            await stream.secure(way.context, way.name)
        except (OSError, ValueError) as err:
            raise handshake_failure(err, way.name) from err
        self._watch.greeted, self._watch.secured = stream.greeted_at, stream.secured_at
        session: ssl.SSLObject = stream.get_extra_info("ssl_object")
        connection = self._connection(stream, session.selected_alpn_protocol())
        if early.received:
            connection.data_received(bytes(early.received))
        return Line(connection, peer, session.version(), chain(session))

    def _connection(self, stream: Stream, chosen: str | None) -> AnyConnection:
        if chosen == "h2":
            return Http2Connection(stream, self._limits)
        if self._way.http == "2":
            stream.abort()
            words = 'the server does not offer HTTP/2, which http: "2" insists on'
            raise TransportFailure(FailureKind.PROTOCOL, words, phase=Phase.TLS)
        return Connection(stream)

    async def _inspect(self, context: ssl.SSLContext) -> Presented | None:
        assert self.peer is not None  # noqa: S101 - whoever presented something was reached
        family = socket.AF_INET6 if ":" in self.peer[0] else socket.AF_INET
        reached = await connect([(family, self.peer)], _INSPECTION_S)
        if self._way.is_tunnelled:
            await self._tunnel(reached.stream)
        stream = Stream(reached.stream, asyncio.Protocol())
        try:
            await stream.secure(context, self._way.name)
            der = stream.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            stream.abort()
        return Presented.read(der) if der else None


def _peer(connected: socket.socket) -> tuple[str, int]:
    try:
        host, port = connected.getpeername()[:2]
    except OSError as err:
        connected.close()
        raise TransportFailure(FailureKind.CONNECT, "connection reset at once", phase=Phase.CONNECT) from err
    return host, port


class _Early(asyncio.Protocol):
    """Keeps what comes together with the end of the handshake, before it is known which HTTP it is."""

    def __init__(self) -> None:
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        """Called by the stream."""
        self.received += data
