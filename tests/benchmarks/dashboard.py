"""The dashboard at size: callbacks of every page on 354 integrations x 3 regions x 5 steps x 90 days, runs coming in.

`python -m tests.benchmarks.dashboard --folder DIR` keeps the store that it makes and uses it again. A real hub, three
simulated probers at the real rate, viewers that ask over HTTP what a browser would ask (`dashboard_viewer`), and a
Chromium for the first view. Targets are those of the design: a page in 100 ms for one viewer, 300 ms for twenty.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.clock import utc_now
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.ranges import RELATIVE
from tests.benchmarks import dashboard_store
from tests.benchmarks.crowd import CROWD, REGIONS, STEPS
from tests.benchmarks.dashboard_browser import First, first_views
from tests.benchmarks.dashboard_viewer import Asked, Site, Visit
from tests.benchmarks.hub_process import HubAtWork, HubFolder
from tests.benchmarks.machine import described
from tests.benchmarks.processes import cpu_ms, peak_mb, resident_mb, worker

FOLDER: Final = "LEADLINE_BENCH_DASHBOARD"
"""Environment variable: the folder of a store that is kept from one run to the next."""
ROUNDS: Final = 6
ROUND_S: Final = 5.0
"""No address is asked again sooner: a viewer's page refreshes that often, and answers are shared for two seconds."""
ALONE_WITHIN_S: Final = 240.0
"""No round is begun later, however few there were."""
VIEWERS: Final = 20
CROWDED_S: Final = 60.0
ALONE_S: Final = 20.0
SETTLED_SHARE: Final = 0.35
SETTLED_ROUNDS: Final = 6
SETTLED_WITHIN_S: Final = 180.0
TARGET_ALONE_MS: Final = 100
TARGET_CROWDED_MS: Final = 300
_LEADING_ON: Final = ("/integration/", "/incident/", "/run/")
"""Pages with varying parts from which further pages are reached."""
_SLICE_S: Final = 5.0
_RSS_MB: Final = 1000


def lines(folder: str | None = None, integrations: int = CROWD) -> Iterator[str]:
    """One table of pages, and one of all the rest."""
    kept = folder or os.environ.get(FOLDER)
    with tempfile.TemporaryDirectory() as passing:
        data = Path(kept or passing) / "data"
        took = dashboard_store.made(data, integrations)
        yield f"{_size(data) / 1e6:,.0f} MB of store{''.join(f'; {part}' for part in took)}."
        hub = HubFolder(Path(passing) / "hub", data, declared(integrations))
        with hub.started() as at_work, coming_in(at_work) as flow:
            yield from _measured(at_work, flow, integrations)


def declared(integrations: int) -> dict[str, str]:
    """The same integrations as the store's, as files."""
    steps = ", ".join(f"{{name: step-{n}, request: {{path: /{n}}}}}" for n in range(STEPS))
    return {f"vendor-{n:03}.yaml": _VENDOR.format(n=n, ms=150 + n, steps=steps) for n in range(integrations)}


@dataclass
class Flow:
    """Runs that come in while viewers look: how long each batch waited for its acknowledgement."""

    latencies_ms: list[float] = field(default_factory=list)
    rows: int = 0

    def p99(self, since: int) -> str:
        """Of the batches after the first so many."""
        return f"{_rank(self.latencies_ms[since:], 99):,.0f}"


@contextmanager
def coming_in(hub: HubAtWork) -> Iterator[Flow]:
    """Three probers at the real rate, for the length of the block."""
    flow, over = Flow(), threading.Event()
    start = (utc_now() - timedelta(minutes=1)).isoformat()
    # A prober of its own for each run of the benchmark: the store knows those of the runs before.
    with worker("feeder", hub.url, start, str(len(REGIONS)), f"viewed-{time.time_ns()}") as feeder:

        def feed() -> None:
            while not over.is_set():
                told = feeder.ask(what="paced", seconds=_SLICE_S)
                flow.latencies_ms += told["latencies_ms"]
                flow.rows = told["rows"]

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield flow
        finally:
            over.set()
            thread.join()


