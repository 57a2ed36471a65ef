"""The httpx transport that measures."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

from probes.http import AsyncBaseTransport, Request, Response, origin
from probes.model import FailureKind
from probes.transport.connecting import Resolver, connect, resolve
from probes.transport.connection import Connection, unanswered
from probes.transport.decoding import decode
from probes.transport.failure import Partial, Phase, TransportFailure
from probes.transport.limits import Limits
from probes.transport.reader import AnswerReader
from probes.transport.stopwatch import Stopwatch
from probes.transport.tls import Presented, certificate_words, client_context, expiry, handshake_failure
from probes.transport.wire import serialise

_INSPECTION_S: Final = 2.0
"""Longest that fetching an untrusted certificate may take, only to say what is wrong with it."""


@dataclass(slots=True)
class _Attempt:
    """One request on its way."""

    request: Request
    watch: Stopwatch
    reader: AnswerReader
    connection: Connection | None = None
    reused: bool = False
    peer: tuple[str, int] | None = None
    refusals: tuple[str, ...] = ()

    @property
    def tls(self) -> bool:
        return self.request.url.scheme == "https"


class ProbeTransport(AsyncBaseTransport):
    """HTTP/1.1 over raw sockets; one of these per run, used by one request at a time.

    The first request to an origin opens a connection, later ones reuse it (dns, connect and tls are None then).
    Redirects are not followed, proxies not used, certificates always verified, TLS 1.2 at least.

    A request's own clock is `request.extensions["timeout"]`: `{"total": seconds, "connect": seconds}`; else `Limits`.
    Its `extensions["address_guard"]`, where there is one, is asked of every address before anything is connected to:
    text says why not, and fails the request. `resolver` turns names into addresses, anew for every connection.

    The response is read and decoded. Its extensions: `timings` (Timings), `peer` (address), `refusals` (addresses tried
    before it, with reasons), `headers` (Headers as they came; the response's own lack Content-Encoding), `wire_bytes`
    (body on the wire), `http_version` (bytes), `tls_version` and `certificate_expires_at` (None without TLS). Anything
    else raises TransportFailure.
    """

    def __init__(
        self, *, ca_file: str | None = None, limits: Limits | None = None, resolver: Resolver = resolve
    ) -> None:
        self._ca_file = ca_file
        self._resolver = resolver
        self._limits = limits or Limits()
        self._kept: dict[tuple[str, str, int], Connection] = {}
        self.requests = 0
        """How many it was asked to send, whatever came of them."""

    async def handle_async_request(self, request: Request) -> Response:
        """One exchange; see the class."""
        self.requests += 1
        await request.aread()
        wire = serialise(request)
        # Before the clock starts: reading the authorities' bundle is our cost, not the vendor's.
        context = await client_context(self._ca_file) if request.url.scheme == "https" else None
        attempt = _Attempt(request, Stopwatch(time.perf_counter()), AnswerReader(request.method, self._limits))
        limit = request.extensions.get("timeout", {}).get("total") or self._limits.total_s
        try:
            async with asyncio.timeout(limit):
                await self._exchange(attempt, wire, context)
        except TransportFailure as failure:
            raise await self._explained(attempt, failure) from failure.__cause__
        except TimeoutError as err:
            raise await self._explained(attempt, _timeout(attempt, limit)) from err
        except asyncio.CancelledError:
            await self._discard(attempt)
            raise
        return await self._response(attempt)

    async def aclose(self) -> None:
        """Close what is kept open."""
        kept, self._kept = self._kept, {}
        for connection in kept.values():
            await connection.close()

    async def _exchange(self, attempt: _Attempt, wire: bytes, context: ssl.SSLContext | None) -> None:
        attempt.connection = await self._take_kept(attempt)
        if attempt.connection is None:
            attempt.connection = await self._open(attempt, context)
        try:
            await attempt.connection.exchange(wire, attempt.reader, attempt.watch)
        except TransportFailure as failure:
            if attempt.reused and attempt.reader.first_byte is None:
                raise unanswered(failure) from failure
            raise

    async def _take_kept(self, attempt: _Attempt) -> Connection | None:
        connection = self._kept.pop(origin(attempt.request.url), None)
        if connection is None:
            return None
        # Two turns of the loop deliver a close that the kernel already knows of.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not connection.usable:
            await connection.close()
            return None
        attempt.reused = True
        attempt.peer = connection.peer
        if connection.peer is not None:
            _ask_guard(attempt.request, [connection.peer[0]])
        attempt.watch.started = time.perf_counter()
        return connection

    async def _open(self, attempt: _Attempt, context: ssl.SSLContext | None) -> Connection:
        watch, url = attempt.watch, attempt.request.url
        watch.started = time.perf_counter()
        limit = attempt.request.extensions.get("timeout", {}).get("connect") or self._limits.connect_s
        _, host, port = origin(url)
        addresses = await self._resolver(host, port)
        watch.resolved = time.perf_counter()
        _ask_guard(attempt.request, [where[0] for _, where in addresses])
        reached = await connect(addresses, limit)
        stream, attempt.refusals = reached.stream, reached.refusals
        watch.connected = reached.at
        attempt.peer = stream.getpeername()[:2]
        connection = await _wrap(stream, host, context)
        connection.peer = attempt.peer
        if context is not None:
            watch.secured = connection.stream.secured_at
        return connection

    async def _response(self, attempt: _Attempt) -> Response:
        reader, connection = attempt.reader, attempt.connection
        assert connection is not None  # noqa: S101 - it answered
        extensions = _extensions(attempt, connection.stream)
        headers, wire_bytes = reader.headers, reader.body_bytes
        await self._keep(attempt.request, connection)
        try:
            body = decode(reader.body, headers, self._limits)
        except TransportFailure as failure:
            failure.timings = attempt.watch.timings
            failure.partial = Partial(reader.status, headers, wire_bytes=wire_bytes)
            failure.peer = _shown(attempt.peer)
            raise
        # httpx would decode a second time, and without limits.
        plain = [(k, v) for k, v in headers.raw if k.lower() != b"content-encoding"]
        return Response(
            reader.status,
            headers=plain,
            content=body,
            request=attempt.request,
            extensions=extensions | {"headers": headers, "wire_bytes": wire_bytes},
        )

    async def _keep(self, request: Request, connection: Connection) -> None:
        if connection.usable:
            self._kept[origin(request.url)] = connection
        else:
            await connection.close()

    async def _explained(self, attempt: _Attempt, failure: TransportFailure) -> TransportFailure:
        failure.phase = failure.phase or attempt.watch.phase(tls=attempt.tls)
        failure.timings = attempt.watch.timings
        failure.partial = failure.partial or attempt.reader.partial
        failure.peer = _shown(attempt.peer)
        await self._discard(attempt)
        cause = failure.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError) and attempt.peer is not None:
            host = attempt.request.url.host
            failure.message = certificate_words(cause, host, await _inspect(attempt.peer, host))
        return failure

    async def _discard(self, attempt: _Attempt) -> None:
        if attempt.connection is not None:
            await attempt.connection.close()


async def _wrap(connected: socket.socket, host: str, context: ssl.SSLContext | None) -> Connection:
    """The connection over a connected socket, after its handshake if it has one."""
    connection = Connection(connected)
    if context is not None:
        try:
            await connection.stream.secure(context, host)
        except OSError as err:
            raise handshake_failure(err, host) from err
    return connection


async def _inspect(where: tuple[str, int], host: str) -> Presented | None:
    """The certificate that was just refused, fetched without trust and without sending anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_INSPECTION_S):
            _, writer = await asyncio.open_connection(where[0], where[1], ssl=context, server_hostname=host)
    except (OSError, TimeoutError):
        return None
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return Presented.read(certificate) if certificate else None
    except ValueError:
        return None
    finally:
        writer.transport.abort()


