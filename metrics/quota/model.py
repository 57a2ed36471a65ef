"""What a forecast is made of, and what it says.

Instants are aware UTC datetimes; amounts are in the bucket's own unit, rates in that unit per hour, shares 0…1. What is
not known is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QuotaLevel:
    """The newest reading of one bucket. `left` is a share 0…1, or None when the vendor did not say."""

    integration: str
    vendor: str
    credential: str
    bucket: str
    unit: str
    limit: float | None
    used: float | None
    remaining: float | None
    left: float | None
    window_kind: str
    window_s: float | None
    reset_at: datetime | None
    source: str
    observed_at: datetime
    timezone: str | None = None
    restore_rate: float | None = None
    """What a leaky bucket regains, per second."""
    simulated: bool = False


class ForecastState(StrEnum):
    """What is to be expected of a bucket."""

    SPENT = "spent"
    """Nothing is left until it is refilled."""
    RUNS_OUT = "runs_out"
    """Gone before the reset, if it goes on like this."""
    LASTS_PAST_RESET = "lasts_past_reset"
    LASTS_WINDOW = "lasts_window"
    """It has no reset (rolling, leaky), and is not gone within one window."""
    REFILLS = "refills"
    """Full again within five minutes: the vendor's own throttling paces it."""
    GAUGE = "gauge"
    """How much goes on at this moment (concurrency); nothing adds up, so nothing runs out."""
    TOO_LITTLE_EVIDENCE = "too_little_evidence"
    NOT_REPORTED = "not_reported"
    """The vendor says nothing, or not enough. Not the same as free."""


class ResetSource(StrEnum):
    """Where the instant of the reset comes from, best first."""

    CONFIGURED = "configured"
    REPORTED = "reported"
    PRESET = "preset"
    SEEN = "seen"
    """A day after it was last seen to be refilled."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClockReset:
    """Refilled every day at `at` (HH:MM) on the clocks of `time_zone` (IANA)."""

    at: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Reset:
    """When a bucket is full again; None: nobody says, or it refills all the time."""

    at: datetime | None
    source: ResetSource
    time_zone: str = "UTC"
    """The clock that its people read."""
    last: datetime | None = None
    """When it was full last, where a clock tells: readings from before say nothing of what is left now."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What a bucket reported over time, oldest first: instants in epoch seconds, NaN where a figure was left out."""

    t: Column
    used: Column
    remaining: Column
    reset: Column
    """The instant of the reset as reported, epoch seconds."""
    count: Column
    """How many readings each stands for: the store gives the last one of every few minutes."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket as it stands: of its credentials and integrations all that draw on it."""

    key: str
    vendor: str
    bucket: str
    unit: str
    integrations: tuple[str, ...]
    credentials: tuple[str, ...]
    window_kind: str
    window_s: float | None
    limit: float | None
    used: float | None
    remaining: float | None
    left: float | None
    reset_at: datetime | None
    timezone: str | None
    restore_rate: float | None
    observed_at: datetime
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast it goes, from `readings` over `span`; `low` and `high` bound the rate (90 %), all per hour."""

    per_h: float
    low: float
    high: float
    readings: int
    span: timedelta
    lasting_per_h: float | None = None
    """The rate at which it would just last."""

    @property
    def times_lasting(self) -> float | None:
        """How many times what would last is burned."""
        return self.per_h / self.lasting_per_h if self.lasting_per_h else None


@dataclass(frozen=True, slots=True)
class ProbeShare:
    """What our own probes made of the burn: calls per hour, their share of it, and what they are allowed."""

    per_h: float
    share: float | None
    """None where the bucket does not count calls, or nothing is burned."""
    budget: str | None = None
    """`quota.probe_budget` as declared."""


@dataclass(frozen=True, slots=True)
class QuotaForecast:
    """One bucket of one vendor and account: level, burn, and when it runs out."""

    key: str
    """Stable: vendor, account, bucket."""
    vendor: str
    bucket: str
    unit: str
    integrations: tuple[str, ...]
    """Those that draw on it, each once."""
    credentials: tuple[str, ...]
    state: ForecastState
    sentence: str
    limit: float | None = None
    used: float | None = None
    remaining: float | None = None
    left: float | None = None
    window_kind: str = ""
    window_s: float | None = None
    reset: Reset = Reset(None, ResetSource.UNKNOWN)
    burn: Burn | None = None
    at: datetime | None = None
    """When it is likely gone; None where that is not to be expected."""
    earliest: datetime | None = None
    latest: datetime | None = None
    """The bounds of `at`; `latest` is None when it may well last."""
    firm: bool = False
    """Whether both bounds lie before the reset, on enough evidence: then somebody should hear of it."""
    as_usual: str = ""
    """How the rest of such a day usually goes, where the forecast goes by that."""
    probes: ProbeShare | None = None
    observed_at: datetime | None = None
    simulated: bool = False

    @property
    def subject(self) -> str:
        """The integration that an alert about it belongs to."""
        return self.integrations[0]
