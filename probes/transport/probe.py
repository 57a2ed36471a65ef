"""The httpx transport that measures."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import TypeAlias

from config.proxy import ProxyAddress
from probes.http import AsyncBaseTransport, Request, Response, origin
from probes.model import FailureKind
from probes.transport.answered import Answered
from probes.transport.connecting import Resolver, ask_guard, resolve
from probes.transport.connection import unanswered
from probes.transport.decoding import decode
from probes.transport.failure import Partial, Phase, TransportFailure
from probes.transport.http2 import Http2Connection
from probes.transport.http2_answer import Http2Answer
from probes.transport.limits import Limits
from probes.transport.opening import Line, Opening, Way
from probes.transport.proxy import refused_credentials
from probes.transport.reader import AnswerReader
from probes.transport.stopwatch import Stopwatch
from probes.transport.tls import certificate_words
from probes.transport.trust import HttpVersion, Trust, client_context
from probes.transport.wire import serialise

AnyAnswer: TypeAlias = AnswerReader | Http2Answer


@dataclass(slots=True)
class _Attempt:
    """One request on its way."""

    request: Request
    way: Way
    watch: Stopwatch
    opening: Opening | None = None
    line: Line | None = None
    answer: AnyAnswer | None = None

    @property
    def is_reused(self) -> bool:
        return self.opening is None

    @property
    def peer(self) -> tuple[str, int] | None:
        if self.line is not None:
            return self.line.peer
        return self.opening.peer if self.opening is not None else None


class ProbeTransport(AsyncBaseTransport):
    """HTTP over raw sockets; one of these per run, used by one request at a time.

    The first request to an origin opens a connection, later ones reuse it (dns, connect and tls are None then).
    Redirects are not followed, certificates always verified, TLS 1.2 at least. A proxy is the one given or none: the
    environment is not asked. `http`: `1.1`, `2` (without TLS by prior knowledge), or `auto`: the server's choice of
    both, with TLS; 1.1 without.

    A request's own clock is `request.extensions["timeout"]`: `{"total": seconds, "connect": seconds}`; else `Limits`.
    Its `extensions["address_guard"]`, where there is one, is asked of every address before anything is connected to:
    text says why not, and fails the request. With `extensions["anonymous"]` it goes over a connection of its own,
    without our client certificate. `resolver` turns names into addresses, anew for every connection.

    `send` gives an `Answered`; as an httpx transport it gives the same as a response, read and decoded, with the rest
    in its extensions: `timings`, `peer`, `refusals`, `headers` (as they came, the response's lack Content-Encoding),
    `wire_bytes`, `http_version` (bytes), `tls_version` and `certificate_expires_at` (None without TLS), and
    `certificate_chain` (of a connection that this request opened). Anything else raises TransportFailure.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        limits: Limits | None = None,
        trust: Trust | None = None,
        http: HttpVersion = "1.1",
        proxy: ProxyAddress | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._resolver = resolver
        self._trust = trust or Trust(ca_file)
        self._limits = limits or Limits()
        self._http: HttpVersion = http
        self._proxy = proxy
        self._kept: dict[tuple[str, str, int], Line] = {}
        self.requests = 0
        """How many it was asked to send, whatever came of them."""

    async def handle_async_request(self, request: Request) -> Response:
        """One exchange; see the class."""
        return (await self.send(request)).response()

    async def send(self, request: Request) -> Answered:
        """One exchange; see the class."""
        self.requests += 1
        await request.aread()
        # Before the clock starts: reading the authorities' bundle is our cost, not the vendor's.
        way = await self._way(request)
        wire = serialise(request, way.proxy if way.is_read_by_proxy else None)
        attempt = _Attempt(request, way, Stopwatch(time.perf_counter()))
        limit = request.extensions.get("timeout", {}).get("total") or self._limits.total_s
        try:
            async with asyncio.timeout(limit):
                await self._exchange(attempt, wire)
        except TransportFailure as failure:
            raise await self._explained(attempt, failure) from failure.__cause__
        except TimeoutError as err:
            raise await self._explained(attempt, _timeout(attempt, limit)) from err
        except asyncio.CancelledError:
            await self._discard(attempt)
            raise
        return await self._answered(attempt)

    async def aclose(self) -> None:
        """Close what is kept open."""
        kept, self._kept = self._kept, {}
        for line in kept.values():
            await line.connection.close()

    async def _way(self, request: Request) -> Way:
        scheme, host, port = origin(request.url)
        trust = self._trust.anonymous if request.extensions.get("anonymous") else self._trust
        context = await client_context(trust, self._http) if scheme == "https" else None
        return Way(host, port, self._trust.name_for(host), self._http, context, self._proxy)

    async def _exchange(self, attempt: _Attempt, wire: bytes) -> None:
        attempt.line = await self._take_kept(attempt)
        if attempt.line is None:
            connect_s = attempt.request.extensions.get("timeout", {}).get("connect")
            guard = attempt.request.extensions.get("address_guard")
            attempt.opening = Opening(
                attempt.way, attempt.watch, self._limits, connect_s, resolver=self._resolver, guard=guard
            )
            attempt.line = await attempt.opening.open()
        try:
            await self._converse(attempt, attempt.line, wire)
        except TransportFailure as failure:
            if attempt.is_reused and attempt.answer is not None and attempt.answer.first_byte is None:
                raise unanswered(failure) from failure
            raise

    async def _converse(self, attempt: _Attempt, line: Line, wire: bytes) -> None:
        request, watch = attempt.request, attempt.watch
        if isinstance(line.connection, Http2Connection):
            attempt.answer = answer = Http2Answer(self._limits)
            await line.connection.exchange(request, answer, watch)
            return
        attempt.answer = reader = AnswerReader(request.method, self._limits)
        await line.connection.exchange(wire, reader, watch)
        if reader.status == 407 and attempt.way.is_read_by_proxy and attempt.way.proxy is not None:
            raise refused_credentials(attempt.way.proxy)

    async def _take_kept(self, attempt: _Attempt) -> Line | None:
        extensions = attempt.request.extensions
        line = None if extensions.get("anonymous") else self._kept.pop(origin(attempt.request.url), None)
        if line is None:
            return None
        # Two turns of the loop deliver a close that the kernel already knows of.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not line.connection.usable:
            await line.connection.close()
            return None
        if attempt.way.proxy is None:
            ask_guard(extensions.get("address_guard"), [line.peer[0]])
        attempt.watch.started = time.perf_counter()
        return line

    async def _answered(self, attempt: _Attempt) -> Answered:
        answer, line, request = attempt.answer, attempt.line, attempt.request
        assert answer is not None and line is not None  # noqa: S101, PT018 - it answered
        body, headers, timings = answer.body, answer.headers, attempt.watch.timings
        await self._keep(request, line)
        try:
            decoded = decode(body, headers, self._limits) if "content-encoding" in headers else body
        except TransportFailure as failure:
            failure.timings = timings
            failure.partial = Partial(answer.status, headers, wire_bytes=answer.body_bytes)
            failure.peer = _shown(line.peer)
            raise
        return Answered(
            request=request,
            status=answer.status,
            headers=headers,
            body=decoded,
            timings=timings,
            wire_bytes=answer.body_bytes,
            http_version=f"HTTP/{answer.http_version}",
            peer=_shown(line.peer),
            refusals=attempt.opening.refusals if attempt.opening is not None else (),
            tls_version=line.tls_version,
            certificates=line.certificates,
            is_reused=attempt.is_reused,
        )

    async def _keep(self, request: Request, line: Line) -> None:
        if line.connection.usable and not request.extensions.get("anonymous"):
            self._kept[origin(request.url)] = line
        else:
            await line.connection.close()

    async def _explained(self, attempt: _Attempt, failure: TransportFailure) -> TransportFailure:
        failure.ended = time.perf_counter()
        failure.phase = failure.phase or attempt.watch.phase(tls=attempt.way.context is not None)
        failure.timings = attempt.watch.timings
        if failure.kind is not FailureKind.PROXY and attempt.answer is not None:
            failure.partial = failure.partial or attempt.answer.partial
        failure.peer = _shown(attempt.peer) if attempt.peer is not None else None
        await self._discard(attempt)
        cause = failure.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError) and attempt.opening is not None:
            failure.message = certificate_words(cause, attempt.way.name, await attempt.opening.presented())
        return failure

    async def _discard(self, attempt: _Attempt) -> None:
        if attempt.line is not None:
            await attempt.line.connection.close()


def _shown(peer: tuple[str, int]) -> str:
    host, port = peer
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _timeout(attempt: _Attempt, limit: float) -> TransportFailure:
    phase = attempt.watch.phase(tls=attempt.way.context is not None)
    # Nothing of the vendor's HTTP service was reached: that is not "slow".
    kind = {Phase.DNS: FailureKind.DNS, Phase.CONNECT: FailureKind.CONNECT}.get(phase, FailureKind.TIMEOUT)
    if attempt.way.proxy is not None and attempt.peer is None:
        kind = FailureKind.PROXY
    return TransportFailure(kind, f"timed out after {limit:.3g} s during {phase}", phase=phase, timed_out=True)
