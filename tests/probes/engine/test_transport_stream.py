"""The stream under every connection: what it promises its protocol, in clear and in TLS, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import shutil
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

import pytest
from probe_world import Authority, answer, then_close

from probes.http import Request
from probes.transport import ProbeTransport
from probes.transport.arrival import arrival, ask_for_stamps, connected_at
from probes.transport.failure import TransportFailure
from probes.transport.reader import AnswerReader
from probes.transport.stream import Stream

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"
WHOLE, CUT = answer(200, {"n": 1}), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"
_STAMP = struct.Struct("qq")


class Hearing(asyncio.Protocol):
    """Writes down what a stream tells."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.calls: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.more = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.more.set()

    def eof_received(self) -> bool:
        self.calls.append("eof")
        return False

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")
        self.more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")
        self.lost.set_result(exc)

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                self.more.clear()
                await self.more.wait()


@contextlib.asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await handler(reader, writer)

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(handle(reader, writer))
        task.add_done_callback(lambda _: writer.transport.abort())
        tasks.add(task)

    listener = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def connected(port: int) -> tuple[Stream, Hearing]:
    raw = socket.socket()
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    hearing = Hearing()
    return Stream(raw, hearing), hearing


def client_context(authority: Authority, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.ca_file)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


SCHEMES = pytest.mark.parametrize("secure", [False, True], ids=["in clear", "in TLS"])


async def opened(port: int, authority: Authority, *, secure: bool) -> tuple[Stream, Hearing]:
    stream, hearing = await connected(port)
    if secure:
        await stream.secure(client_context(authority), HOST)
    return stream, hearing


@SCHEMES
async def test_what_does_not_fit_at_once_is_sent_when_it_does_and_arrives_whole(
    authority: Authority, secure: bool
) -> None:
    sent = bytes(range(256)) * 40_000
    async with serving(echo, authority.server_context() if secure else None) as port:
        stream, hearing = await opened(port, authority, secure=secure)
        stream.write(sent)
        assert stream.get_write_buffer_size() > 0
        await hearing.until(lambda: len(hearing.received) == len(sent))
        assert bytes(hearing.received) == sent
        assert hearing.calls == ["pause", "resume"]
        assert stream.get_write_buffer_size() == 0
        stream.abort()
        await hearing.lost


@SCHEMES
async def test_an_orderly_end_is_heard_once_behind_all_that_came(authority: Authority, secure: bool) -> None:
    async def goodbye(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 300_000)
        writer.close()
        await writer.wait_closed()

    async with serving(goodbye, authority.server_context() if secure else None) as port:
        stream, hearing = await opened(port, authority, secure=secure)
        async with asyncio.timeout(10):
            assert await hearing.lost is None
        assert len(hearing.received) == 300_000
        assert hearing.calls == ["eof", "lost"]
        assert stream.is_closing()


async def test_an_end_without_close_notify_is_an_end(authority: Authority) -> None:
    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"all of it")
        await asyncio.sleep(0.02)
        writer.transport.abort()

    async with serving(cut, authority.server_context()) as port:
        _, hearing = await opened(port, authority, secure=True)
        async with asyncio.timeout(10):
            assert await hearing.lost is None
        assert (bytes(hearing.received), hearing.calls) == (b"all of it", ["eof", "lost"])


async def test_closing_sends_what_still_waits_and_aborting_does_not_wait() -> None:
    taken = asyncio.get_running_loop().create_future()

    async def count(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        taken.set_result(len(await reader.read(-1)))

    async with serving(count) as port:
        stream, hearing = await connected(port)
        stream.write(b"x" * 8_000_000)
        stream.close()
        stream.write(b"too late")
        async with asyncio.timeout(10):
            assert await taken == 8_000_000
            assert await hearing.lost is None
    stream.abort()
    stream.close()
    assert hearing.calls.count("lost") == 1


async def test_a_protocol_that_takes_over_too_late_still_hears_of_the_end() -> None:
    async def end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with serving(end) as port:
        stream, hearing = await connected(port)
        async with asyncio.timeout(10):
            await hearing.lost
            late = Hearing()
            stream.set_protocol(late)
            assert await late.lost is None


async def test_an_answer_that_came_before_the_request_was_refused_is_read(transport: ProbeTransport) -> None:
    async def too_large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(413, {"limit": 1}))
        await writer.drain()
        await asyncio.sleep(0.02)
        # With the rest of the request unread, this is a reset.
        writer.transport.abort()

    async with serving(too_large) as port:
        request = Request("POST", f"http://127.0.0.1:{port}/", content=b"x" * 30_000_000)
        response = await transport.handle_async_request(request)
    assert (response.status_code, response.json()) == (413, {"limit": 1})


async def test_a_handshake_that_the_other_side_ends_is_an_error_and_leaves_nothing_open() -> None:
    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serving(hang_up) as port:
        stream, hearing = await connected(port)
        with pytest.raises(OSError):  # noqa: PT011 - which one is the kernel's to say
            await stream.secure(ssl.create_default_context(), "localhost")
        assert stream.get_extra_info("socket").fileno() == -1
        await hearing.lost


