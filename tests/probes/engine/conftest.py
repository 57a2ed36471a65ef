"""Servers, a transport, a runner and an authority for the tests of the probe engine."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from probe_world import Authority, Play, Server, answer, certificate, distinguished, make_runner, wall_clock

from probes.runner import Runner
from probes.transport import ProbeTransport

Serve = Callable[..., Awaitable[Server]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[Server] = []

    async def start(*script: bytes | Play, context: ssl.SSLContext | None = None) -> Server:
        server = Server(list(script) or [answer(200, {})])
        await server.start(context)
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
async def transport() -> AsyncIterator[ProbeTransport]:
    probe = ProbeTransport()
    yield probe
    await probe.aclose()


@pytest.fixture
def runner() -> Runner:
    return make_runner()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    begins, ends = wall_clock() - timedelta(days=1), wall_clock() + timedelta(days=365)
    root = certificate(distinguished("Test CA"), distinguished("Test CA"), key, key, begins, ends, None)
    (directory / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return Authority(directory, key, root)
