"""Hours of a time zone: which of the past hours are like this one, whatever the clocks did in between. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

HOUR_S: Final = 3600
_WEEKEND: Final = 5
_AHEAD: Final = 1_000

Hours = NDArray[np.int64]
"""Hours since the epoch."""


@dataclass(frozen=True, slots=True)
class Local:
    """What the clocks of a zone say in each of some hours."""

    hour: NDArray[np.int64]
    """0 … 23."""
    day: NDArray[np.int64]
    """Running number of the day; its remainder by 7 tells the day of the week (0: Thursday, as of the epoch)."""

    @property
    def is_weekend(self) -> NDArray[np.bool_]:
        """Saturday and Sunday."""
        weekend: NDArray[np.bool_] = (self.day + 3) % 7 >= _WEEKEND
        return weekend


class Zone:
    """The hours of one time zone, looked up once each.

    An hour of the epoch is called by the local hour that it begins in (zones off by half an hour: the half before).
    """

    def __init__(self, name: str) -> None:
        self._info = ZoneInfo(name)
        self._first = 0
        self._offsets = np.empty(0, np.int64)
        """Seconds that the clocks are ahead of UTC, from the hour `_first` on."""

    def local(self, hours: Hours) -> Local:
        """What the clocks say in those hours, which are many in a row."""
        low, high = int(hours.min()), int(hours.max()) + 1
        if low < self._first or high > self._first + len(self._offsets):
            self._first = low
            self._offsets = np.array([self._offset(hour) for hour in range(low, high + _AHEAD)], np.int64)
        local = hours * HOUR_S + self._offsets[hours - self._first]
        return Local(local // HOUR_S % 24, local // (24 * HOUR_S))

    def _offset(self, hour: int) -> int:
        offset = datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(self._info).utcoffset()
        return round(offset.total_seconds()) if offset else 0


@dataclass(frozen=True, slots=True)
class Alike:
    """Past hours that are like the hour `now`, oldest first."""

    around: Hours
    """This hour of day and its neighbours, 14 days; its own hour twice, so that it weighs double."""
    around_days: NDArray[np.int64]
    """The day of each."""
    of_kind: Hours
    """As `around`, 28 days, only days of the same kind (weekday or weekend)."""
    of_kind_days: NDArray[np.int64]
    days: Hours
    """This very hour of the last 5 days."""
    weeks: Hours
    """This very hour of the same weekday, 3 weeks."""
    near: Hours
    """As `around`, each once."""

    @classmethod
    def to(cls, zone: Zone, now: int) -> Alike:
        """Of the last 28 days."""
        hours = np.arange(now - 28 * 24, now + 1)
        local = zone.local(hours)
        past, this = slice(0, -1), -1
        hours, hour, day, weekend = hours[past], local.hour, local.day, local.is_weekend
        away = (hour[past] - hour[this]) % 24
        own, close = away == 0, (away <= 1) | (away == 23)
        recent = hours >= now - 14 * 24
        ago = day[this] - day[past]
        near, kind = close & recent, close & (weekend[past] == weekend[this])
        return cls(
            *_weighed(hours, day[past], near, own),
            *_weighed(hours, day[past], kind, own),
            days=hours[own & (ago <= 5)],
            weeks=hours[own & (ago % 7 == 0) & (ago > 0) & (ago <= 21)],
            near=hours[near],
        )


def _weighed(
    hours: Hours, days: NDArray[np.int64], chosen: NDArray[np.bool_], own: NDArray[np.bool_]
) -> tuple[Hours, NDArray[np.int64]]:
    times = np.where(own[chosen], 2, 1)
    return np.repeat(hours[chosen], times), np.repeat(days[chosen], times)
