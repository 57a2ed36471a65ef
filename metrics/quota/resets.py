"""When is a bucket full again? By the vendor's word, by the clock of a time zone, or by what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from metrics.quota.model import Bucket, ClockReset, Reset, ResetSource

DAY: Final = timedelta(days=1)
WITHOUT_RESET: Final = frozenset({"rolling", "leaky"})
AT_ONCE: Final = frozenset({"fixed", "clock", "calendar"})
"""Kinds of window at whose end everything is given back."""


def next_reset(
    bucket: Bucket,
    now: datetime,
    *,
    configured: ClockReset | None = None,
    preset: ClockReset | None = None,
    seen: datetime | None = None,
) -> Reset:
    """The first reset after `now`: as the operator declared it, as the vendor reported it, as its documentation has
    it, or a day after `seen`, when the bucket was last refilled."""
    if bucket.window_kind in WITHOUT_RESET or bucket.unit == "concurrency":
        return Reset(None, ResetSource.UNKNOWN)
    clock = configured or preset or _own_clock(bucket)
    zone = clock.time_zone if clock else bucket.timezone or "UTC"
    last = last_at(clock, now) if clock else None
    if configured is not None:
        return Reset(next_at(configured, now), ResetSource.CONFIGURED, zone, last)
    if bucket.reset_at is not None and bucket.reset_at > now:
        return Reset(bucket.reset_at, ResetSource.REPORTED, zone, last)
    if clock is not None:
        return Reset(next_at(clock, now), ResetSource.PRESET, zone, last)
    if seen is not None and bucket.window_kind == "calendar":
        return Reset(seen + ((now - seen) // DAY + 1) * DAY, ResetSource.SEEN, zone)
    return Reset(None, ResetSource.UNKNOWN, zone)


def _own_clock(bucket: Bucket) -> ClockReset | None:
    """Midnight where the reading names its zone."""
    named = bucket.window_kind == "calendar" and bucket.timezone is not None
    return ClockReset("00:00", bucket.timezone) if named and bucket.timezone else None


def next_at(clock: ClockReset, now: datetime) -> datetime:
    """The first instant after `now` at which that clock shows that time; right on days of 23 and 25 hours."""
    return _at(clock, now, 0) if _at(clock, now, 0) > now else _at(clock, now, 1)


def last_at(clock: ClockReset, now: datetime) -> datetime:
    """The last such instant up to `now`."""
    return _at(clock, now, 0) if _at(clock, now, 0) <= now else _at(clock, now, -1)


def _at(clock: ClockReset, now: datetime, days: int) -> datetime:
    zone = zone_of(clock.time_zone)
    day = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time.fromisoformat(clock.at), zone).astimezone(UTC)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The time zone; UTC for a name that this machine does not know, for it came with a reading."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
