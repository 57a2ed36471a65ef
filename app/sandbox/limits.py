"""The ways vendors count: rolling windows, fixed windows, calendar days, leaky buckets. Pure; time comes in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(slots=True)
class RollingWindow:
    """At most `limit` within any `window`. Counted per `window`/200, so that memory does not grow with calls."""

    limit: int
    window: timedelta
    _slots: deque[tuple[datetime, int]] = field(default_factory=deque)

    def used(self, now: datetime) -> int:
        """How many of the last window count."""
        while self._slots and self._slots[0][0] <= now - self.window:
            self._slots.popleft()
        return sum(count for _, count in self._slots)

    def remaining(self, now: datetime) -> int:
        """How many more are allowed now."""
        return max(0, self.limit - self.used(now))

    def take(self, now: datetime) -> bool:
        """Count one call; False, and nothing is counted, when the limit is reached."""
        if self.used(now) >= self.limit:
            return False
        if self._slots and now - self._slots[-1][0] < self.window / 200:
            last, count = self._slots.pop()
            self._slots.append((last, count + 1))
        else:
            self._slots.append((now, 1))
        return True


@dataclass(slots=True)
class FixedWindow:
    """At most `limit` per `window`; a window starts with the first call after the one before is over."""

    limit: int
    window: timedelta
    _opened_at: datetime | None = None
    _used: int = 0

    def _roll(self, now: datetime) -> None:
        if self._opened_at is None or now >= self._opened_at + self.window:
            self._opened_at, self._used = now, 0

    def used(self, now: datetime) -> int:
        """How many of this window are gone."""
        self._roll(now)
        return self._used

    def remaining(self, now: datetime) -> int:
        """How many are left in this window."""
        return max(0, self.limit - self.used(now))

    def reset_at(self, now: datetime) -> datetime:
        """When this window ends."""
        self._roll(now)
        assert self._opened_at is not None  # noqa: S101 - `_roll` has just set it
        return self._opened_at + self.window

    def take(self, now: datetime) -> bool:
        """Count one call; False, and nothing is counted, when the limit is reached."""
        if self.used(now) >= self.limit:
            return False
        self._used += 1
        return True


@dataclass(slots=True)
class CalendarDay:
    """At most `limit` per calendar day of a time zone.

    `business` calls of the account's other integrations are spread evenly over the day, so that a quota in the
    sandbox looks like one in use.
    """

    limit: int
    timezone: str
    business: int = 0
    _day: date | None = None
    _own: int = 0

    def used(self, now: datetime) -> int:
        """How many of today are gone, those of the other integrations included."""
        local = now.astimezone(ZoneInfo(self.timezone))
        if local.date() != self._day:
            self._day, self._own = local.date(), 0
        share = (local.hour * 3600 + local.minute * 60 + local.second) / 86400
        return min(self.limit, self._own + int(self.business * share))

    def reset_at(self, now: datetime) -> datetime:
        """The next midnight of the zone, in UTC."""
        tomorrow = now.astimezone(ZoneInfo(self.timezone)).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), ZoneInfo(self.timezone)).astimezone(UTC)

    def remaining(self, now: datetime) -> int:
        """How many are left today."""
        return max(0, self.limit - self.used(now))

    def take(self, now: datetime) -> bool:
        """Count one call; False, and nothing is counted, when the limit is reached."""
        if self.used(now) >= self.limit:
            return False
        self._own += 1
        return True


@dataclass(slots=True)
class LeakyBucket:
    """Holds `capacity`; leaks `per_second`."""

    capacity: float
    per_second: float
    _level: float = 0.0
    _seen_at: datetime | None = None

    def level(self, now: datetime) -> float:
        """How full it is."""
        if self._seen_at is not None:
            leaked = max(0.0, (now - self._seen_at).total_seconds()) * self.per_second
            self._level = max(0.0, self._level - leaked)
        self._seen_at = now
        return self._level

    def take(self, now: datetime, amount: float = 1.0) -> bool:
        """Pour it in; False, and nothing is poured, when it would flow over."""
        if self.level(now) + amount > self.capacity:
            return False
        self._level += amount
        return True
