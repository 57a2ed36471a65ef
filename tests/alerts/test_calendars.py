"""ICS calendars: what their entries come to, and that no calendar can hurt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.calendars import CalendarError, entries_of
from config.maintenance import Maintenance
from config.windows import Span

NOW = datetime(2026, 10, 17, tzinfo=UTC)

BERLIN = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""


def ics(*events: str, before: str = "") -> bytes:
    bodies = "".join(f"BEGIN:VEVENT\nUID:{n}\n{body.strip()}\nEND:VEVENT\n" for n, body in enumerate(events))
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{bodies}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def entries(calendar: bytes, pattern: str = "*", now: datetime = NOW, zone: str = "UTC") -> list[Span]:
    declared = {"name": "v", "match": {"vendor": "x"}, "calendar": "https://example.com/a.ics", "entries": pattern}
    return list(entries_of(calendar, Maintenance.model_validate(declared), zone, now))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKLY = """
DTSTART;TZID=Europe/Berlin:20261018T023000
DURATION:PT1H
RRULE:FREQ=WEEKLY;BYDAY=SU
EXDATE;TZID=Europe/Berlin:20261101T023000
SUMMARY:Weekly maintenance
"""


def test_what_repeats_begins_by_the_wall_clock_lasts_its_real_length_and_leaves_out_what_is_called_off() -> None:
    found = entries(ics(WEEKLY, before=BERLIN), now=at("2026-10-10T00:00"))[:3]
    begins = [at("2026-10-18T00:30"), at("2026-10-25T00:30"), at("2026-11-08T01:30")]
    assert found == [Span(begin, begin + timedelta(hours=1), "Weekly maintenance") for begin in begins]


def test_an_hour_stays_an_hour_on_both_nights_that_clocks_change() -> None:
    spring = "DTSTART;TZID=Europe/Berlin:20260322T013000\nDTEND;TZID=Europe/Berlin:20260322T023000\nRRULE:FREQ=WEEKLY"
    for now in (at("2026-03-25T00:00"), at("2026-10-20T00:00")):
        found = entries(ics(spring, before=BERLIN), now=now)
        assert {span.end - span.start for span in found} == {timedelta(hours=1)}


def test_one_instance_may_be_moved() -> None:
    moved = (
        "RECURRENCE-ID;TZID=Europe/Berlin:20261025T023000\n"
        "DTSTART:20261026T100000Z\nDTEND:20261026T130000Z\nSUMMARY:Later"
    )
    text = (
        ics(WEEKLY, before=BERLIN)
        .decode()
        .replace(
            "END:VCALENDAR",
            f"BEGIN:VEVENT\r\nUID:0\r\n{moved.replace(chr(10), chr(13) + chr(10))}\r\nEND:VEVENT\r\nEND:VCALENDAR",
        )
    )
    found = entries(text.encode(), now=at("2026-10-20T00:00"))[:3]
    assert found[1] == Span(at("2026-10-26T10:00"), at("2026-10-26T13:00"), "Later")


def test_whole_days_and_times_without_a_zone_go_by_the_windows_zone() -> None:
    day = "DTSTART;VALUE=DATE:20261020\nDTEND;VALUE=DATE:20261021\nSUMMARY:day"
    floating = "DTSTART:20261022T100000\nDTEND:20261022T120000\nSUMMARY:floating"
    assert entries(ics(day, floating), zone="America/New_York") == [
        Span(at("2026-10-20T04:00"), at("2026-10-21T04:00"), "day"),
        Span(at("2026-10-22T14:00"), at("2026-10-22T16:00"), "floating"),
    ]


def test_what_is_cancelled_has_no_length_or_has_another_name_is_none() -> None:
    cancelled = "DTSTART:20261020T100000Z\nDTEND:20261020T110000Z\nSTATUS:CANCELLED\nSUMMARY:Maintenance"
    reminder = "DTSTART:20261021T100000Z\nSUMMARY:Maintenance reminder"
    party = "DTSTART:20261022T100000Z\nDTEND:20261022T110000Z\nSUMMARY:Party"
    wanted = "DTSTART:20261023T100000Z\nDTEND:20261023T110000Z\nSUMMARY:Planned MAINTENANCE of EU"
    found = entries(ics(cancelled, reminder, party, wanted), "*maintenance*")
    assert [span.summary for span in found] == ["Planned MAINTENANCE of EU"]


def test_a_summary_is_one_short_line() -> None:
    event = "DTSTART:20261023T100000Z\nDTEND:20261023T110000Z\nSUMMARY:a\\nb\u202e<!channel>" + "x" * 500
    (found,) = entries(ics(event))
    assert found.summary.startswith("a b <!channel>x")
    assert len(found.summary) == 120


SOON = "DTSTART:20261018T000000Z\nDURATION:PT1M\nSUMMARY:often\n"


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        pytest.param(b"", "no ICS calendar", id="nothing"),
        pytest.param(b"<html>sign in</html>", "no ICS calendar", id="a page to sign in on"),
        pytest.param(b"\xff\xfe\x00", "no ICS calendar", id="bytes"),
        pytest.param(ics(SOON + "RRULE:FREQ=SECONDLY"), "more than 4 times a day", id="every second"),
        pytest.param(ics(SOON + "RRULE:FREQ=HOURLY"), "more than 4 times a day", id="every hour"),
        pytest.param(
            ics(SOON + "RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3"), "more than 4 times a day", id="nine a day"
        ),
        pytest.param(ics(*[SOON] * 2001), "more than 2000 entries", id="thousands"),
        pytest.param(ics("DTSTART:2026xx18\nSUMMARY:x"), "cannot be understood", id="a date that is none"),
        pytest.param(ics(SOON + "RRULE:FREQ=FOO"), "cannot be understood", id="a rule that is none"),
        pytest.param(ics("SUMMARY:x"), "cannot be understood", id="an entry without a start"),
    ],
)
def test_a_calendar_that_cannot_be_used_says_why(calendar: bytes, said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        entries(calendar)


_LINES = [
    "DTSTART:20261018T000000Z",
    "DTEND:20261018T010000Z",
    "DTSTART;VALUE=DATE:20261018",
    "DURATION:PT1H",
    "DURATION:x",
    "RRULE:FREQ=DAILY",
    "RRULE:FREQ=DAILY;COUNT=-1",
    "RDATE:20261019T000000Z",
    "RDATE:x",
    "EXDATE:20261018T000000Z",
    "DTSTART;TZID=Nowhere:20261018T000000",
    "RECURRENCE-ID:20261018T000000Z",
    "BEGIN:VALARM",
    "END:VEVENT",
    "SUMMARY:x",
    "DTSTART:00000000T000000Z",
    "RRULE:FREQ=YEARLY;BYYEARDAY=400",
    "DTEND:99991231T235959Z",
]


@given(lines=st.lists(st.sampled_from(_LINES) | st.text(max_size=20), max_size=6))
def test_nothing_but_its_own_error_comes_out_of_any_calendar(lines: list[str]) -> None:
    try:
        found = entries(ics("\n".join(lines)))
    except CalendarError:
        return
    assert all(span.start < span.end for span in found)
