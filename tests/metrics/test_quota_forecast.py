"""Days of quota as vendors report them, each shape in its own window: what is said of it at each moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.quota.burn import burn
from metrics.quota.forecast import Known, forecast
from metrics.quota.model import Bucket, ClockReset, ForecastState, QuotaForecast, Readings, ResetSource
from metrics.quota.resets import next_at, next_reset

CHICAGO = ZoneInfo("America/Chicago")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CHICAGO).astimezone(UTC)
MIDNIGHT = ClockReset("00:00", "America/Chicago")
LIMIT = 50_000.0


def readings(minutes: Sequence[float], used: Sequence[float], now: datetime = NOW, limit: float = LIMIT) -> Readings:
    t = np.array([now.timestamp() + 60 * minute for minute in minutes])
    figures = np.array(used, np.float64)
    return Readings(t, figures, limit - figures, np.full(t.size, np.nan), np.ones(t.size))


def day(use: Callable[[float], float], *, every: int = 5, back: int = 60) -> Readings:
    """`use` of the minute, which is 0 now."""
    minutes = range(-back, 1, every)
    return readings(minutes, [use(minute) for minute in minutes])


def bucket(used: float, limit: float | None = LIMIT, **more: Any) -> Bucket:
    left = None if limit is None else limit - used
    standing = Bucket(
        key="marketo:account:daily", vendor="marketo", bucket="daily", unit="requests", integrations=("marketo",),
        credentials=("app",), window_kind="calendar", window_s=86400.0, limit=limit, used=used, remaining=left,
        left=None if left is None or limit is None else left / limit, reset_at=None, timezone="America/Chicago",
        restore_rate=None, observed_at=NOW,
    )  # fmt: skip
    return replace(standing, **more)


def judged(shown: Readings, now: datetime = NOW, **more: Any) -> QuotaForecast:
    """The forecast after those readings."""
    at = datetime.fromtimestamp(float(shown.t[-1]), UTC)
    standing = bucket(**{"used": float(shown.used[-1]), "observed_at": at} | more)
    return forecast(standing, Known(shown, next_reset(standing, now)), now)


def hours_from_now(told: QuotaForecast) -> float:
    assert told.at is not None
    return (told.at - NOW) / HOUR


def test_a_steady_burn_runs_out_when_division_says() -> None:
    told = judged(day(lambda minute: 20_000 + 100 * minute))
    assert (told.state, told.firm) == (ForecastState.RUNS_OUT, True)
    assert hours_from_now(told) == pytest.approx(5.0)
    assert told.earliest is not None
    assert told.latest is not None
    assert told.earliest < told.at < told.latest  # type: ignore[operator]
    assert told.sentence == (
        "runs out at 15:00 CST, 9 h before the reset (at 00:00 America/Chicago); between 14:32 CST and 15:33 CST; "
        "burning 6,000 requests/h, 2.8 × what would last; from 13 readings over 1 h"
    )


def test_half_the_burn_lasts_past_the_reset() -> None:
    told = judged(day(lambda minute: 20_000 + 30 * minute))
    assert (told.state, told.at, told.firm) == (ForecastState.LASTS_PAST_RESET, None, False)
    assert told.sentence == (
        "lasts past the reset; 30,000 requests left; burning 1,800 requests/h, 0.8 × what would last; "
        "resets at 00:00 America/Chicago, in 14 h; from 13 readings over 1 h"
    )


@pytest.mark.parametrize("at", range(-55, 1, 5))
def test_one_bulk_job_is_no_trend_wherever_it_falls(at: int) -> None:
    told = judged(day(lambda minute: 10_000 + 10 * minute + (9_000 if minute >= at else 0)))
    assert told.state is ForecastState.LASTS_PAST_RESET
    assert told.burn is not None
    assert told.burn.per_h == pytest.approx(600, rel=0.15)


def test_a_burn_that_has_just_doubled_is_seen_within_15_minutes_and_firm_then() -> None:
    states = {
        since: judged(day(lambda minute, since=since: 10_000 + 15 * minute + 150 * max(0, minute + since)))
        for since in (5, 10, 15)
    }
    assert [(told.state, told.firm) for told in states.values()] == [
        (ForecastState.LASTS_PAST_RESET, False),
        (ForecastState.LASTS_PAST_RESET, False),
        (ForecastState.RUNS_OUT, True),
    ]


def test_a_burn_that_is_over_is_forgotten_within_15_minutes() -> None:
    told = judged(day(lambda minute: 20_000 + 150 * min(minute, -15)))
    assert (told.state, told.burn and told.burn.per_h) == (ForecastState.LASTS_PAST_RESET, 0)


@pytest.mark.parametrize("apart", [5, 10, 20])
@pytest.mark.parametrize("phase", range(0, 20, 3))
def test_batches_are_a_burn_like_any_other(apart: int, phase: int) -> None:
    told = judged(day(lambda minute: 30_000 + 50 * apart * ((minute + phase) // apart), every=1))
    assert told.state is ForecastState.RUNS_OUT
    assert told.burn is not None
    assert told.burn.per_h == pytest.approx(3000, rel=0.35)


def test_noise_of_concurrent_answers_moves_the_rate_little() -> None:
    random = np.random.default_rng(3)
    told = judged(day(lambda minute: 20_000 + 100 * minute + random.normal(0, 60), every=2))
    assert told.firm
    assert hours_from_now(told) == pytest.approx(5.0, rel=0.1)


def test_a_cached_answer_between_two_fresh_ones_is_no_reset() -> None:
    told = judged(day(lambda minute: 20_000 + 100 * minute if minute != -20 else 2_000))
    assert told.firm
    assert hours_from_now(told) == pytest.approx(5.0, rel=0.05)


def test_the_burn_before_midnight_counts_after_it() -> None:
    now = datetime(2026, 11, 24, 0, 10, tzinfo=CHICAGO).astimezone(UTC)
    minutes = range(-50, 1, 5)
    shown = readings(minutes, [40_000 + 60 * (m + 10) if m < -10 else 60 * (m + 10) for m in minutes], now)
    told = judged(shown, now)
    assert told.burn is not None
    assert told.burn.per_h == pytest.approx(3600)
    assert told.state is ForecastState.RUNS_OUT
    assert told.reset.at == datetime(2026, 11, 25, 0, 0, tzinfo=CHICAGO)


def test_what_was_left_yesterday_says_nothing_after_midnight() -> None:
    now = datetime(2026, 11, 24, 0, 4, tzinfo=CHICAGO).astimezone(UTC)
    told = judged(readings(range(-60, -4, 5), [LIMIT] * 12, now), now)
    assert (told.remaining, told.state) == (0, ForecastState.TOO_LITTLE_EVIDENCE)


def test_a_vendor_that_resets_early_is_believed() -> None:
    told = judged(day(lambda minute: 49_000 + 100 * minute if minute < -20 else 100 * (minute + 20)))
    assert told.state is ForecastState.RUNS_OUT
    assert told.burn is not None
    assert told.burn.per_h == pytest.approx(6000)
    assert hours_from_now(told) == pytest.approx(48_000 / 6000)


@pytest.mark.parametrize(
    ("day_of", "hours"),
    [(datetime(2026, 3, 8), 23), (datetime(2026, 11, 1), 25), (datetime(2026, 11, 23), 24)],
    ids=["clocks go forward", "clocks go back", "a plain day"],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(day_of: datetime, hours: int) -> None:
    begins = day_of.replace(tzinfo=CHICAGO).astimezone(UTC)
    assert next_at(MIDNIGHT, begins) - begins == hours * HOUR
    assert next_at(MIDNIGHT, begins - timedelta(seconds=1)) == begins


def test_a_day_of_25_hours_is_an_hour_longer_to_last() -> None:
    now = datetime(2026, 11, 1, 0, 30, tzinfo=CHICAGO).astimezone(UTC)
    shown = readings(range(-30, 1, 5), [40 * (m + 30) for m in range(-30, 1, 5)], now, limit=58_000)
    told = judged(shown, now, limit=58_000.0, remaining=56_800.0)
    # At 2,400 an hour it is gone after 23 h 40 min: past the end of a day of 24 hours, before that of one of 25.
    assert told.state is ForecastState.RUNS_OUT
    assert told.reset.at is not None
    assert told.reset.at - now == 24.5 * HOUR


RESETS = {
    "what the operator declared wins": ("17:00", NOW + 3 * HOUR, None, ResetSource.CONFIGURED, NOW + 7 * HOUR),
    "then what the vendor reports": (None, NOW + 3 * HOUR, None, ResetSource.REPORTED, NOW + 3 * HOUR),
    "then the clock that is documented": (None, NOW - HOUR, None, ResetSource.PRESET, NOW + 14 * HOUR),
}


@pytest.mark.parametrize(("configured", "reported", "seen", "source", "at"), RESETS.values(), ids=RESETS)
def test_the_best_word_on_the_reset_is_taken(
    configured: str | None, reported: datetime, seen: datetime | None, source: ResetSource, at: datetime
) -> None:
    own = ClockReset(configured, "America/Chicago") if configured else None
    reset = next_reset(bucket(1, reset_at=reported), NOW, configured=own, preset=MIDNIGHT, seen=seen)
    assert (reset.source, reset.at, reset.time_zone) == (source, at, "America/Chicago")


def test_without_any_word_a_reset_that_was_seen_is_expected_again() -> None:
    hubspot = bucket(1, timezone=None)
    assert next_reset(hubspot, NOW, seen=NOW - 10 * HOUR).at == NOW + 14 * HOUR
    assert next_reset(hubspot, NOW).source is ResetSource.UNKNOWN


def test_a_bucket_whose_reset_nobody_knows_is_never_sure_to_run_out() -> None:
    told = judged(day(lambda minute: 20_000 + 100 * minute), timezone=None)
    assert (told.state, told.firm) == (ForecastState.RUNS_OUT, False)
    assert "declare it in quota.resets" in told.sentence


def test_a_rolling_day_is_forecast_by_what_its_window_gains_and_for_one_window_only() -> None:
    rolling = {"window_kind": "rolling", "timezone": None}
    gaining = judged(day(lambda minute: 20_000 + 100 * minute), **rolling)
    assert (gaining.state, gaining.firm) == (ForecastState.RUNS_OUT, True)
    slowly = judged(day(lambda minute: 20_000 + 20 * minute), **rolling)
    assert (slowly.state, slowly.sentence.partition(";")[0]) == (ForecastState.LASTS_WINDOW, "lasts the next 1 d")
    falling = judged(day(lambda minute: 20_000 - 100 * minute), **rolling)
    assert (falling.state, "falling by 6,000 requests/h" in falling.sentence) == (ForecastState.LASTS_WINDOW, True)


def test_a_rolling_hour_in_percent_is_forecast_like_calls() -> None:
    shown = day(lambda minute: 60 + minute / 2, every=1)
    about = {"window_kind": "rolling", "unit": "percent", "window_s": 3600.0, "timezone": None}
    percent = judged(shown, limit=100.0, remaining=40.0, **about)
    assert (percent.state, percent.firm) == (ForecastState.LASTS_WINDOW, False)
    fuller = judged(day(lambda minute: 80 + minute / 2, every=1), limit=100.0, remaining=20.0, **about)
    assert fuller.state is ForecastState.RUNS_OUT
    assert hours_from_now(fuller) == pytest.approx(20 / 30)
    assert "burning 30 percent/h" in fuller.sentence


def test_a_leaky_bucket_is_forecast_by_burn_less_leak() -> None:
    about = {"window_kind": "leaky", "window_s": None, "timezone": None}
    slow = judged(day(lambda minute: 20_000 + 100 * minute), restore_rate=1.0, **about)
    assert slow.state is ForecastState.RUNS_OUT
    assert hours_from_now(slow) == pytest.approx(5.0)
    quick = judged(day(lambda minute: 20_000 + 100 * minute), restore_rate=500.0, **about)
    assert quick.state is ForecastState.REFILLS


NEVER = {
    "concurrency is a gauge": ({"unit": "concurrency", "window_kind": "fixed"}, ForecastState.GAUGE),
    "twenty seconds refill": ({"window_s": 20.0, "window_kind": "rolling"}, ForecastState.REFILLS),
    "without a limit": ({"limit": None, "remaining": None, "left": None}, ForecastState.NOT_REPORTED),
    "nothing left": ({"used": LIMIT, "remaining": 0.0, "left": 0.0}, ForecastState.SPENT),
    "two hours old": ({"observed_at": NOW - 2 * HOUR}, ForecastState.TOO_LITTLE_EVIDENCE),
    "its window is over": (
        {"window_kind": "fixed", "window_s": 3600.0, "reset_at": NOW - MINUTE}, ForecastState.TOO_LITTLE_EVIDENCE
    ),
}  # fmt: skip


@pytest.mark.parametrize(("about", "state"), NEVER.values(), ids=NEVER)
def test_what_cannot_be_forecast_says_so(about: dict[str, Any], state: ForecastState) -> None:
    told = judged(day(lambda minute: 20_000 + 100 * minute), **about)
    assert told.state is state
    assert told.sentence


@pytest.mark.parametrize("minutes", [(0,), (-5, 0), (-4, -2, 0)], ids=["one", "two", "three within four minutes"])
def test_too_few_readings_are_no_forecast(minutes: tuple[int, ...]) -> None:
    told = judged(readings(minutes, [20_000 + 100 * minute for minute in minutes]))
    assert (told.state, told.burn) == (ForecastState.TOO_LITTLE_EVIDENCE, None)


def test_one_answer_an_hour_is_enough_in_time() -> None:
    told = judged(day(lambda minute: 20_000 + 50 * minute, every=60, back=300))
    assert told.state is ForecastState.RUNS_OUT
    assert hours_from_now(told) == pytest.approx(10.0)


steps = st.lists(st.integers(0, 400), min_size=6, max_size=30)


def _told(increments: Sequence[float], left: float, unit: float = 1.0) -> QuotaForecast:
    used = (1000 + np.cumsum([0.0, *increments])) * unit
    minutes = np.arange(len(used)) * 3.0 - 3.0 * (len(used) - 1)
    limit = float(used[-1] + left * unit)
    return judged(readings(minutes.tolist(), used.tolist(), limit=limit), limit=limit, remaining=left * unit)


@settings(max_examples=examples(100))
@given(increments=steps, left=st.integers(1, 100_000), unit=st.sampled_from([0.001, 1000.0, 1024.0]))
def test_another_unit_changes_no_instant(increments: list[int], left: int, unit: float) -> None:
    one, other = _told(increments, left), _told(increments, left, unit)
    assert (one.state, one.firm) == (other.state, other.firm)
    for mine, theirs in ((one.at, other.at), (one.earliest, other.earliest), (one.latest, other.latest)):
        assert (mine is None) == (theirs is None)
        assert mine is None or theirs is None or abs(mine - theirs) < timedelta(seconds=1)


@settings(max_examples=examples(100))
@given(increments=steps, left=st.integers(1, 100_000), times=st.floats(1.0, 20.0))
def test_more_burn_never_lasts_longer(increments: list[int], left: int, times: float) -> None:
    one, more = _told(increments, left), _told([step * times for step in increments], left)
    if one.at is not None:
        assert more.at is not None
        assert more.at <= one.at + timedelta(seconds=1)


@settings(max_examples=examples(100))
@given(increments=steps, left=st.integers(1, 100_000))
def test_the_likely_instant_lies_within_its_bounds(increments: list[int], left: int) -> None:
    told = _told(increments, left)
    if told.at is not None:
        assert told.earliest is not None
        assert told.earliest <= told.at
        assert told.latest is None or told.at <= told.latest
    assert not told.firm or told.latest is not None or told.state is ForecastState.SPENT


def test_no_reading_is_no_burn() -> None:
    nothing = np.empty(0)
    assert burn(Readings(*[nothing] * 5), refilled_at_once=True) is None
