"""What taking runs in costs a real hub: rows a second, time to the acknowledgement, processor time, lives lost."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from app.clock import utc_now
from tests.benchmarks.crowd import REGIONS, STEPS
from tests.benchmarks.hub_process import HubFolder
from tests.benchmarks.processes import Worker, cpu_ms, worker

PROBERS = 6
BATCH_RUNS = 100
BATCHES = 60
FLAT_S = 20.0
PACED_S = 30.0
IDLE_S = 5.0
SETTLED_S = 60.0
KILLS = 50
KILLS_WITHIN_S = 330.0
KILL_BATCHES = 5


def lines() -> Iterator[str]:
    """Flat out, then at the pace of 354 integrations in three regions."""
    yield from ("| what | step rows/s | to acknowledgement, ms: median | p99 | hub, ms of processor per 1,000 rows |",)
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder, HubFolder(Path(folder)).started() as hub:
        idle = _share(hub.process.pid, IDLE_S)
        flat = _flat(hub.url, hub.process.pid)
        yield flat
        yield _rolled(hub.process.pid, idle)
        yield _paced(hub.url, hub.process.pid, _share(hub.process.pid, PACED_S))


def _share(pid: int, seconds: float) -> float:
    """Share of a core that the process takes when nothing is asked of it."""
    before = cpu_ms(pid)
    time.sleep(seconds)
    return (cpu_ms(pid) - before) / (seconds * 1000)


def _flat(url: str, pid: int) -> str:
    start = (utc_now() - timedelta(hours=3)).isoformat()
    with worker("feeder", url, start, str(PROBERS)) as feeder:
        feeder.ask(what="make", batches=BATCHES, size=BATCH_RUNS)
        before = cpu_ms(pid)
        told = feeder.ask(what="flat", seconds=FLAT_S)
        spent = cpu_ms(pid) - before
    rate, per_thousand = told["rows"] / told["seconds"], spent / told["rows"] * 1000
    what = f"flat out, {PROBERS} probers, {BATCH_RUNS} runs of {STEPS} steps a batch"
    return f"| {what} | {rate:,.0f} | {_latencies(told)} | {per_thousand:.0f} |"


def _rolled(pid: int, idle: float) -> str:
    """Waits until the hub has rolled up what came, and says what that took."""
    began, spent = cpu_ms(pid), 0.0
    deadline = time.monotonic() + SETTLED_S
    while time.monotonic() < deadline:
        before = cpu_ms(pid)
        time.sleep(IDLE_S)
        if (cpu_ms(pid) - before) / (IDLE_S * 1000) < idle + 0.03:
            break
    spent = cpu_ms(pid) - began
    rows = PROBERS * BATCHES * BATCH_RUNS * STEPS
    return f"| (after it: the roll-ups of what came, hours and days included) | | | | {spent / rows * 1000:.0f} |"


def _paced(url: str, pid: int, idle: float) -> str:
    start = (utc_now() - timedelta(minutes=1)).isoformat()
    with worker("feeder", url, start, str(len(REGIONS)), "paced") as feeder:
        feeder.ask(what="told")
        before = cpu_ms(pid)
        told = feeder.ask(what="paced", seconds=PACED_S)
        spent = cpu_ms(pid) - before
    rows, seconds = told["rows"], told["seconds"]
    busy = spent / (seconds * 1000)
    what = f"{len(REGIONS)} probers, a run a minute of 354 integrations each"
    share = f"{spent / rows * 1000:.0f}; {busy:.1%} of a core, {busy - idle:.1%} above idle"
    return f"| {what} | {rows / seconds:,.0f} | {_latencies(told)} | {share} |"


def _latencies(told: Mapping[str, Any]) -> str:
    found = sorted(told["latencies_ms"])
    return f"{statistics.median(found):.0f} | {found[int(len(found) * 0.99)]:.0f}"


def kill_lines() -> Iterator[str]:
    """`kill -9` of the hub, again and again while probers ship without a rest."""
    chance = random.Random(20261123)
    with tempfile.TemporaryDirectory() as place:
        folder = HubFolder(Path(place))
        start = (utc_now() - timedelta(hours=20)).isoformat()
        with worker("feeder", f"http://127.0.0.1:{folder.port}", start, str(len(REGIONS))) as feeder:
            kills, told = _kill_often(folder, feeder, chance)
        lost, doubled, rows = _counted(folder.store, told["acknowledged"])
    acknowledged = told["rows"] // STEPS
    yield f"{kills} kills: {acknowledged:,} runs acknowledged, {lost} lost, {doubled} doubled ({rows:,} stored)."


def _kill_often(folder: HubFolder, feeder: Worker, chance: random.Random) -> tuple[int, dict[str, Any]]:
    deadline, kills, told = time.monotonic() + KILLS_WITHIN_S, 0, {}
    while kills < KILLS and time.monotonic() < deadline:
        with folder.started() as hub:
            # Large enough together that a commit does not wait for more: the kill is to come amid commits.
            feeder.ask(what="make", batches=KILL_BATCHES, size=BATCH_RUNS)
            how = {"kill": hub.process.pid, "after": chance.randint(1, 8), "delay_s": chance.uniform(0, 0.3)}
            told = feeder.ask(what="flat", seconds=20.0, **how)
            hub.process.wait()
        kills += 1
    return kills, told


def _counted(store: Path, acknowledged: Mapping[str, int]) -> tuple[int, int, int]:
    """Acknowledged runs that are not there, runs that are there twice, and all; steps count like their runs."""
    with duckdb.connect(str(store), read_only=True) as con:
        runs = con.execute("SELECT prober_id, number, count(*) FROM hot_runs GROUP BY ALL").fetchall()
        steps = con.execute("SELECT count(*), count(DISTINCT (run_id, position, attempt)) FROM hot_steps").fetchone()
    there = {(prober, number): count for prober, number, count in runs}
    lost = sum((prober, number) not in there for prober, last in acknowledged.items() for number in range(1, last + 1))
    doubled = sum(count > 1 for count in there.values())
    assert steps is not None
    rows = sum(there.values())
    return lost + (rows * STEPS - steps[1]), doubled + (steps[0] - steps[1]), rows
