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
from tests.benchmarks.peers import fast_server
from tests.benchmarks.processes import Worker, cpu_ms, free_port, resident_mb, running, wait_for_port, worker

INTEGRATIONS, WORKFLOWS = 500, 10
SETTLE_S, MEASURE_S = 12.0, 60.0
START_S = 30.0
DELAY_MS, SHARE = 100.0, 0.60
REGION, VERSION, SECRET = "bench", "v1", "BENCHMARK_TOKEN"


@dataclass(frozen=True)
class Measured:
    """One scheme's minute."""

    delays: list[float]
    outcomes: Counter[str]
    share: float
    resident_mb: float
    missed: int
    lag_ms: float
    seconds: float


def lines() -> Iterator[str]:
    """The subject: delays and processor time of a real prober, over plain HTTP and over TLS."""
    total = INTEGRATIONS * WORKFLOWS
    yield f"{total:,} workflows of one step, each every minute, in {INTEGRATIONS} integrations with a token each."
    yield from ("", "| | workflows/min | start delay p50 ms | p99 ms | CPU of one core | resident MB | |")
    yield "|---|---|---|---|---|---|---|"
    for words, scheme in (("plain HTTP", "plain"), ("TLS, EC P-256", "tls")):
        yield _row(words, _minute(scheme))
    yield ""
    yield f"Target: p99 ≤ {DELAY_MS:g} ms, CPU ≤ {SHARE * 100:g} % of one core."


def _row(words: str, measured: Measured) -> str:
    p50, p99 = statistics.median(measured.delays), _p99(measured.delays)
    verdict = "reached" if p99 <= DELAY_MS and measured.share <= SHARE else "missed"
    bad = sum(measured.outcomes.values()) - measured.outcomes["passed"]
    notes = f"; {bad} not passed, {measured.missed} missed" if bad or measured.missed else ""
    return (
        f"| {words} | {len(measured.delays) / measured.seconds * 60:,.0f} | {p50:.1f} | {p99:.1f} | "
        f"{measured.share * 100:.0f} % | {measured.resident_mb:.0f} | {verdict}{notes} |"
    )


def _minute(scheme: str) -> Measured:
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        folder = Path(name)
        trust = certificates.made(folder)
        served = started.enter_context(fast_server(folder, trust))
        url = served.plain if scheme == "plain" else served.tls
        document, port = folder / "config.json", free_port()
        document.write_text(compiled.dump(_config(url, trust)))
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


def _config(url: str, trust: certificates.Trust) -> Config:
    integrations = tuple(_integration(number, url, trust) for number in range(INTEGRATIONS))
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
