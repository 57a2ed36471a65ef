"""Which past hours are like this one, by the clocks of the zone: against datetime, hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.baseline.zones import Alike, Zone

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # its summer is half an hour
    "America/St_Johns",
    "Pacific/Apia",
)
KNOWN = {name: Zone(name) for name in ZONES}


def hour_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3600


class Clock:
    """What a wall clock shows in an hour since the epoch."""

    def __init__(self, hour: int, zone: str) -> None:
        shown = datetime.fromtimestamp(hour * 3600, ZoneInfo(zone))
        self.hour, self.day, self.weekend = shown.hour, shown.toordinal(), shown.weekday() >= 5


def plainly(zone: str, now: int) -> dict[str, list[int]]:
    this, found = Clock(now, zone), {name: [] for name in ("around", "of_kind", "days", "weeks", "near")}
    for hour in range(now - 28 * 24, now):
        then = Clock(hour, zone)
        own, close = then.hour == this.hour, (then.hour - this.hour) % 24 in (23, 0, 1)
        times, ago = 2 if own else 1, this.day - then.day
        if close and hour >= now - 14 * 24:
            found["near"].append(hour)
            found["around"] += [hour] * times
        if close and then.weekend == this.weekend:
            found["of_kind"] += [hour] * times
        if own and ago <= 5:
            found["days"].append(hour)
        if own and ago in (7, 14, 21):
            found["weeks"].append(hour)
    return found


def agrees(zone: str, now: int) -> None:
    alike, expected = Alike.to(KNOWN[zone], now), plainly(zone, now)
    for name, hours in expected.items():
        assert getattr(alike, name).tolist() == hours, (zone, now, name)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(ZONES), st.integers(hour_of("2024-02-01"), hour_of("2026-12-31")))
def test_the_hours_that_are_alike_are_those_of_the_wall_clock(zone: str, now: int) -> None:
    agrees(zone, now)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26", "2025-03-09", "2025-11-02", "2025-04-06", "2025-10-05"])
def test_hours_stay_alike_around_the_change_of_clocks(zone: str, day: str) -> None:
    for hour in range(0, 48, 11):
        agrees(zone, hour_of(day) + hour)


def test_a_morning_is_like_the_mornings_before_the_clocks_changed() -> None:
    eight = hour_of("2025-03-31T06:00")  # 08:00 in Berlin, an hour earlier by UTC than the week before
    assert hour_of("2025-03-28T07:00") in Alike.to(KNOWN["Europe/Berlin"], eight).days


def test_weekends_are_saturday_and_sunday_of_the_zone() -> None:
    friday_night = np.array([hour_of("2025-06-06T23:00")])
    assert KNOWN["Europe/Berlin"].local(friday_night).is_weekend.tolist() == [True]
    assert KNOWN["UTC"].local(friday_night).is_weekend.tolist() == [False]
