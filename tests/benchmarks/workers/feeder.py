"""Probers as a hub sees them, in a process of their own: each ships its next batch when the one before is acknowledged.

What is not acknowledged is sent again, as a prober does. Latency is from the request to the answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from typing import Any

import httpx

from probes.agent.shipper import GATHER_S
from probes.model import Batch, Run
from probes.wire import dump_batch, pack
from tests.benchmarks.crowd import CROWD, REGIONS, STEPS
from tests.benchmarks.hub_process import TOKEN
from tests.benchmarks.prober_load import runs
from tests.benchmarks.processes import answer_questions

_RETRY_S = 0.02


@dataclass
class Prober:
    """One outbox: what is still to be shipped, and how far the hub has acknowledged."""

    name: str
    region: str
    coming: Iterator[Run]
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    made: int = 0
    acknowledged: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    def make(self, count: int) -> None:
        """One batch more, of that many runs."""
        batch = Batch(self.name, self.region, self.made + 1, tuple(islice(self.coming, count)))
        self.made += count
        self.bodies.append((self.made, pack(dump_batch(batch))))

    async def ship(self, client: httpx.AsyncClient, until: float) -> bool:
        """The oldest batch, again and again until it is acknowledged or time is up."""
        last, body = self.bodies[0]
        headers = {"Authorization": f"Bearer {TOKEN.format(region=self.region)}", "Content-Encoding": "gzip"}
        while time.perf_counter() < until:
            started = time.perf_counter()
            try:
                answer = await client.post("/api/v1/prober/batches", content=body, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(_RETRY_S)
                continue
            if answer.is_success and answer.json()["cursor"] >= last:
                self.latencies_ms.append((time.perf_counter() - started) * 1000)
                self.acknowledged = last
                del self.bodies[0]
                return True
            await asyncio.sleep(_RETRY_S)
        return False


class Feeder:
    """All probers of this process."""

    def __init__(self, url: str, start: str, probers: str, name: str = "prober") -> None:
        self._url = url
        at = datetime.fromisoformat(start)
        ways = -(-int(probers) // len(REGIONS))
        self._probers = [
            Prober(f"{name}-{n}", region, runs(n, region, at, range(n // len(REGIONS), CROWD, ways)))
            for n, region in zip(range(int(probers)), cycle(REGIONS), strict=False)
        ]

    def answer(self, what: str, **how: Any) -> dict[str, Any]:
        """`make` (until so many batches wait), `flat`, `paced` or `told`."""
        if what == "make":
            for prober in self._probers:
                while len(prober.bodies) < how["batches"]:
                    prober.make(how["size"])
        if what in ("flat", "paced"):
            started = time.perf_counter()
            asyncio.run(self._all(what, **{"kill": 0, "after": 0, "delay_s": 0.0} | how))
            return self._told() | {"seconds": time.perf_counter() - started}
        return self._told()

    def _told(self) -> dict[str, Any]:
        latencies = [figure for prober in self._probers for figure in prober.latencies_ms]
        for prober in self._probers:
            prober.latencies_ms = []
        acknowledged = {prober.name: prober.acknowledged for prober in self._probers}
        return {"acknowledged": acknowledged, "latencies_ms": latencies, "rows": sum(acknowledged.values()) * STEPS}

    async def _all(self, what: str, seconds: float, kill: int, after: int, delay_s: float) -> None:
        until = time.perf_counter() + seconds
        way = self._flat if what == "flat" else self._paced
        async with httpx.AsyncClient(base_url=self._url, timeout=15, trust_env=False) as client:
            ways = [asyncio.create_task(way(client, prober, until)) for prober in self._probers]
            if kill:
                await self._kill(kill, after, delay_s, until)
                for task in ways:
                    task.cancel()
            await asyncio.gather(*ways, return_exceptions=bool(kill))

    async def _kill(self, pid: int, after: int, delay_s: float, until: float) -> None:
        """Ends the hub at once, that long after so many batches were acknowledged."""
        while sum(len(prober.latencies_ms) for prober in self._probers) < after and time.perf_counter() < until:
            await asyncio.sleep(0.005)
        await asyncio.sleep(delay_s)
        os.kill(pid, signal.SIGKILL)

    async def _flat(self, client: httpx.AsyncClient, prober: Prober, until: float) -> None:
        while prober.bodies and await prober.ship(client, until):
            pass

    async def _paced(self, client: httpx.AsyncClient, prober: Prober, until: float) -> None:
        """As many runs as one region of the crowd makes, one a minute each, shipped as a prober ships them."""
        began, had = time.perf_counter(), prober.made
        while time.perf_counter() < until:
            due = int((time.perf_counter() - began) * CROWD / 60) - (prober.made - had)
            if due:
                prober.make(due)
                await prober.ship(client, until + 5)
            await asyncio.sleep(GATHER_S)


if __name__ == "__main__":
    answer_questions(Feeder(*sys.argv[1:]).answer)
