"""What a hostile answer becomes: the kind of failure, in time, through the whole engine, and the prober goes on."""

from __future__ import annotations

import gzip
import time
from typing import Any

import pytest
from hostile_world import OK, Play, blurts, chunked, goes_on, replays, says, whole

from probes.model import FailureKind, Outcome, Run

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZED = HEAD + b"Content-Length: 100\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
JSON = b"Content-Type: application/json"
MORE_TIME_S = 3.0
"""Beyond its clock, for a machine that has other things to do; less than the next longer clock."""

BODY, PROTOCOL, TIMEOUT, DEADLINE = FailureKind.BODY, FailureKind.PROTOCOL, FailureKind.TIMEOUT, FailureKind.DEADLINE

# What the server plays, the kind of failure, words of its message.
ENDED: dict[str, tuple[Play, FailureKind, str]] = {
    "ten megabytes in one header": (goes_on(HEAD + b"X: ", b"a" * 65536), PROTOCOL, "header section is larger than"),
    "a million headers": (goes_on(HEAD, b"X-A: b\r\n" * 8192), PROTOCOL, "header section"),
    "a body without end": (goes_on(HEAD + b"\r\n", b"a" * 65536), BODY, "larger than 8,388,608 bytes"),
    "chunks without end": (goes_on(CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n"), BODY, "larger than 8,388,608"),
    "chunk extensions without end": (goes_on(CHUNKED, b"1;" + b"e" * 65000 + b"\r\nx\r\n"), BODY, "more framing"),
    "trailers without end": (goes_on(CHUNKED + b"0\r\n", b"T: 1\r\n" * 500), BODY, "more than 256 fields"),
    "interim answers without end": (goes_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), PROTOCOL, "16 interim"),
    "early hints with headers without end": (
        goes_on(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"a" * 9000 + b">\r\n\r\n"), PROTOCOL, "is larger than",
    ),
    "another protocol, unasked": (
        says(HEAD.replace(b"200 OK", b"101 Switching Protocols") + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n"),
        PROTOCOL, "switched protocols without being asked to",
    ),
    "a length that is too long": (says(HEAD + b"Content-Length: 100\r\n\r\nshort"), BODY, "after 5 of 100 bytes"),
    "a negative length": (says(HEAD + b"Content-Length: -1\r\n\r\nab"), PROTOCOL, "content-length"),
    "a length beyond all numbers": (says(HEAD + b"Content-Length: 99999999999999999999\r\n\r\na"), PROTOCOL, "length"),
    "a length that is no number": (says(HEAD + b"Content-Length: many\r\n\r\na"), PROTOCOL, "content-length"),
    "two different lengths": (
        says(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"), PROTOCOL, "duplicate content-length",
    ),
    "a length beside chunks": (
        says(HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abc")),
        PROTOCOL,
        "content-length",
    ),
    "chunks beside a length": (
        says(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + chunked(b"abc")),
        PROTOCOL,
        "content-length",
    ),
    "chunks that stop between two": (says(CHUNKED + b"5\r\nabcde\r\n"), BODY, "without its last chunk"),
    "chunks that stop within one": (says(CHUNKED + b"5\r\nabc"), BODY, "without its last chunk"),
    "a chunk size that is no number": (says(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), BODY, "unreadable body"),
    "a chunk size beyond all numbers": (says(CHUNKED + b"f" * 17 + b"\r\nabc"), BODY, "unreadable body"),
    "a negative chunk size": (says(CHUNKED + b"-1\r\na\r\n0\r\n\r\n"), BODY, "unreadable body"),
    "a chunk longer than its size": (says(CHUNKED + b"2\r\nabcdef\r\n0\r\n\r\n"), BODY, "unreadable body"),
    "a reset within the body": (says(SIZED + b"0123456789", then="reset"), BODY, "reset after 10 bytes of body"),
    "a reset within the headers": (says(HEAD + b"X-A", then="reset"), PROTOCOL, "connection reset before"),
    "a reset at once": (says(then="reset"), PROTOCOL, "connection reset before"),
    "the end without an answer": (says(), PROTOCOL, "closed the connection before answering"),
    "the end within the headers": (says(HEAD + b"X-Half: 1"), PROTOCOL, "within the header section"),
    "HTTP/0.9": (says(b"<html>hello</html>"), PROTOCOL, "unreadable answer"),
    "HTTP/9.9": (says(b"HTTP/9.9 200 OK\r\n\r\n"), PROTOCOL, "unreadable answer"),
    "a status that is no number": (says(b"HTTP/1.1 abc OK\r\n\r\n"), PROTOCOL, "unreadable answer"),
    "a banner of something else": (blurts(b"SSH-2.0-OpenSSH_9.2\r\n"), PROTOCOL, "unreadable answer"),
    "a mail server": (blurts(b"220 mail.example ESMTP\r\n", then="wait"), PROTOCOL, "unreadable answer"),
    "a space before the colon": (says(HEAD + b"Content-Length : 2\r\n\r\nab"), PROTOCOL, "unreadable answer"),
    "a zero byte in a header": (says(HEAD + b"X-A: a\0b\r\n\r\n"), PROTOCOL, "unreadable answer"),
    "line feeds alone": (says(b"HTTP/1.1 200 OK\nContent-Length: 8\n\n12345678"), PROTOCOL, "missing expected cr"),
    "not gzip at all": (says(whole(b"plain text", b"Content-Encoding: gzip")), BODY, "not valid gzip"),
    "gzip that ends too soon": (
        says(whole(gzip.compress(b"a" * 999)[:-9], b"Content-Encoding: gzip")), BODY, "gzip body is truncated",
    ),
    "an encoding that nobody asked for": (says(whole(b"abc", b"Content-Encoding: compress")), BODY, "not asked for"),
}  # fmt: skip

ENDLESS: dict[str, tuple[Play, FailureKind, str]] = {
    "silence": (says(then="wait"), TIMEOUT, "waiting for the first byte"),
    "silence before the request is read": (blurts(then="wait"), TIMEOUT, "waiting for the first byte"),
    "headers a byte at a time": (
        says(*(bytes([one]) for one in HEAD * 9), pause=0.05), TIMEOUT, "during download",
    ),
    "a body a byte at a time": (says(SIZED, *[b"x"] * 99, pause=0.05), TIMEOUT, "during download"),
    "chunks a byte at a time": (says(CHUNKED, *[b"1\r\nx\r\n"] * 99, pause=0.05), TIMEOUT, "during download"),
    "interim answers now and then": (
        says(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 9, pause=0.1, then="wait"), TIMEOUT, "waiting for the first byte",
    ),
    "half a body": (says(SIZED + b"half", then="wait"), TIMEOUT, "during download"),
    "half a chunk size": (says(CHUNKED + b"1", then="wait"), TIMEOUT, "during download"),
}  # fmt: skip


async def timed(probe: Any, server: Any, *steps: Any, **more: Any) -> tuple[Run, float]:
    began = time.perf_counter()
    run = await probe(server, *steps, **more)
    return run, time.perf_counter() - began


@pytest.mark.parametrize("name", ENDED)
async def test_an_answer_that_cannot_be_used_ends_at_once_with_its_kind(serve: Any, probe: Any, name: str) -> None:
    play, kind, words = ENDED[name]
    run = await probe(await serve(play), timeout="5s")
    assert run.failure is not None
    assert (run.failure.kind, words in run.failure.message.lower()) == (kind, True), run.failure
    assert run.outcome is Outcome.FAILED
    assert run.duration_ms < 2000
    assert run.evidence


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_answer_that_never_ends_is_cut_by_the_clock(serve: Any, probe: Any, name: str) -> None:
    play, kind, words = ENDLESS[name]
    server = await serve(play)
    step = {"name": "call", "request": {"path": "/", "timeout": "300ms"}, "retry": {"attempts": 1}}
    run, took = await timed(probe, server, step, timeout="5s")
    assert run.failure is not None
    assert (run.failure.kind, words in run.failure.message) == (kind, True), run.failure
    assert took < 0.3 + MORE_TIME_S
    late, took = await timed(probe, server, timeout="300ms")
    assert late.failure is not None
    assert late.failure.kind is DEADLINE
    assert took < 0.3 + MORE_TIME_S


GOOD: dict[str, Play] = {
    "HTTP/1.0 until the end": says(b"HTTP/1.0 200 OK\r\n" + JSON + b'\r\n\r\n{"a": 1}'),
    "no length, until the end": says(HEAD + JSON + b'\r\n\r\n{"a": 1}'),
    "a length that is too short": says(HEAD + JSON + b'\r\nContent-Length: 8\r\n\r\n{"a": 1} and more'),
    "a header that is not UTF-8": says(whole(b'{"a": 1}', JSON, b"X-Odd: \xff\xfe")),
    "a byte order mark": says(whole(b'\xef\xbb\xbf{"a": 1}', JSON)),
    "UTF-16": says(whole('{"a": 1}'.encode("utf-16"), JSON)),
    "a name twice, the last one counts": says(whole(b'{"a": 2, "a": 1}', JSON)),
    "one interim answer": says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + whole(b'{"a": 1}', JSON)),
    "an answer before the request is read": blurts(whole(b'{"a": 1}', JSON), then="wait"),
    "chunks of one byte": says(CHUNKED[:-2] + JSON + b"\r\n\r\n" + chunked(*(bytes([b]) for b in b'{"a": 1}'))),
    "trailers": says(CHUNKED[:-2] + JSON + b'\r\n\r\n8\r\n{"a": 1}\r\n0\r\nX-Sum: 1\r\n\r\n'),
    "two hundred levels": says(whole(b'{"a": 1, "b": ' + b"[" * 199 + b"]" * 199 + b"}", JSON)),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_only_odd_is_read(serve: Any, probe: Any, name: str) -> None:
    step = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}, "expect": {"json": {"$.a": 1}}}
    run = await probe(await serve(GOOD[name]), step)
    assert run.outcome is Outcome.PASSED, run.failure


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b'{"a": "\xff"}', "not valid utf-8 at byte 7"),
    "nested a hundred thousand times": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "half a million brackets": (b"{\"a\":" * 100_000 + b"1" + b"}" * 100_000, "more of it than can be read"),
    "objects nested beyond the limit": (b'{"a":' * 201 + b"1" + b"}" * 201, "nested too deeply"),
    "nested beyond the limit": (b"[" * 201 + b"]" * 201, "nested too deeply"),
    "an exponent beyond all doubles": (b'{"a": 1e400}', "a number larger than any double"),
    "a hundred thousand digits": (b'{"a": ' + b"9" * 100_000 + b"}", "a number of more digits than can be read"),
    "NaN": (b'{"a": NaN}', "a number that JSON does not have"),
    "two documents": (b'{"a": 1}{"a": 1}', "extra data"),
    "half a document": (b'{"a": ', "at line 1 column"),
    "a zero byte": (b'{"a": "\0"}', "invalid control character"),
    "three million empty lists": (b"[" + b"[]," * 2_700_000 + b"[]]", "more of it than can be read"),
    "eight megabytes of one emoji-wide text": (b'{"a": "' + b"x" * 8_000_000 + '\U0001f600"}'.encode(), "more of it"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
async def test_json_that_cannot_be_read_is_a_failure_of_the_body(serve: Any, probe: Any, name: str) -> None:
    body, words = UNREADABLE[name]
    step = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}, "expect": {"json": {"$.a": 1}}}
    run = await probe(await serve(says(whole(body, JSON))), step, timeout="5s")
    assert run.failure is not None
    assert (run.failure.kind, words in run.failure.message) == (BODY, True), run.failure
    assert len(run.failure.message) < 300
    assert run.duration_ms < 2000


