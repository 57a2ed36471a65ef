"""The sandbox as a process of its own, so that it disturbs nobody's measurement."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from app.errors import UserError
from app.lifeline import SUPERVISOR, stop_when_orphaned
from app.logs import configure
from app.sandbox.finding import find
from app.sandbox.running import SandboxInfo, start

_STARTS_WITHIN_S: Final = 30.0

log = structlog.get_logger(__name__)


def main(directory: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until the supervising process is gone."""
    configure()
    asyncio.run(_serve(directory))


async def _serve(directory: Path) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with await start(directory) as sandbox:
        log.info("sandbox runs", admin=sandbox.admin_url, vendors=len(sandbox.vendors))
        lifeline = asyncio.create_task(stop_when_orphaned())
        await stopping.wait()
        lifeline.cancel()


@contextmanager
def running_sandbox(directory: Path) -> Iterator[SandboxInfo]:
    """A sandbox in a child process for as long as the context lasts. `UserError` when it does not start."""
    environ = {**os.environ, SUPERVISOR: str(os.getpid())}
    command = [sys.executable, "-m", "app.sandbox", "--directory", str(directory)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as child:  # noqa: S603 - our own module
        try:
            yield _wait_for(directory, child)
        finally:
            child.terminate()


def _wait_for(directory: Path, child: subprocess.Popen[bytes]) -> SandboxInfo:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and child.poll() is None:
        found = find(directory)
        if found is not None:
            return found
        time.sleep(0.05)
    raise UserError("the sandbox did not start; `leadline doctor` says what is wrong here", exit_code=1)
