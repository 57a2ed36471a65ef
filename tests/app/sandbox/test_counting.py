"""Limits, latency profiles and records: the arithmetic behind the simulators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import CalendarDay, FixedWindow, LeakyBucket, RollingWindow
from app.sandbox.records import Records
from app.sandbox.vendors import VENDOR_SIMULATORS

T0 = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
gaps = st.lists(st.floats(0, 30), min_size=1, max_size=80)


def instants(pauses: list[float]) -> list[datetime]:
    now, times = T0, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        times.append(now)
    return times


@given(gaps, st.integers(1, 10))
def test_a_rolling_window_never_lets_more_through_than_its_limit(pauses, limit) -> None:
    window = RollingWindow(limit, timedelta(seconds=20))
    passed = [at for at in instants(pauses) if window.take(at)]
    # Slots are a two-hundredth of the window wide, so the promise holds over 99.5 % of it.
    for first in passed:
        assert sum(first <= at <= first + timedelta(seconds=19.9) for at in passed) <= limit


@given(gaps, st.integers(1, 10))
def test_a_fixed_window_lets_at_most_its_limit_through_between_resets(pauses, limit) -> None:
    window = FixedWindow(limit, timedelta(seconds=20))
    passed: dict[datetime, int] = {}
    for at in instants(pauses):
        if window.take(at):
            passed[window.reset_at(at)] = passed.get(window.reset_at(at), 0) + 1
    assert all(count <= limit for count in passed.values())


@given(gaps, st.floats(1, 40), st.floats(0.5, 4))
def test_a_bucket_passes_its_capacity_plus_what_leaked(pauses, capacity, per_second) -> None:
    bucket = LeakyBucket(capacity, per_second)
    times = instants(pauses)
    passed = sum(bucket.take(at) for at in times)
    assert passed <= capacity + per_second * (times[-1] - times[0]).total_seconds() + 1e-6
    assert 0 <= bucket.level(times[-1]) <= capacity


def test_a_day_starts_again_at_midnight_of_its_zone() -> None:
    day = CalendarDay(limit=2, timezone="US/Central")
    before = datetime(2026, 11, 18, 23, 59, 59, tzinfo=ZoneInfo("US/Central"))
    assert [day.take(before) for _ in range(3)] == [True, True, False]
    assert day.reset_at(before) == datetime(2026, 11, 19, 6, 0, tzinfo=UTC)
    assert day.take(before + timedelta(seconds=1))


def test_business_calls_spread_over_the_day() -> None:
    day = CalendarDay(limit=50_000, timezone="UTC", business=18_000)
    assert day.used(T0) == 9_000
    assert day.remaining(T0) == 41_000


def test_records_are_forgotten_by_age_and_by_number() -> None:
    records = Records(life=timedelta(minutes=1), most=3)
    for number in range(5):
        records.put(str(number), {}, T0)
    assert [key for key in "01234" if records.get(key)] == ["2", "3", "4"]
    records.put("9", {}, T0 + timedelta(minutes=2))
    assert [key for key in "0123459" if records.get(key)] == ["9"]


def test_a_search_sees_a_record_only_after_its_lag() -> None:
    records = Records()
    records.put("1", {}, T0, lag=timedelta(seconds=1))
    assert not list(records.visible(T0))
    assert len(list(records.visible(T0 + timedelta(seconds=1)))) == 1


@pytest.mark.parametrize("vendor", VENDOR_SIMULATORS)
def test_every_profile_stays_between_forty_and_four_hundred_milliseconds(vendor) -> None:
    profile = VENDOR_SIMULATORS[vendor].profile
    week = [profile.usual_ms(T0 + timedelta(hours=hour)) for hour in range(168)]
    assert 40 <= min(week) < max(week) <= 400
    assert max(week) / min(week) > 1.2


def test_a_profile_is_slower_in_the_afternoon_and_on_workdays() -> None:
    profile = LatencyProfile(base_ms=100, afternoon=0.6, weekend=0.25, noise=0.1, tail=0.0, timezone="UTC")
    wednesday, sunday = datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
    peak = timedelta(hours=14.5)
    assert profile.usual_ms(wednesday + peak) == pytest.approx(160)
    assert profile.usual_ms(sunday + peak) == pytest.approx(115)
    assert profile.usual_ms(wednesday + timedelta(hours=3)) < 105


def test_draws_scatter_around_the_usual() -> None:
    profile = VENDOR_SIMULATORS["hubspot"].profile
    random = Random(3)
    drawn = [profile.draw(T0, random).total_seconds() * 1000 for _ in range(2000)]
    assert median(drawn) == pytest.approx(profile.usual_ms(T0), rel=0.03)
    assert max(drawn) < 15 * profile.usual_ms(T0)
