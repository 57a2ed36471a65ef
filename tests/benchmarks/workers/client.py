"""One HTTP client in a process of its own: makes requests when asked and says what they cost it."""

from __future__ import annotations

import asyncio
import gc
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.peers import BODY
from tests.benchmarks.processes import answer_questions

One = Callable[[], Awaitable[bool]]
"""A request on a fresh connection; whether the whole answer came."""


@asynccontextmanager
async def transport(url: str, ca_file: str) -> AsyncIterator[One]:
    from probes.http import URL, Request
    from probes.transport import ProbeTransport

    address = URL(url)

    async def one() -> bool:
        probe = ProbeTransport(ca_file=ca_file)
        try:
            answer = await probe.send(Request("GET", address))
        finally:
            await probe.aclose()
        return answer.status == 200 and answer.body == BODY

    yield one


@asynccontextmanager
async def runner(url: str, ca_file: str) -> AsyncIterator[One]:
    from config.model import Config, Integration
    from probes.agent.compose import runner_for
    from probes.lag import LoopLag
    from probes.model import Outcome

    lag = LoopLag()
    lag.start()
    declared = Integration.model_validate(
        {
            "integration": "bench",
            "base_url": url.rstrip("/"),
            "tls": {"ca_file": ca_file},
            "quota": {"concurrent": 1000},
            "workflows": [{"name": "flow", "steps": [{"name": "get", "request": {"path": "/"}}]}],
        }
    )
    config = Config(root=Path(), version="v1", integrations=(declared,))
    engine = runner_for({}, lambda: datetime.now(UTC), lag)

    async def one() -> bool:
        now = datetime.now(UTC)
        run = await engine.run(declared, declared.workflows[0], region="local", config=config, scheduled_at=now)
        return run.outcome in (Outcome.PASSED, Outcome.TAINTED) and run.steps[0].response_bytes == len(BODY)

    yield one
    lag.stop()


@asynccontextmanager
async def httpx_client(url: str, ca_file: str) -> AsyncIterator[One]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(verify=_context(ca_file), limits=limits, trust_env=False) as client:

        async def one() -> bool:
            response = await client.get(url)
            return response.status_code == 200 and response.content == BODY

        yield one


@asynccontextmanager
async def aiohttp_client(url: str, ca_file: str) -> AsyncIterator[One]:
    import aiohttp

    connector = aiohttp.TCPConnector(force_close=True, limit=0, ssl=_context(ca_file))
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one() -> bool:
            async with session.get(url) as response:
                return response.status == 200 and await response.read() == BODY

        yield one


CLIENTS = {"transport": transport, "runner": runner, "httpx": httpx_client, "aiohttp": aiohttp_client}


def _context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


async def _several(one: One, count: int) -> int:
    return sum([await one() for _ in range(count)])


async def measured(client: Any, url: str, ca_file: str, count: int, at_once: int) -> dict[str, Any]:
    async with client(url, ca_file) as one:
        await _several(one, 5)
        gc.collect()
        began, spent = time.perf_counter(), time.process_time()
        good = await asyncio.gather(*(_several(one, count // at_once) for _ in range(at_once)))
        spent, took = time.process_time() - spent, time.perf_counter() - began
    return {"cpu_ms": spent * 1000, "took_s": took, "good": sum(good)}


if __name__ == "__main__":
    chosen = CLIENTS[sys.argv[1]]
    with asyncio.Runner() as loop:
        answer_questions(lambda **question: loop.run(measured(chosen, **question)))
