"""What the questions answer, held against brute force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.model import Latency, Window
from metrics.store.buckets import MOST_POINTS, choose
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.phases import phase_series
from metrics.store.quota import quota_levels, quota_series, share_left
from metrics.store.rows import NumberedRun, insert
from metrics.store.runs import evidence, latest_runs, run
from probes.model import (
    Assertion,
    Certificate,
    Evidence,
    Failure,
    FailureKind,
    Outcome,
    QuotaReading,
    Run,
    StepResult,
    Timings,
)

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MakeStep = Callable[..., StepResult]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def nearest_rank(samples: Sequence[float], percent: int) -> float:
    """The definition: the smallest sample that at least `percent` % of the samples do not exceed."""
    return sorted(samples)[ceil(Fraction(percent, 100) * len(samples)) - 1]


def test_every_question_has_an_answer_on_an_empty_store(store: Store, noon: datetime) -> None:
    window = Window.last(HOUR, noon)
    (summary,) = store.read(lambda con: integration_summaries(con, ["hubspot"], noon))
    assert (summary.runs_24h, summary.latency_24h.p95, summary.rates_24h.server_errors) == (0, None, None)
    assert (summary.availability_30d.share, summary.availability_30d.coverage, summary.normal_p95_ms) == (None,) * 3
    assert (summary.last_run_at, summary.simulated_share_24h, summary.sparkline_p95) == (None, None, (None,) * 24)
    assert store.read(lambda con: latency(con, "hubspot", window)) == Latency(0, None, None, None, None)
    assert store.read(lambda con: rates(con, "hubspot", window)).network is None
    series = store.read(lambda con: latency_series(con, "hubspot", window))
    assert np.isnan(series.p95).all()
    assert (series.n == 0).all()
    assert np.isnan(store.read(lambda con: error_series(con, "hubspot", window)).network).all()
    assert np.isnan(store.read(lambda con: phase_series(con, "hubspot", window)).wait).all()
    assert store.read(lambda con: latest_runs(con, "hubspot")) == ()
    assert store.read(lambda con: run(con, uuid4())) is None
    assert store.read(lambda con: run(con, "no-uuid")) is None
    assert store.read(lambda con: evidence(con, "none")) is None
    assert store.read(lambda con: quota_levels(con, noon)) == ()
    assert store.read(lambda con: quota_series(con, "hubspot", window)) == ()


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=300))
def test_percentiles_are_nearest_rank(emptied: Callable[[], Store], microseconds: list[int]) -> None:
    at = datetime(2026, 11, 20, 11, 59, tzinfo=UTC)
    samples = [value / 1000 for value in microseconds]
    steps = tuple(
        StepResult("s", i, 1, False, at, Outcome.PASSED, Timings(total_ms=value)) for i, value in enumerate(samples)
    )
    made = Run(uuid4(), "local", "hubspot", "w", at, at, 1.0, Outcome.PASSED, "v1", steps=steps)
    store = emptied()
    store.write(lambda con: insert(con, [NumberedRun("p", 1, at, made)])).result(timeout=30)
    window = Window.last(HOUR, at + MINUTE)
    seen = store.read(lambda con: latency(con, "hubspot", window))
    series = store.read(lambda con: latency_series(con, "hubspot", window))
    wanted = [nearest_rank(samples, percent) for percent in (50, 95, 99)]
    assert [seen.p50, seen.p95, seen.p99, seen.max] == [*wanted, max(samples)]
    filled = ~np.isnan(series.p50)
    assert [series.p50[filled].tolist(), series.p95[filled].tolist(), series.p99[filled].tolist()] == [
        [figure] for figure in wanted
    ]


def test_percentiles_of_every_sample_size_are_nearest_rank(store: Store) -> None:
    """A rank that lands exactly on a sample is where binary fractions go wrong."""
    wrong = store.read(
        lambda con: con.execute("""
            WITH sizes AS (SELECT n, quantile_disc(x, [0.5, 0.95, 0.99]) AS p
                           FROM (SELECT n, unnest(range(1, n + 1)) AS x FROM range(1, 1001) AS t(n)) GROUP BY n)
            SELECT n FROM sizes
            WHERE p <> [(n + 1) // 2, (n * 95 + 99) // 100, (n * 99 + 99) // 100]
        """).fetchall()
    )
    assert wrong == []


def test_latency_is_that_of_good_requests_only(
    store: Store, put: Put, make_run: Make, make_step: MakeStep, noon: datetime
) -> None:
    at = noon - timedelta(minutes=5)
    cleanup = make_step(at, 9_000.0, name="cleanup", position=1, cleanup=True)
    good = make_run(at, 100.0)
    put(
        [
            replace(good, steps=(*good.steps, cleanup)),
            make_run(at, 8_000.0, kind=FailureKind.STATUS_5XX),
            replace(make_run(at, 7_000.0), outcome=Outcome.TAINTED),
            make_run(at, 6_000.0, integration="other"),
            make_run(at, 200.0, region="eu"),
        ]
    )
    window = Window.last(HOUR, noon)
    seen = store.read(lambda con: latency(con, "hubspot", window))
    assert (seen.n, seen.p50, seen.max) == (2, 100.0, 200.0)
    assert store.read(lambda con: latency(con, "hubspot", window, region="eu")).p50 == 200.0
    assert store.read(lambda con: latency(con, "hubspot", window, workflow="none")).n == 0


def test_rates_are_shares_of_requests_that_were_really_made(
    store: Store, put: Put, make_run: Make, make_step: MakeStep, noon: datetime
) -> None:
    at = noon - timedelta(minutes=5)
    dependent = make_step(at, None, name="later", position=1, kind=FailureKind.DEPENDENCY)
    failed = make_run(at, kind=FailureKind.STATUS_5XX)
    put(
        [
            replace(failed, steps=(*failed.steps, dependent)),
            *(make_run(at, kind=FailureKind(kind)) for kind in ("auth", "status_4xx", "timeout", "schema")),
            make_run(at, kind=FailureKind.THROTTLED, outcome=Outcome.THROTTLED),
            *(make_run(at) for _ in range(4)),
            make_run(at, outcome=Outcome.TAINTED),
        ]
    )
    window = Window.last(HOUR, noon)
    seen = store.read(lambda con: rates(con, "hubspot", window))
    assert (seen.requests, seen.client_errors, seen.server_errors) == (10, 0.2, 0.1)
    assert (seen.throttled, seen.network, seen.correctness) == (0.1, 0.1, 0.1)
    series = store.read(lambda con: error_series(con, "hubspot", window, bucket=10 * MINUTE))
    assert series.requests.tolist() == [0, 0, 0, 0, 0, 10]
    assert np.array_equal(series.client_errors, [np.nan] * 5 + [2], equal_nan=True)
    assert series.throttled[-1] == series.network[-1] == series.correctness[-1] == series.server_errors[-1] == 1


@settings(deadline=None)
@given(st.integers(1, 400 * 86_400), st.integers(0, 10**6))
def test_a_chart_has_at_most_four_hundred_points_that_cover_the_window(seconds: int, offset: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    window = Window(start, start + timedelta(seconds=seconds))
    grid = choose(window)
    assert 1 <= grid.count <= MOST_POINTS
    first, last = grid.t_ms[0] / 1000, grid.t_ms[-1] / 1000 + grid.bucket.total_seconds()
    assert first <= window.start.timestamp() < first + grid.bucket.total_seconds()
    assert last - grid.bucket.total_seconds() < window.end.timestamp() <= last


def test_a_series_has_every_bucket_and_a_gap_where_nothing_was_measured(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    put([make_run(noon - 50 * MINUTE, 100.0), make_run(noon - 1 * MINUTE, 300.0), make_run(noon, 900.0)])
    window = Window.last(HOUR, noon)
    series = store.read(lambda con: latency_series(con, "hubspot", window, bucket=10 * MINUTE))
    nan = np.nan
    assert np.array_equal(series.p95, [nan, 100.0, nan, nan, nan, 300.0], equal_nan=True)
    assert series.n.tolist() == [0, 1, 0, 0, 0, 1]
    assert series.t_ms[0] == window.start.timestamp() * 1000
    assert np.array_equal(series.ttfb_p95, [nan, 90.0, nan, nan, nan, 270.0], equal_nan=True)
    assert series.simulated_until is None


def test_a_series_says_until_when_it_is_simulated(store: Store, put: Put, make_run: Make, noon: datetime) -> None:
    put([make_run(noon - i * MINUTE, simulated=i > 10) for i in range(1, 30)])
    series = store.read(lambda con: latency_series(con, "hubspot", Window.last(HOUR, noon)))
    assert series.simulated_until == noon - 11 * MINUTE
    recent = Window.last(5 * MINUTE, noon)
    assert store.read(lambda con: latency_series(con, "hubspot", recent)).simulated_until is None


def test_a_phase_is_the_median_where_it_happened(
    store: Store, put: Put, make_run: Make, make_step: MakeStep, noon: datetime
) -> None:
    at = noon - MINUTE
    timings = [Timings(dns_ms=1.0, connect_ms=2.0, wait_ms=50.0, total_ms=60.0)]
    timings += [Timings(wait_ms=wait, total_ms=wait) for wait in (10.0, 20.0, 30.0)]
    made = make_run(at)
    put([replace(made, steps=tuple(make_step(at, position=i, timings=t) for i, t in enumerate(timings)))])
    window = Window.last(HOUR, noon)
    series = store.read(lambda con: phase_series(con, "hubspot", window, bucket=HOUR))
    assert (series.n[-1], series.dns[-1], series.connect[-1], series.wait[-1]) == (4, 1.0, 2.0, 20.0)
    assert np.isnan(series.tls[-1])


def full_run(make_run: Make, make_step: MakeStep, at: datetime) -> Run:
    kept = Evidence("ev-1", "POST", "https://x/", {"a": "b"}, "{}", 503, {"c": "d"}, "down", {"x-request-id": "r1"})
    failed = make_step(
        at,
        250.0,
        attempt=1,
        kind=FailureKind.STATUS_5XX,
        status=503,
        evidence=kept,
        vendor_request_ids={"x-request-id": "r1"},
        assertions=(Assertion("status", "200", "503", False),),
    )
    passed = make_step(
        at + timedelta(seconds=1),
        120.0,
        attempt=2,
        status=200,
        captured={"id": "42"},
        outcome=Outcome.UNSTABLE,
        http_version="HTTP/1.1",
        remote_address="127.0.0.1:443",
        response_bytes=12,
        tls_version="TLSv1.3",
        certificate_expires_at=at + timedelta(days=30),
        certificate_chain=(
            Certificate("CN=api", "CN=Middle", at + timedelta(days=30)),
            Certificate("CN=Middle", "CN=Root", at + timedelta(days=9)),
        ),
        unreachable_addresses=("::1: connection refused",),
        timings=Timings(0.1, 0.2, 3.0, 0.1, 100.0, 110.0, 10.0, 120.0),
    )
    quota = QuotaReading("hubspot", "main", "daily", "requests", at, "header", 1000.0, 250.0, 750.0, 86_400.0)
    return replace(
        make_run(at, outcome=Outcome.UNSTABLE, failed_step="read"),
        steps=(failed, passed),
        failure=Failure(FailureKind.STATUS_5XX, "503", retryable=True, retry_after_s=2.5),
        quota=(quota,),
        values={"sync_lag_ms": 812.5},
        loop_lag_ms=1.25,
    )


def test_a_run_comes_back_as_it_was_sent(
    store: Store, put: Put, make_run: Make, make_step: MakeStep, noon: datetime
) -> None:
    sent = full_run(make_run, make_step, noon)
    put([sent])
    assert store.read(lambda con: run(con, str(sent.run_id))) == sent
    found = store.read(lambda con: evidence(con, "ev-1"))
    assert found is not None
    row, kept = found
    assert (row.run_id, row.evidence_id, row.failed_step) == (str(sent.run_id), "ev-1", "read")
    assert kept == sent.evidence[0]


def test_the_latest_runs_come_newest_first_and_can_be_narrowed(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    put([make_run(noon + i * MINUTE, kind=FailureKind.DNS if i % 3 == 0 else None) for i in range(10)])
    newest = store.read(lambda con: latest_runs(con, "hubspot", 4))
    assert [row.started_at for row in newest] == [noon + i * MINUTE for i in (9, 8, 7, 6)]
    failed = store.read(lambda con: latest_runs(con, "hubspot", 2, Outcome.FAILED))
    assert [(row.started_at, row.failure_kind) for row in failed] == [
        (noon + 9 * MINUTE, FailureKind.DNS),
        (noon + 6 * MINUTE, FailureKind.DNS),
    ]


def test_a_quota_is_its_newest_reading_and_its_past_a_series(
    store: Store, put: Put, make_run: Make, noon: datetime
) -> None:
    def reading(at: datetime, remaining: float) -> Run:
        one = QuotaReading("hubspot", "main", "daily", "requests", at, "header", 1000.0, None, remaining)
        return make_run(at, quota=(one,))

    put([reading(noon - timedelta(days=8), 1.0), reading(noon - MINUTE, 500.0), reading(noon - HOUR / 2, 700.0)])
    (level,) = store.read(lambda con: quota_levels(con, noon))
    assert (level.left, level.remaining, level.observed_at) == (0.5, 500.0, noon - MINUTE)
    (series,) = store.read(lambda con: quota_series(con, "hubspot", Window.last(HOUR, noon)))
    assert series.left.tolist() == [0.7, 0.5]
    assert series.level == level


def test_a_real_quota_reading_ends_the_simulated_ones(store: Store, put: Put, make_run: Make, noon: datetime) -> None:
    def reading(credential: str, **fields: bool) -> Run:
        one = QuotaReading("hubspot", credential, "daily", "requests", noon, "header", 1000.0, None, 500.0)
        return make_run(noon, quota=(one,), **fields)

    put([reading("simulated", simulated=True)])
    assert [level.credential for level in store.read(lambda con: quota_levels(con, noon))] == ["simulated"]
    put([reading("main")])
    assert [level.credential for level in store.read(lambda con: quota_levels(con, noon))] == ["main"]


@pytest.mark.parametrize(
    ("unit", "limit", "used", "remaining", "left"),
    [
        ("requests", 100.0, None, 25.0, 0.25),
        ("requests", 100.0, 25.0, None, 0.75),
        ("requests", 100.0, 130.0, None, 0.0),
        ("percent", None, 40.0, None, 0.6),
        ("requests", None, 40.0, None, None),
        ("requests", 100.0, None, None, None),
        ("requests", 0.0, 0.0, 0.0, None),
    ],
    ids=["remaining", "used", "overdrawn", "percent", "no size", "nothing said", "no bucket"],
)
def test_the_share_left_of_a_quota(
    unit: str, limit: float | None, used: float | None, remaining: float | None, left: float | None
) -> None:
    assert share_left(unit, limit, used, remaining) == left


def test_the_overview_tells_now_from_normal(store: Store, put: Put, make_run: Make, noon: datetime) -> None:
    usual = [make_run(noon + timedelta(minutes=10) - timedelta(days=day), 100.0 + day) for day in range(1, 15)]
    other_hour = [make_run(noon - timedelta(days=day, hours=5), 5_000.0) for day in range(1, 15)]
    recent = [make_run(noon + i * MINUTE, 400.0, simulated=i < 5) for i in range(10)]
    failed = make_run(noon + 15 * MINUTE, kind=FailureKind.STATUS_5XX)
    put([*usual, *other_hour, *recent, failed, make_run(noon, 50.0, integration="github")])
    now = noon + 20 * MINUTE
    hubspot, nothing = store.read(lambda con: integration_summaries(con, ["hubspot", "nothing"], now))
    assert (hubspot.normal_p95_ms, hubspot.normal_days) == (107.0, 14)
    assert (hubspot.latency_1h.n, hubspot.latency_1h.p95, hubspot.latency_24h.max) == (10, 400.0, 400.0)
    assert (hubspot.last_outcome, hubspot.last_run_at) == (Outcome.FAILED, noon + 15 * MINUTE)
    assert (hubspot.runs_24h, hubspot.rates_24h.requests) == (11, 11)
    assert hubspot.rates_24h.server_errors == pytest.approx(1 / 11)
    assert hubspot.simulated_share_24h == pytest.approx(5 / 11)
    assert (hubspot.availability_30d.good, hubspot.availability_30d.bad) == (38, 1)
    assert hubspot.sparkline_p95[23] == 400.0
    assert len(hubspot.sparkline_p95) == 24
    assert (nothing.runs_24h, nothing.availability_30d.expected) == (0, 0)


def test_the_last_run_is_remembered_for_a_month(store: Store, put: Put, make_run: Make, noon: datetime) -> None:
    put([make_run(noon - timedelta(days=20))])
    (summary,) = store.read(lambda con: integration_summaries(con, ["hubspot"], noon))
    assert (summary.last_run_at, summary.runs_24h) == (noon - timedelta(days=20), 0)