async def test_a_handshake_given_up_leaves_nothing_open() -> None:
    async def silence(_reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with serving(silence) as port:
        stream, hearing = await connected(port)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stream.secure(ssl.create_default_context(), "localhost")
        assert stream.get_extra_info("socket").fileno() == -1
        await hearing.lost


async def test_a_refused_certificate_is_told_to_the_server(authority: Authority) -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        raw, _ = listener.accept()
        with raw, pytest.raises(ssl.SSLError) as refused:
            authority.server_context().wrap_socket(raw, server_side=True).recv(1)
        told.get_loop().call_soon_threadsafe(told.set_result, refused.value.reason)

    thread = threading.Thread(target=accept)
    thread.start()
    stream, _ = await connected(listener.getsockname()[1])
    with pytest.raises(ssl.SSLCertVerificationError):
        await stream.secure(ssl.create_default_context(), "localhost")
    async with asyncio.timeout(10):
        assert "UNKNOWN_CA" in await told
    thread.join()
    listener.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command, which can ask for new keys")
@pytest.mark.parametrize(
    ("version", "command"),
    [(ssl.TLSVersion.TLSv1_3, b"K"), (ssl.TLSVersion.TLSv1_2, b"r")],
    ids=["a key update that wants an answer", "a renegotiation"],
)
async def test_new_keys_in_mid_session_are_agreed_on_and_bytes_go_on_both_ways(
    authority: Authority, version: ssl.TLSVersion, command: bytes
) -> None:
    authority.server_context("openssl")
    certificate = str(authority.directory / "openssl.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(
        "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-naccept", "1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        async with asyncio.timeout(20):
            await server.stdout.readuntil(b"ACCEPT")
            stream, hearing = await connected(port)
            await stream.secure(client_context(authority, version), HOST)
            await server.stdout.readuntil(b"CIPHER is")
            server.stdin.write(command + b"\n")
            # A command swallows what is read together with it, and nothing says that it was carried out.
            while b"said after it\n" not in hearing.received:
                await asyncio.sleep(0.05)
                server.stdin.write(b"said after it\n")
            stream.write(b"heard after it\n")
            await server.stdout.readuntil(b"heard after it\n")
            stream.abort()
            await hearing.lost
    finally:
        if server.returncode is None:
            server.kill()
        await server.communicate()


async def test_bytes_that_wait_for_a_busy_loop_are_stamped_when_they_came() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stream, hearing = await connected(listener.getsockname()[1])
    other, _ = listener.accept()
    if not ask_for_stamps(other):
        pytest.skip("this kernel does not stamp packets")
    for _ in range(2):  # the first makes sure that stamping has begun
        hearing.received.clear()
        other.send(b"now")
        sent = time.perf_counter()
        time.sleep(0.1)  # noqa: ASYNC251 - this is the busy loop
        await hearing.until(lambda: hearing.received)
    assert stream.arrived < sent + 0.05
    stream.abort()
    await hearing.lost
    other.close()
    listener.close()


@pytest.mark.parametrize(
    "age_s", [-5.0, 3600.0], ids=["the wall clock was set back since", "the wall clock was set forward since"]
)
def test_a_stamp_that_cannot_be_is_not_believed(age_s: float) -> None:
    at = time.time_ns() - int(age_s * 1e9)
    before = time.perf_counter()
    assert arrival([(socket.SOL_SOCKET, 35, _STAMP.pack(at // 10**9, at % 10**9))]) >= before


@pytest.mark.parametrize(
    ("pauses", "late_by"),
    [([], 1e-6), *(([look], 50e-6) for look in range(6)), (range(100), 4.001e-3)],
    ids=["never", *(f"before look {look}" for look in range(6)), "before every look"],
)
def test_bytes_came_no_later_than_their_stamp_tells_whenever_the_processor_is_taken_away(
    monkeypatch: pytest.MonkeyPatch, pauses: Collection[int], late_by: float
) -> None:
    stamp = _STAMP.pack(Clocks.WALL_S, 2_000_000)
    monkeypatch.setattr("probes.transport.arrival.time", Clocks(0.010, pauses))
    assert -1e-9 <= arrival([(socket.SOL_SOCKET, 35, stamp)]) - 0.002 <= late_by


class Clocks:
    """The module `time` on a machine that loses its processor for 4 ms before some of the looks at a clock."""

    WALL_S = 1_800_000_000

    def __init__(self, at: float, pauses: Collection[int]) -> None:
        self._at, self._pauses, self._looks = at, pauses, 0

    def perf_counter(self) -> float:
        return self._look()

    def time_ns(self) -> int:
        return self.WALL_S * 10**9 + round(self._look() * 1e9)

    def _look(self) -> float:
        self._at += 0.004 if self._looks in self._pauses else 1e-7
        self._looks += 1
        return self._at


def test_without_a_stamp_the_moment_of_reading_counts() -> None:
    before = time.perf_counter()
    assert arrival([]) >= before
    assert arrival([(socket.SOL_SOCKET, 1, b"something else")]) >= before


def test_a_connection_came_about_after_it_was_asked_for_and_before_it_was_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as connecting:
        began = time.perf_counter()
        connecting.connect(listener.getsockname())
        time.sleep(0.05)
        at = connected_at(connecting, began)
        assert began < at <= time.perf_counter()


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "said", [answer(200, {"n": 1}), then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")]
)
async def test_what_is_over_is_freed_at_once_and_leaves_no_garbage(
    serve: Any, authority: Authority, tls: bool, said: Any
) -> None:
    server = await serve(said, context=authority.server_context() if tls else None)
    transport = ProbeTransport(ca_file=authority.ca_file)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(TransportFailure):
            await transport.send(Request("GET", f"{server.url}/"))
        await transport.aclose()
        # The stream tells of its end in a turn of its own.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [kept for kept in gc.get_objects() if isinstance(kept, Stream | AnswerReader)] == []
    finally:
        gc.enable()