def _measured(hub: HubAtWork, flow: Flow, integrations: int) -> Iterator[str]:
    pid = hub.process.pid
    settled_s = _settle(pid)
    print(f"settled after {settled_s:.0f} s", file=sys.stderr, flush=True)
    idle, acknowledged = _share(pid, ALONE_S), len(flow.latencies_ms)
    site = Site.at(hub.url)
    alone, cpu, seen = _alone(site, pid, idle, integrations)
    print("one viewer measured", file=sys.stderr, flush=True)
    quiet_p99 = flow.p99(acknowledged)
    acknowledged = len(flow.latencies_ms)
    crowded = _crowded(hub.url, [path for path, _ in alone])
    busy_p99 = flow.p99(acknowledged)
    yield from _pages(alone, crowded)
    yield ""
    yield from _rest(_Rest(pid, idle, cpu, settled_s, quiet_p99, busy_p99, alone, crowded, first_views(hub.url)))
    missing = [page.path for page in PAGES if page not in seen]
    if missing:
        yield f"\nNot looked at, for nothing on the other pages led there: {', '.join(missing)}."


Looked = list[tuple[str, list[list[Asked]]]]
"""By address, one list of callbacks for every time that it was opened or refreshed."""


def _settle(pid: int) -> float:
    """Waits until the hub has learned and rolled up what it begins with; how long that took, at most."""
    began, quiet = time.monotonic(), 0
    while quiet < SETTLED_ROUNDS and time.monotonic() - began < SETTLED_WITHIN_S:
        quiet = quiet + 1 if _share(pid, ROUND_S) <= SETTLED_SHARE else 0
    return time.monotonic() - began


def _share(pid: int, seconds: float) -> float:
    before, began = cpu_ms(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_ms(pid) - before) / ((time.monotonic() - began) * 1000)


def _alone(site: Site, pid: int, idle: float, integrations: int) -> tuple[Looked, float, list[object]]:
    """One viewer opens every page and refreshes it, round after round; with the hub's CPU ms per callback."""
    addresses, seen = _addresses(site, integrations)
    looked: dict[str, list[list[Asked]]] = {path: [] for path in addresses}
    before, began = cpu_ms(pid), time.monotonic()
    for number in range(ROUNDS):
        if (round_began := time.monotonic()) - began > ALONE_WITHIN_S:
            break
        for path in addresses:
            visit = _visit(site, path, number * 7 % integrations)
            looked[path].append(visit.open())
            looked[path].append(visit.refresh())
        time.sleep(max(0.0, ROUND_S - (time.monotonic() - round_began)))
    spent = cpu_ms(pid) - before - idle * (time.monotonic() - began) * 1000
    asked = sum(len(one) for rounds in looked.values() for one in rounds)
    return list(looked.items()), spent / max(1, asked), seen


def _addresses(site: Site, integrations: int) -> tuple[list[str], list[object]]:
    """An address for every page: those without varying parts, and the first that any page refers to for the others.
    The page of an integration is looked at over every stretch of time."""
    links = {page.path for page in PAGES if "{" not in page.path}
    opened: set[str] = set()
    for _ in range(3):
        for link in sorted(links - opened):
            if link.partition("?")[0] not in {page.path for page in PAGES} and not link.startswith(_LEADING_ON):
                continue
            opened.add(link)
            visit = Visit(site, *_split(link))
            visit.open()
            links |= _first_of_each(visit.links)
    found, seen = [], []
    for page in PAGES:
        mine = next((link for link in sorted(links) if page.match(link.partition("?")[0]) is not None), None)
        if mine is not None:
            seen.append(page)
            found += [f"/integration/{{}}?range={key}" for key in RELATIVE] if "{name}" in page.path else [mine]
    return found, seen


def _first_of_each(links: set[str]) -> set[str]:
    by_page = {}
    for link in sorted(links):
        pathname, search = _split(link)
        known = find(PAGES, pathname, search)
        if known is not None and "{" in known[0].path:
            by_page.setdefault(known[0].path, pathname)
    return set(by_page.values())


def _visit(site: Site, path: str, number: int) -> Visit:
    return Visit(site, *_split(path.format(f"vendor-{number:03}")))


def _split(address: str) -> tuple[str, str]:
    pathname, mark, search = address.partition("?")
    return pathname, mark + search


def _crowded(url: str, addresses: Sequence[str]) -> Looked:
    """Twenty viewers, each on an address of its own choice, refreshed every five seconds and left after four."""
    looked: dict[str, list[list[Asked]]] = {path: [] for path in addresses}
    until = time.monotonic() + CROWDED_S

    def view(number: int) -> None:
        site, place = Site.at(url), number
        time.sleep(number * ROUND_S / VIEWERS)
        while time.monotonic() < until:
            path = addresses[place % len(addresses)]
            visit = _visit(site, path, place * 13 % CROWD)
            looked[path].append(visit.open())
            for _ in range(4):
                time.sleep(ROUND_S)
                if time.monotonic() < until:
                    looked[path].append(visit.refresh())
            place += 7

    with ThreadPoolExecutor(VIEWERS) as pool:
        list(pool.map(view, range(VIEWERS)))
    return list(looked.items())


