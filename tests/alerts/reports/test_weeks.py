"""ISO weeks on somebody's wall clock, and when a review is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.reports.weeks import NotAWeekError, Week, due
from config.model import Weekly

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
HOUR = timedelta(hours=1)


def weekly(on: str = "mon 07:00", zone: str | None = None) -> Weekly:
    return Weekly.model_validate({"on": on, "timezone": zone, "channels": ["mail"]})


@pytest.mark.parametrize(
    ("name", "monday"),
    [("2026-W47", date(2026, 11, 16)), ("2026w1", date(2025, 12, 29)), ("2020-W53", date(2020, 12, 28))],
)
def test_a_week_is_named_as_iso_8601_names_it(name: str, monday: date) -> None:
    assert Week.named(name).monday == monday


@pytest.mark.parametrize("name", ["2026-W54", "2026-W0", "2021-W53", "last", "", "0000-W01", "2026-W47-1", "９-W1"])
def test_what_is_no_week_is_refused_with_how_to_write_one(name: str) -> None:
    with pytest.raises(NotAWeekError, match="write it as 2026-W47"):
        Week.named(name)


@pytest.mark.parametrize(("name", "hours"), [("2026-W13", 167), ("2026-W43", 169), ("2026-W47", 168)])
def test_a_week_in_which_the_clocks_change_has_an_hour_less_or_more(name: str, hours: int) -> None:
    assert Week.named(name).window(BERLIN).length == hours * HOUR


@given(INSTANTS, ZONES)
def test_every_instant_lies_in_its_week_and_weeks_follow_without_a_gap(at: datetime, zone: str) -> None:
    place = ZoneInfo(zone)
    week = Week.of(at, place)
    window = week.window(place)
    assert window.start <= at < window.end
    assert week.before.window(place).end == window.start
    assert Week.named(week.name) == week
    assert window.start.astimezone(place).weekday() == 0


@given(INSTANTS, ZONES, st.sampled_from(["mon 07:00", "sun 02:30", "wed 00:00", "fri 23:59"]))
def test_the_latest_review_is_due_once_a_week_and_of_a_week_that_is_over(at: datetime, zone: str, on: str) -> None:
    week, since = due(weekly(on, zone), "UTC", at)
    assert since <= at
    assert at - since <= timedelta(days=7) + HOUR
    assert week.window(ZoneInfo(zone)).end <= since + HOUR
    assert due(weekly(on, zone), "UTC", since) == (week, since)


def test_a_review_is_due_on_the_wall_clock_of_its_zone() -> None:
    settings = weekly("mon 07:00", "Europe/Berlin")
    before = datetime(2026, 11, 23, 5, 59, tzinfo=UTC)
    assert due(settings, "UTC", before)[0].name == "2026-W46"
    week, since = due(settings, "UTC", before + timedelta(minutes=1))
    assert (week.name, since) == ("2026-W47", datetime(2026, 11, 23, 6, tzinfo=UTC))


def test_without_a_zone_of_its_own_the_hubs_counts() -> None:
    at = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert due(weekly(), "Europe/Berlin", at)[0].name == "2026-W47"
    assert due(weekly(), "UTC", at)[0].name == "2026-W46"


@pytest.mark.parametrize("written", ["mon 7:00", "Monday 07:00", "MON  07:00"])
def test_the_hour_may_be_written_as_people_write_it(written: str) -> None:
    assert str(weekly(written).on) == "mon 07:00"


@pytest.mark.parametrize("written", ["7:00", "mon", "mon 24:01", "day 07:00", "monk 07:00 x", 700])
def test_what_is_no_hour_of_the_week_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="mon 07:00"):
        Weekly.model_validate({"on": written, "channels": ["mail"]})
