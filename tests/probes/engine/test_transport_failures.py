"""How an exchange fails: every kind, with the phases that ended."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from probe_world import Authority, after, answer, never, nothing, then_close, then_reset

from probes.http import Request
from probes.model import FailureKind
from probes.transport import Limits, Phase, ProbeTransport, TransportFailure

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
TWO_LENGTHS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab"
UPGRADE = b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def failure(transport: ProbeTransport, url: str, *, total: float = 5.0, **more: Any) -> TransportFailure:
    request = Request("GET", url, extensions={"timeout": {"total": total, **more}})
    with pytest.raises(TransportFailure) as caught:
        await transport.handle_async_request(request)
    return caught.value


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_an_unknown_name_is_dns(transport: ProbeTransport) -> None:
    failed = await failure(transport, "http://no-such-host.invalid/")
    assert failed.kind is FailureKind.DNS
    assert "cannot resolve no-such-host.invalid" in failed.message
    assert failed.timings.dns_ms is None


async def test_a_refused_connection_is_connect_and_may_be_tried_again(transport: ProbeTransport) -> None:
    port = closed_port()
    failed = await failure(transport, f"http://127.0.0.1:{port}/")
    assert (failed.kind, failed.phase, failed.retryable) == (FailureKind.CONNECT, Phase.CONNECT, True)
    assert failed.message == f"connection refused (127.0.0.1, port {port})"
    assert failed.timings.dns_ms is not None
    assert failed.timings.connect_ms is None


async def test_no_answer_to_the_connection_request_is_connect(transport: ProbeTransport) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        where = deaf.getsockname()
        filling = [socket.socket() for _ in range(3)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(where)
        failed = await failure(transport, f"http://127.0.0.1:{where[1]}/", connect=0.05)
        for one in filling:
            one.close()
    assert (failed.kind, failed.timed_out) == (FailureKind.CONNECT, True)
    assert "within 0.05 s" in failed.message


@pytest.mark.parametrize(
    ("play", "phase"),
    [
        (never, Phase.WAIT),
        (after(0.0, HEAD + b"ten bytes."), Phase.DOWNLOAD),
        (after(0.0, b"HTTP/1.1 200 OK\r\nX-Half"), Phase.DOWNLOAD),
    ],
    ids=["silence", "a body that stops", "headers that stop"],
)
async def test_a_timeout_names_its_phase_and_keeps_the_timings_so_far(
    serve: Any, transport: ProbeTransport, play: Any, phase: Phase
) -> None:
    server = await serve(play)
    failed = await failure(transport, server.url, total=0.1)
    assert (failed.kind, failed.phase, failed.timed_out) == (FailureKind.TIMEOUT, phase, True)
    assert str(phase) in failed.message
    assert failed.timings.send_ms is not None
    assert (failed.timings.ttfb_ms is None) is (phase is Phase.WAIT)
    assert failed.timings.total_ms is None
    assert failed.peer == f"127.0.0.1:{server.port}"


async def test_a_stalled_handshake_is_a_timeout_in_tls(transport: ProbeTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stalled:
        port = stalled.getsockname()[1]
        failed = await failure(transport, f"https://127.0.0.1:{port}/", total=0.3)
    assert (failed.kind, failed.phase) == (FailureKind.TIMEOUT, Phase.TLS)
    assert failed.timings.connect_ms is not None


@pytest.mark.parametrize(
    ("play", "kind", "words"),
    [
        (then_close(b""), FailureKind.PROTOCOL, "closed the connection before answering"),
        (then_reset(b""), FailureKind.PROTOCOL, "connection reset before"),
        (then_close(b"HTTP/1.1 200 OK\r\nA: b"), FailureKind.PROTOCOL, "within the header section"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FailureKind.PROTOCOL, "unreadable answer"),
        (TWO_LENGTHS, FailureKind.PROTOCOL, "duplicate content-length"),
        (UPGRADE, FailureKind.PROTOCOL, "switched protocols"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, FailureKind.PROTOCOL, "more than 16 interim"),
        (then_close(HEAD + b"0123456789"), FailureKind.BODY, "body ends after 10 of 100 bytes"),
        (then_reset(HEAD + b"0123456789"), FailureKind.BODY, "connection reset after 10 bytes of body"),
        (then_close(CHUNKED + b"5\r\nabcde\r\n"), FailureKind.BODY, "without its last chunk"),
        (CHUNKED + b"5\r\nabcde\r\nzz\r\n", FailureKind.BODY, "unreadable body"),
        (answer(200, b"not gzip at all", {"Content-Encoding": "gzip"}), FailureKind.BODY, "not valid gzip"),
        (answer(200, b"\x0b\xff\xff", {"Content-Encoding": "br"}), FailureKind.BODY, "br body is truncated"),
        (answer(200, b"abc", {"Content-Encoding": "compress"}), FailureKind.BODY, "'compress', which was not"),
    ],
    ids=[
        "closed at once", "reset at once", "closed within the headers", "not HTTP", "two lengths", "upgrade",
        "endless interim", "truncated", "reset within the body", "last chunk missing", "bad chunk",
        "bad gzip", "bad brotli", "unknown encoding",
    ],
)  # fmt: skip
async def test_an_unusable_answer_is_protocol_before_its_headers_and_body_after_them(
    serve: Any, transport: ProbeTransport, play: Any, kind: FailureKind, words: str
) -> None:
    server = await serve(play)
    failed = await failure(transport, server.url)
    assert (failed.kind, words in failed.message) == (kind, True), failed.message
    assert failed.timings.send_ms is not None
    if kind is FailureKind.BODY:
        assert failed.partial is not None
        assert failed.partial.status == 200
        assert failed.timings.ttfb_ms is not None


async def test_a_kept_connection_that_breaks_unanswered_may_be_tried_again(
    serve: Any, transport: ProbeTransport
) -> None:
    server = await serve(answer(200, {}), then_close(b""))
    await transport.handle_async_request(Request("GET", server.url))
    failed = await failure(transport, server.url)
    assert (failed.kind, failed.retryable) == (FailureKind.PROTOCOL, True)
    assert "kept from the step before" in failed.message


async def test_a_cancelled_request_leaves_no_open_socket(serve: Any, transport: ProbeTransport) -> None:
    server = await serve(nothing)
    task = asyncio.create_task(transport.handle_async_request(Request("GET", server.url)))
    while not server.heard:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2):
        while not server.ended:
            await asyncio.sleep(0.001)


async def test_a_header_cannot_smuggle_a_line(transport: ProbeTransport) -> None:
    request = Request("GET", "http://127.0.0.1:1/", headers=[(b"X-A", b"1\r\nX-B: 2")])
    with pytest.raises(TransportFailure) as caught:
        await transport.handle_async_request(request)
    assert caught.value.kind is FailureKind.INTERNAL


class TestTls:
    async def test_an_expired_certificate_says_when_it_expired(self, serve: Any, authority: Authority) -> None:
        failed = await self.refused(serve, authority, expired=True)
        assert failed.message == "certificate expired on 2020-03-04 05:06 UTC"
        assert failed.timings.connect_ms is not None
        assert failed.timings.tls_ms is None

    async def test_a_certificate_for_another_host_names_both(self, serve: Any, authority: Authority) -> None:
        failed = await self.refused(serve, authority, host="api.example.com")
        assert failed.message == "certificate is for api.example.com, not for 127.0.0.1"

    async def test_a_self_signed_certificate_says_so(self, serve: Any, authority: Authority) -> None:
        failed = await self.refused(serve, authority, self_signed=True)
        assert "self-signed" in failed.message

    async def test_an_unknown_authority_is_refused_without_a_ca_file(
        self, serve: Any, authority: Authority, transport: ProbeTransport
    ) -> None:
        server = await serve(context=authority.server_context())
        failed = await failure(transport, server.url)
        assert failed.kind is FailureKind.TLS
        assert "issuer is not trusted" in failed.message
        assert "Test CA" in failed.message
        assert server.heard == []

    async def test_a_plain_server_is_told_apart(self, transport: ProbeTransport) -> None:
        with socket.create_server(("127.0.0.1", 0)) as plain:
            request = asyncio.create_task(failure(transport, f"https://127.0.0.1:{plain.getsockname()[1]}/"))
            accepted, _ = await asyncio.to_thread(plain.accept)
            with accepted:
                accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                failed = await request
        assert (failed.kind, failed.message) == (FailureKind.TLS, "the server does not speak TLS on this port")

    async def test_a_missing_ca_file_is_our_own_fault(self) -> None:
        failed = await failure(ProbeTransport(ca_file="/no/such.pem"), "https://127.0.0.1:1/")
        assert failed.kind is FailureKind.INTERNAL
        assert "/no/such.pem" in failed.message

    async def refused(self, serve: Any, authority: Authority, **leaf: Any) -> TransportFailure:
        server = await serve(context=authority.server_context(**leaf))
        probe = ProbeTransport(ca_file=authority.ca_file, limits=Limits())
        failed = await failure(probe, server.url)
        assert (failed.kind, failed.phase) == (FailureKind.TLS, Phase.TLS)
        assert server.heard == []
        return failed
