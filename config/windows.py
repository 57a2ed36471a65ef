"""When maintenance windows are open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from config.cron import parse_cron
from config.maintenance import Maintenance, usual_instant
from config.model import Config

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, but not including, `end`; `summary` is that of the calendar's entry."""

    start: datetime
    end: datetime
    summary: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies in it."""
        return self.start <= at < self.end


Entries = Mapping[str, Sequence[Span]]
"""Maintenance window → what its calendar says, of those that have one."""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A maintenance window, and the time that it is open for."""

    window: Maintenance
    span: Span


@dataclass(frozen=True, slots=True)
class Timetable:
    """The maintenance windows of a configuration."""

    windows: tuple[Maintenance, ...] = ()
    zone: str = "UTC"
    entries: Entries = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, entries: Entries) -> Timetable:
        """With what calendars say now."""
        return cls(config.alerting.maintenance, config.settings.hub.timezone, entries)

    def open_at(self, at: datetime) -> tuple[OpenWindow, ...]:
        """Those that are open at that instant; of times that overlap, the one that ends last."""
        found = []
        for window in self.windows:
            spans = [span for span in self._near(window, at) if span.holds(at)]
            if spans:
                found.append(OpenWindow(window, max(spans, key=lambda span: span.end)))
        return tuple(found)

    def between(self, start: datetime, end: datetime) -> tuple[OpenWindow, ...]:
        """Every time at which one is open between these instants, in order."""
        found = (OpenWindow(w, span) for w in self.windows for span in self._all(w, start, end))
        inside = (one for one in found if one.span.start < end and one.span.end > start)
        return tuple(sorted(inside, key=lambda one: (one.span, one.window.name)))

    def _near(self, window: Maintenance, at: datetime) -> Iterator[Span]:
        return self._all(window, at, at)

    def _all(self, window: Maintenance, start: datetime, end: datetime) -> Iterator[Span]:
        zone = window.time_zone or self.zone
        if window.start is not None and window.end is not None:
            yield Span(usual_instant(window.start, zone), usual_instant(window.end, zone))
        elif window.cron is not None and window.lasts is not None:
            day, last = _local_day(start - window.lasts, zone) - _DAY, _local_day(end, zone)
            while day <= last:
                yield from (Span(begin, begin + window.lasts) for begin in _starts(window.cron, day, zone))
                day += _DAY
        else:
            yield from self.entries.get(window.name, ())


def _local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=1024)
def _starts(cron: str, day: date, zone: str) -> tuple[datetime, ...]:
    return parse_cron(cron).starts(day, ZoneInfo(zone))
