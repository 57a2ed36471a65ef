"""Hours of the week, cron and windows, held against a walk through every minute of the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.cron import parse_cron
from config.hours import DAYS, Hours, clock, holding, over_at, parse_days
from config.maintenance import Maintenance, at_instant
from config.windows import Span, Timetable

MINUTE = timedelta(minutes=1)
CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 10, 4), date(2026, 4, 5)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1)),
    "Asia/Kolkata": (date(2026, 3, 29),),
}
PLACES = [(zone, day) for zone, days in CHANGES.items() for day in days]


def minutes(zone: str, day: date, days: int = 1) -> list[tuple[datetime, datetime]]:
    """Every minute from that local midnight on, with what the clock on the wall shows."""
    start = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=days), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    count = int((end - start) / MINUTE)
    return [(at := start + n * MINUTE, at.astimezone(ZoneInfo(zone))) for n in range(count)]


@st.composite
def some_hours(draw: Any) -> Hours:
    begin, end = draw(st.integers(0, 1439)), draw(st.integers(0, 1440))
    days = draw(st.lists(st.sampled_from(DAYS), max_size=4))
    given = {"from": clock(begin), "to": clock(end), "days": days}
    try:
        return Hours.model_validate(given)
    except ValidationError:
        return Hours.model_validate({"from": "22:00", "to": "06:00", "days": days})


@given(hours=some_hours(), place=st.sampled_from(PLACES), before=st.integers(0, 1))
def test_hours_hold_by_the_clock_on_the_wall_and_over_midnight(hours: Hours, place: Any, before: int) -> None:
    zone, day = place
    for at, wall in minutes(zone, day - timedelta(days=before)):
        minute = wall.hour * 60 + wall.minute
        begun = wall.date()
        if hours.begin >= hours.end and minute < hours.end:
            begun -= timedelta(days=1)
            inside = True
        else:
            inside = hours.begin <= minute and (minute < hours.end or hours.begin >= hours.end)
        expected = inside and (not hours.days or begun.weekday() in hours.days)
        assert (holding((hours,), at, zone) is hours) is expected


@given(hours=st.lists(some_hours(), min_size=1, max_size=2), place=st.sampled_from(PLACES), start=st.integers(0, 1400))
def test_they_are_over_at_the_first_minute_at_which_none_holds(hours: list[Hours], place: Any, start: int) -> None:
    zone, day = place
    walk = minutes(zone, day, days=10)[start:]
    expected = next((at for at, wall in walk if not any(one.holds(wall) for one in hours)), None)
    found = over_at(hours, walk[0][0] + timedelta(seconds=17), zone)
    assert found == expected or (expected is None and found is None)


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", (0, 1, 2, 3, 4)), ("fri-mon", (0, 4, 5, 6)), ("Sunday", (6,)), (["sat", "tue-wed"], (1, 2, 5))],
)
def test_days_are_read_as_people_write_them(text: object, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "says nothing"),
        ({"from": "09:00", "to": "09:00"}, "never holds"),
        ({"from": "00:00", "to": "00:00"}, "never holds"),
        ({"from": "25:00"}, "not a time of day"),
        ({"from": "24:30"}, "not a time of day"),
        ({"days": "moon"}, "not a day of the week"),
        ({"days": "mon", "time_zone": "Berlin"}, "unknown time zone"),
    ],
)
def test_hours_that_mean_nothing_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Hours.model_validate(given)


def test_hours_are_written_as_they_are_read() -> None:
    hours = Hours.model_validate({"days": "sat-sun", "from": "9:05", "to": "24:00", "time_zone": "Asia/Tokyo"})
    assert Hours.model_validate_json(hours.model_dump_json(by_alias=True)) == hours


def cron_by_walking(text: str, zone: str, day: date) -> list[datetime]:
    """As cron(8) says: what the clock skips happens when it has been put forward, what comes twice happens once, and
    what has `*` for an hour goes by the time that passes."""
    cron, every_hour = parse_cron(text), text.split()[1].startswith("*")
    walk = minutes(zone, day)
    found = []
    for (before, wall_before), (at, wall) in pairwise([(walk[0][0] - MINUTE, walk[0][1] - MINUTE), *walk]):
        step = wall.replace(tzinfo=None) - wall_before.replace(tzinfo=None)
        shown = [wall.replace(tzinfo=None)]
        if step > MINUTE and not every_hour and before.astimezone(ZoneInfo(zone)).date() == day:
            shown = [wall.replace(tzinfo=None) - n * MINUTE for n in range(int(step / MINUTE))]
        again = bool(wall.fold) and not every_hour
        if not again and any(w.hour in cron.hours and w.minute in cron.minutes and cron.is_on(w.date()) for w in shown):
            found.append(at)
    return found


FIELD = {
    "minute": st.sampled_from(["*", "*/20", "0", "30", "15,45", "59"]),
    "hour": st.sampled_from(["*", "*/3", "0", "1", "2", "2-3", "1,23", "3"]),
}


@given(minute=FIELD["minute"], hour=FIELD["hour"], place=st.sampled_from(PLACES))
def test_cron_begins_when_cron_would(minute: str, hour: str, place: Any) -> None:
    zone, day = place
    text = f"{minute} {hour} * * *"
    assert list(parse_cron(text).starts(day, ZoneInfo(zone))) == cron_by_walking(text, zone, day)


def instants(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]


@pytest.mark.parametrize(
    ("zone", "cron", "begin"),
    [
        pytest.param("Europe/Berlin", "30 2 * * *", "2026-03-29T01:00", id="Berlin skips it: when the clock jumps"),
        pytest.param("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30", id="Berlin has it twice: the first"),
        pytest.param(
            "America/New_York", "30 2 * * *", "2026-03-08T07:00", id="New York skips it: when the clock jumps"
        ),
        pytest.param("America/New_York", "30 1 * * *", "2026-11-01T05:30", id="New York has it twice: the first"),
    ],
)
def test_a_window_on_the_night_that_clocks_change_lasts_as_long_as_ever(zone: str, cron: str, begin: str) -> None:
    window = Maintenance.model_validate(
        {"name": "w", "match": {"vendor": "x"}, "cron": cron, "lasts": "2h", "time_zone": zone}
    )
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    timetable = Timetable((window,), "UTC")
    spans = [one.span for one in timetable.between(start - timedelta(hours=6), start + timedelta(hours=6))]
    assert spans == [Span(start, start + timedelta(hours=2))]
    assert not timetable.open_at(start - MINUTE)
    assert timetable.open_at(start)
    assert timetable.open_at(start + timedelta(hours=2) - MINUTE)
    assert not timetable.open_at(start + timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "day", "starts"),
    [
        ("0 2 * * sun", date(2026, 11, 22), 1),
        ("0 2 * * 0", date(2026, 11, 22), 1),
        ("0 2 * * 7", date(2026, 11, 22), 1),
        ("0 2 * * 1", date(2026, 11, 22), 0),
        ("0 2 22 * mon", date(2026, 11, 22), 1),  # Either kind of day will do, as in cron.
        ("0 2 21 * *", date(2026, 11, 22), 0),
        ("0 2 * nov sat,sun", date(2026, 11, 22), 1),
        ("0/15 2 * * *", date(2026, 11, 22), 4),
    ],
)
def test_fields_mean_what_they_mean_to_cron(text: str, day: date, starts: int) -> None:
    assert len(parse_cron(text).starts(day, ZoneInfo("UTC"))) == starts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 2 * *", "4 fields instead of 5"),
        ("60 2 * * *", 'minute: "60" is not a number from 0 to 59'),
        ("0 2 * * mo", "sun…sat"),
        ("0 2 30 2 *", "never begins"),
        ("0 5-2 * * *", "ends before it begins"),
        ("0 2 * nov sat-sun", "write it as two"),
        ("*/0 2 * * *", "behind the /"),
    ],
)
def test_a_cron_that_cannot_be_is_refused_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_cron(text)


def test_a_local_time_that_is_no_single_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="does not exist in Europe/Berlin"):
        at_instant(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")
    with pytest.raises(ValueError, match="comes twice in Europe/Berlin"):
        at_instant(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")
    exact = datetime.fromisoformat("2026-10-25T02:30+01:00")
    assert [at_instant(exact, "Europe/Berlin")] == instants("2026-10-25T01:30")


@given(start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), length=st.integers(1, 10_000))
def test_a_window_with_a_start_and_an_end_holds_exactly_in_between(start: datetime, length: int) -> None:
    begin = start.replace(tzinfo=UTC)
    end = begin + timedelta(minutes=length)
    window = Maintenance.model_validate(
        {"name": "w", "match": {"vendor": "x"}, "start": begin.isoformat(), "end": end.isoformat()}
    )
    timetable = Timetable((window,), "Asia/Tokyo")
    seen = [bool(timetable.open_at(at)) for at in (begin - MINUTE, begin, end - timedelta(microseconds=1), end)]
    assert seen == [False, True, True, False]
