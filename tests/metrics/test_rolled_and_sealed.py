"""Where raw rows are sealed, late or gone, roll-ups still answer every question, and right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from duckdb import DuckDBPyConnection

from config.model import Integration, Objective, Retention
from metrics.model import Latency, Window
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.retention import forget_old
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.sealing.rounds import drop_months, seal_closed
from metrics.store.slices import slice_counts
from probes.model import FailureKind, Outcome, Run

Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 2, 30, tzinfo=UTC)
NOON = NOW.replace(minute=0, second=0)
MIDNIGHT = NOON.replace(hour=0)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SEAL_AFTER = timedelta(hours=48)
WHOLE = (
    Window(MIDNIGHT - 70 * DAY, MIDNIGHT),
    Window(MIDNIGHT - 50 * DAY, MIDNIGHT - 36 * DAY),
    Window(NOON - DAY, NOON),
    Window(NOON - HOUR, NOON),
)
SCOPES: tuple[dict[str, Any], ...] = ({}, {"region": "eu"}, {"step": "read"}, {"workflow": "contacts", "region": "us"})
PROMISE = Objective.model_validate({"sli": "availability", "target": "99%"})


def hubspot() -> Integration:
    steps = [{"name": "read", "request": {"path": "/"}}]
    flow = {"name": "contacts", "every": "2h", "regions": ["eu", "us"], "steps": steps}
    declared = {"integration": "hubspot", "base_url": "https://api.example.com", "workflows": [flow]}
    return Integration.model_validate(declared)


def lived(make_run: Make) -> list[Run]:
    """Ten weeks of a run every hour and more often in the last hours, of two regions in turn; some fail."""
    agos = [*(i * HOUR + 7 * MINUTE for i in range(70 * 24)), *(i * 5 * MINUTE for i in range(1, 60))]
    return [
        make_run(
            NOON - ago, 100.0 + i % 97, region=("eu", "us")[i % 2], every_s=7200.0,
            kind=FailureKind.STATUS_5XX if i % 11 == 0 else FailureKind.TIMEOUT if i % 13 == 0 else None,
        )
        for i, ago in enumerate(agos)
    ]  # fmt: skip


def put(store: Store, runs: Sequence[Run], first: int) -> None:
    rows = [NumberedRun("p", first + i, run.started_at, run) for i, run in enumerate(runs)]

    def work(con: DuckDBPyConnection) -> None:
        insert(con, rows)
        settle(con, rows)

    store.write(work).result()


def answers(con: DuckDBPyConnection) -> dict[str, Any]:
    """What can be asked about whole hours and days, and the overview."""
    found: dict[str, Any] = {}
    for window in WHOLE:
        for narrow in SCOPES:
            where = f"{window.start} {narrow}"
            found[f"latency {where}"] = latency(con, "hubspot", window, **narrow)
            found[f"rates {where}"] = rates(con, "hubspot", window, **narrow)
            series = latency_series(con, "hubspot", window, bucket=max(HOUR, window.length / 10 // DAY * DAY), **narrow)
            found[f"series {where}"] = [series.n, series.p50, series.p95, series.p99]
            errors = error_series(con, "hubspot", window, bucket=max(HOUR, window.length / 10 // DAY * DAY), **narrow)
            found[f"errors {where}"] = [errors.requests, errors.server_errors, errors.network]
        (found[f"slices {window.start}"],) = slice_counts(con, hubspot(), PROMISE, [window])
    found["overview"] = integration_summaries(con, ["hubspot"], NOW)[0]
    return found


def agree(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    overview, other = found.pop("overview"), wanted.pop("overview")
    for name in ("runs_24h", "rates_24h", "availability_30d", "last_run_at", "last_outcome", "normal_days"):
        assert getattr(overview, name) == getattr(other, name), name
    about(overview.latency_24h, other.latency_24h, "overview, a day")
    about(overview.latency_1h, other.latency_1h, "overview, an hour")
    assert overview.normal_p95_ms == pytest.approx(other.normal_p95_ms, rel=0.011)
    for question, answer in wanted.items():
        if isinstance(answer, Latency):
            about(found[question], answer, question)
        elif isinstance(answer, list):
            for mine, theirs in zip(found[question], answer, strict=True):
                np.testing.assert_allclose(mine, theirs, 0.011, err_msg=question)
        else:
            assert found[question] == answer, question


def about(mine: Latency, theirs: Latency, question: str) -> None:
    assert (mine.n, mine.max) == (theirs.n, theirs.max), question
    assert (mine.p50, mine.p95, mine.p99) == pytest.approx((theirs.p50, theirs.p95, theirs.p99), rel=0.011), question


@pytest.fixture(scope="module")
def plain(make_run: Make) -> tuple[dict[str, Any], list[Run]]:
    """What a store answers that nothing is rolled up, sealed or forgotten in, and what it holds."""
    store, runs = Store.open(None, read_timeout=MINUTE), lived(make_run)
    put(store, runs, 1)
    wanted = store.read(answers)
    store.close()
    return wanted, runs


@pytest.fixture
def full(store_path: Path) -> Iterator[Store]:
    """An empty one in a file, for the same runs."""
    store = Store.open(store_path, read_timeout=MINUTE)
    yield store
    store.close()


@pytest.mark.slow
def test_sealed_days_with_late_rows_are_answered_for_when_their_raw_rows_are_gone(
    plain: tuple[dict[str, Any], list[Run]], full: Store
) -> None:
    wanted, runs = plain
    late = [run for i, run in enumerate(runs) if i % 17 == 3]
    put(full, [run for run in runs if run not in late], 1)
    roll(full, NOW)
    assert seal_closed(full, NOW, SEAL_AFTER).rows > 0
    put(full, late, 10_000)
    agree(full.read(answers), dict(wanted))
    roll(full, NOW)
    agree(full.read(answers), dict(wanted))
    assert seal_closed(full, NOW, SEAL_AFTER).rows > 0
    agree(full.read(answers), dict(wanted))
    kept = Retention(raw=timedelta(days=31))
    full.write(partial(forget_old, now=NOW, retention=kept)).result()
    assert drop_months(full, NOW, kept.raw) > 0
    agree(full.read(answers), dict(wanted))


@pytest.mark.slow
@pytest.mark.parametrize("raw", [timedelta(hours=6), timedelta(minutes=30)], ids=["six hours", "half an hour"])
def test_raw_rows_that_are_kept_for_less_than_a_window_are_not_missed(
    plain: tuple[dict[str, Any], list[Run]], full: Store, raw: timedelta
) -> None:
    wanted, runs = plain
    put(full, runs, 1)
    roll(full, NOW)
    full.write(partial(forget_old, now=NOW, retention=Retention(raw=raw))).result()
    (left,) = full.read(lambda con: con.execute("SELECT count(*) FROM runs").fetchall())
    assert left[0] < 80
    agree(full.read(answers), dict(wanted))
    agree({**full.read(answers), "overview": remembered(full)}, dict(wanted))


def remembered(store: Store) -> Any:
    return store.read(lambda con: integration_summaries(con, ["hubspot"], NOW, store.memo))[0]


def test_the_last_run_is_known_long_after_its_raw_row_is_gone(full: Store, make_run: Make) -> None:
    put(full, [make_run(NOW - 20 * DAY, kind=FailureKind.TIMEOUT), make_run(NOW - 20 * DAY - HOUR)], 1)
    roll(full, NOW)
    full.write(partial(forget_old, now=NOW, retention=Retention(raw=DAY))).result()
    summary = remembered(full)
    assert (summary.last_run_at, summary.last_outcome) == (NOW - 20 * DAY, Outcome.FAILED)


def test_a_run_that_began_just_before_its_slice_counts_when_its_day_is_sealed(full: Store, make_run: Make) -> None:
    """A prober's timer may go off a little early, or its clock be set back."""
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    put(full, [make_run(midnight - timedelta(milliseconds=1), scheduled_at=midnight), make_run(midnight - HOUR)], 1)
    roll(full, NOW)
    assert seal_closed(full, NOW, SEAL_AFTER).rows > 0
    put(full, [make_run(midnight + 2 * MINUTE)], 10)
    assert remembered(full).availability_30d.good == 3
