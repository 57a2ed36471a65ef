"""Promises: what an objective is measured on, over which window, and how its budget is counted."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from config.declared import Declared
from config.scalars import Count, Duration, Name, Share, format_duration, parse_duration
from config.zones import TimeZone


class Sli(StrEnum):
    """What an objective is measured on."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    TTFB = "ttfb"
    SERVER_ERRORS = "server_errors"
    CLIENT_ERRORS = "client_errors"
    CORRECTNESS = "correctness"
    SYNC_LAG = "sync_lag"
    RECORDED = "recorded"


class Period(StrEnum):
    """A stretch of the calendar; a week begins on Monday."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


PERIOD_DAYS: Final = {Period.WEEK: 7, Period.MONTH: 30, Period.QUARTER: 90, Period.YEAR: 365}
"""What a period counts as where one length is needed for all of them."""


class CalendarWindow(Declared):
    """A window that begins and ends with the calendar, so that its budget is full again at a known instant."""

    calendar: Period = Field(description="What it is.")
    time_zone: TimeZone = Field("UTC", description="Where its midnights are.")

    @property
    def length(self) -> timedelta:
        """How long it is, about."""
        return timedelta(days=PERIOD_DAYS[self.calendar])

    def __str__(self) -> str:
        return f"{self.calendar}[{self.time_zone}]"


def _window(value: object) -> object:
    if isinstance(value, CalendarWindow):
        return value
    if isinstance(value, dict):
        return CalendarWindow.model_validate(value)
    try:
        return parse_duration(value)
    except ValueError as err:
        if isinstance(value, str) and not any(map(str.isdigit, value)):
            raise ValueError(f"{err}, or a part of the calendar, such as {{calendar: month}}") from err
        raise


def _format_window(value: timedelta | CalendarWindow) -> str | dict[str, Any]:
    return format_duration(value) if isinstance(value, timedelta) else value.model_dump(mode="json")


BudgetWindow = Annotated[
    timedelta | CalendarWindow,
    BeforeValidator(_window),
    PlainSerializer(_format_window, return_type=str | dict[str, Any]),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^( *\d+(\.\d+)? *(ms|s|m|h|d|w))+ *$"},
                {
                    "type": "object",
                    "properties": {
                        "calendar": {"enum": [str(period) for period in Period]},
                        "time_zone": {"type": "string"},
                    },
                    "required": ["calendar"],
                    "additionalProperties": False,
                },
            ],
            "examples": ["30d", {"calendar": "month", "time_zone": "Europe/Berlin"}],
        }
    ),
]
"""`30d` is the 30 days up to now; `{calendar: month, time_zone: Europe/Berlin}` is this month there."""


class Objective(Declared):
    """A promise on an SLI, with the share of it that must hold within the window."""

    sli: Sli = Field(description="What is measured.")
    target: Share = Field(description="e.g. 99.9%; 100 % is refused, because it leaves no budget to burn.")
    window: BudgetWindow = Field("30d", validate_default=True, description="The time that the promise is for.")
    threshold: Duration | None = Field(None, description="For latency, ttfb and sync_lag: slower than this is bad.")
    value: Name | None = Field(None, description="For recorded: the name of the recorded value.")
    at_least: float | None = Field(None, allow_inf_nan=False, description="For recorded: less than this is bad.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="For recorded: more than this is bad.")
    workflow: Name | None = Field(None, description="Only this workflow; default: all of the integration.")
    page: bool = Field(True, description="False: a fast burn informs Slack instead of paging.")
    throttled_is_bad: bool = Field(False, description="Whether a throttled run costs budget.")
    method: Literal["occurrences", "time_slices"] = Field(
        "occurrences", description="What the budget counts: runs, or slices of time that were good enough."
    )
    slice: Duration | None = Field(None, description="For time_slices: how long a slice is; default: 5m.")
    slice_target: Share | None = Field(
        None, description="For time_slices: a slice is good if at least this share of its measured time is."
    )
    maintenance: Literal["counts", "excluded"] = Field(
        "counts", description="Whether time that is skipped for maintenance is time that the promise is for."
    )
    min_bad: Count | None = Field(
        None, description="Fewer bad slices than this in the long window never fire; default: confirm.min_bad_slices."
    )

    @property
    def length(self) -> timedelta:
        """How long the window is; of a calendar window, about."""
        return self.window.length if isinstance(self.window, CalendarWindow) else self.window

    @property
    def from_runs(self) -> bool:
        """Whether it is counted from single runs: the roll-ups do not tell what it is about."""
        return self.sli is Sli.RECORDED or self.method == "time_slices" or self.maintenance == "excluded"


SLICE: Final = timedelta(minutes=5)
"""How long a slice of time is where nothing else is said."""


class Flow(Declared):
    """A business flow that breaks with several integrations, and what is promised of it as a whole."""

    name: Name = Field(description="What `flows` of the integrations call it.")
    title: str = Field("", description="What people read; default: the name.")
    owner: str = Field("", description="Shown on every alert.")
    runbook: str | None = Field(None, description="Linked from every alert.")
    depends_on: tuple[Name, ...] = Field(
        (),
        description="Flows without which it cannot work: while an incident of theirs explains it, it is not told of.",
    )
    weights: dict[Name, Annotated[float, Field(gt=0, le=1000)]] = Field(
        {}, description="Integration → its part in the flow, 1 for the others. Without any, the worst one decides."
    )
    objectives: tuple[Objective, ...] = Field(
        min_length=1, description="Promises on slices of time that were good in all of its integrations."
    )

    @property
    def label(self) -> str:
        """What people read."""
        return self.title or self.name
