"""A vendor that means ill costs us no more than the limits."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_world import Heard, answer

from probes.http import Headers, Request
from probes.model import FailureKind
from probes.transport import Limits, ProbeTransport, TransportFailure
from probes.transport.decoding import decode
from probes.transport.reader import AnswerReader

SMALL = Limits(body=10_000, headers=2_000, ratio_from=5_000, ratio=20)


async def endless(writer: asyncio.StreamWriter, part: bytes) -> None:
    while not writer.is_closing():
        writer.write(part)
        await writer.drain()


def forever(head: bytes, part: bytes) -> Any:
    async def play(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await endless(writer, part)

    return play


@pytest.mark.parametrize(
    ("play", "kind", "words"),
    [
        (forever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 500), FailureKind.PROTOCOL, "header section is larger than 2,000"),
        (forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 50), FailureKind.PROTOCOL, "header section is larger"),
        (forever(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 5000), FailureKind.BODY, "larger than 10,000 bytes"),
        (
            forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 500 + b"\r\nx\r\n"),
            FailureKind.BODY,
            "more framing than content",
        ),
        (
            forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: 1\r\n" * 50),
            FailureKind.BODY,
            "header section is larger",
        ),
        (
            answer(200, gzip.compress(b"\0" * 9_000_000), {"Content-Encoding": "gzip"}),
            FailureKind.BODY,
            "larger than 10,000 bytes once decompressed",
        ),
        (
            answer(200, gzip.compress(b"\0" * 9_000), {"Content-Encoding": "gzip"}),
            FailureKind.BODY,
            "more than 20 times its size",
        ),
    ],
    ids=[
        "endless header", "endless headers", "endless body", "chunk extensions", "endless trailers", "gzip bomb",
        "decompression ratio",
    ],
)  # fmt: skip
async def test_the_limits_end_it(serve: Any, play: Any, kind: FailureKind, words: str) -> None:
    server = await serve(play)
    probe = ProbeTransport(limits=SMALL)
    with pytest.raises(TransportFailure) as caught:
        await asyncio.wait_for(probe.handle_async_request(Request("GET", server.url)), 5)
    await probe.aclose()
    assert (caught.value.kind, words in caught.value.message) == (kind, True), caught.value.message


def test_a_bomb_of_many_small_members_is_refused_by_their_number() -> None:
    with pytest.raises(TransportFailure, match="more than 64 members"):
        decode(gzip.compress(b"") * 1000, Headers({"Content-Encoding": "gzip"}), Limits())


def test_a_bomb_of_encodings_is_refused_by_their_number() -> None:
    with pytest.raises(TransportFailure, match="more than 2 content encodings"):
        decode(b"x", Headers({"Content-Encoding": "gzip, gzip, gzip"}), Limits())


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"hello"), "gzip"),
        (gzip.compress(b"hel") + gzip.compress(b"lo"), "gzip"),
        (zlib.compress(b"hello"), "deflate"),
        (zlib.compress(b"hello")[2:-4], "deflate"),
        (gzip.compress(zlib.compress(b"hello")), "deflate, gzip"),
        (b"hello", "identity"),
    ],
    ids=["gzip", "gzip of two members", "zlib", "bare deflate", "two encodings", "identity"],
)
def test_what_was_asked_for_is_decoded(body: bytes, encoding: str) -> None:
    assert decode(body, Headers({"Content-Encoding": encoding}), Limits()) == b"hello"


def test_a_truncated_gzip_body_is_not_taken_for_whole() -> None:
    with pytest.raises(TransportFailure, match="truncated"):
        decode(gzip.compress(b"hello" * 100)[:-5], Headers({"Content-Encoding": "gzip"}), Limits())


WHOLE = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Empty:\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"
)


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=12))
def test_an_answer_reads_the_same_however_the_network_cuts_it(cuts: list[int]) -> None:
    reader = AnswerReader("GET", Limits())
    edges = [0, *sorted(set(cuts)), len(WHOLE)]
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        assert not reader.complete
        reader.feed(WHOLE[begin:end], float(number))
    assert (reader.complete, reader.status, reader.body, reader.reusable) == (True, 200, b"abcdefg", True)
    assert reader.headers["x-empty"] == ""
    assert reader.last_byte == len(edges) - 2
    assert 0 <= (reader.first_byte or 0.0) <= reader.last_byte


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_transport_failure(noise: bytes) -> None:
    reader = AnswerReader("GET", SMALL)
    with suppress(TransportFailure):
        reader.feed(noise, 0.0)
        reader.end()


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "x-gzip", "gzip, deflate", "nonsense"]))
def test_no_body_raises_anything_but_a_body_failure_when_decoded(noise: bytes, encoding: str) -> None:
    with suppress(TransportFailure):
        decode(noise, Headers({"Content-Encoding": encoding}), SMALL)
