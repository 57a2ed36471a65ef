"""Windows of the calendar: from midnight to midnight of a time zone, with the budget of the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import CalendarWindow, Config, Integration, Objective, Period
from metrics import slo
from metrics.calendars import calendar_window
from metrics.evaluation import objective_statuses
from metrics.model import ObjectiveStatus
from metrics.store.database import Store
from probes.model import FailureKind, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
HOUR = timedelta(hours=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu"]


def window(period: str, zone: str = "UTC") -> CalendarWindow:
    return CalendarWindow.model_validate({"calendar": period, "time_zone": zone})


@pytest.mark.parametrize(
    ("period", "zone", "now", "start", "end"),
    [
        ("month", "UTC", "2026-02-14T12:00", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("month", "Europe/Berlin", "2026-03-31T22:30", "2026-03-31T22:00", "2026-04-30T22:00"),
        ("month", "Europe/Berlin", "2026-03-14T12:00", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("month", "America/New_York", "2026-11-14T12:00", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("week", "Europe/Berlin", "2026-10-25T12:00", "2026-10-18T22:00", "2026-10-25T23:00"),
        ("quarter", "UTC", "2026-11-20T12:00", "2026-10-01T00:00", "2027-01-01T00:00"),
        ("year", "Asia/Kathmandu", "2026-12-31T18:15", "2026-12-31T18:15", "2027-12-31T18:15"),
        ("week", "Africa/Cairo", "2026-04-22T12:00", "2026-04-19T22:00", "2026-04-26T21:00"),
    ],
    ids=[
        "February", "a day later there than here", "an hour short", "an hour long", "a week of 169 hours",
        "the last quarter", "the first instant of a year", "a midnight that the clocks jump over lies in it",
    ],
)  # fmt: skip
def test_a_period_begins_and_ends_at_midnight_there(period: str, zone: str, now: str, start: str, end: str) -> None:
    found = calendar_window(window(period, zone), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found.start.isoformat(timespec="minutes")[:16], found.end.isoformat(timespec="minutes")[:16]) == (
        start,
        end,
    )


instants = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@settings(deadline=None, max_examples=60)
@given(instants, st.sampled_from(list(Period)), st.sampled_from(ZONES))
def test_periods_follow_on_one_another_without_gap_or_overlap(now: datetime, period: Period, zone: str) -> None:
    found = calendar_window(window(period, zone), now)
    assert found.start <= now < found.end
    following = calendar_window(window(period, zone), found.end)
    assert following.start == found.end
    before = calendar_window(window(period, zone), found.start - timedelta(microseconds=1))
    assert before.end == found.start
    # Apia left out a whole day in 2011.
    assert abs((found.end - found.start) / window(period).length - 1) < 0.3
    assert found.start.astimezone(ZoneInfo(zone)).hour <= 1


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        ("week", [13.44, 3.5, 1.4, 0.98]),
        ("month", [14.4, 6.0, 3.0, 1.0]),
        ("quarter", [21.6, 10.8, 4.5]),
        ("year", [21.6, 10.8, 4.5]),
    ],
)
def test_a_period_burns_by_the_table_nearest_to_its_length(period: str, factors: list[float]) -> None:
    assert [pair.factor for pair in slo.burn_pairs(window(period).length)] == factors


@pytest.fixture
def see(
    store: Store, make_integration: Callable[..., Integration], make_config: Callable[..., Config]
) -> Callable[..., ObjectiveStatus]:
    """The status of one objective of `hubspot` whose workflow runs once an hour."""
    step = {"name": "read", "request": {"path": "/"}}
    hourly = [{"name": "contacts", "every": "1h", "steps": [step]}]

    def ask(now: datetime, **fields: Any) -> ObjectiveStatus:
        promised = {"sli": "availability", "target": "99%", "window": {"calendar": "month"}} | fields
        config = make_config(make_integration(objectives=[promised], workflows=hourly))
        return store.read(lambda con: objective_statuses(con, config, now))[0]

    return ask


BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
ALL_HOURS = 30 * 24
MORE = [{}, {"maintenance": "excluded"}]


@pytest.mark.parametrize("more", MORE, ids=["from roll-ups", "from single runs"])
def test_the_budget_is_that_of_the_whole_month_from_its_first_day_on(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus], more: dict[str, Any]
) -> None:
    put([make_run(BEGUN - 3 * HOUR, every_s=3600.0, kind=FailureKind.TIMEOUT)])
    put([make_run(BEGUN + i * HOUR, every_s=3600.0, kind=FailureKind.TIMEOUT if i == 5 else None) for i in range(48)])
    seen = see(BEGUN + 48 * HOUR, **more)
    # 1 % of 720 hours may be bad, and one of them was; what was bad in October costs nothing.
    assert seen.budget_left == pytest.approx(1 - 1 / 7.2)
    assert (seen.good, seen.bad, seen.expected, seen.coverage) == (47, 1, 48, 1.0)
    assert (seen.window.start, seen.window.end) == (BEGUN, BEGUN + 48 * HOUR)
    assert seen.resets_at == datetime(2026, 12, 1, tzinfo=UTC)
    assert seen.key == "availability@99%/month[UTC]"


def test_with_the_new_month_the_budget_is_full_again(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus]
) -> None:
    put([make_run(BEGUN + i * HOUR, every_s=3600.0, kind=FailureKind.TIMEOUT) for i in range(ALL_HOURS)])
    end = BEGUN + ALL_HOURS * HOUR
    assert see(end - HOUR).budget_left == pytest.approx(1 - 719 / 7.2)
    assert see(end).budget_left == 1.0


def failing(make_run: Make, hours: int, bad: set[int]) -> list[Run]:
    kinds = [FailureKind.TIMEOUT if i in bad else None for i in range(hours)]
    return [make_run(BEGUN + i * HOUR, every_s=3600.0, kind=kind) for i, kind in enumerate(kinds)]


def test_a_budget_lasts_as_long_as_the_pace_of_the_last_hours_says(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus]
) -> None:
    put(failing(make_run, 48, {43, 46}))
    seen = see(BEGUN + 48 * HOUR)
    # 5.2 bad hours are left, and one of three was bad in the last six.
    assert seen.pace_over == 6 * HOUR
    assert seen.exhausted_in is not None
    assert seen.exhausted_in / HOUR == pytest.approx(5.2 * 3)


@pytest.mark.parametrize(
    ("hours", "bad", "lasts"),
    [(48, {3}, None), (715, {712}, None), (48, set(range(40, 48)), timedelta(0))],
    ids=["nothing bad of late", "the month ends first", "spent already"],
)
def test_a_budget_lasts_or_is_spent(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus], hours: int, bad: set[int], lasts: timedelta | None
) -> None:
    put(failing(make_run, hours, bad))
    assert see(BEGUN + hours * HOUR).exhausted_in == lasts


def test_without_data_nothing_is_said_of_how_long_it_lasts(see: Callable[..., ObjectiveStatus]) -> None:
    seen = see(BEGUN + HOUR)
    assert (seen.budget_left, seen.exhausted_in, seen.pace_over) == (None, None, None)


@settings(deadline=None)
@given(
    st.integers(1, 700),
    st.integers(0, 700),
    st.sampled_from(["99%", "95%", "99.9%"]),
)
def test_the_whole_budget_is_spent_by_a_burn_of_one_up_to_the_end(over: int, ahead: int, target: str) -> None:
    """Conserved: what the part that is over spends and what is left add up to what the whole month allows."""
    import numpy as np

    promised = Objective.model_validate({"sli": "availability", "target": target, "window": {"calendar": "month"}})
    share = slo.error_share(promised.target)
    now = BEGUN + timedelta(days=10)
    windows = slo.windows(promised, now, HOUR)
    bad = int(share * over * 1000)
    counts = np.array([[[0, 0, 0, over * 1000 - bad, bad, over * 1000, 0, 0]] * len(windows)], np.int64)
    (seen,) = slo.objective_statuses([("x", promised)], windows, counts, 1, np.array([ahead * 1000]))
    assert seen.budget_left is not None
    assert seen.budget_left == pytest.approx(1 - bad / float(share * (over + ahead) * 1000))
    if not ahead and bad == share * over * 1000:
        assert seen.budget_left == 0.0
