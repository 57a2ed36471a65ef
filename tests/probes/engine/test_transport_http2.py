"""HTTP/2: the same stamps, limits and kinds of failure as HTTP/1.1, against a server on the h2 library."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from h2.settings import SettingCodes
from http2_world import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2Server,
    Play2,
    Talk,
    answer2,
    frame,
    raw_frames,
)
from probe_world import Authority, Heard, answer
from proxy_world import raw_server

from probes.http import Request, Response
from probes.model import FailureKind, Timings
from probes.transport import Limits, Phase, ProbeTransport, TransportFailure

Serve2 = Callable[..., Awaitable[Http2Server]]
SMALL = Limits(body=20_000, headers=16_000, ratio_from=5_000, ratio=20)
STATUS_200 = b"\x88"
"""`:status: 200` in HPACK."""


@pytest.fixture
async def serve2() -> AsyncIterator[Serve2]:
    running: list[Http2Server] = []

    async def start(*script: Play2, context: Any = None, **more: Any) -> Http2Server:
        server = Http2Server(list(script) or [answer2(200, {})], **more)
        await server.start(context)
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
async def http2() -> AsyncIterator[ProbeTransport]:
    probe = ProbeTransport(http="2")
    yield probe
    await probe.aclose()


async def get(transport: ProbeTransport, url: str, *, total: float = 5.0, **more: Any) -> Response:
    request = Request(more.pop("method", "GET"), url, extensions={"timeout": {"total": total}}, **more)
    return await transport.handle_async_request(request)


async def failure(transport: ProbeTransport, url: str, **more: Any) -> TransportFailure:
    with pytest.raises(TransportFailure) as caught:
        await get(transport, url, **more)
    return caught.value


def timings(response: Response) -> Timings:
    found = response.extensions["timings"]
    assert isinstance(found, Timings)
    return found


class TestExchange:
    async def test_request_and_answer_arrive_whole(self, serve2: Serve2, http2: ProbeTransport) -> None:
        server = await serve2(answer2(201, {"id": 7}, {"x-limit": "9"}))
        response = await get(
            http2, server.url + "/v1/things?a=1", method="POST", json={"b": 2}, headers={"X-Own": "Yes"}
        )
        assert (response.status_code, response.json(), response.headers["x-limit"]) == (201, {"id": 7}, "9")
        assert response.extensions["http_version"] == b"HTTP/2"
        (heard,) = server.heard
        assert (heard.method, heard.target, heard.json) == ("POST", "/v1/things?a=1", {"b": 2})
        assert heard.headers[":authority"] == f"127.0.0.1:{server.port}"
        assert heard.headers["x-own"] == "Yes"
        assert {"host", "connection"}.isdisjoint(heard.headers)

    async def test_phases_are_stamped_as_in_http_1(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def slowly(talk: Talk, _: Heard) -> None:
            await asyncio.sleep(0.05)
            await talk.head(200)
            await talk.body(b"ab", end=False)
            await asyncio.sleep(0.04)
            await talk.body(b"cd")

        server = await serve2(slowly)
        response = await get(http2, server.url)
        measured = timings(response)
        assert response.content == b"abcd"
        assert response.extensions["wire_bytes"] == 4
        assert measured.dns_ms is not None
        assert measured.connect_ms is not None
        assert measured.tls_ms is None
        assert measured.send_ms is not None
        assert measured.wait_ms is not None
        # The request may have arrived before our send came back.
        assert measured.send_ms + measured.wait_ms >= 49
        assert (measured.download_ms or 0) >= 39
        assert (measured.ttfb_ms or 0) >= (measured.wait_ms or 0) + measured.connect_ms
        assert measured.total_ms == pytest.approx((measured.ttfb_ms or 0) + (measured.download_ms or 0))

    async def test_an_interim_answer_is_not_the_first_byte(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def hints(talk: Talk, heard: Heard) -> None:
            await talk.head(103, {"link": "</a>"})
            await asyncio.sleep(0.04)
            await answer2(200, {"a": 1})(talk, heard)

        server = await serve2(hints)
        response = await get(http2, server.url)
        assert (response.status_code, "link" in response.headers) == (200, False)
        assert (timings(response).ttfb_ms or 0) >= 39

    async def test_the_first_byte_is_that_of_the_header_frame_and_not_of_its_end(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        async def split(talk: Talk, _: Heard) -> None:
            await talk.raw(frame(HEADERS, 1, STATUS_200))
            await asyncio.sleep(0.05)
            await talk.raw(frame(CONTINUATION, 1, b"", END_HEADERS) + frame(DATA, 1, b"x", END_STREAM))

        server = await serve2(split)
        measured = timings(await get(http2, server.url))
        assert (measured.download_ms or 0) >= 49

    async def test_a_run_reuses_the_connection(self, serve2: Serve2, http2: ProbeTransport) -> None:
        server = await serve2()
        responses = [await get(http2, server.url) for _ in range(3)]
        assert [heard.connection for heard in server.heard] == [1, 1, 1]
        assert timings(responses[0]).connect_ms is not None
        assert (timings(responses[2]).dns_ms, timings(responses[2]).connect_ms) == (None, None)
        assert timings(responses[2]).ttfb_ms is not None

    @pytest.mark.parametrize(
        ("method", "status", "headers"),
        [("HEAD", 200, {"content-length": "10"}), ("DELETE", 204, {}), ("GET", 304, {"content-length": "9"})],
        ids=["HEAD has no body", "204 has no body", "304 has no body"],
    )
    async def test_an_answer_without_body_ends_with_its_headers(
        self, serve2: Serve2, http2: ProbeTransport, method: str, status: int, headers: dict[str, str]
    ) -> None:
        server = await serve2(answer2(status, None, headers))
        for _ in range(2):
            response = await get(http2, server.url, method=method)
            assert (response.status_code, response.content) == (status, b"")
        assert server.connections == 1

    async def test_trailers_end_an_answer_and_are_not_its_headers(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def with_trailers(talk: Talk, _: Heard) -> None:
            await talk.head(200)
            await talk.body(b"abc", end=False)
            talk.h2.send_headers(talk.stream, [("x-sum", "1")], end_stream=True)
            await talk.flush()

        server = await serve2(with_trailers)
        response = await get(http2, server.url)
        assert (response.content, "x-sum" in response.headers) == (b"abc", False)

    async def test_a_body_is_decompressed_outside_of_all_timings(self, serve2: Serve2, http2: ProbeTransport) -> None:
        server = await serve2(answer2(200, gzip.compress(b"hello" * 100), {"content-encoding": "gzip"}))
        response = await get(http2, server.url)
        assert response.content == b"hello" * 100
        assert response.extensions["wire_bytes"] < 100

    async def test_padding_is_not_content(self, serve2: Serve2, http2: ProbeTransport) -> None:
        padded = frame(DATA, 1, b"\x03abc\0\0\0", END_STREAM | PADDED)
        server = await serve2(raw_frames(frame(HEADERS, 1, STATUS_200, END_HEADERS), padded))
        assert (await get(http2, server.url)).content == b"abc"


class TestFlowControl:
    async def test_a_large_request_is_sent_as_the_server_makes_room(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        server = await serve2()
        body = b"x" * 2_000_000
        measured = timings(await get(http2, server.url, method="POST", content=body))
        assert len(server.heard[0].body) == len(body)
        assert (measured.send_ms or 0) > 0
        assert measured.wait_ms is not None

    async def test_a_server_that_makes_no_room_is_a_timeout_in_sending(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        server = await serve2(opens_window=False)
        failed = await failure(http2, server.url, method="POST", content=b"x" * 200_000, total=0.2)
        assert (failed.kind, failed.phase) == (FailureKind.TIMEOUT, Phase.SEND)
        assert failed.timings.send_ms is None

    async def test_room_that_a_later_setting_gives_is_used(self, serve2: Serve2, http2: ProbeTransport) -> None:
        server = await serve2(settings={SettingCodes.INITIAL_WINDOW_SIZE: 10})
        await get(http2, server.url, method="POST", content=b"x" * 40)
        assert server.heard[0].body == b"x" * 40

    async def test_a_large_answer_is_not_held_up_by_our_window(self, serve2: Serve2, http2: ProbeTransport) -> None:
        body = b"y" * 6_000_000
        server = await serve2(answer2(200, body))
        for _ in range(3):
            assert len((await get(http2, server.url)).content) == len(body)
        assert server.connections == 1

    async def test_an_answer_before_the_end_of_the_request_is_the_answer(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        early = b"".join(
            [frame(HEADERS, 1, b"\x8e", END_HEADERS | END_STREAM), frame(RST_STREAM, 1, (0).to_bytes(4, "big"))]
        )

        class Hasty(Http2Server):
            def _hear(self, event: Any, talk: Talk, requests: Any) -> Heard | None:
                if type(event).__name__ == "RequestReceived":
                    talk.writer.write(early)
                return None

        server = Hasty([answer2()])
        await server.start()
        response = await get(http2, server.url, method="POST", content=b"x" * 500_000)
        assert response.status_code == 500
        assert timings(response).total_ms is not None
        await server.stop()


class TestFailures:
    @pytest.mark.parametrize(
        ("play", "kind", "retryable", "words"),
        [
            (
                raw_frames(frame(RST_STREAM, 1, (7).to_bytes(4, "big"))),
                FailureKind.PROTOCOL, True, "refused the request without looking at it (REFUSED_STREAM)",
            ),
            (
                raw_frames(frame(RST_STREAM, 1, (2).to_bytes(4, "big"))),
                FailureKind.PROTOCOL, False, "reset the stream (INTERNAL_ERROR)",
            ),
            (
                raw_frames(frame(RST_STREAM, 1, (13).to_bytes(4, "big"))),
                FailureKind.PROTOCOL, False, 'write http: "1.1"',
            ),
            (
                raw_frames(frame(RST_STREAM, 1, (999).to_bytes(4, "big"))),
                FailureKind.PROTOCOL, False, "reset the stream (error 0x3e7)",
            ),
            (
                raw_frames(
                    frame(HEADERS, 1, STATUS_200, END_HEADERS), frame(DATA, 1, b"abc"),
                    frame(RST_STREAM, 1, (2).to_bytes(4, "big")),
                ),
                FailureKind.BODY, False, "reset the stream (INTERNAL_ERROR)",
            ),
            (
                raw_frames(frame(GOAWAY, 0, bytes(8))),
                FailureKind.PROTOCOL, True, "did not take the request on (GOAWAY, NO_ERROR)",
            ),
            (
                raw_frames(frame(GOAWAY, 0, (1).to_bytes(4, "big") + (11).to_bytes(4, "big") + b"too many")),
                FailureKind.PROTOCOL, False, "ended the connection (GOAWAY, ENHANCE_YOUR_CALM)",
            ),
            (answer2(200, b"abc", {"content-length": "9"}), FailureKind.BODY, False, "body ends after 3 of 9 bytes"),
            (answer2(200, b"not gzip", {"content-encoding": "gzip"}), FailureKind.BODY, False, "not valid gzip"),
            (raw_frames(frame(DATA, 1, b"abc")), FailureKind.PROTOCOL, False, "breaks HTTP/2"),
            (raw_frames(frame(HEADERS, 1, b"\xff\xff\xff", END_HEADERS)), FailureKind.PROTOCOL, False, "breaks HT"),
            (raw_frames(frame(HEADERS, 3, STATUS_200, END_HEADERS)), FailureKind.PROTOCOL, False, "breaks HTTP/2"),
            (raw_frames(frame(HEADERS, 1, b"\x00\x01A\x01b", END_HEADERS)), FailureKind.PROTOCOL, False, "breaks"),
            (
                raw_frames(frame(PUSH_PROMISE, 1, b"\0\0\0\2" + STATUS_200, END_HEADERS)),
                FailureKind.PROTOCOL, False, "breaks HTTP/2",
            ),
            (raw_frames(frame(DATA, 1, b"x" * 16_385)), FailureKind.PROTOCOL, False, "a frame of 16,385 bytes"),
            (raw_frames(frame(GOAWAY, 0, b"123")), FailureKind.PROTOCOL, False, "GOAWAY frame is too short"),
            (raw_frames(frame(WINDOW_UPDATE, 0, bytes(4))), FailureKind.PROTOCOL, False, "breaks HTTP/2"),
        ],
        ids=[
            "refused stream", "reset before the answer", "HTTP/1.1 required", "unknown error code", "reset in the body",
            "GOAWAY before our stream", "GOAWAY with an error", "wrong content-length", "bad gzip",
            "data before headers", "bad HPACK", "a stream of nobody's", "upper-case header", "push unasked for",
            "frame too large", "short GOAWAY", "window update of nothing",
        ],
    )  # fmt: skip
    async def test_each_has_its_kind_and_words(
        self, serve2: Serve2, http2: ProbeTransport, play: Play2, kind: FailureKind, retryable: bool, words: str
    ) -> None:
        server = await serve2(play)
        failed = await failure(http2, server.url)
        assert (failed.kind, failed.retryable, words in failed.message) == (kind, retryable, True), failed.message
        assert failed.timings.send_ms is not None
        if kind is FailureKind.BODY:
            assert failed.partial is not None
            assert failed.partial.status == 200

    async def test_a_close_before_and_within_the_answer_differ(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def leave(talk: Talk, _: Heard) -> None:
            talk.writer.write_eof()

        async def leave_midway(talk: Talk, _: Heard) -> None:
            await talk.head(200)
            await talk.body(b"0123456789", end=False)
            talk.writer.write_eof()

        server = await serve2(leave, leave_midway)
        first, second = await failure(http2, server.url), await failure(http2, server.url)
        assert (first.kind, first.message) == (FailureKind.PROTOCOL, "closed the connection before answering")
        assert (second.kind, second.message) == (
            FailureKind.BODY,
            "closed the connection after 10 bytes of body",
        )
        assert second.partial is not None
        assert second.partial.body == b"0123456789"

    async def test_a_server_that_does_not_speak_it_is_told_by_prior_knowledge(
        self, serve: Any, http2: ProbeTransport
    ) -> None:
        async def http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with raw_server(http1) as port:
            failed = await failure(http2, f"http://127.0.0.1:{port}/")
        assert (failed.kind, failed.message) == (FailureKind.PROTOCOL, "the server answered in HTTP/1")

    async def test_silence_is_a_timeout_while_waiting(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def silence(_: Talk, __: Heard) -> None:
            await asyncio.sleep(60)

        server = await serve2(silence)
        failed = await failure(http2, server.url, total=0.1)
        assert (failed.kind, failed.phase) == (FailureKind.TIMEOUT, Phase.WAIT)

    async def test_the_answer_stands_whatever_follows_it(self, serve2: Serve2, http2: ProbeTransport) -> None:
        whole = frame(HEADERS, 1, STATUS_200, END_HEADERS) + frame(DATA, 1, b"fine", END_STREAM)
        server = await serve2(raw_frames(whole, frame(DATA, 9, b"nonsense")))
        assert (await get(http2, server.url)).content == b"fine"
        assert (await get(http2, server.url)).content == b"fine"
        assert server.connections == 2


class TestReuse:
    async def test_a_server_that_says_goodbye_finishes_its_answer_and_is_connected_to_anew(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        async def last_one(talk: Talk, heard: Heard) -> None:
            await talk.raw(frame(GOAWAY, 0, (2**31 - 1).to_bytes(4, "big") + bytes(4)))
            await talk.raw(frame(GOAWAY, 0, (1).to_bytes(4, "big") + bytes(4)))
            await answer2(200, {"n": heard.connection})(talk, heard)

        server = await serve2(last_one)
        first, second = await get(http2, server.url), await get(http2, server.url)
        assert (first.json(), second.json()) == ({"n": 1}, {"n": 2})
        assert timings(second).connect_ms is not None

    async def test_a_goodbye_between_two_requests_is_no_retry(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def then_goodbye(talk: Talk, heard: Heard) -> None:
            await answer2(200, {})(talk, heard)
            await talk.raw(frame(GOAWAY, 0, (1).to_bytes(4, "big") + bytes(4)))

        server = await serve2(then_goodbye)
        await get(http2, server.url)
        await asyncio.sleep(0.02)
        await get(http2, server.url)
        assert [heard.connection for heard in server.heard] == [1, 2]

    async def test_a_ping_and_new_settings_between_two_requests_are_answered(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        async def then_chat(talk: Talk, heard: Heard) -> None:
            await answer2(200, {})(talk, heard)
            talk.h2.ping(b"12345678")
            talk.h2.update_settings({SettingCodes.MAX_FRAME_SIZE: 20_000})
            await talk.flush()

        server = await serve2(then_chat)
        for _ in range(3):
            await get(http2, server.url)
            await asyncio.sleep(0.01)
        assert server.connections == 1

    async def test_a_kept_connection_that_breaks_unanswered_may_be_tried_again(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        async def leave(talk: Talk, _: Heard) -> None:
            talk.writer.close()

        server = await serve2(answer2(200, {}), leave)
        await get(http2, server.url)
        failed = await failure(http2, server.url)
        assert (failed.kind, failed.retryable) == (FailureKind.PROTOCOL, True)
        assert "kept from the step before" in failed.message

    async def test_a_server_that_takes_no_second_request_says_so_and_may_be_tried_again(
        self, serve2: Serve2, http2: ProbeTransport
    ) -> None:
        async def no_more(talk: Talk, heard: Heard) -> None:
            talk.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 0})
            await answer2(200, {})(talk, heard)

        server = await serve2(no_more)
        await get(http2, server.url)
        failed = await failure(http2, server.url)
        assert failed.retryable
        assert "takes no more requests on this connection" in failed.message

    async def test_a_cancelled_request_leaves_no_open_socket(self, serve2: Serve2, http2: ProbeTransport) -> None:
        async def silence(_: Talk, __: Heard) -> None:
            await asyncio.sleep(60)

        server = await serve2(silence)
        task = asyncio.create_task(get(http2, server.url))
        while not server.heard:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            while not server.ended:
                await asyncio.sleep(0.001)


def endlessly(part: bytes, first: bytes = b"") -> Play2:
    async def play(talk: Talk, _: Heard) -> None:
        await talk.raw(first)
        while not talk.writer.is_closing():
            talk.writer.write(part)
            await talk.writer.drain()

    return play


HEAD = frame(HEADERS, 1, STATUS_200, END_HEADERS)
BOMB = b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4_000 + b"\xbe" * 900
"""A header of 4,000 bytes, put into the table once and named 900 times."""


class TestHostile:
    @pytest.mark.parametrize(
        ("play", "kind", "words"),
        [
            (endlessly(frame(PING, 0, bytes(8)) * 200), FailureKind.PROTOCOL, "frames for 0 bytes of body"),
            (endlessly(frame(SETTINGS, 0) * 200), FailureKind.PROTOCOL, "frames for 0 bytes of body"),
            (endlessly(frame(DATA, 1) * 200, HEAD), FailureKind.BODY, "frames for 0 bytes of body"),
            (endlessly(frame(DATA, 1, b"x") * 200, HEAD), FailureKind.BODY, "bytes of body"),
            (endlessly(frame(250, 0, b"?") * 200), FailureKind.PROTOCOL, "frames for 0 bytes of body"),
            (endlessly(frame(WINDOW_UPDATE, 1, b"\0\0\0\1") * 200), FailureKind.PROTOCOL, "frames for 0 bytes"),
            (
                endlessly(frame(CONTINUATION, 1, b"\x00\x01x\x7f" + b"\0" * 1_000), frame(HEADERS, 1, STATUS_200)),
                FailureKind.PROTOCOL, "header section is larger than 16,000 bytes",
            ),
            (
                endlessly(frame(CONTINUATION, 1) * 100, frame(HEADERS, 1, STATUS_200)),
                FailureKind.PROTOCOL, "breaks HTTP/2: Too many continuation frames",
            ),
            (raw_frames(frame(HEADERS, 1, BOMB, END_HEADERS)), FailureKind.PROTOCOL, "header section is larger"),
            (
                raw_frames(frame(HEADERS, 1, STATUS_200 + b"\x00\x01x\x01v" * 400, END_HEADERS)),
                FailureKind.PROTOCOL, "more than 256 header fields",
            ),
            (
                endlessly(frame(HEADERS, 1, b"\x08\x03103", END_HEADERS)),
                FailureKind.PROTOCOL, "more than 16 interim (1xx) answers",
            ),
            (endlessly(frame(DATA, 1, b"x" * 5_000), HEAD), FailureKind.BODY, "body is larger than 20,000 bytes"),
            (
                answer2(200, gzip.compress(b"\0" * 9_000_000), {"content-encoding": "gzip"}),
                FailureKind.BODY, "larger than 20,000 bytes once decompressed",
            ),
        ],
        ids=[
            "PING flood", "SETTINGS flood", "empty DATA flood", "one byte per frame", "unknown frames",
            "WINDOW_UPDATE flood", "endless header", "endless empty CONTINUATION", "HPACK bomb", "many fields",
            "endless interim", "endless body", "gzip bomb",
        ],
    )  # fmt: skip
    async def test_the_limits_end_it(self, serve2: Serve2, play: Play2, kind: FailureKind, words: str) -> None:
        server = await serve2(play)
        probe = ProbeTransport(limits=SMALL, http="2")
        failed = await asyncio.wait_for(failure(probe, server.url), 5)
        await probe.aclose()
        assert (failed.kind, words in failed.message) == (kind, True), failed.message

    async def test_a_flood_between_two_requests_costs_a_connection_only(self, serve2: Serve2) -> None:
        async def then_flood(talk: Talk, heard: Heard) -> None:
            await answer2(200, {})(talk, heard)
            await asyncio.sleep(0.02)
            await talk.raw(frame(PING, 0, bytes(8)) * 2_000)

        server = await serve2(then_flood)
        probe = ProbeTransport(limits=SMALL, http="2")
        await get(probe, server.url)
        await asyncio.sleep(0.05)
        await get(probe, server.url)
        await probe.aclose()
        assert server.connections == 2


class TestChoice:
    async def test_auto_takes_what_the_server_prefers(self, serve: Any, serve2: Serve2, authority: Authority) -> None:
        modern = await serve2(context=authority.server_context("modern"))
        old = await serve(answer(200, {}), context=authority.server_context("old"))
        plain = await serve(answer(200, {}))
        probe = ProbeTransport(ca_file=authority.ca_file, http="auto")
        versions = [(await get(probe, server.url)).extensions["http_version"] for server in (modern, old, plain)]
        again = await get(probe, modern.url)
        await probe.aclose()
        assert versions == [b"HTTP/2", b"HTTP/1.1", b"HTTP/1.1"]
        assert timings(again).tls_ms is None
        assert modern.connections == 1

    async def test_the_default_is_http_1_even_where_the_server_could_do_more(
        self, serve: Any, authority: Authority
    ) -> None:
        context = authority.server_context("both")
        context.set_alpn_protocols(["h2", "http/1.1"])
        server = await serve(answer(200, {}), context=context)
        probe = ProbeTransport(ca_file=authority.ca_file)
        assert (await get(probe, server.url)).extensions["http_version"] == b"HTTP/1.1"
        await probe.aclose()

    async def test_a_server_without_it_fails_where_http_2_is_insisted_on(
        self, serve: Any, authority: Authority
    ) -> None:
        server = await serve(answer(200, {}), context=authority.server_context("old"))
        probe = ProbeTransport(ca_file=authority.ca_file, http="2")
        failed = await failure(probe, server.url)
        assert (failed.kind, failed.phase, failed.retryable) == (FailureKind.PROTOCOL, Phase.TLS, False)
        assert "does not offer HTTP/2" in failed.message
        assert failed.timings.tls_ms is not None
        assert server.heard == []

    async def test_with_tls_the_handshake_is_a_phase_of_its_own(self, serve2: Serve2, authority: Authority) -> None:
        server = await serve2(context=authority.server_context("h2"))
        probe = ProbeTransport(ca_file=authority.ca_file, http="2")
        response = await get(probe, server.url, method="POST", content=b"z" * 300_000)
        await probe.aclose()
        assert (timings(response).tls_ms or 0) > 0
        assert response.extensions["tls_version"] in {"TLSv1.2", "TLSv1.3"}
        assert len(server.heard[0].body) == 300_000

    async def test_a_server_that_closes_after_the_handshake_is_told_at_once(self, authority: Authority) -> None:
        async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        context = authority.server_context("leaves")
        context.set_alpn_protocols(["h2"])
        probe = ProbeTransport(ca_file=authority.ca_file, http="auto")
        async with raw_server(leave, context) as port:
            failed = await failure(probe, f"https://127.0.0.1:{port}/")
        assert failed.kind is FailureKind.PROTOCOL
        assert "before answering" in failed.message
