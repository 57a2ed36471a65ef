"""How fast a channel may be used: a token bucket that keeps a declared rate in every span of its unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from config.rate import Rate

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class TokenBucket:
    """Grants at most `rate.count` tokens within any span (half open) of `rate.per`, a quarter of them at once.

    A bucket that held them all would let twice the rate through in its first span, or make an urgent message wait for
    nearly a span after a burst. Kept as the instant at which the bucket is full again (the generic cell rate
    algorithm), in whole microseconds, because fractions of tokens do not sum up to whole ones.
    """

    rate: Rate
    _full_at: datetime | None = field(default=None, init=False)

    @property
    def burst(self) -> int:
        """How many tokens it holds."""
        return max(1, self.rate.count // 4)

    @property
    def interval(self) -> timedelta:
        """How long one token takes to come."""
        # Rounded up to a microsecond: a shorter one would let one more through.
        return -(-self.rate.per // _MICROSECOND // (self.rate.count - self.burst + 1)) * _MICROSECOND

    def take(self, now: datetime) -> bool:
        """Whether there was a token, which is gone now."""
        if self.wait(now):
            return False
        self._full_at = max(now, self._full_at or now) + self.interval
        return True

    def wait(self, now: datetime) -> timedelta:
        """How long until there is a token; zero when there is one."""
        if self._full_at is None:
            return timedelta(0)
        return max(timedelta(0), self._full_at - (self.burst - 1) * self.interval - now)
