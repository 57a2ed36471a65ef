"""Runs through engine and outbox as fast as they go, and the memory that the process has after each thousand."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.model import Config, Integration
from probes.agent.compose import runner_for
from probes.agent.mailbox import Mailbox
from probes.agent.outbox import Outbox
from probes.lag import LoopLag
from probes.model import Run
from probes.runner import Runner
from tests.benchmarks.processes import answer_questions, resident_mb

AT_ONCE = 20
EACH = 1000
SECRET = "SOAK_TOKEN"


def now() -> datetime:
    return datetime.now(UTC)


def declared(plain: str, tls: str, ca_file: str) -> Config:
    """Twenty integrations: half over TLS, one in ten with an expectation that fails, so that evidence is gathered."""

    def one(number: int) -> Integration:
        expected = "delivered" if number % 10 else "something else"
        step = {
            "name": "get",
            "request": {"path": "/", "query": {"run": "{{run_id}}"}},
            "capture": {"id": "$.items[1].id"},
            "expect": {"json": {"$.items[0].state": expected}},
        }
        return Integration.model_validate(
            {
                "integration": f"vendor-{number:02}",
                "base_url": (tls if number % 2 else plain).rstrip("/"),
                "auth": {"kind": "bearer", "token": f"${{env:{SECRET}}}", "credential": f"vendor-{number:02}"},
                "tls": {"ca_file": ca_file},
                "workflows": [{"name": "flow", "every": "1m", "steps": [step]}],
            }
        )

    return Config(root=Path(), version="v1", integrations=tuple(one(number) for number in range(20)))


async def carried_out(config: Config, runner: Runner, mailbox: Mailbox, numbers: Any, until: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        integration = config.integrations[number % len(config.integrations)]
        run: Run = await runner.run(
            integration, integration.workflows[0], region="local", config=config, scheduled_at=now()
        )
        outcomes[run.outcome.value] += 1
        await mailbox.append(run)
        if number >= until - AT_ONCE:
            break
    return outcomes


async def soak(plain: str, tls: str, ca_file: str, runs: int, within_s: float) -> dict[str, Any]:
    """Memory in MB after each thousand runs, what came of them, and how long it took."""
    config, lag, began = declared(plain, tls, ca_file), LoopLag(), time.monotonic()
    lag.start()
    runner = runner_for({SECRET: "a-secret-of-the-benchmark"}, now, lag)
    resident, outcomes = [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Mailbox(lambda: Outbox(Path(folder) / "outbox.sqlite", "local", now()), now)
        await mailbox.open()
        numbers = itertools.count()
        for until in range(EACH, runs + 1, EACH):
            several = [carried_out(config, runner, mailbox, numbers, until) for _ in range(AT_ONCE)]
            for part in await asyncio.gather(*several):
                outcomes += part
            while (parcel := await mailbox.parcel(500)) is not None:
                await mailbox.acknowledge(parcel[0].last)
            resident.append(resident_mb(os.getpid()))
            if time.monotonic() - began > within_s:
                break
        await mailbox.close(clean=True)
    lag.stop()
    took = time.monotonic() - began
    return {"resident_mb": resident, "outcomes": outcomes, "took_s": took, "each": EACH}


if __name__ == "__main__":
    answer_questions(lambda **question: asyncio.run(soak(**question)))
