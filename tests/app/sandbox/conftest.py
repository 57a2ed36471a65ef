"""A real sandbox on free ports, answering at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.sandbox import Sandbox, start
from tests.support.sandbox_world import Caller, Clock, calling


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: Clock) -> AsyncIterator[Sandbox]:
    async with await start(tmp_path / "sandbox", ports_from=None, latency_scale=0, clock=clock, seed=7) as running:
        yield running


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with calling(sandbox) as made:
        yield made


@pytest.fixture
def set_faults(sandbox: Sandbox) -> Callable[..., Awaitable[None]]:
    """`await set_faults("github", reset=True)`; underscores are hyphens."""

    async def change(name: str, **faults: Any) -> None:
        await sandbox.set_faults(name, {fault.replace("_", "-"): value for fault, value in faults.items()})

    return change
