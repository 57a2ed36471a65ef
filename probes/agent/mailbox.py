"""The outbox as the event loop sees it: every call on one thread of its own, so that a slow disk disturbs no timing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

from probes import wire
from probes.agent.outbox import Depth, Outbox, Parcel
from probes.model import Run

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class _Arrival:
    """Runs on their way to the disk, and why they did not get there."""

    runs: tuple[Run, ...]
    failure: Exception | None = None

    def bodies(self) -> list[bytes]:
        """As JSON; none of them where one cannot be written so, which is nobody else's failure."""
        try:
            return [wire.dump_run(run) for run in self.runs]
        except Exception as err:  # noqa: BLE001 - it is raised where they are waited for
            self.failure = err
            return []


class Mailbox:
    """Runs in, packed batches out. `arrived` is set when a run came in; its reader clears it."""

    def __init__(self, open_outbox: Callable[[], Outbox], clock: Callable[[], datetime]) -> None:
        self._open, self._clock = open_outbox, clock
        # Not the loop's shared pool: name look-ups that hang there would hold up every write.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._outbox: Outbox | None = None
        self._arrivals: deque[_Arrival] = deque()
        self.arrived = asyncio.Event()

    async def open(self) -> None:
        """Open the file; raises AgentError."""
        try:
            self._outbox = await self._off_loop(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    async def close(self, *, clean: bool) -> None:
        """Write what is on its way, close the file, say whether the stop was clean."""
        await self._off_loop(partial(self._held.close, clean=clean))
        self._thread.shutdown(wait=False)

    @property
    def prober_id(self) -> str:
        """Under which the hub knows this prober."""
        return self._held.prober_id

    @property
    def previous_stop(self) -> str:
        """`first`, `clean` or `unclean`."""
        return self._held.previous_stop

    @property
    def depth(self) -> Depth:
        """What it holds now."""
        return self._held.depth

    async def append(self, *runs: Run) -> None:
        """On return the runs are on disk. Those that come while others are being written are written together."""
        arrival = _Arrival(runs)
        self._arrivals.append(arrival)
        await self._off_loop(self._write_arrivals)
        if arrival.failure is not None:
            raise arrival.failure
        self.arrived.set()

    def _write_arrivals(self) -> None:
        # In one transaction, as each costs a wait for the disk. What an earlier call has written is no longer here.
        arrivals = [self._arrivals.popleft() for _ in range(len(self._arrivals))]
        bodies = [body for arrival in arrivals for body in arrival.bodies()]
        if not bodies:
            return
        try:
            self._held.append(bodies, self._clock())
        except Exception as err:  # noqa: BLE001 - it is raised where each of them is waited for
            for arrival in arrivals:
                arrival.failure = arrival.failure or err

    async def parcel(self, runs: int) -> tuple[Parcel, bytes] | None:
        """The oldest waiting runs, at most `runs`, with their packed body; None when nothing waits."""
        return await self._off_loop(self._parcel, runs)

    def _parcel(self, runs: int) -> tuple[Parcel, bytes] | None:
        parcel = self._held.parcel(runs)
        return (parcel, wire.pack(parcel.body)) if parcel else None

    async def acknowledge(self, cursor: int) -> None:
        """The hub has everything up to `cursor`."""
        await self._off_loop(self._held.acknowledge, cursor)

    async def refuse(self, number: int, reason: str) -> None:
        """The hub will never take that run."""
        await self._off_loop(self._held.refuse, number, reason)

    async def shrink(self, number: int) -> bool:
        """Without evidence, or (False) dropped because it had none."""
        return await self._off_loop(self._held.shrink, number)

    @property
    def _held(self) -> Outbox:
        if self._outbox is None:
            raise RuntimeError("the mailbox is not open")
        return self._outbox

    async def _off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *args, **kwargs))
