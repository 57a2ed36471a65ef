"""Transport faults, observed on real sockets."""

from __future__ import annotations

import asyncio
import ssl
import time

import httpx
import pytest

from app.sandbox import start

VENDOR = "github"


async def test_connection_refused_is_refused_and_comes_back_on_the_same_port(caller, sandbox, set_faults) -> None:
    url = sandbox.url(VENDOR)
    assert (await caller.good_call(VENDOR)).is_success
    await set_faults(VENDOR, connection_refused=True)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
    await sandbox.clear_faults(VENDOR)
    assert sandbox.url(VENDOR) == url
    assert (await caller.good_call(VENDOR)).is_success


async def test_refusing_also_cuts_connections_that_were_open(caller, sandbox, set_faults) -> None:
    assert (await caller.good_call(VENDOR)).is_success
    await set_faults(VENDOR, connection_refused=True)
    with pytest.raises(httpx.TransportError):
        await caller.good_call(VENDOR)


async def test_reset_is_a_tcp_reset_in_the_middle_of_the_answer(sandbox, set_faults) -> None:
    await set_faults(VENDOR, reset=True)
    with pytest.raises(ConnectionResetError):
        await raw_answer(sandbox)


async def test_a_truncated_body_is_shorter_than_promised(sandbox, caller, set_faults) -> None:
    await set_faults(VENDOR, truncated_body=True)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await caller.good_call(VENDOR)
    head, _, body = (await raw_answer(sandbox)).partition(b"\r\n\r\n")
    promised = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-le"))
    assert 0 < len(body) < promised


async def test_an_expired_certificate_is_presented_until_cleared(caller, sandbox, set_faults) -> None:
    await set_faults(VENDOR, tls_expired=True)
    with pytest.raises(httpx.ConnectError, match="certificate has expired"):
        await caller.good_call(VENDOR)
    await sandbox.clear_faults(VENDOR, "tls-expired")
    assert (await caller.good_call(VENDOR)).is_success


async def test_an_expired_certificate_reaches_a_client_that_keeps_its_connection(caller, set_faults) -> None:
    assert (await caller.good_call(VENDOR)).is_success
    await set_faults(VENDOR, tls_expired=True)
    with pytest.raises(httpx.TransportError):
        await caller.good_call(VENDOR)


async def test_slow_drip_sends_the_body_a_byte_at_a_time(caller, sandbox, set_faults) -> None:
    await set_faults(VENDOR, slow_drip=1)
    async with caller.http.stream("GET", sandbox.url(VENDOR) + "/x", headers=await caller.headers(VENDOR)) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert len(pieces) > 20
    assert max(map(len, pieces)) < 20


async def test_latency_in_milliseconds_is_waited_out(caller, set_faults) -> None:
    await set_faults(VENDOR, latency=60)
    began = time.perf_counter()
    await caller.good_call(VENDOR)
    assert time.perf_counter() - began >= 0.06


async def test_latency_as_a_factor_stretches_the_usual(tmp_path) -> None:
    async with await start(tmp_path, ports_from=None, latency_scale=0.1, seed=1) as sandbox:
        await sandbox.set_faults(VENDOR, {"latency": "x20"})
        trust = ssl.create_default_context(cafile=sandbox.environment["SANDBOX_CA"])
        async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
            began = time.perf_counter()
            await http.get(sandbox.url(VENDOR) + "/rate_limit")
    assert time.perf_counter() - began >= 0.06


async def test_connections_are_kept_alive(sandbox) -> None:
    reader, writer = await opened(sandbox)
    for _ in range(3):
        writer.write(b"GET /rate_limit HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        assert head.startswith(b"HTTP/1.1 401 ")
        await reader.readexactly(length)
    await closed(writer)


async def test_garbage_is_answered_with_400(sandbox) -> None:
    reader, writer = await opened(sandbox)
    writer.write(b"\x16\x03 nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    await closed(writer)


async def test_a_body_beyond_the_limit_is_refused(caller) -> None:
    answer = await caller.http.post(caller.sandbox.admin_url + "/faults", content=b"x" * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


async def opened(sandbox) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trust = ssl.create_default_context(cafile=sandbox.environment["SANDBOX_CA"])
    return await asyncio.open_connection("127.0.0.1", sandbox.targets[VENDOR].listener.port, ssl=trust)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except (ConnectionError, ssl.SSLError):
        return


async def raw_answer(sandbox) -> bytes:
    """Everything that comes back on one connection, until it ends."""
    reader, writer = await opened(sandbox)
    writer.write(b"GET /repos/leadline-demo/storefront HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        return await reader.read()
    finally:
        await closed(writer)
