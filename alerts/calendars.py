"""ICS calendars (RFC 5545) as maintenance windows: what they say, in instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import prod
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from config.maintenance import Maintenance
from config.matching import fits
from config.windows import Span

AHEAD: Final = timedelta(days=60)
BEHIND: Final = timedelta(days=8)
"""Runs that a prober hands in late are looked up too."""
MOST_EVENTS: Final = 2_000
MOST_ENTRIES: Final = 5_000
_MOST_TIMES_A_DAY: Final = 4
_TOO_OFTEN: Final = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_LONGEST_SUMMARY: Final = 120
_NO_CALENDAR: Final = "is no ICS calendar (it has to begin with BEGIN:VCALENDAR)"
_TRIPPED: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError)
"""What the libraries raise for texts that they trip over."""


class CalendarError(Exception):
    """A calendar that cannot be read; says why."""


def entries_of(ics: bytes, window: Maintenance, zone: str, now: datetime) -> tuple[Span, ...]:
    """The entries that the window asks for, from eight days ago to sixty days ahead, in order. Whole days and times
    without a zone go by `zone`. Cancelled entries and those without a length are none. Raises CalendarError."""
    try:
        calendar = _calendar(ics)
        lengths = _Lengths.of(calendar, ZoneInfo(zone))
        found = recurring_ical_events.of(calendar).between(now - BEHIND, now + AHEAD)
        if len(found) > MOST_ENTRIES:
            raise CalendarError(f"has more than {MOST_ENTRIES} entries in {(AHEAD + BEHIND).days} days")
        spans = [lengths.span(entry) for entry in found if not _is_cancelled(entry)]
    except _TRIPPED as err:
        raise CalendarError(f"holds an entry that cannot be understood ({type(err).__name__})") from err
    pattern = window.entries.casefold()
    return tuple(sorted(s for s in spans if s.start < s.end and fits((pattern,), s.summary.casefold())))


@dataclass(frozen=True, slots=True)
class _Lengths:
    """How long entries are in time that passes. The library adds to the clock on the wall, which makes an hour two on
    the night that clocks are put back (RFC 5545, 3.3.6 and 3.8.5.3: a length is exact)."""

    zone: ZoneInfo
    once: Mapping[tuple[str, datetime], timedelta]
    """Of entries that stand for one time: UID and start."""
    repeated: Mapping[str, timedelta]

    @classmethod
    def of(cls, calendar: icalendar.Calendar, zone: ZoneInfo) -> _Lengths:
        once: dict[tuple[str, datetime], timedelta] = {}
        repeated: dict[str, timedelta] = {}
        events: list[Any] = calendar.walk("VEVENT")
        for event in events:
            uid, start, length = str(event.get("UID", "")), _instant(event.start, zone), _length(event, zone)
            if length is None:
                continue
            if "RRULE" in event or "RDATE" in event:
                repeated[uid] = length
            else:
                once[uid, start] = length
        return cls(zone, once, repeated)

    def span(self, entry: Any) -> Span:
        uid, start = str(entry.get("UID", "")), _instant(entry.start, self.zone)
        length = self.once.get((uid, start), self.repeated.get(uid))
        end = _instant(entry.end, self.zone) if length is None else start + length
        return Span(start, end, _summary(entry))


def _calendar(ics: bytes) -> icalendar.Calendar:
    try:
        calendar = icalendar.Calendar.from_ical(ics)
    except _TRIPPED as err:
        raise CalendarError(_NO_CALENDAR) from err
    if calendar.name != "VCALENDAR":
        raise CalendarError(_NO_CALENDAR)
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise CalendarError(f"has more than {MOST_EVENTS} entries")
    for event in events:
        _refuse_too_often(event)
    return calendar


def _refuse_too_often(event: Any) -> None:
    """What repeats without end must not cost us without end."""
    for rule in _rules(event):
        often = prod(len(rule.get(key, [0])) for key in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        if often > _MOST_TIMES_A_DAY or not _TOO_OFTEN.isdisjoint(str(one).upper() for one in rule.get("FREQ", [])):
            raise CalendarError(f'entry "{_summary(event)}" repeats more than {_MOST_TIMES_A_DAY} times a day')


def _rules(event: Any) -> Iterator[Any]:
    rules = event.get("RRULE", [])
    yield from rules if isinstance(rules, list) else [rules]


def _length(event: Any, zone: ZoneInfo) -> timedelta | None:
    """Exact; None for whole days, which are as long as they are where they are."""
    if not isinstance(event.start, datetime):
        return None
    declared = event.get("DURATION")
    if declared is not None and isinstance(declared.dt, timedelta):
        return declared.dt
    return _instant(event.end, zone) - _instant(event.start, zone)


def _instant(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _summary(entry: Any) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(entry.get("SUMMARY", "")))
    return " ".join(text.split())[:_LONGEST_SUMMARY]


def _is_cancelled(entry: Any) -> bool:
    return str(entry.get("STATUS", "")).upper() == "CANCELLED"