def _ask_guard(request: Request, addresses: list[str]) -> None:
    guard = request.extensions.get("address_guard")
    reason = next(filter(None, map(guard, addresses)), None) if guard is not None else None
    if reason is not None:
        raise TransportFailure(FailureKind.PROTOCOL, reason, phase=Phase.CONNECT)


def _extensions(attempt: _Attempt, transport: asyncio.Transport) -> dict[str, object]:
    session = transport.get_extra_info("ssl_object")
    return {
        "timings": attempt.watch.timings,
        "peer": _shown(attempt.peer),
        "refusals": attempt.refusals,
        "http_version": f"HTTP/{attempt.reader.http_version}".encode("ascii"),
        "tls_version": session.version() if session else None,
        "certificate_expires_at": expiry(session) if session else None,
    }


def _shown(peer: tuple[str, int] | None) -> str | None:
    if peer is None:
        return None
    host, port = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _timeout(attempt: _Attempt, limit: float) -> TransportFailure:
    phase = attempt.watch.phase(tls=attempt.tls)
    # Nothing of the vendor's HTTP service was reached: that is not "slow".
    kind = {Phase.DNS: FailureKind.DNS, Phase.CONNECT: FailureKind.CONNECT}.get(phase, FailureKind.TIMEOUT)
    return TransportFailure(kind, f"timed out after {limit:.3g} s during {phase}", phase=phase, timed_out=True)
