"""When a window of the calendar begins and ends. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.model import CalendarWindow, Objective, Period
from metrics.model import Window

_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


def budget_window(objective: Objective, now: datetime) -> Window:
    """The window that the objective's budget is for: the time up to now, or the calendar's period that holds it."""
    if isinstance(objective.window, CalendarWindow):
        return calendar_window(objective.window, now)
    return Window.last(objective.window, now)


def calendar_window(window: CalendarWindow, now: datetime) -> Window:
    """The period that `now` lies in, from midnight to midnight of its time zone, whatever the clocks do in between."""
    zone = ZoneInfo(window.time_zone)
    first, end = _days(window.calendar, now.astimezone(zone).date())
    # A midnight that the clocks jump over is the instant of the jump; of one that comes twice it is the first.
    return Window(*(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, end)))


def _days(period: Period, day: date) -> tuple[date, date]:
    if period is Period.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    months = _MONTHS[period]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    following = first.month - 1 + months
    return first, date(first.year + following // 12, following % 12 + 1, 1)
