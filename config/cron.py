"""Five fields of cron, as cron itself reads them, in a time zone whose clock is put forward and back.

What has a fixed hour happens once a day: where the clock skips it, at the instant of the change; where it comes twice,
the first time. What has `*` for an hour goes by the time that passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MINUTE: Final = timedelta(minutes=1)
_LONGEST_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """When something begins. `weekdays` count from Sunday, 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    every_hour: bool
    """The hour begins with `*`."""
    either_day: bool
    """Both kinds of day are restricted: either will do, as in cron."""

    def is_on(self, day: date) -> bool:
        """Whether it begins on that day at all."""
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        fits = (of_month or of_week) if self.either_day else (of_month and of_week)
        return day.month in self.months and fits

    def starts(self, day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
        """The instants of that local day at which it begins, in UTC and in order."""
        if not self.is_on(day):
            return ()
        found: set[datetime] = set()
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                found.update(self._instants(wall))
        return tuple(sorted(found))

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return (first,)
        if second < first:
            return () if self.every_hour else (_change_between(second, first, wall),)
        return (first, second) if self.every_hour else (first,)


def local_instant(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which a clock in that zone shows this time: one; two where it comes twice; none where it is
    skipped."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:
        return ()
    return (first,) if first == second else (first, second)


@lru_cache(maxsize=256)
def parse_cron(text: str) -> Cron:
    """Raises ValueError, with the remedy."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{len(parts)} fields instead of 5; write minute, hour, day of the month, month, day of the week, such as "
            '"30 2 * * sun"'
        )
    minutes, hours, days, months, weekdays = (_values(p, f) for p, f in zip(parts, _FIELDS, strict=True))
    if not any(day <= _LONGEST_MONTH[month - 1] for day in days for month in months) and parts[4].startswith("*"):
        raise ValueError("none of these months has such a day, so it never begins")
    return Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        every_hour=parts[1].startswith("*"),
        either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
    )


def _values(text: str, field: _Field) -> frozenset[int]:
    return frozenset(value for part in text.lower().split(",") for value in _part(part, field))


def _part(part: str, field: _Field) -> range:
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        raise ValueError(f'{field.name}: "{part}": behind the / stands a number, such as */15')
    if span == "*":
        return range(field.low, field.high + 1, int(step or 1))
    first, dash, last = span.partition("-")
    low = _number(first, field)
    high = _number(last, field) if dash else (field.high if slash else low)
    if high < low:
        raise ValueError(f'{field.name}: "{span}" ends before it begins; write it as two, such as 22-23,0-5')
    return range(low, high + 1, int(step or 1))


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if not (text.isascii() and text.isdigit()) or not field.low <= int(text) <= field.high:
        names = f" or {field.names[0]}…{field.names[-1]}" if field.names else ""
        raise ValueError(f'{field.name}: "{text}" is not a number from {field.low} to {field.high}{names}')
    return int(text)


def _change_between(early: datetime, late: datetime, wall: datetime) -> datetime:
    """The instant at which the clock skipped `wall`: it lies in between."""
    zone, after = wall.tzinfo, late.astimezone(wall.tzinfo).utcoffset()
    low, high = early, late
    while high - low > _MINUTE:
        middle = low + (high - low) // 2 // _MINUTE * _MINUTE
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high
