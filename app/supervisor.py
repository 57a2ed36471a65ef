"""Keeps child processes running: starts them in order, restarts what dies with backoff, stops them in reverse."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from app.errors import UserError
from app.lifeline import SUPERVISOR

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0
READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running. `ready` says whether it serves yet; the next child starts only then."""

    name: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready: Callable[[], bool] = lambda: True


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """A signal to stop came while a child was starting."""


@dataclass(slots=True)
class Supervisor:
    """Runs children until `stop`; a child that cannot even start once is an error, one that dies later is restarted."""

    first_backoff_s: float = 1.0
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the supervision."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)

    async def start(self, child: Child) -> None:
        """Start the child and wait until it is ready. `UserError` if it ends or stays silent instead, `Interrupted`
        when a signal comes before."""
        process = await self._spawn(child)
        deadline = time.monotonic() + READY_WITHIN_S
        while not await asyncio.to_thread(child.ready):
            if self._stopping.is_set():
                raise Interrupted
            if process.returncode is not None:
                raise UserError(f"the {child.name} ended at its start", exit_code=max(1, process.returncode))
            if time.monotonic() > deadline:
                raise UserError(f"the {child.name} did not answer within {READY_WITHIN_S:g} s", exit_code=1)
            await asyncio.sleep(0.05)
        self._keepers.append(asyncio.create_task(self._keep(child, process)))

    async def run_to_end(self, child: Child) -> int:
        """Start the child and wait for its end → its exit code. `Interrupted` when a signal comes before."""
        process = await self._spawn(child)
        waits = [asyncio.create_task(wait) for wait in (process.wait(), self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if process.returncode is None:
            raise Interrupted
        return process.returncode

    async def wait(self) -> None:
        """Until a signal comes."""
        await self._stopping.wait()

    async def stop(self, announce: Callable[[], None] = lambda: None) -> None:
        """Stop every child, the last started first; kill what does not end in time. `announce` if there is any."""
        self._stopping.set()
        if any(process.returncode is None for process in self._running.values()):
            announce()
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for name, process in reversed(self._running.items()):
            await _end(name, process)

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *child.arguments,
            env={**os.environ, **child.environ, SUPERVISOR: str(os.getpid())},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops the children in order.
        )
        self._running[child.name] = process
        return process

    async def _keep(self, child: Child, process: asyncio.subprocess.Process) -> None:
        backoff = self.first_backoff_s
        while True:
            started = time.monotonic()
            code = await process.wait()
            if time.monotonic() - started > HEALTHY_AFTER_S:
                backoff = self.first_backoff_s
            log.warning("supervisor.child_ended", child=child.name, code=code, restart_in_s=backoff)
            process = await self._spawn_again(child, backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _spawn_again(self, child: Child, backoff: float) -> asyncio.subprocess.Process:
        while True:
            await asyncio.sleep(backoff)
            try:
                return await self._spawn(child)
            except OSError as err:  # no memory, no process to be had: that passes
                log.warning("supervisor.child_not_started", child=child.name, reason=str(err), again_in_s=backoff)


async def _end(name: str, process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        log.warning("supervisor.child_killed", child=name, after_s=STOP_WITHIN_S)
        process.kill()
        await process.wait()


def leadline(*arguments: str) -> tuple[str, ...]:
    """Arguments that run one of our own commands with this interpreter."""
    return ("-m", "app.cli", *arguments)
