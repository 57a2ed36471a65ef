"""Hostile servers, and a runner whose prober must go on after each of them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hostile_world import OK, Hostile, Play, replays
from probe_world import Authority, certificate, distinguished, integration, make_runner, run_once, wall_clock

from probes.model import Outcome, Run
from probes.runner import Runner
from probes.wire import dump_run, parse_run

Serve = Callable[..., Awaitable[Hostile]]
Probe = Callable[..., Awaitable[Run]]

STEP: dict[str, Any] = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[Hostile] = []

    async def start(
        play: Play, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> Hostile:
        server = Hostile(play, host=host)
        await server.start(context, port)
        running.append(server)
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
def runner() -> Runner:
    return make_runner()


@pytest.fixture
async def probe(serve: Serve, runner: Runner) -> Probe:
    """Runs one step against a server. Afterwards the same runner must measure a good server well, and what it
    reported must survive the way to the hub."""

    async def run(server: Hostile | str, *steps: dict[str, Any], **more: Any) -> Run:
        url, schemas = server if isinstance(server, str) else server.url, more.pop("schemas", {})
        declared = integration(url, *(steps or (STEP,)), **{"timeout": "1s", **more})
        found = await run_once(runner, declared, **schemas)
        good = await serve(replays(OK))
        after = await run_once(runner, integration(good.url, STEP, integration="good"))
        assert after.outcome is Outcome.PASSED, after.failure
        assert parse_run(dump_run(found)).failure == found.failure
        return found

    return run


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    begins, ends = wall_clock() - timedelta(days=1), wall_clock() + timedelta(days=365)
    root = certificate(distinguished("Test CA"), distinguished("Test CA"), key, key, begins, ends, None)
    (directory / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return Authority(directory, key, root)
