"""An answer costs its cap of 8 MiB and at most 8 MiB more, whatever it is made of: measured from outside.

Where a body is encoded and hardly smaller by it, there are two within the cap: the one on the wire and the decoded one.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from hostile_world import OK, Play, goes_on, replays, request_head, says, whole

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
CAP_MIB, OVER_MIB = 8, 8
JSON = b"Content-Type: application/json"
PLAIN: dict[str, Any] = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}}
READS: dict[str, Any] = {**PLAIN, "expect": {"json": {"$.a": 1}}}
TEXT: dict[str, Any] = {**PLAIN, "expect": {"body": {"contains": "needle", "matches": "ne+dle"}}}
WHOLE: dict[str, Any] = {**PLAIN, "capture": {"all": "$"}, "expect": {"json": {"$": {"exists": True}, "$.b": 5}}}

pytestmark = pytest.mark.slow


def encoded(body: bytes, *encodings: str, extra: tuple[bytes, ...] = ()) -> bytes:
    return whole(body, b"Content-Encoding: " + ", ".join(encodings).encode(), *extra)


def gzip_of_zeroes(mib: int) -> bytes:
    pack = zlib.compressobj(9, wbits=31)
    return b"".join([*(pack.compress(bytes(MIB)) for _ in range(mib)), pack.flush()])


def brotli_of_zeroes(mib: int, window_log: int = 22) -> bytes:
    pack = brotli.Compressor(quality=5, lgwin=window_log)
    return b"".join([*(pack.process(bytes(MIB)) for _ in range(mib)), pack.finish()])


def zstd_of_zeroes(mib: int, window_log: int = 23) -> bytes:
    level = zstandard.ZstdCompressionParameters.from_level(3, window_log=window_log)
    pack = zstandard.ZstdCompressor(compression_params=level).compressobj()
    return b"".join([*(pack.compress(bytes(MIB)) for _ in range(mib)), pack.flush()])


def half_random(mib: int) -> bytes:
    return b"".join(os.urandom(512 * 1024) + bytes(512 * 1024) for _ in range(mib))


async def one_byte_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\nx\r\n" * 20_000)
        await writer.drain()


async def two_byte_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"2\r\nxy\r\n" * 20_000)
        await writer.drain()


def cases() -> Iterator[tuple[str, Play, dict[str, Any], str]]:
    """Name, what is played, the step, the kind of failure (or the outcome)."""
    head = b"HTTP/1.1 200 OK\r\n"
    yield "a body without end", goes_on(head + b"\r\n", b"a" * 65536), PLAIN, "body"
    yield "an error's body without end", goes_on(b"HTTP/1.1 500 No\r\n\r\n", b"a" * 65536), PLAIN, "body"
    yield "one-byte chunks without end", one_byte_chunks, PLAIN, "body"
    yield "two-byte chunks without end", two_byte_chunks, PLAIN, "body"
    yield "ten megabytes in a header", goes_on(head + b"X: ", b"a" * 65536), PLAIN, "protocol"
    yield "a million headers", goes_on(head, b"X-A: b\r\n" * 8192), PLAIN, "protocol"
    yield "interim answers without end", goes_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999), PLAIN, "protocol"
    yield from bombs()
    yield from documents()
    yield from texts()


def bombs() -> Iterator[tuple[str, Play, dict[str, Any], str]]:
    """Small on the wire, or as large as it may be."""
    for name, body in (("gzip", gzip_of_zeroes(512)), ("br", brotli_of_zeroes(512)), ("zstd", zstd_of_zeroes(512))):
        yield f"{name} bomb", says(encoded(body, name)), PLAIN, "body"
        packed = gzip.compress(body)
        yield f"{name} bomb in gzip", says(encoded(packed, name, "gzip")), PLAIN, "body"
    members = gzip_of_zeroes(1) * 40
    yield "gzip bomb of many members", says(encoded(members, "gzip")), PLAIN, "body"
    yield "zstd bomb of many frames", says(encoded(zstd_of_zeroes(1) * 40, "zstd")), PLAIN, "body"
    yield "zstd of a huge window", says(encoded(zstd_of_zeroes(1, 27), "zstd")), PLAIN, "body"
    yield "br of a huge window", says(encoded(brotli_of_zeroes(1, 24), "br")), PLAIN, "body"
    for name, pack in packers():
        yield f"{name} that is half random", says(encoded(pack(half_random(12)), name)), PLAIN, "body"
        yield f"{name} of 7 MiB", says(encoded(pack(os.urandom(7 * MIB)), name)), PLAIN, "passed"


def packers() -> Iterator[tuple[str, Any]]:
    level = zstandard.ZstdCompressionParameters.from_level(1, window_log=23)
    yield "gzip", lambda body: gzip.compress(body, 1)
    yield "br", lambda body: brotli.compress(body, quality=1, lgwin=22)
    yield "zstd", zstandard.ZstdCompressor(compression_params=level).compress


def documents() -> Iterator[tuple[str, Play, dict[str, Any], str]]:
    """JSON that is much larger once it is parsed."""
    for name, unit in (("lists", b"[]"), ("objects", b'{"a":1}'), ("numbers", b"1.5"), ("texts", b'"ab"')):
        body = b"[" + (unit + b",") * (8 * MIB // (len(unit) + 1) - 1) + unit + b"]"
        yield f"JSON of too many {name}", says(whole(body, JSON)), READS, "body"
        most = body[: MIB // 4]
        body = most[: most.rindex(b",")] + b"]"
        yield f"JSON of as many {name} as there may be", says(whole(body, JSON)), WHOLE, "assertion"
    wide = b'{"a": 1, "b": "' + b"x" * (8 * MIB - 100) + "\U0001f600".encode() + b'"}'
    yield "JSON of a wide text", says(whole(wide, JSON)), READS, "body"
    narrow = b'{"a": 1, "b": "' + b"x" * (5 * MIB) + b'"}'
    yield "JSON of a long text", says(whole(narrow, JSON)), READS, "passed"
    yield "JSON of a long text, shown", says(whole(narrow, JSON)), WHOLE, "assertion"
    yield "JSON of depth", says(whole(b"[" * 100_000 + b"]" * 100_000, JSON)), READS, "body"
    yield "JSON of one number", says(whole(b"9" * (8 * MIB), JSON)), READS, "body"


def texts() -> Iterator[tuple[str, Play, dict[str, Any], str]]:
    """Bodies that evidence and `expect.body` look at."""
    wide = b"x" * (8 * MIB - 8) + "\U0001f600".encode()
    yield "an error's wide text", says(whole(wide, status=b"500 No")), PLAIN, "status_5xx"
    form = b"Content-Type: application/x-www-form-urlencoded"
    yield "an error's form", says(whole(b"a=b&" * (2 * MIB), form, status=b"500 No")), PLAIN, "status_5xx"
    yield "an error's broken JSON", says(whole(b"[" * (8 * MIB), JSON, status=b"500 No")), PLAIN, "status_5xx"
    yield "a wide text that is searched", says(whole(wide)), TEXT, "assertion"


class Measured:
    """The process that measures, one case after the other."""

    def __init__(self, process: asyncio.subprocess.Process, good: str) -> None:
        self._process = process
        self._good = good

    async def case(self, url: str, step: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"url": url, "good": self._good, "step": step, "timeout": "20s"}
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self._process.stdin.drain()
        line = await asyncio.wait_for(self._process.stdout.readline(), 40)
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
async def measured(serve: Any) -> AsyncIterator[Measured]:
    good = await serve(replays(OK))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])}
    script = str(ROOT / "tests" / "support" / "hostile_memory.py")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, script, stdin=pipe, stdout=pipe, env=environ)
    yield Measured(process, good.url)
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def test_no_answer_costs_more_than_its_cap_and_as_much_again(serve: Any, measured: Measured) -> None:
    dear: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for name, play, step, expected in cases():
        found = await measured.case((await serve(play)).url, step)
        sys.stderr.write(
            f"{found.get('mib', 0):6.1f} MiB {found.get('seconds', 0):5.2f} s  {name}: {found.get('kind')}\n"
        )
        cap = 2 * CAP_MIB if name.endswith(("half random", "of 7 MiB")) else CAP_MIB
        if found.get("mib", 99) > cap + OVER_MIB or found.get("seconds", 99) > 10:
            dear[name] = found
        if (found.get("kind") or found["outcome"], found.get("good")) != (expected, "passed"):
            wrong[name] = found
    assert (dear, wrong) == ({}, {})
