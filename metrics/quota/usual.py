"""What does the rest of such a day usually use? A business that sleeps at night does not go on as at noon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from metrics.quota.burn import resets, spent, without_dips
from metrics.quota.model import Column, Readings
from metrics.quota.resets import DAY, zone_of

DAYS: Final = 7
LEAST_DAYS: Final = 3
AS_USUAL: Final = 1.5
"""Up to so many times the usual rate of this hour is a day like others; what is beyond has a reason of its own, and
does not go home at night."""
GRID_H: Final = 0.25
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class UsualDay:
    """How days of the same kind (weekday or weekend) went from this time of day until the reset."""

    days: int
    per_h: float
    """Median of what the hour before used."""
    ahead: Column
    """Median of what was used from this time of day on, at every `GRID_H` hours from now, to the reset."""

    def follows(self, per_h: float) -> bool:
        """Whether a burn is about what is usual at this hour, so that the rest of the day may be expected to be so."""
        return per_h <= AS_USUAL * self.per_h

    def gone_after(self, left: float, per_h: float) -> timedelta | None:
        """When so much is used up, if the rest of the day is as usual, but faster or slower as this hour is; None: not
        before the reset."""
        if per_h <= 0:
            return None
        used = self.ahead * (per_h / self.per_h)
        place = int(np.searchsorted(used, left))
        if place >= used.size:
            return None
        return timedelta(hours=place * GRID_H)


def usual_day(readings: Readings, now: datetime, reset: datetime, time_zone: str) -> UsualDay | None:
    """The last days of the same kind, as far as their readings cover them; None where fewer than `LEAST_DAYS` do."""
    known = without_dips(spent(readings))
    if known.t.size < LEAST_DAYS:
        return None
    refilled = resets(known, refilled_at_once=True) > 0
    steps = np.maximum(np.diff(known.used, prepend=known.used[0]), 0.0)
    # What a fresh day shows first was used since its midnight.
    total = np.cumsum(np.where(refilled, np.maximum(known.used, 0.0), steps))
    offsets = np.arange(0.0, (reset - now) / timedelta(hours=1) + GRID_H / 2, GRID_H)
    hours, ahead = [], []
    for day in _alike(now, time_zone):
        at = day.timestamp() + offsets * _HOUR_S
        if known.t[0] > at[0] - _HOUR_S or known.t[-1] < at[-1] - _HOUR_S or _has_gap(known.t, at[0], at[-1]):
            continue
        used = np.interp(at, known.t, total)
        hours.append(used[0] - float(np.interp(at[0] - _HOUR_S, known.t, total)))
        ahead.append(used - used[0])
    if len(hours) < LEAST_DAYS or np.median(hours) <= 0:
        return None
    return UsualDay(len(hours), float(np.median(hours)), np.median(np.array(ahead), axis=0))


def last_refill(readings: Readings) -> datetime | None:
    """The last reading before the bucket was last seen to be full again; None where that was not seen."""
    known = without_dips(spent(readings))
    at = np.flatnonzero(resets(known, refilled_at_once=True))
    return datetime.fromtimestamp(float(known.t[at[-1] - 1]), tz=_UTC) if at.size else None


def _alike(now: datetime, time_zone: str) -> list[datetime]:
    """This instant on the last days of the same kind."""
    zone = zone_of(time_zone)
    weekend = now.astimezone(zone).weekday() >= 5
    days = [now - back * DAY for back in range(1, DAYS + 1)]
    return [day for day in days if (day.astimezone(zone).weekday() >= 5) == weekend]


def _has_gap(t: Column, start: float, end: float) -> bool:
    """Whether more than two hours of that time were not read."""
    inside = t[(t > start - 2 * _HOUR_S) & (t < end + _HOUR_S)]
    return inside.size < 2 or float(np.diff(inside).max()) > 2 * _HOUR_S


_UTC: Final = zone_of("UTC")
