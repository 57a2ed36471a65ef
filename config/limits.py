"""Static limits that an operator declares: beyond one in m of n buckets is an alert, whatever is usual."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from config.declared import Declared
from config.scalars import Duration, Name, format_duration, format_share, parse_duration, parse_share


class LimitOn(StrEnum):
    """What is held against a limit."""

    LATENCY = "latency"
    TTFB = "ttfb"
    SYNC_LAG = "sync_lag"
    ERROR_SHARE = "error_share"


class MofN(NamedTuple):
    """`2 of 3`: so many of the latest so many buckets."""

    m: int
    n: int

    def __str__(self) -> str:
        return f"{self.m} of {self.n}"


MOST_BUCKETS: Final = 100
_OF: Final = re.compile(r" *(\d{1,3}) +of +(\d{1,3}) *")


def _of(value: object) -> MofN:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return MofN(*value)
    found = _OF.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a number of buckets; write it as 2 of 3")
    m, n = int(found[1]), int(found[2])
    if not 1 <= m <= n:
        raise ValueError(f"{m} of {n} can never be; write at least 1, and at most as many as there are")
    if n > MOST_BUCKETS:
        raise ValueError(f"looks back on more than {MOST_BUCKETS} buckets; write fewer, and longer ones")
    return MofN(m, n)


def _amount(value: object) -> timedelta | float:
    if isinstance(value, (timedelta, float, int)) and not isinstance(value, bool):
        return value if isinstance(value, timedelta) else parse_share(value)
    if isinstance(value, str) and value.strip().endswith("%"):
        return parse_share(value)
    try:
        return parse_duration(value)
    except ValueError as err:
        raise ValueError("neither a time nor a share; write it as 800ms or as 5%") from err


def _shown(value: timedelta | float) -> str:
    return format_duration(value) if isinstance(value, timedelta) else format_share(value)


Above = Annotated[
    timedelta | float,
    BeforeValidator(_amount),
    PlainSerializer(_shown, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["800ms", "5%"]}),
]
Of = Annotated[
    MofN,
    BeforeValidator(_of),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^ *\d+ +of +\d+ *$", "examples": ["2 of 3"]}),
]


class Limit(Declared):
    """One static limit of an integration."""

    on: LimitOn = Field(description="What is held against it.")
    above: Above = Field(description="More than this is too much: a time, or for error_share a share.")
    workflow: Name | None = Field(None, description="Only this workflow; default: all of the integration together.")
    percentile: Literal["p50", "p95", "p99", "max"] = Field(
        "p95", description="Of a time: what of the good runs in a bucket is held against the limit."
    )
    bucket: Duration = Field("5m", validate_default=True, description="How long a bucket is.")
    crossed: Of = Field("2 of 3", validate_default=True, alias="for", description="In how many of the latest buckets.")
    page: bool = Field(False, description="True: wakes somebody.")

    @property
    def text(self) -> str:
        """Stable and unique within the integration, e.g. `roundtrip:latency p95>800ms`."""
        scope = f"{self.workflow}:" if self.workflow else ""
        what = f" {self.percentile}" if self.is_time else ""
        return f"{scope}{self.on}{what}>{_shown(self.above)}/{format_duration(self.bucket)}"

    @property
    def is_time(self) -> bool:
        """Whether it is about a time, and not about a share."""
        return self.on is not LimitOn.ERROR_SHARE

    @property
    def figure(self) -> float:
        """The limit as a number: milliseconds, or a share."""
        return self.above.total_seconds() * 1000 if isinstance(self.above, timedelta) else self.above
