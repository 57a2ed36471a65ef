"""What a probe on a fresh connection costs the prober's processor: ours beside its peers, in one run."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from probes.http import Request
from probes.transport import ProbeTransport
from tests.benchmarks import certificates
from tests.benchmarks.peers import BODY, Endpoints, blackbox, fast_server
from tests.benchmarks.processes import cpu_ms, worker

AT_ONCE = 50
PROBES = 2000
ROUNDS = 10
NAMES = {
    "transport": "Leadline, the transport",
    "runner": "Leadline, a whole run of one step",
    "httpx": "httpx.AsyncClient",
    "aiohttp": "aiohttp",
    "blackbox": "blackbox_exporter",
}
TARGETS = (
    ("httpx", "plain", 0.45),
    ("httpx", "tls", 0.45),
    ("blackbox", "plain", 0.75),
    ("blackbox", "tls", 1.0),
)

Spend = Callable[[str, int], tuple[float, int]]
"""(address, probes) → processor time in ms, and how many probes went well."""
Costs = dict[tuple[str, str], list[float]]


def lines() -> Iterator[str]:
    """The subject: a table, and its ratios beside their targets."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        folder = Path(name)
        trust = certificates.made(folder)
        served = started.enter_context(fast_server(folder, trust))
        clients = dict(_clients(started, folder, trust))
        costs = _in_turns(clients, served)
    yield f"{AT_ONCE} probes at once, {len(BODY)} bytes, {PROBES:,} probes each in {ROUNDS} rounds; {served.server}."
    yield from ("", "| CPU-ms per probe, median (range) | plain HTTP | TLS, EC P-256 |", "|---|---|---|")
    for key, label in NAMES.items():
        yield f"| {label} | {_cell(costs, key, 'plain')} | {_cell(costs, key, 'tls')} |"
    yield ""
    yield from _ratios(costs)


def _clients(started: ExitStack, folder: Path, trust: certificates.Trust) -> Iterator[tuple[str, Spend]]:
    for key in ("transport", "runner", "httpx", "aiohttp"):
        if find_spec(key) is not None or key in ("transport", "runner"):
            yield key, _asked(started.enter_context(worker("client", key)), str(trust.authority))
    exporter = started.enter_context(blackbox(folder, trust))
    if exporter is not None:
        yield "blackbox", _probed_by(*exporter)


def _asked(client: Any, ca_file: str) -> Spend:
    def spend(url: str, count: int) -> tuple[float, int]:
        answer = client.ask(url=url, ca_file=ca_file, count=count, at_once=AT_ONCE)
        return answer["cpu_ms"], answer["good"]

    return spend


def _probed_by(address: str, pid: int) -> Spend:
    def spend(url: str, count: int) -> tuple[float, int]:
        before = cpu_ms(pid)
        good = asyncio.run(_drive(address + url, count))
        return cpu_ms(pid) - before, good

    return spend


async def _drive(url: str, count: int) -> int:
    async def several() -> int:
        transport, good = ProbeTransport(), 0
        for _ in range(count // AT_ONCE):
            response = await transport.handle_async_request(Request("GET", url))
            good += "\nprobe_success 1\n" in response.text
        await transport.aclose()
        return good

    return sum(await asyncio.gather(*(several() for _ in range(AT_ONCE))))


def _in_turns(clients: dict[str, Spend], served: Endpoints) -> Costs:
    """Every client in every round, each time in another order: a busy minute of the machine meets all of them."""
    costs: Costs = defaultdict(list)
    count, order = PROBES // ROUNDS, deque(clients.items())
    for round_number in range(ROUNDS + 1):
        for scheme, url in (("plain", served.plain), ("tls", served.tls)):
            for key, spend in order:
                if round_number == 0:
                    spend(url, AT_ONCE)
                    continue
                spent, good = spend(url, count)
                if good != count:
                    raise RuntimeError(f"{key}, {scheme}: {count - good} of {count} probes failed")
                costs[key, scheme].append(spent / count)
        order.rotate()
    return costs


def _cell(costs: Costs, key: str, scheme: str) -> str:
    found = costs.get((key, scheme))
    return f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})" if found else "not installed"


def _ratios(costs: Costs) -> Iterator[str]:
    yield from ("| the transport against | ratio, median of the rounds | target | |", "|---|---|---|---|")
    for peer, scheme, target in TARGETS:
        what = f"{NAMES[peer]}, {'plain HTTP' if scheme == 'plain' else 'TLS'}"
        if (peer, scheme) not in costs:
            yield f"| {what} | not installed | ≤ {target} | |"
            continue
        pairs = zip(costs["transport", scheme], costs[peer, scheme], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        yield f"| {what} | {ratio:.2f} | ≤ {target} | {'reached' if ratio <= target else 'missed'} |"
