"""What one prober process carries: 5,000 workflows a minute, from timetable to a hub that takes the runs."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import compiled
from config.model import Config, Integration
from tests.benchmarks import certificates
from tests.benchmarks.peers import Endpoints, fast_server
from tests.benchmarks.processes import Worker, cpu_ms, free_port, resident_mb, running, wait_for_port, worker

INTEGRATIONS, WORKFLOWS = 500, 10
SETTLE_S, MEASURE_S = 12.0, 60.0
START_S = 30.0
DELAY_MS, SHARE = 100.0, 0.60
REGION, VERSION, SECRET = "bench", "v1", "BENCHMARK_TOKEN"


@dataclass(frozen=True)
class Measured:
    """A minute of it."""

    delays: list[float]
    outcomes: Counter[str]
    share: float
    resident_mb: float
    missed: int
    lag_ms: float
    seconds: float


def lines() -> Iterator[str]:
    """The subject: start delays and processor time of a real prober process."""
    total = INTEGRATIONS * WORKFLOWS
    yield (
        f"{total:,} workflows of one step, each every minute, in {INTEGRATIONS} integrations with a token each; "
        "every other one over TLS (EC P-256). The vendor answers at once, the hub is the least that takes batches."
    )
    measured = _minute()
    p50, p99 = statistics.median(measured.delays), _p99(measured.delays)
    bad = sum(measured.outcomes.values()) - measured.outcomes["passed"]
    yield from ("", "| | measured | target |", "|---|---|---|")
    yield f"| workflows a minute | {len(measured.delays) / measured.seconds * 60:,.0f} | {total:,} |"
    yield f"| start delay, median | {p50:.1f} ms | |"
    yield f"| start delay, p99 | {p99:.1f} ms | ≤ {DELAY_MS:g} ms, {_verdict(p99 <= DELAY_MS)} |"
    cpu = f"{measured.share * 100:.0f} % of one core"
    yield f"| processor | {cpu} | ≤ {SHARE * 100:g} %, {_verdict(measured.share <= SHARE)} |"
    yield f"| resident memory | {measured.resident_mb:.0f} MB | |"
    yield f"| worst lateness of the loop in its last 10 s | {measured.lag_ms:.1f} ms | |"
    yield f"| runs not passed, slots missed | {bad}, {measured.missed} | 0, 0 |"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def _minute() -> Measured:
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        folder = Path(name)
        trust = certificates.made(folder)
        served = started.enter_context(fast_server(folder, trust))
        document, port = folder / "config.json", free_port()
        document.write_text(compiled.dump(_config(served, trust)))
        sink = started.enter_context(worker("sink", str(port), str(document), VERSION))
        wait_for_port(port, sink.process)
        command = (sys.executable, "-m", "app.cli", "prober", "--hub", f"http://127.0.0.1:{port}")
        environ = {"LEADLINE_PROBER_TOKEN": "a-token-of-the-benchmark", SECRET: "a-secret-of-the-benchmark"}
        options = ("--region", REGION, "--data", str(folder / "prober"))
        prober = started.enter_context(running(*command, *options, environ=environ))
        return _watch(sink, prober.pid)


def _watch(sink: Worker, pid: int) -> Measured:
    deadline = time.monotonic() + START_S
    while not sink.ask()["runs"]:
        if time.monotonic() > deadline:
            raise RuntimeError("the prober has delivered nothing")
        time.sleep(0.5)
    time.sleep(SETTLE_S)
    began_at, began, before = time.time(), time.monotonic(), cpu_ms(pid)
    time.sleep(MEASURE_S)
    spent, ended_at, seconds = cpu_ms(pid) - before, time.time(), time.monotonic() - began
    time.sleep(2.0)
    told = sink.ask()
    delays = [delay for due, delay in told["runs"] if began_at <= due < ended_at]
    return Measured(
        delays=delays,
        outcomes=Counter(told["outcomes"]),
        share=spent / 1000 / seconds,
        resident_mb=resident_mb(pid),
        missed=told["heartbeat"]["runs_missed"],
        lag_ms=told["heartbeat"]["loop_lag_ms"],
        seconds=seconds,
    )


def _config(served: Endpoints, trust: certificates.Trust) -> Config:
    urls = (served.plain, served.tls)
    integrations = tuple(_integration(number, urls[number % 2], trust) for number in range(INTEGRATIONS))
    return Config(root=Path(), version=VERSION, integrations=integrations)


def _integration(number: int, url: str, trust: certificates.Trust) -> Integration:
    step = {"name": "get", "request": {"path": "/"}, "expect": {"status": 200, "json": {"$.items[0].id": 0}}}
    flows = [{"name": f"flow-{n}", "every": "1m", "regions": [REGION], "steps": [step]} for n in range(WORKFLOWS)]
    declared: dict[str, Any] = {
        "integration": f"vendor-{number:03}",
        "base_url": url.rstrip("/"),
        "auth": {"kind": "bearer", "token": f"${{env:{SECRET}}}", "credential": f"vendor-{number:03}"},
        "tls": {"ca_file": str(trust.authority)},
        "workflows": flows,
    }
    return Integration.model_validate(declared)


def _p99(delays: list[float]) -> float:
    return sorted(delays)[-max(1, len(delays) // 100)]
