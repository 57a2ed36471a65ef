"""ISO weeks on the wall clock of a zone, and when the review of one is due. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.reports import Weekly
from metrics.model import Window

_WEEK: Final = timedelta(days=7)
_NAME: Final = re.compile(r"(\d{4})-?[Ww](\d{1,2})")
_FIRST: Final = 1971
_LAST: Final = 2199


class NotAWeekError(ValueError):
    """A text that names no ISO week; `str()` says how to write one."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week, from Monday midnight to Monday midnight on the wall clock of a zone: 167 to 169 hours."""

    monday: date

    @classmethod
    def named(cls, name: str) -> Week:
        """`2026-W47`; raises NotAWeekError."""
        found = _NAME.fullmatch(name.strip())
        year, number = (int(part) for part in found.groups()) if found else (0, 0)
        try:
            # A year that there is no calendar for is as little a week as week 60.
            return cls(date.fromisocalendar(year if _FIRST <= year <= _LAST else 0, number, 1))
        except ValueError:
            raise NotAWeekError(f"{name!r}: not an ISO week; write it as 2026-W47") from None

    @classmethod
    def of(cls, at: datetime, zone: ZoneInfo) -> Week:
        """The one that this instant lies in."""
        local = at.astimezone(zone).date()
        return cls(local - timedelta(days=local.weekday()))

    @property
    def name(self) -> str:
        """`2026-W47`."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def before(self) -> Week:
        """The week before."""
        return Week(self.monday - _WEEK)

    def window(self, zone: ZoneInfo) -> Window:
        """From midnight to midnight."""
        return Window(_local(self.monday, time(), zone), _local(self.monday + _WEEK, time(), zone))


def due(weekly: Weekly, default_zone: str, now: datetime) -> tuple[Week, datetime]:
    """The latest review that is due at `now`, and since when: of the week that was over then."""
    zone = ZoneInfo(weekly.timezone or default_zone)
    today = now.astimezone(zone).date()
    day = today - timedelta(days=(today.weekday() - weekly.on.weekday) % 7)
    at = _local(day, weekly.on.clock, zone)
    if at > now:
        day -= _WEEK
        at = _local(day, weekly.on.clock, zone)
    return Week(day - timedelta(days=day.weekday())).before, at


def _local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Of a time that comes twice the first; one that the clocks jump over is as much later."""
    return datetime.combine(day, clock, zone).astimezone(UTC)
