"""Probes at a fixed rate, whether the ones before have ended or not, and what our transport says of each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

from probes.http import Request
from probes.transport import ProbeTransport
from tests.benchmarks.processes import answer_questions


async def _probe(url: str, ca_file: str) -> dict[str, Any]:
    transport = ProbeTransport(ca_file=ca_file)
    try:
        answer = await transport.send(Request("GET", url))
    finally:
        await transport.aclose()
    return asdict(answer.timings)


async def measured(url: str, ca_file: str, count: int, per_second: float) -> dict[str, Any]:
    """By path, the timings of each."""
    paths = [f"/ours-{n}" for n in range(count)]
    began, spent, probes = time.perf_counter(), time.process_time(), []
    for number, path in enumerate(paths):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        probes.append(asyncio.create_task(_probe(url + path, ca_file)))
    timings = await asyncio.gather(*probes)
    took = time.perf_counter() - began
    busy = (time.process_time() - spent) / took
    return {"timings": dict(zip(paths, timings, strict=True)), "per_second": count / took, "busy": busy}


if __name__ == "__main__":
    with asyncio.Runner() as loop:
        answer_questions(lambda **question: loop.run(measured(**question)))
