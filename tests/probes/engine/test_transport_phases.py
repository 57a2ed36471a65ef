"""What the transport measures, on real sockets. Lower bounds and order only: a busy machine may be slow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from probe_world import Authority, Heard, after, answer, then_close

from probes.http import Request, Response
from probes.model import Timings
from probes.transport import ProbeTransport


def timings(response: Response) -> Timings:
    found = response.extensions["timings"]
    assert isinstance(found, Timings)
    return found


async def get(transport: ProbeTransport, url: str, **more: Any) -> Response:
    return await transport.handle_async_request(Request(more.pop("method", "GET"), url, **more))


async def test_wait_is_the_servers_time_and_ttfb_contains_the_connect(serve: Any, transport: ProbeTransport) -> None:
    server = await serve(after(0.05, answer(200, {"a": 1})))
    measured = timings(await get(transport, server.url))
    assert measured.wait_ms is not None
    assert measured.ttfb_ms is not None
    assert measured.connect_ms is not None
    assert measured.wait_ms >= 49
    assert measured.ttfb_ms >= measured.wait_ms + measured.connect_ms
    assert measured.dns_ms is not None
    assert measured.tls_ms is None
    assert measured.send_ms is not None


async def test_download_is_first_to_last_byte(serve: Any, transport: ProbeTransport) -> None:
    async def slowly(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        await asyncio.sleep(0.04)
        writer.write(b"cd")

    server = await serve(slowly)
    response = await get(transport, server.url)
    measured = timings(response)
    assert response.content == b"abcd"
    assert measured.download_ms is not None
    assert measured.total_ms is not None
    assert measured.ttfb_ms is not None
    assert measured.download_ms >= 39
    assert measured.total_ms == pytest.approx(measured.ttfb_ms + measured.download_ms)


async def test_an_interim_answer_is_not_the_first_byte(serve: Any, transport: ProbeTransport) -> None:
    async def hints(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await asyncio.sleep(0.04)
        writer.write(answer(200, {"a": 1}))

    server = await serve(hints)
    response = await get(transport, server.url)
    assert response.status_code == 200
    assert "link" not in response.headers
    measured = timings(response).wait_ms
    assert measured is not None
    assert measured >= 39


async def test_tls_is_a_phase_of_its_own(serve: Any, authority: Authority) -> None:
    server = await serve(context=authority.server_context())
    transport = ProbeTransport(ca_file=authority.ca_file)
    response = await get(transport, server.url)
    again = await get(transport, server.url)
    await transport.aclose()
    assert (timings(response).tls_ms or 0) > 0
    assert timings(again).tls_ms is None
    assert response.extensions["tls_version"] in {"TLSv1.2", "TLSv1.3"}
    assert response.extensions["certificate_expires_at"].tzinfo is not None


async def test_the_second_request_reuses_the_connection_and_has_no_connect_phase(
    serve: Any, transport: ProbeTransport
) -> None:
    server = await serve()
    first, second = await get(transport, server.url), await get(transport, server.url)
    assert [heard.connection for heard in server.heard] == [1, 1]
    assert timings(first).connect_ms is not None
    assert (timings(second).dns_ms, timings(second).connect_ms) == (None, None)
    assert timings(second).ttfb_ms is not None
    assert second.extensions["peer"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(then_close(answer(200, {})), id="a close behind the answer"),
        pytest.param(answer(200, {}, {"Connection": "close"}), id="Connection: close"),
        pytest.param(answer(200, {}) + b"surplus", id="bytes behind the answer"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", id="HTTP/1.0"),
    ],
)
async def test_a_connection_that_ended_or_is_unsafe_is_replaced_and_that_is_no_retry(
    serve: Any, transport: ProbeTransport, first: Any
) -> None:
    server = await serve(first, answer(200, {"second": True}))
    await get(transport, server.url)
    await asyncio.sleep(0.01)
    second = await get(transport, server.url)
    assert second.json() == {"second": True}
    assert [heard.connection for heard in server.heard] == [1, 2]
    assert timings(second).connect_ms is not None


@pytest.mark.parametrize(
    ("raw", "method", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
            "GET",
            b"abcde",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "GET", b""),
    ],
    ids=["chunked", "HEAD has no body", "204 has no body", "304 has no body", "a redirect is not followed"],
)
async def test_every_framing_is_read_to_its_end_and_the_connection_stays_usable(
    serve: Any, transport: ProbeTransport, raw: bytes, method: str, body: bytes
) -> None:
    server = await serve(raw)
    for _ in range(2):
        response = await get(transport, server.url, method=method)
        assert response.content == body
        assert response.extensions["http_version"] == b"HTTP/1.1"
    assert server.connections == 1


async def test_a_body_that_ends_with_the_connection_is_whole(serve: Any, transport: ProbeTransport) -> None:
    server = await serve(then_close(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
    response = await get(transport, server.url)
    assert response.content == b"until the end"
    assert timings(response).total_ms is not None


async def test_a_large_request_is_written_whole_before_the_wait_begins(serve: Any, transport: ProbeTransport) -> None:
    server = await serve()
    body = b"x" * 6_000_000
    measured = timings(await get(transport, server.url, method="POST", content=body))
    assert len(server.heard[0].body) == len(body)
    assert measured.send_ms is not None
    assert measured.wait_ms is not None
    assert measured.send_ms > 0


async def test_only_encodings_that_it_can_read_are_asked_for(serve: Any, transport: ProbeTransport) -> None:
    server = await serve()
    await get(transport, server.url, headers={"Accept-Encoding": "br"})
    await get(transport, server.url, headers={"Accept-Encoding": "identity"})
    assert [heard.headers["accept-encoding"] for heard in server.heard] == ["gzip, deflate, br, zstd", "identity"]


async def test_a_name_with_several_addresses_is_reached_by_any_of_them(serve: Any, transport: ProbeTransport) -> None:
    server = await serve()
    # Usually ::1 first, where nothing listens.
    response = await get(transport, f"http://localhost:{server.port}/")
    assert response.extensions["peer"] == f"127.0.0.1:{server.port}"
