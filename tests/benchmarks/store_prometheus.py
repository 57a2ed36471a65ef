"""The same measurements in Prometheus, as histograms with the usual buckets, asked the same thing."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.latency import latency
from metrics.store.memo import Memo
from metrics.store.overview import integration_summaries
from metrics.store.relations import GOOD_ATTEMPTS
from tests.benchmarks.processes import free_port, running, wait_for_port
from tests.benchmarks.store_made import Made
from tests.benchmarks.store_questions import ONE, ROUNDS

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The buckets that every client library begins with."""
SCRAPED_EVERY: Final = timedelta(minutes=5)
MOST_DAYS: Final = 2


def lines(made: Made) -> Iterator[str]:
    """Times and the error of P95 against the exact nearest rank, both on the same runs."""
    prometheus, promtool = shutil.which("prometheus"), shutil.which("promtool")
    if prometheus is None or promtool is None:
        yield "Prometheus is not installed (Debian: `apt-get install prometheus`), so nothing is compared with it."
        return
    days = min(made.days, MOST_DAYS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        started = time.perf_counter()
        samples = made.store.read(lambda con: _write(con, folder / "history.om", made.now, days), timeout=_LONG)
        _blocks(promtool, folder)
        size = sum(path.stat().st_size for path in (folder / "blocks").rglob("*") if path.is_file())
        took = time.perf_counter() - started
        yield (
            f"Prometheus with {samples:,} samples ({len(BOUNDS_S) + 1} buckets of every integration, scraped every "
            f"{SCRAPED_EVERY.total_seconds():.0f} s for {days} d; {size / 1e6:,.0f} MB, written in {took:.0f} s):"
        )
        yield ""
        with _server(prometheus, folder) as url:
            yield from _table(made, url, days)


def _table(made: Made, url: str, days: int) -> Iterator[str]:
    yield "| question | Prometheus, ms | ours, ms | error of P95: Prometheus, median (worst) | ours, median (worst) |"
    yield "|---|---|---|---|---|"
    names, memo = [one.name for one in made.config.integrations], Memo()
    for length in sorted({1, days}):
        window = Window.last(timedelta(days=length), made.now)
        query = _QUERY.format(by="le", which=f'{{integration="{ONE}"}}', length=f"{length}d")
        theirs, spent = _asked(url, query, made.now)
        ours, own = _timed(lambda window=window: made.store.read(lambda con: latency(con, ONE, window)))  # type: ignore[misc]
        exact = made.store.read(lambda con, window=window: _exact(con, window), timeout=_LONG)  # type: ignore[misc]
        errors = _errors({ONE: next(iter(theirs.values()))}, exact), _errors({ONE: ours.p95}, exact)
        yield f"| P95 of one integration, {length} d | {spent:.1f} | {own:.1f} | {errors[0]} | {errors[1]} |"
    day = Window.last(timedelta(days=1), made.now)
    query = _QUERY.format(by="integration, le", which="", length="1d")
    theirs, spent = _asked(url, query, made.now)
    summaries, own = _timed(lambda: made.store.read(lambda con: integration_summaries(con, names, made.now, memo)))
    exact = made.store.read(lambda con: _exact(con, day), timeout=_LONG)
    mine = {one.integration: one.latency_24h.p95 for one in summaries}
    what = f"P95 of {len(names)} integrations, 1 d (ours: the whole overview)"
    yield f"| {what} | {spent:.1f} | {own:.1f} | {_errors(theirs, exact)} | {_errors(mine, exact)} |"


def _write(con: DuckDBPyConnection, path: Path, now: datetime, days: int) -> int:
    """Cumulative counts per integration, bucket and scrape, as OpenMetrics."""
    step = SCRAPED_EVERY.total_seconds()
    start = now - timedelta(days=days) - SCRAPED_EVERY
    edges = ", ".join(f"count(*) FILTER (total_ms <= {bound * 1000})" for bound in BOUNDS_S)
    found = con.execute(_SCRAPES.format(edges=edges), {"start": start, "end": now, "ms": step * 1000}).fetchall()
    scrapes = int((now - start).total_seconds() // step)
    names = sorted({row[0] for row in found})
    counts = np.zeros((len(names), scrapes + 1, len(BOUNDS_S) + 1), np.int64)
    place = {name: index for index, name in enumerate(names)}
    for name, at, *row in found:
        counts[place[name], min(int(at), scrapes)] = row
    running_counts = counts.cumsum(axis=1)
    labels = [*map(str, BOUNDS_S), "+Inf"]
    with path.open("w") as file:
        file.write("# TYPE probe_duration_seconds histogram\n")
        for index, name in enumerate(names):
            for bucket, label in enumerate(labels):
                head = f'probe_duration_seconds_bucket{{integration="{name}",le="{label}"}}'
                column = running_counts[index, :, bucket].tolist()
                first = start.timestamp()
                file.writelines(f"{head} {n} {first + (at + 1) * step:.0f}\n" for at, n in enumerate(column[:scrapes]))
        file.write("# EOF\n")
    return len(names) * len(labels) * scrapes


def _blocks(promtool: str, folder: Path) -> None:
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", folder / "history.om", folder / "blocks"]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _server(prometheus: str, folder: Path) -> Iterator[str]:
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    port = free_port()
    options = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'blocks'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    with running(prometheus, *options) as process:
        wait_for_port(port, process)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while httpx.get(f"{url}/-/ready", trust_env=False).status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        yield url


def _asked(url: str, query: str, now: datetime) -> tuple[dict[str, float | None], float]:
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        answer, spent = _timed(
            lambda: client.get("/api/v1/query", params={"query": query, "time": f"{now.timestamp():.0f}"}).json()
        )
    rows = answer["data"]["result"]
    return {row["metric"].get("integration", ONE): float(row["value"][1]) * 1000 for row in rows}, spent


def _timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    answer, spent = ask(), []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        spent.append((time.perf_counter() - started) * 1000)
    return answer, statistics.median(spent)


def _exact(con: DuckDBPyConnection, window: Window) -> dict[str, float]:
    return dict(con.execute(_EXACT, {"start": window.start, "end": window.end}).fetchall())


def _errors(said: dict[str, float | None], exact: dict[str, float]) -> str:
    off = [abs(figure / exact[name] - 1) for name, figure in said.items() if figure is not None and name in exact]
    return f"{statistics.median(off):.2%} ({max(off):.2%})" if off else "no answer"


_LONG: Final = timedelta(minutes=5)
_QUERY: Final = "histogram_quantile(0.95, sum by ({by}) (increase(probe_duration_seconds_bucket{which}[{length}])))"

_SCRAPES: Final = f"""
SELECT integration, (epoch_ms(started_at) - epoch_ms($start)) // $ms, {{edges}}, count(*)
FROM steps WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY ALL
"""  # noqa: S608 - a condition of ours

_EXACT: Final = f"""
SELECT integration, quantile_disc(total_ms, 0.95) FROM steps
WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY integration
"""  # noqa: S608 - a condition of ours
