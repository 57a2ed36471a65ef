"""Carries runs out: not too many at once, a failed one confirmed by a second, each into the outbox when it ends."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from probes.agent.problems import Problems
from probes.agent.work import Key, RunsWorkflows, Work
from probes.model import REQUESTED, Outcome, Run

CONFIRM_AFTER_S: Final = 10.0
_CONFIRMED_FROM: Final = timedelta(seconds=30)
"""A faster timetable confirms itself with its next run."""

log = structlog.get_logger(__name__)


class Executor:
    """Runs workflows and stores what came of them. `lost` counts runs that left no trace, by our own fault."""

    def __init__(
        self,
        runner: RunsWorkflows,
        store: Callable[[Run], Awaitable[None]],
        problems: Problems,
        *,
        region: str,
        concurrency: int,
        confirm_after_s: float = CONFIRM_AFTER_S,
    ) -> None:
        self._runner, self._store, self._problems, self._region = runner, store, problems, region
        self._room = asyncio.Semaphore(concurrency)
        self._confirm_after_s = confirm_after_s
        self._in_flight: set[asyncio.Task[Run | None]] = set()
        self._latest: dict[Key, asyncio.Task[Run | None]] = {}
        """Of each workflow that is under way, the run that began last."""
        self._confirmations: set[asyncio.TimerHandle] = set()
        self._closing = False
        self.lost = 0

    @property
    def in_flight(self) -> int:
        """Runs under way or waiting for room."""
        return len(self._in_flight)

    async def carry_out(self, work: Work, scheduled_at: datetime) -> None:
        """A scheduled run, from waiting for room to lying in the outbox."""
        # A task of its own, so that stopping the scheduler does not cut it and cutting it does not upset the scheduler.
        await asyncio.wait({self._spawn(work, scheduled_at, attempt=1)})

    async def ask(self, work: Work, at: datetime) -> Run | None:
        """A run that somebody asked for, at once; while one of that workflow is under way, that one. None when it was
        cut off. What must not be made now comes back as it was skipped, and is not kept."""
        if self._closing:
            return None
        task = self._latest.get(work.key) or self._spawn(work, at, attempt=REQUESTED)
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()

    async def finish(self, within_s: float) -> int:
        """Start nothing more, wait for what runs, cut off what is not done in time → how many were cut off."""
        self._closing = True
        for handle in self._confirmations:
            handle.cancel()
        self._confirmations.clear()
        if not self._in_flight:
            return 0
        _, late = await asyncio.wait(self._in_flight, timeout=within_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)

    def _spawn(self, work: Work, scheduled_at: datetime, attempt: int) -> asyncio.Task[Run | None]:
        before = self._latest.get(work.key)
        task = asyncio.create_task(self._one(work, scheduled_at, attempt, before), name=f"{work.key}#{attempt}")
        self._in_flight.add(task)
        self._latest[work.key] = task
        task.add_done_callback(lambda done: self._ended(work.key, done))
        return task

    def _ended(self, key: Key, task: asyncio.Task[Run | None]) -> None:
        self._in_flight.discard(task)
        if self._latest.get(key) is task:
            del self._latest[key]

    async def _one(
        self, work: Work, scheduled_at: datetime, attempt: int, before: asyncio.Task[Run | None] | None
    ) -> Run | None:
        try:
            if before is not None:
                # Two of one workflow at once would trip over each other's records at the vendor.
                await asyncio.wait({before})
            async with self._room:
                run = await self._runner.run(
                    work.integration,
                    work.workflow,
                    region=self._region,
                    config=work.config,
                    scheduled_at=scheduled_at,
                    attempt=attempt,
                )
            if run.requested and run.outcome is Outcome.SKIPPED:
                return run
            await self._keep(run)
        except Exception:  # the loop's edge: our own bug in one workflow must not end the others
            self.lost += 1
            log.exception("run_lost", work=str(work.key), attempt=attempt)
            return None
        # An open circuit has been confirmed already: another run would only hammer.
        unsure = run.outcome is Outcome.FAILED and attempt == 1 and not run.circuit_open
        if unsure and work.workflow.every >= _CONFIRMED_FROM:
            self._confirm_later(work, scheduled_at)
        return run

    async def _keep(self, run: Run) -> None:
        try:
            await self._store(run)
        except sqlite3.Error as err:
            self.lost += 1
            self._problems.say("outbox", f"finished runs cannot be written to the outbox: {err}")
        else:
            self._problems.over("outbox")

    def _confirm_later(self, work: Work, scheduled_at: datetime) -> None:
        if self._closing:
            return

        def confirm() -> None:
            self._confirmations.discard(handle)
            self._spawn(work, scheduled_at, attempt=2)

        handle = asyncio.get_running_loop().call_later(self._confirm_after_s, confirm)
        self._confirmations.add(handle)
