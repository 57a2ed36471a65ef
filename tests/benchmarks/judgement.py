"""What judging costs: every objective, quota and learned limit, minute by minute, on rows of a store.

166 integrations in three regions, five steps each a minute: 4,980 series of latency, 498 of failures, 664 objectives.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config
from metrics.evaluation import evaluate
from metrics.forecasting import ForecastMemo
from metrics.history.crowd import Crowd
from metrics.learning import LearnedLimits
from metrics.learning.course import SETTLED_AFTER
from metrics.model import Window
from metrics.store.appending import append
from metrics.store.database import Store
from metrics.store.rollup.marks import mark
from metrics.store.slices import SliceMemo
from tests.benchmarks.crowd import crowd

_INTEGRATIONS: Final = 166
_NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_LEARNED: Final = timedelta(hours=6)
_JUDGED: Final = timedelta(hours=2)
_MINUTE: Final = timedelta(minutes=1)
_BUCKET: Final = timedelta(minutes=5)


def lines() -> Iterator[str]:
    """A table: first start, a minute, a closed bucket, a new hour."""
    config = crowd("60s", _INTEGRATIONS)
    window = Window(_NOW - _LEARNED - _JUDGED, _NOW)
    with tempfile.TemporaryDirectory() as place:
        store = Store.open(Path(place) / "bench.duckdb", read_timeout=timedelta(minutes=1))
        try:
            made = Crowd(config, window, 1, labelled=False)
            tables = made.day(_NOW.replace(hour=0)) | {"schedule_changes": made.schedule()}

            def put(con: DuckDBPyConnection) -> None:
                for name, rows in tables.items():
                    append(con, name, rows)
                mark(con, (window.start + _BUCKET * n for n in range(round(window.length / _BUCKET))))

            store.write(put).result()
            yield from _judged(store, config, LearnedLimits(store))
        finally:
            store.close()


def _judged(store: Store, config: Config, limits: LearnedLimits) -> Iterator[str]:
    began = time.perf_counter()
    limits.catch_up(config, _NOW - _JUDGED)
    first = time.perf_counter() - began
    slices, forecasts = SliceMemo(), ForecastMemo()
    spent: dict[str, list[float]] = {"evaluation": [], "no bucket closed": [], "a bucket closed": [], "a new hour": []}
    at = _NOW - _JUDGED + SETTLED_AFTER
    while at < _NOW:
        at += _MINUTE
        began = time.perf_counter()
        limits.catch_up(config, at)
        learned = time.perf_counter() - began
        began = time.perf_counter()
        store.read(lambda con, at=at: evaluate(con, config, at, slices, forecasts, limits.firing))
        spent["evaluation"].append(time.perf_counter() - began)
        closed = (at - SETTLED_AFTER).minute % 5 == 0
        what = "a new hour" if closed and (at - SETTLED_AFTER).minute == 5 else "a bucket closed" if closed else ""
        spent[what or "no bucket closed"].append(learned)
    yield "| | median | most |"
    yield "|---|---:|---:|"
    yield f"| first start: {_LEARNED.total_seconds() / 3600:g} hours learned | {first:.1f} s | |"
    for what, took in spent.items():
        label = "objectives, quotas, verdicts" if what == "evaluation" else f"learned limits, {what}"
        yield f"| a minute's {label} | {np.median(took) * 1000:.0f} ms | {max(took) * 1000:.0f} ms |"
