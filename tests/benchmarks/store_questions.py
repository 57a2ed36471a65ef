"""The store's questions at size: ours while it is quiet, while runs come in, and as naive SQL over the raw rows."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count, cycle, islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from app.hub.loops import EVALUATE_EVERY_S
from config.model import Config
from metrics.evaluation import evaluate, objective_statuses
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.errors import rates
from metrics.store.explorer import RunFilter, Sort, runs_page
from metrics.store.ingest import Ingest
from metrics.store.latency import latency
from metrics.store.limits import limits_of
from metrics.store.memo import Memo
from metrics.store.overview import integration_summaries
from metrics.store.relations import GOOD_ATTEMPTS
from metrics.store.rollup.roller import roll
from metrics.store.runs import run
from metrics.store.slices import SliceMemo
from metrics.store.weeks import hour_of_week
from probes.model import Batch, Outcome, Run
from tests.benchmarks.crowd import CROWD, REGIONS, STEPS
from tests.benchmarks.prober_load import runs
from tests.benchmarks.store_made import Made

ROUNDS: Final = 15
BUSY_ROUNDS: Final = 9
NAIVE_ROUNDS: Final = 3
ROUND_S: Final = 4.0
"""A question is not asked again once its rounds have taken so long."""
ONE: Final = "vendor-117"
_TICK: Final = timedelta(seconds=EVALUATE_EVERY_S)
PACE: Final = CROWD * len(REGIONS) * STEPS / 60
_WINDOWS: Final = (1, 7, 30, 90)

Ask = Callable[[DuckDBPyConnection], object]


@dataclass(frozen=True)
class Question:
    """What is asked, by our functions and by naive SQL, and how fast it is to be."""

    what: str
    target_ms: int | None
    ours: Ask
    naive: Ask | None


def lines(made: Made) -> Iterator[str]:
    """One table for all of it."""
    asked = list(questions(made))
    quiet = [_timed(made.store, one.ours, ROUNDS) for one in asked]
    naive = [_timed(made.store, one.naive, NAIVE_ROUNDS) if one.naive else [] for one in asked]
    with coming_in(made, PACE):
        paced = [_timed(made.store, one.ours, BUSY_ROUNDS) for one in asked]
    with coming_in(made, None) as flood:
        busy = [_timed(made.store, one.ours, BUSY_ROUNDS) for one in asked]
    yield f"| question, ms | target | median | p95 | p95 at {PACE * 60:,.0f} rows/min | p95 flat out | naive SQL |"
    yield "|---|---|---|---|---|---|---|"
    for one, *spent, plain in zip(asked, quiet, paced, busy, naive, strict=True):
        figures = [statistics.median(spent[0]), *map(p95, spent), *([statistics.median(plain)] if plain else [])]
        shown = [f"{figure:.1f}" for figure in figures] + ([] if plain else [""])
        yield f"| {one.what} | {one.target_ms or ''} | {' | '.join(shown)} |"
    yield ""
    yield f"Flat out was {flood.rows / flood.seconds:,.0f} step rows a second in the process that asks."


def p95(spent: list[float]) -> float:
    """Nearest rank."""
    return sorted(spent)[-(-len(spent) * 95 // 100) - 1]


def questions(made: Made) -> Iterator[Question]:
    """Those of the issue, as the hub asks them: with the memo of its store, and evaluations ever later."""
    config, now, names = made.config, made.now, [one.name for one in made.config.integrations]
    memo, slices, ticks = made.store.memo, SliceMemo(), count()
    day = Window.last(timedelta(days=1), now)
    yield Question(
        f"overview of {CROWD} x {len(REGIONS)}",
        30,
        lambda con: integration_summaries(con, names, now, memo),
        partial(_sql, _OVERVIEW, {"start": day.start, "end": day.end}),
    )
    for days in _WINDOWS:
        if days <= made.days:
            window = Window.last(timedelta(days=days), now)
            bounds = {"start": window.start, "end": window.end, "one": ONE}
            what = f"one integration, P50/P95/P99 and error classes, {days} d"
            yield Question(what, 30, partial(_one, window=window, memo=memo), partial(_sql, _CLASSES, bounds))
    yield Question(
        f"burn rates of {4 * CROWD} objectives",
        30,
        lambda con: objective_statuses(con, config, now + next(ticks) * _TICK, slices),
        partial(_sql, _BURN, {"end": now, **{f"w{n}": now - span for n, span in enumerate(_SPANS)}}),
    )
    yield Question(
        "a whole evaluation: burn rates, verdicts, quotas and all the rest",
        None,
        lambda con: evaluate(con, config, now + next(ticks) * _TICK, slices),
        None,
    )
    weeks = Window.last(timedelta(weeks=4), now)
    yield Question(
        "hour-of-week matrix, 4 weeks",
        50,
        lambda con: hour_of_week(con, ONE, 4, ZoneInfo("Europe/Berlin"), now),
        partial(_sql, _MATRIX, {"start": weeks.start, "end": weeks.end, "one": ONE}),
    )
    wanted = made.store.read(partial(_some_run, at=now - timedelta(days=made.days) / 2))
    yield Question("a run by its id", 10, lambda con: run(con, wanted), partial(_sql, _RUN, {"id": wanted}))
    yield from _explorer(made)


def _explorer(made: Made) -> Iterator[Question]:
    rare = RunFilter(Window.last(timedelta(days=made.days), made.now), region="eu", outcomes=(Outcome.FAILED,))
    bounds = {"start": rare.window.start, "end": rare.window.end}
    yield Question(
        "explorer: 100 failed runs of a region", 150, lambda con: runs_page(con, rare), partial(_sql, _PAGE, bounds)
    )
    span = Window.last(timedelta(days=min(5, made.days)), made.now)
    yield Question(
        f"explorer: the 100 slowest runs of {span.length.days} d",
        150,
        lambda con: runs_page(con, RunFilter(span), sort=Sort.SLOWEST),
        partial(_sql, _SLOWEST, {"start": span.start, "end": span.end}),
    )


def _one(con: DuckDBPyConnection, window: Window, memo: Memo) -> object:
    return latency(con, ONE, window, memo=memo), rates(con, ONE, window, memo=memo)


def _sql(sql: str, bounds: dict[str, Any], con: DuckDBPyConnection) -> object:
    return con.execute(sql, bounds).fetchall()


def _some_run(con: DuckDBPyConnection, at: datetime) -> str:
    sql = "SELECT run_id FROM runs WHERE started_at >= $at AND started_at < $end AND integration = $one LIMIT 1"
    row = con.execute(sql, {"at": at, "end": at + timedelta(hours=6), "one": ONE}).fetchone()
    assert row is not None
    return str(row[0])


def _timed(store: Store, ask: Ask, rounds: int) -> list[float]:
    """Milliseconds of each round, after one that does not count."""
    spent: list[float] = []
    until = time.perf_counter() + ROUND_S
    for number in range(rounds + 1):
        started = time.perf_counter()
        store.read(ask, timeout=timedelta(minutes=5))
        if number:
            spent.append((time.perf_counter() - started) * 1000)
        if spent and time.perf_counter() > until:
            break
    return spent


@dataclass
class Flow:
    """What came in."""

    rows: int = 0
    seconds: float = 0.0


@contextmanager
def coming_in(made: Made, per_second: float | None) -> Iterator[Flow]:
    """Batches through the write-behind queue, at that many step rows a second or as fast as it takes them, and the
    roller every few seconds, for the length of the block."""
    flow, over = Flow(), threading.Event()
    ingest = Ingest(made.store)
    started = time.perf_counter()
    threads = [
        threading.Thread(target=_feed, args=(ingest, made.now, per_second, flow, over)),
        threading.Thread(target=_roll, args=(made.store, made.config, made.now, over)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield flow
    finally:
        over.set()
        for thread in threads:
            thread.join()
        ingest.close()
        flow.seconds = time.perf_counter() - started


def _feed(ingest: Ingest, now: datetime, per_second: float | None, flow: Flow, over: threading.Event) -> None:
    size = 6 if per_second else 100
    name = f"flow-{time.time_ns()}"
    sources = [(region, runs(place, region, now - timedelta(minutes=20))) for place, region in enumerate(REGIONS)]
    # Made beforehand, and sent again as another prober's: making runs would cost as much as taking them.
    ready = {region: [tuple(islice(source, size)) for _ in range(20)] for region, source in sources}
    began = time.perf_counter()
    for number, region in enumerate(cycle(REGIONS)):
        if over.is_set():
            return
        made: tuple[Run, ...] = ready[region][number // len(REGIONS) % 20]
        future = ingest.submit(Batch(f"{name}-{number}", region, 1, made), now)
        if per_second is None and number % len(REGIONS) == 0:
            future.result()
        flow.rows += size * STEPS
        if per_second is not None:
            over.wait(max(0.0, flow.rows / per_second - (time.perf_counter() - began)))


def _roll(store: Store, config: Config, now: datetime, over: threading.Event) -> None:
    limits = limits_of(config.integrations)
    while not over.wait(10):
        roll(store, now, limits=limits, stop=over.is_set)


_SPANS: Final = (timedelta(days=28), timedelta(days=3), timedelta(days=1), timedelta(hours=6), timedelta(hours=1))

_OVERVIEW: Final = f"""
SELECT integration, count(*), quantile_disc(total_ms, [0.5, 0.95, 0.99]), max(total_ms)
FROM steps WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY integration
"""  # noqa: S608 - a condition of ours

_CLASSES: Final = f"""
SELECT quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER ({GOOD_ATTEMPTS}), histogram(failure_kind), count(*)
FROM steps WHERE integration = $one AND started_at >= $start AND started_at < $end
"""  # noqa: S608 - a condition of ours

_COUNTED: Final = (
    "count(*) FILTER (slice_at >= $w{0}), count(*) FILTER (slice_at >= $w{0} AND outcome IN ('passed', 'unstable'))"
)
_COUNTS: Final = ", ".join(map(_COUNTED.format, range(len(_SPANS))))
_BURN: Final = f"""
SELECT integration, {_COUNTS} FROM runs
WHERE final AND slice_at >= $w0 AND slice_at < $end GROUP BY integration
"""  # noqa: S608 - names of ours

_MATRIX: Final = f"""
SELECT isodow(started_at), hour(started_at), quantile_disc(total_ms, [0.5, 0.95])
FROM steps WHERE integration = $one AND started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY ALL
"""  # noqa: S608 - a condition of ours

_RUN: Final = "SELECT * FROM runs JOIN steps USING (run_id) WHERE run_id = $id"

_SLOWEST: Final = """
SELECT * FROM runs WHERE started_at >= $start AND started_at < $end ORDER BY duration_ms DESC LIMIT 100
"""

_PAGE: Final = """
SELECT * FROM runs WHERE started_at >= $start AND started_at < $end AND region = 'eu' AND outcome = 'failed'
ORDER BY started_at DESC LIMIT 100
"""
