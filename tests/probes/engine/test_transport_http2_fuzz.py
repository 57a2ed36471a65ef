"""Whatever a server sends in HTTP/2, an exchange ends in an answer, in a classified failure, or goes on waiting."""

from __future__ import annotations

import asyncio
import random
import socket

from h2.config import H2Configuration
from h2.connection import H2Connection
from http2_world import END_HEADERS, END_STREAM, PADDED, frame
from hypothesis import example, given
from hypothesis import strategies as st

from probes.http import Request
from probes.model import FailureKind
from probes.transport.failure import TransportFailure
from probes.transport.http2 import Http2Connection
from probes.transport.http2_answer import Http2Answer
from probes.transport.limits import Limits
from probes.transport.stopwatch import Stopwatch
from probes.transport.stream import Stream

SMALL = Limits(body=5_000, headers=2_000)
KINDS = {FailureKind.PROTOCOL, FailureKind.BODY}


async def verdict(received: list[bytes], *, body: bytes = b"") -> TransportFailure | Http2Answer | None:
    """What one exchange makes of these reads; None while it would go on waiting. Then of as many again, in vain."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    connection = Http2Connection(Stream(ours, asyncio.Protocol()), SMALL)
    answer, watch = Http2Answer(SMALL), Stopwatch(0.0)
    request = Request("POST" if body else "GET", "http://vendor.example/x", content=body)
    exchange = asyncio.create_task(connection.exchange(request, answer, watch))
    await asyncio.sleep(0)
    for part in received:
        connection.data_received(part)
    await asyncio.sleep(0)
    ended = exchange.done()
    exchange.cancel()
    result = (await asyncio.gather(exchange, return_exceptions=True))[0]
    for part in received[:3]:
        connection.data_received(part)
    await connection.close()
    theirs.close()
    await asyncio.sleep(0)
    if not ended:
        return None
    if result is None:
        return answer
    assert isinstance(result, TransportFailure), result
    assert result.kind in KINDS
    return result


def conversation() -> bytes:
    """What a well-behaved server sends in one exchange."""
    server = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    server.initiate_connection()
    client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    client.initiate_connection()
    client.send_headers(1, [(":method", "GET"), (":scheme", "http"), (":authority", "v"), (":path", "/")], True)
    server.receive_data(client.data_to_send())
    server.send_headers(1, [(":status", "103"), ("link", "</a>")])
    server.send_headers(1, [(":status", "200"), ("content-length", "10"), ("x-a", "b" * 40)])
    server.send_data(1, b"01234")
    server.ping(b"12345678")
    server.send_data(1, b"56789")
    server.send_headers(1, [("x-sum", "1")], end_stream=True)
    return server.data_to_send()


WHOLE = conversation()
SETTINGS = frame(4, 0)
HEAD = frame(1, 1, b"\x88", END_HEADERS)

payloads = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\x88", b"\x88\x5c\x0210", b"\x08\x03103", b"\0\0\0\1", b"\0" * 8, b"\x3f\xe1\x1f", b"\xbe"]),
    st.builds(lambda pad, text: bytes([pad]) + text, st.integers(0, 255), st.binary(max_size=20)),
)
frames = st.builds(
    frame,
    st.one_of(st.integers(0, 10), st.integers(0, 255)),
    st.sampled_from([0, 1, 1, 1, 2, 3, 5, 0x7FFFFFFF]),
    payloads,
    st.one_of(st.sampled_from([0, END_STREAM, END_HEADERS, END_STREAM | END_HEADERS, PADDED]), st.integers(0, 255)),
)


async def test_the_conversation_that_is_broken_below_is_fine_as_it_is() -> None:
    answer = await verdict([WHOLE])
    assert isinstance(answer, Http2Answer)
    assert (answer.status, answer.body) == (200, b"0123456789")


async def test_it_does_not_matter_where_reads_are_cut() -> None:
    for size in (1, 2, 7, 9, 10, 50):
        parts = [WHOLE[at : at + size] for at in range(0, len(WHOLE), size)]
        answer = await verdict(parts)
        assert isinstance(answer, Http2Answer)
        assert answer.body == b"0123456789"


@given(st.lists(frames, max_size=8), st.booleans())
@example([frame(1, 1, b"\x88", END_HEADERS), frame(0, 1, b"\x05abc", PADDED | END_STREAM)], True)
async def test_any_frames_in_any_order(sent: list[bytes], headed: bool) -> None:
    await verdict([SETTINGS, *([HEAD] if headed else []), *sent])


@given(st.lists(frames, max_size=6))
async def test_any_frames_while_a_request_is_being_sent(sent: list[bytes]) -> None:
    await verdict([SETTINGS, *sent], body=b"x" * 100_000)


@given(st.binary(max_size=200))
async def test_any_bytes(received: bytes) -> None:
    await verdict([received])
    await verdict([SETTINGS + received])


async def test_a_conversation_with_any_byte_changed() -> None:
    chance = random.Random(7)
    seen: set[str] = set()
    for at in range(len(WHOLE)):
        for value in (WHOLE[at] ^ 1, chance.randrange(256)):
            result = await verdict([WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]])
            seen.add(type(result).__name__)
    assert seen == {"NoneType", "Http2Answer", "TransportFailure"}