async def test_json_too_large_to_read_is_no_failure_where_nothing_reads_it(serve: Any, probe: Any) -> None:
    run = await probe(await serve(says(whole(b"[" + b"[]," * 2_000_000 + b"[]]", JSON))))
    assert run.outcome is Outcome.PASSED


async def test_half_a_character_fails_what_reads_it_and_nothing_else(serve: Any, probe: Any) -> None:
    half = says(whole(b'{"a": "\\ud800", "b": 1}', JSON))
    schema = {"name": "held", "request": {"path": "/"}, "retry": {"attempts": 1}, "expect": {"schema": "s.json"}}
    schemas = {"s.json": {"properties": {"a": {"pattern": "^a"}}}}
    run = await probe(await serve(half), schema, schemas=schemas)
    assert run.failure is not None
    assert run.failure.kind is FailureKind.SCHEMA
    take = {"name": "take", "request": {"path": "/"}, "capture": {"a": "$.a"}, "expect": {"json": {"$.b": 1}}}
    give = {"name": "give", "request": {"path": "/{{a}}", "headers": {"X-A": "{{a}}"}, "json": {"a": "{{a}}"}}}
    run = await probe(await serve(half), take, give)
    assert run.failed_step == "give"
    assert run.failure is not None
    assert run.failure.kind is FailureKind.INTERNAL
    assert "text that cannot be sent" in run.failure.message


