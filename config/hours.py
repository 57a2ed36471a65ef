"""Hours of the week by the clock on the wall of a place: when a route is used, and when people sleep.

The clock decides, not the time that has passed: on the day that it is put forward an hour is missing, on the day that
it is put back one comes twice, and both times of it count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from config.declared import Declared
from config.zones import TimeZone

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 1440
_CLOCK: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_GRID: Final = timedelta(minutes=30)
"""Clocks are put forward and back on instants of this grid."""
_FAR: Final = timedelta(days=9)


def parse_clock(value: object) -> int:
    """`08:30` → minutes since midnight; `24:00` is the end of the day."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _DAY:
        return value
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else _DAY + 1
    if minutes > _DAY:
        raise ValueError("not a time of day; write it as 08:30, up to 24:00")
    return minutes


def clock(minutes: int) -> str:
    """Minutes since midnight as `08:30`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def parse_days(value: object) -> tuple[int, ...]:
    """`mon-fri`, `sat` or a list of them → numbers of the days, Monday 0."""
    parts = [value] if isinstance(value, (str, int)) else value
    if not isinstance(parts, (list, tuple)):
        raise ValueError("not days of the week; write mon-fri, or a list such as [sat, sun]")  # noqa: TRY004 - pydantic
    return tuple(sorted({day for part in parts for day in _days(part)}))


def _days(part: object) -> Iterable[int]:
    if isinstance(part, int) and not isinstance(part, bool) and part in range(7):
        return (part,)
    first, dash, last = part.lower().partition("-") if isinstance(part, str) else ("", "", "")
    ends = [first.strip()[:3], (last if dash else first).strip()[:3]]
    if any(end not in DAYS for end in ends):
        raise ValueError("not a day of the week; write mon, tue, wed, thu, fri, sat or sun, or a range such as mon-fri")
    low, high = (DAYS.index(end) for end in ends)
    return range(low, high + 1) if low <= high else (*range(low, 7), *range(high + 1))


Clock = Annotated[
    int,
    BeforeValidator(parse_clock),
    PlainSerializer(clock, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-4]):[0-5]\d$", "examples": ["08:30", "24:00"]}),
]
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_days),
    PlainSerializer(lambda days: [DAYS[day] for day in days], return_type=list[str]),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": ["mon-fri", ["sat", "sun"]],
        }
    ),
]


class Hours(Declared):
    """A part of the week. From later than to: over midnight, and `days` are those on which it begins."""

    days: Days = Field((), description="Days on which it begins, such as mon-fri or [sat, sun]. Default: every day.")
    begin: Clock = Field("00:00", validate_default=True, alias="from", description="Time of day at which it begins.")
    end: Clock = Field("24:00", validate_default=True, alias="to", description="Time of day at which it is over.")
    time_zone: TimeZone | None = Field(None, description="Whose clock. Default: `hub.timezone`.")

    @model_validator(mode="after")
    def _is_some_time(self) -> Hours:
        if self.begin % _DAY == self.end % _DAY and (self.begin, self.end) != (0, _DAY):
            raise ValueError("begins and ends at the same time, so it never holds; for a whole day leave both out")
        if not self.model_fields_set & {"days", "begin", "end"}:
            raise ValueError("says nothing; write `days`, `from` or `to`")
        return self

    def holds(self, local: datetime) -> bool:
        """Whether it is that time, by the clock on the wall."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begin < self.end:
            return self.begin <= minute < self.end and self._on(day)
        return (minute >= self.begin and self._on(day)) or (minute < self.end and self._on((day - 1) % 7))

    def __str__(self) -> str:
        days = "" if not self.days else ",".join(DAYS[day] for day in self.days) + " "
        return f"{days}{clock(self.begin)}–{clock(self.end)}"

    def _on(self, day: int) -> bool:
        return not self.days or day in self.days


def _listed(value: object) -> object:
    return (value,) if isinstance(value, (dict, Hours)) else value


ManyHours = Annotated[tuple[Hours, ...], BeforeValidator(_listed)]
"""One, or a list of which any will do."""


def holding(hours: Sequence[Hours], at: datetime, default_zone: str) -> Hours | None:
    """The first of them that holds at that instant, or None."""
    return next((one for one in hours if one.holds(at.astimezone(ZoneInfo(one.time_zone or default_zone)))), None)


def over_at(hours: Sequence[Hours], at: datetime, default_zone: str) -> datetime | None:
    """The first instant from then on at which none of them holds; None where there is none within nine days."""
    return _over_at(tuple(hours), at.astimezone(UTC).replace(second=0, microsecond=0), default_zone)


@lru_cache(maxsize=256)
def _over_at(hours: tuple[Hours, ...], at: datetime, default_zone: str) -> datetime | None:
    zones = [ZoneInfo(one.time_zone or default_zone) for one in hours]
    now = at
    while now - at <= _FAR:
        local = [now.astimezone(zone) for zone in zones]
        if not any(one.holds(wall) for one, wall in zip(hours, local, strict=True)):
            return now
        edges = (_to_edge(one, wall) for one, wall in zip(hours, local, strict=True))
        now += min(*edges, _GRID - (now - datetime(1970, 1, 1, tzinfo=UTC)) % _GRID)
    return None


def _to_edge(hours: Hours, local: datetime) -> timedelta:
    """To the next time of day at which it begins or is over, while the clock is left alone."""
    minute = local.hour * 60 + local.minute
    return timedelta(minutes=min((edge - minute - 1) % _DAY + 1 for edge in (hours.begin, hours.end)))


def in_words(hours: Hours, default_zone: str) -> str:
    """`mon,tue 22:00–07:00 Europe/Berlin`."""
    return f"{hours} {hours.time_zone or default_zone}"


class QuietHours(Hours):
    """Hours in which what can wait is not told."""

    mute_urgent: bool = Field(False, description="Hold back even what cannot wait.")


def _quiet(value: Any) -> Any:
    return (value,) if isinstance(value, (dict, QuietHours)) else value


ManyQuietHours = Annotated[tuple[QuietHours, ...], BeforeValidator(_quiet)]
