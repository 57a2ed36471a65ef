"""When channels prove that they still work."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import Field, model_validator

from config.declared import Declared
from config.hours import Clock
from config.scalars import Duration, parse_duration

_DAY: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(minutes=5)


class SelfTest(Declared):
    """How often every channel is tested."""

    enabled: bool = Field(True, description="Whether channels are tested by themselves at all.")
    every: Duration = Field("24h", validate_default=True, description="How often; at least 5m.")
    at: Clock | None = Field(
        "09:00",
        validate_default=True,
        description="At what time of day in `hub.timezone`; null: `every` after the test before.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_time_of_day_within_a_day(cls, given: object) -> object:
        # The default of `at` is for whole days; who asks for less says nothing about a time of day.
        if isinstance(given, dict) and "every" in given and "at" not in given and not _whole_days(given["every"]):
            return {**given, "at": None}
        return given

    @model_validator(mode="after")
    def _makes_sense(self) -> SelfTest:
        if self.every < _SHORTEST:
            raise ValueError("every must be at least 5m, because some services show every test to people")
        if self.at is not None and self.every % _DAY:
            raise ValueError("at needs every in whole days, such as 24h or 7d")
        return self


def _whole_days(every: object) -> bool:
    try:
        return not parse_duration(every) % _DAY
    except ValueError:
        return True  # The field's own check says what is wrong.
