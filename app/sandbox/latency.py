"""How long a vendor usually takes, by hour of day and day of week."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

_SLOWEST: Final = 12.0


@dataclass(frozen=True, slots=True)
class LatencyProfile:
    """The server time of one call.

    `base_ms` is the quiet night; `afternoon` is what the busiest hour adds to it, as a share; `weekend` is the share
    of that rise which is left on Saturday and Sunday; `noise` is the standard deviation of the logarithm; `tail` is
    the chance of one unusually slow answer. Hours are those of `timezone`.
    """

    base_ms: float
    afternoon: float
    weekend: float
    noise: float
    tail: float
    peak_hour: float = 14.5
    width_h: float = 4.0
    timezone: str = "America/New_York"

    def usual_ms(self, at: datetime) -> float:
        """The median at that moment."""
        local = at.astimezone(ZoneInfo(self.timezone))
        hour = local.hour + local.minute / 60
        distance = min(abs(hour - self.peak_hour), 24 - abs(hour - self.peak_hour))
        rise = self.afternoon * math.exp(-((distance / self.width_h) ** 2) / 2)
        return self.base_ms * (1 + rise * (self.weekend if local.weekday() >= 5 else 1))

    def draw(self, at: datetime, random: Random) -> timedelta:
        """One sample."""
        factor = math.exp(random.gauss(0, self.noise))
        if random.random() < self.tail:
            factor *= math.exp(random.expovariate(1 / 0.9))
        return timedelta(milliseconds=self.usual_ms(at) * min(factor, _SLOWEST))
