"""A prober whose event loop ran late measured itself: what the vendor said stands, how long it took does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.model import Integration, Objective
from metrics.evaluation import evaluate
from metrics.model import SliceCount, Window
from metrics.store.database import Store
from metrics.store.errors import rates
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.phases import phase_series
from metrics.store.runs import run as one_run
from metrics.store.slices import slice_counts
from probes.lag import LAG_LIMIT_MS
from probes.model import FailureKind, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LATE = LAG_LIMIT_MS + 0.001


@pytest.fixture
def count(
    store: Store, make_integration: Callable[..., Integration], noon: datetime
) -> Callable[..., tuple[int, int, int]]:
    """(good, bad, expected) of the last ten minutes for an objective."""

    def ask(**fields: Any) -> tuple[int, int, int]:
        promised = Objective.model_validate({"sli": "availability", "target": "99%"} | fields)
        window = Window.last(10 * MINUTE, noon)
        seen: SliceCount = store.read(lambda con: slice_counts(con, make_integration(), promised, [window]))[0]
        return seen.good, seen.bad, seen.expected

    return ask


def ten_minutes(make_run: Make, noon: datetime) -> list[Run]:
    """Ten runs of 100 ms, of which two took 900 ms under a late loop."""
    fine = [make_run(noon - i * MINUTE, values={"sync_lag_ms": 100.0}) for i in range(3, 11)]
    late = [make_run(noon - i * MINUTE, 900.0, loop_lag_ms=LATE, values={"sync_lag_ms": 900.0}) for i in (1, 2)]
    return [*fine, *late]


def test_a_late_loop_does_not_cost_the_vendor_its_availability(
    put: Put, make_run: Make, noon: datetime, count: Callable[..., tuple[int, int, int]]
) -> None:
    put(ten_minutes(make_run, noon))
    assert count() == (10, 0, 10)


@pytest.mark.parametrize("sli", ["latency", "ttfb", "sync_lag"])
def test_a_slice_that_was_timed_by_a_late_loop_is_neither_fast_nor_slow(
    put: Put, make_run: Make, noon: datetime, count: Callable[..., tuple[int, int, int]], sli: str
) -> None:
    put(ten_minutes(make_run, noon))
    assert count(sli=sli, threshold="200ms") == (8, 0, 10)
    assert count(sli=sli, threshold="10s") == (8, 0, 10)


def test_no_percentile_holds_a_time_that_a_late_loop_took(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    put(ten_minutes(make_run, noon))
    window = Window.last(HOUR, noon)
    seen = store.read(lambda con: latency(con, "hubspot", window))
    assert (seen.n, seen.p99, seen.max) == (8, 100.0, 100.0)
    series = store.read(lambda con: latency_series(con, "hubspot", window))
    assert (np.nansum(series.n), np.nanmax(series.p99), np.nanmax(series.ttfb_p95)) == (8, 100.0, 90.0)
    (tile,) = store.read(lambda con: integration_summaries(con, ["hubspot"], noon))
    assert (tile.latency_24h.max, tile.latency_1h.n, tile.runs_24h) == (100.0, 8, 10)
    assert {figure for figure in tile.sparkline_p95 if figure is not None} == {100.0}
    assert np.nansum(store.read(lambda con: phase_series(con, "hubspot", window)).n) == 8


def test_an_answer_to_a_late_loop_is_a_request_all_the_same(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    put([*ten_minutes(make_run, noon)[1:], make_run(noon - 10 * MINUTE, kind=FailureKind.STATUS_5XX, loop_lag_ms=LATE)])
    seen = store.read(lambda con: rates(con, "hubspot", Window.last(HOUR, noon)))
    assert (seen.requests, seen.server_errors) == (10, 0.1)


def test_a_lag_of_exactly_the_limit_is_still_on_time(
    put: Put, make_run: Make, noon: datetime, count: Callable[..., tuple[int, int, int]]
) -> None:
    put([make_run(noon - MINUTE, 900.0, loop_lag_ms=LAG_LIMIT_MS)])
    assert count(sli="latency", threshold="200ms") == (0, 1, 1)


def test_the_timings_themselves_are_kept_for_whoever_looks_at_the_run(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    late = make_run(noon - MINUTE, 900.0, loop_lag_ms=LATE)
    put([late])
    kept = store.read(lambda con: one_run(con, late.run_id))
    assert kept is not None
    assert (kept.loop_lag_ms, kept.steps[0].timings.total_ms) == (LATE, 900.0)


def test_a_prober_that_is_always_late_cannot_burn_a_latency_budget(
    store: Store,
    put: Put,
    make_run: Make,
    make_integration: Callable[..., Integration],
    noon: datetime,
    make_config: Any,
) -> None:
    put([make_run(noon - i * MINUTE, 5_000.0, loop_lag_ms=400.0) for i in range(1, 121)])
    promised = make_integration(objectives=[{"sli": "latency", "target": "95%", "threshold": "200ms"}])
    (status,) = store.read(lambda con: evaluate(con, make_config(promised), noon)).objectives
    assert (status.sli, status.coverage, status.budget_left) == (None, 0.0, 1.0)
    assert not any(burn.firing for burn in status.burns)
