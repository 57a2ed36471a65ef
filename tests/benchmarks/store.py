"""What the store's questions cost: evaluations, overviews, latency series, ingest."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from uuid import uuid4

from duckdb import DuckDBPyConnection

from app.clock import utc_now
from app.sandbox import placeholder_environment
from app.wiring import load_config
from config.model import Config
from metrics.evaluation import evaluate
from metrics.history import load
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.latency import latency_series
from metrics.store.overview import integration_summaries
from metrics.store.slices import SliceMemo
from metrics.store.verdicts import workflow_verdicts
from probes.model import Batch, Outcome, Run, StepResult, Timings
from tests.benchmarks.crowd import CROWD, crowd

EXAMPLE = Path(__file__).parent.parent.parent / "config" / "example"
ROUNDS = 15

CROWD_ROUNDS = 5
CROWD_EVERY = "10m"
"""A tenth of the runs of a usual schedule: making a day of all of them takes longer than measuring it."""


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each round, after one that does not count."""
    work()
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def row(what: str, spent: list[float]) -> str:
    return f"| {what} | {statistics.median(spent):.1f} | {max(spent):.1f} | {len(spent)} |"


@contextmanager
def filled(config: Config, folder: Path) -> Iterator[tuple[Store, str]]:
    """A store with 28 days of the example's history, and how long that took."""
    store = Store.open(folder / "bench.duckdb")
    started = time.perf_counter()
    runs = load(store, config, now=utc_now())
    took = f"28 days of history: {runs:,} runs in {time.perf_counter() - started:.1f} s"
    try:
        yield store, took
    finally:
        store.close()


def questions(store: Store, config: Config) -> Iterator[str]:
    """What the hub and its pages ask most."""
    names = [integration.name for integration in config.integrations]
    now, slices, memo = utc_now(), SliceMemo(), store.memo
    evaluations = timed(lambda: store.read(lambda con: evaluate(con, config, utc_now(), slices)))
    yield row("one evaluation, all objectives", evaluations)
    summaries = timed(lambda: store.read(lambda con: integration_summaries(con, names, now, memo)))
    yield row("overview, all integrations", summaries)
    for days in (1, 7, 28):
        window = Window.last(timedelta(days=days), now)
        spent = timed(lambda w=window: store.read(lambda con: latency_series(con, names[0], w, memo=memo)))  # type: ignore[misc]
        yield row(f"latency of one integration, {days} d", spent)


def crowd_questions(folder: Path) -> Iterator[str]:
    """The same questions about hundreds of integrations with a day of runs."""
    config, now = crowd(CROWD_EVERY), utc_now()
    names = [integration.name for integration in config.integrations]
    store, slices = Store.open(folder / "crowd.duckdb"), SliceMemo()
    asked: dict[str, Callable[[DuckDBPyConnection], object]] = {
        f"one evaluation, {CROWD} integrations x 3 regions x 4 objectives": lambda con: evaluate(
            con, config, utc_now(), slices
        ),
        f"latest verdicts, {CROWD} integrations x 3 regions": lambda con: workflow_verdicts(con, config, now),
        f"overview, {CROWD} integrations": lambda con: integration_summaries(con, names, now, store.memo),
    }
    try:
        load(store, config, now=now, days=1)
        for what, question in asked.items():
            yield row(what, timed(lambda q=question: store.read(q), CROWD_ROUNDS))  # type: ignore[misc]
    finally:
        store.close()


def batches(count: int, size: int) -> Iterator[Batch]:
    """Runs of five steps, as a prober would ship them."""
    now = utc_now()
    step = StepResult("get", 1, 1, False, now, Outcome.PASSED, Timings(1, 2, 3, 0.1, 40, 46, 1, 47), status=200)
    steps = tuple(replace(step, position=n) for n in range(1, 6))
    run = Run(uuid4(), "local", "bench", "flow", now, now, 250.0, Outcome.PASSED, "v1", steps=steps)
    for number in range(count):
        yield Batch("bench", "local", number * size + 1, tuple(replace(run, run_id=uuid4()) for _ in range(size)))


def ingest_rate(store: Store) -> str:
    """Step rows a second through the write-behind queue into the file."""
    ingest = Ingest(store)
    prepared = list(batches(count=100, size=100))
    started = time.perf_counter()
    futures = [ingest.submit(batch, utc_now()) for batch in prepared]
    for future in futures:
        future.result()
    seconds = time.perf_counter() - started
    ingest.close()
    return f"ingest: {100 * 100 * 5 / seconds:,.0f} step rows/s, acknowledged after commit"


def lines() -> Iterator[str]:
    """The subject: a table of questions, and the rate of ingest."""
    config = load_config(EXAMPLE, placeholder_environment())
    with tempfile.TemporaryDirectory() as folder, filled(config, Path(folder)) as (store, took):
        yield from (took, "", "| question | median ms | worst ms | n |", "|---|---|---|---|")
        yield from chain(questions(store, config), crowd_questions(Path(folder)))
        yield from ("", ingest_rate(store))