@pytest.mark.parametrize("value", ["a\\r\\nX-Evil: 1", "a\\nX-Evil: 1", "a\\u0000b"], ids=["CRLF", "LF", "NUL"])
async def test_a_captured_value_cannot_write_a_header_of_its_own(serve: Any, probe: Any, value: str) -> None:
    server = await serve(replays(whole(b'{"a": "%s"}' % value.encode(), JSON)))
    take = {"name": "take", "request": {"path": "/"}, "capture": {"a": "$.a"}}
    give = {"name": "give", "request": {"path": "/", "headers": {"X-A": "{{a}}"}}, "retry": {"attempts": 1}}
    run = await probe(server, take, give)
    assert run.failed_step == "give"
    assert run.failure is not None
    assert run.failure.kind is FailureKind.INTERNAL
    assert "X-Evil" not in run.failure.message


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", whole(b"a body that HEAD must not have")),
        ("GET", whole(b"a body that 204 must not have", status=b"204 No Content")),
        ("GET", OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("GET", OK + b"garbage"),
    ],
    ids=["HEAD with a body", "204 with a body", "a second answer", "garbage behind the answer"],
)
async def test_what_follows_an_answer_spoils_the_connection_and_not_the_answer(
    serve: Any, probe: Any, method: str, answer: bytes
) -> None:
    server = await serve(replays(answer))
    steps = [{"name": str(n), "request": {"method": method, "path": "/"}, "retry": {"attempts": 1}} for n in range(3)]
    run = await probe(server, *steps)
    assert run.outcome is Outcome.PASSED, run.failure
    assert server.met == 3
    assert all(step.timings.connect_ms is not None for step in run.steps)
