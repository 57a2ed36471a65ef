"""What the probes leave to the business, and what the operator knows of a vendor's quota that no answer says."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.declared import Declared
from config.requests import Request
from config.scalars import Count, Duration, Name, ProbeBudget, Share
from config.zones import TimeZone

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


def _clock_time(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_CLOCK, value):
        raise ValueError('not a time of day; write hours and minutes in quotes, such as "00:00" or "17:30"')
    return value


ClockTime = Annotated[
    str,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["00:00"]}),
]


class QuotaReset(Declared):
    """When a bucket is full again, every day."""

    at: ClockTime = Field("00:00", description="Time of day on the clocks of `time_zone`.")
    time_zone: TimeZone = Field(description="Where that is the time of day, such as America/Chicago.")


class QuotaPolicy(Declared):
    """What the probes leave to the business."""

    reserve: Share | None = Field(None, description="Probes skip themselves when less than this is left.")
    probe_budget: ProbeBudget | None = Field(None, description="e.g. '1% of daily': what the probes may use.")
    limits: dict[Name, int] = Field({}, description="Bucket → its limit, where the vendor does not report one.")
    resets: dict[Name, QuotaReset] = Field(
        {}, description="Bucket → when it is full again, where neither the vendor says so nor its documentation."
    )
    usage: Request | None = Field(None, description="A usage endpoint, asked once per `usage_every`.")
    vendor_usage: bool = Field(False, description="Ask the usage endpoint that the vendor's preset knows.")
    usage_every: Duration = Field("5m", validate_default=True, description="How often the usage endpoint is asked.")
    concurrent: Count | None = Field(
        None, description="Requests of one credential at the same time. Default: what the vendor documents, or 5."
    )