def _pages(alone: Looked, crowded: Looked) -> Iterator[str]:
    yield "| page | callbacks | alone: p50, ms | p95 | slowest callback | 20 viewers: p50 | p95 | kB | points |"
    yield "|---|---|---|---|---|---|---|---|---|"
    together = dict(crowded)
    for path, rounds in alone:
        flat = [one for asked in rounds for one in asked]
        busy = [one.ms for asked in together.get(path, []) for one in asked]
        worst = max(flat, key=lambda one: one.ms, default=None)
        name = _short(worst.output) + f" {worst.ms:.0f}" if worst else ""
        wrong = sum(one.failed for one in flat)
        own, other = [one.ms for one in flat], [f"{_rank(busy, at):.0f}" if busy else "" for at in (50, 95)]
        size, points = (max((getattr(one, what) for one in flat), default=0) for what in ("size", "points"))
        title = path.format("*") + (f" ({wrong} failed)" if wrong else "")
        yield (
            f"| {title} | {len(flat) / max(1, len(rounds)):.1f} | {_rank(own, 50):.0f} | {_rank(own, 95):.0f} "
            f"| {name} | {' | '.join(other)} | {size / 1000:.0f} | {points:,} |"
        )


@dataclass(frozen=True)
class _Rest:
    """What is measured beside the pages."""

    pid: int
    idle: float
    cpu: float
    settled_s: float
    quiet_p99: str
    busy_p99: str
    alone: Looked
    crowded: Looked
    first: First | None


def _rest(found: _Rest) -> Iterator[str]:
    resident = resident_mb(found.pid)
    alone, crowded = (
        [one.ms for _, rounds in looked for asked in rounds for one in asked] for looked in (found.alone, found.crowded)
    )
    points = max((one.points for _, rounds in found.alone for asked in rounds for one in asked), default=0)
    missed: list[str] = []
    yield "| what | measured | target | |"
    yield "|---|---|---|---|"
    for what, figure, unit, target in (
        (f"callbacks, one viewer, p95 of {len(alone):,}", _rank(alone, 95), "ms", TARGET_ALONE_MS),
        (f"callbacks, {VIEWERS} viewers at once, p95 of {len(crowded):,}", _rank(crowded, 95), "ms", TARGET_CROWDED_MS),
        *((what, figure, unit, target) for what, figure, unit, target in (found.first.rows if found.first else ())),
        ("points of the longest trace", points, "", 2000),
        ("resident memory of the hub", resident, "MB", _RSS_MB),
    ):
        verdict = "reached" if figure <= target else "missed"
        missed += [what] if figure > target else []
        yield f"| {what} | {figure:,.0f} {unit} | ≤ {target:,} {unit} | {verdict} |"
    yield f"| processor of the hub per callback, one viewer | {found.cpu:.1f} ms | | |"
    yield f"| the hub without viewers, runs coming in | {found.idle:.0%} of a core | | |"
    yield f"| acknowledgement of a batch, p99: one viewer, {VIEWERS} | {found.quiet_p99} ms, {found.busy_p99} ms | | |"
    yield f"| from its start until the hub was idle | {found.settled_s:.0f} s | | |"
    yield f"| resident memory at its most since the start | {peak_mb(found.pid):,.0f} MB | | |"
    yield f"\nMissed: {'; '.join(missed) or 'nothing'}."


def _short(output: str) -> str:
    return output.strip(".").split("...")[0].replace("|", "/")


def _rank(figures: Sequence[float], percent: int) -> float:
    """Nearest rank."""
    return sorted(figures)[-(-len(figures) * percent // 100) - 1] if figures else 0.0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.duckdb"))


_VENDOR: Final = """
integration: vendor-{n:03}
base_url: https://api.example.com
owner: crm
objectives:
  - {{sli: availability, target: 99.9%}}
  - {{sli: latency, target: 95%, threshold: {ms}ms}}
  - {{sli: server_errors, target: 99.5%}}
  - {{sli: correctness, target: 99.9%}}
workflows:
  - {{name: flow, every: 60s, regions: [eu, us, ap], steps: [{steps}]}}
"""


def main(arguments: list[str]) -> int:
    """Prints the subject."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.dashboard")
    parser.add_argument("--folder", help="where the store is made and kept")
    parser.add_argument("--integrations", type=int, default=CROWD)
    chosen = parser.parse_args(arguments)
    print(described(), end="\n\n", flush=True)
    for line in lines(chosen.folder, chosen.integrations):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
