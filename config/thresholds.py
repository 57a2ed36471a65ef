"""How far from its own normal a series may be."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from config.declared import Declared
from config.scalars import Duration
from config.zones import TimeZone


class Sensitivity(StrEnum):
    """How soon a learned limit is crossed."""

    OFF = "off"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Thresholds(Declared):
    """Limits that are learned from history, beside the declared ones."""

    sensitivity: Sensitivity = Field(
        Sensitivity.NORMAL,
        description="Of latencies and recorded values; high: 3.5 spreads above what is normal at the hour; normal: 4; "
        "low: 5.5; off.",
    )
    failures: bool = Field(True, description="Whether more failures than chance explains at the hour raise an alert.")
    time_zone: TimeZone | None = Field(
        None, description="By whose clock the hours differ, e.g. Europe/Berlin. Default: hub.timezone."
    )
    floor: Duration | None = Field(None, description="An answer quicker than this is never too slow.")
