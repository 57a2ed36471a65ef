"""Every workflow once, now: what `leadline run` does, with the prober's own engine and no hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Final

from config.model import Config
from probes.agent.compose import runner_for
from probes.agent.process import utc_now
from probes.agent.work import RunsWorkflows, Work
from probes.auth.tokens import TokenCache
from probes.lag import LoopLag
from probes.memory import Memory
from probes.model import Run

CONCURRENCY: Final = 10


async def run_once(
    config: Config,
    environ: Mapping[str, str],
    *,
    region: str,
    wanted: Collection[tuple[str, str]] | None = None,
    concurrency: int = CONCURRENCY,
    clock: Callable[[], datetime] = utc_now,
    tokens: TokenCache | None = None,
    memory: Memory | None = None,
) -> AsyncIterator[Run]:
    """Runs in the order in which they end. `wanted`: (integration, workflow) pairs; None means all. Refresh tokens that
    a vendor rotates live on in `tokens`; without them they are lost at the end.

    Every workflow counts, whatever regions it is scheduled in: the run is made here and says so as `region`.
    """
    works = [
        Work(config, integration, workflow)
        for integration in config.integrations
        for workflow in integration.workflows
        if wanted is None or (integration.name, workflow.name) in wanted
    ]
    lag = LoopLag()
    lag.start()
    try:
        runner = runner_for(environ, clock, lag, tokens, memory)
        async with aclosing(_as_they_end(runner, works, region, concurrency, clock)) as runs:
            async for run in runs:
                yield run
    finally:
        lag.stop()


async def _as_they_end(
    runner: RunsWorkflows, works: list[Work], region: str, concurrency: int, clock: Callable[[], datetime]
) -> AsyncGenerator[Run, None]:
    room = asyncio.Semaphore(concurrency)

    async def one(work: Work) -> Run:
        async with room:
            return await runner.run(
                work.integration, work.workflow, region=region, config=work.config, scheduled_at=clock()
            )

    tasks = [asyncio.create_task(one(work)) for work in works]
    try:
        for ended in asyncio.as_completed(tasks):
            yield await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
