"""`reports` in `alerts.yaml`: the weekly review, and to whom it goes."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from config.declared import Declared
from config.hours import DAYS, parse_clock
from config.scalars import Name
from config.zones import TimeZone

_WRITTEN: Final = re.compile(r"([a-z]{3})[a-z]*\s+(\d{1,2}:\d{2})")


class WeeklyTime(NamedTuple):
    """An hour of the week on somebody's wall clock; Monday is 0."""

    weekday: int
    clock: time

    def __str__(self) -> str:
        return f"{DAYS[self.weekday]} {self.clock:%H:%M}"


def _weekly_time(value: Any) -> WeeklyTime:
    if isinstance(value, WeeklyTime):
        return value
    found = _WRITTEN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    try:
        hour, minute = divmod(parse_clock(found[2] if found else None), 60)
        return WeeklyTime(DAYS.index(found[1] if found else ""), time(hour, minute))
    except ValueError:
        raise ValueError("not a weekday with an hour; write it as mon 07:00") from None


OnWeekday = Annotated[
    WeeklyTime,
    BeforeValidator(_weekly_time),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z]{3,9} +\d{1,2}:\d{2}$", "examples": ["mon 07:00"]}),
]


class Weekly(Declared):
    """When the weekly review is sent, and through which channels."""

    on: OnWeekday = Field("mon 07:00", validate_default=True, description="Weekday and hour.")
    timezone: TimeZone | None = Field(None, description="Whose wall clock; default: hub.timezone.")
    channels: tuple[Name, ...] = Field(min_length=1, description="Who gets it.")


class Reports(Declared):
    """Reports that come by themselves. Post-incident reports go to the `report` channels of the route."""

    weekly: Weekly | None = Field(None, description="The weekly review; none is sent without it.")
