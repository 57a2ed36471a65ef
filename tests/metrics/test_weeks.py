"""Hours of the week and weeks, on the wall clock of a zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from metrics.store.database import Store
from metrics.store.rollup.roller import roll
from metrics.store.weeks import compare_weeks, hour_of_week, week_window
from probes.model import FailureKind, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
"""The Monday after the clocks went back in Berlin."""


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_every_attempt_lies_in_its_hour_on_the_wall_clock(
    store: Store, put: Put, make_run: Make, zone: str, *, rolled: bool
) -> None:
    instants = [AUTUMN - timedelta(minutes=7 * i + 1) for i in range(14 * 24 * 60 // 7)][::9]
    put([make_run(at, 100.0 + i) for i, at in enumerate(instants)])
    if rolled:
        roll(store, AUTUMN + timedelta(hours=1))
    there = ZoneInfo(zone)
    seen = store.read(lambda con: hour_of_week(con, "hubspot", 2, there, AUTUMN))
    for _ in range(2):
        kept = store.read(lambda con: hour_of_week(con, "hubspot", 2, there, AUTUMN, memo=store.memo))
        for name in ("n", "p50", "p95"):
            np.testing.assert_array_equal(getattr(kept, name), getattr(seen, name))
    samples: dict[tuple[int, int], list[float]] = {}
    for i, at in enumerate(instants):
        local = at.astimezone(there)
        samples.setdefault((local.weekday(), local.hour), []).append(100.0 + i)
    assert seen.n.sum() == len(instants)
    for day in range(7):
        for hour in range(24):
            held = sorted(samples.get((day, hour), []))
            assert seen.n[day, hour] == len(held)
            wanted = held[-(-len(held) * 95 // 100) - 1] if held else np.nan
            np.testing.assert_allclose(seen.p95[day, hour], wanted, rtol=0.010001)


def test_a_zone_that_is_half_an_hour_off_for_half_a_year_has_its_own_hours(
    store: Store, put: Put, make_run: Make
) -> None:
    """On Lord Howe Island it is UTC+11 in March and in January, and UTC+10:30 between them."""
    there, end = ZoneInfo("Australia/Lord_Howe"), datetime(2027, 1, 4, tzinfo=UTC)
    at = datetime(2026, 7, 8, 14, 40, tzinfo=UTC)
    put([make_run(at)])
    seen = store.read(lambda con: hour_of_week(con, "hubspot", 40, there, end))
    assert seen.n[at.astimezone(there).weekday(), at.astimezone(there).hour] == 1


def test_nothing_stored_is_a_matrix_without_figures(store: Store) -> None:
    seen = store.read(lambda con: hour_of_week(con, "hubspot", 4, BERLIN, AUTUMN))
    assert seen.n.shape == (7, 24)
    assert seen.n.sum() == 0
    assert np.isnan(seen.p50).all()


def test_a_week_in_which_the_clocks_go_back_has_an_hour_more() -> None:
    assert week_window(date(2026, 10, 19), BERLIN).length == timedelta(days=7, hours=1)
    assert week_window(date(2026, 10, 26), BERLIN).length == timedelta(days=7)
    assert week_window(date(2026, 3, 23), BERLIN).length == timedelta(days=6, hours=23)


def test_a_week_is_compared_with_the_one_before(store: Store, put: Put, make_run: Make) -> None:
    monday = datetime(2026, 10, 18, 22, 0, tzinfo=UTC)
    put([make_run(monday - timedelta(minutes=1), 100.0), make_run(monday, 300.0)])
    put([make_run(monday + timedelta(days=7, minutes=59), kind=FailureKind.TIMEOUT), make_run(AUTUMN, 900.0)])
    seen = store.read(lambda con: compare_weeks(con, "hubspot", date(2026, 10, 19), BERLIN))
    assert (seen.week.latency.p50, seen.before.latency.p50) == (300.0, 100.0)
    assert (seen.week.rates.network, seen.before.rates.network) == (0.5, 0.0)
