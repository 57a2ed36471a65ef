"""What the probes leave to the business: a reserve of every quota, a budget for their own calls, and silence when asked
for it. All of it per account: integrations that share a credential share its quota, and what is known of it.

Everything here is this prober's own knowledge, kept in memory: a restart begins with none, and learns with its first
answers. A bucket that the vendor does not report, and whose limit is not declared, cannot be held to anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from config.model import Integration
from config.scalars import parse_probe_budget
from probes.concurrency import Account
from probes.model import QuotaReading
from probes.quota.reading import with_limit
from probes.vendors.usage import usage_request

_TRUSTED_FOR: Final = timedelta(minutes=15)
"""A level without a reset is asked for again after this long, by letting one run through."""
_AT_MOST: Final = timedelta(hours=1)
"""The same for one with a reset that is farther away: it may be nonsense, or more may have been bought meanwhile."""
_REFILLS_WITHIN_S: Final = 300.0
"""A bucket that is full again so soon is paced by the vendor's own throttling; a reserve would only blind us."""
_DAY_S: Final = 86400.0
_SHORT: Final = timedelta(minutes=10)


@dataclass(slots=True)
class _Calls:
    """Requests made, in bins of one length, oldest first."""

    bin_length: timedelta
    kept_for: timedelta
    bins: deque[tuple[datetime, int]] = field(default_factory=deque)

    def add(self, calls: int, now: datetime) -> None:
        if self.bins and now - self.bins[-1][0] < self.bin_length:
            start, before = self.bins.pop()
            self.bins.append((start, before + calls))
        else:
            self.bins.append((now, calls))
        while now - self.bins[0][0] > self.kept_for:
            self.bins.popleft()

    def within(self, window: timedelta, now: datetime) -> int:
        return sum(calls for start, calls in self.bins if now - start <= window)


@dataclass(slots=True)
class _Known:
    readings: dict[str, QuotaReading] = field(default_factory=dict)
    calls: _Calls = field(default_factory=lambda: _Calls(timedelta(minutes=5), timedelta(seconds=_DAY_S)))
    recent_calls: _Calls = field(default_factory=lambda: _Calls(timedelta(seconds=1), _SHORT))
    """The same again, for the windows that five minutes are too coarse for."""
    usage_asked: datetime | None = None
    quiet_until: datetime | None = None
    """The vendor's own Retry-After."""


class Manners:
    """Decides before each run whether it may be made. One per prober process."""

    def __init__(self) -> None:
        self._known: dict[Account, _Known] = {}

    def reason_to_skip(self, integration: Integration, account: Account, now: datetime) -> str | None:
        """Why a run must not be made now, in words with numbers; None when it may."""
        known = self._known.get(account)
        if known is None:
            return None
        return (
            _asked_to_wait(known, now)
            or _reserve_reached(integration, known, now)
            or _budget_spent(integration, known, now)
        )

    def usage_due(self, integration: Integration, account: Account, now: datetime) -> bool:
        """Whether the integration's usage endpoint is to be asked within the next run."""
        policy, known = integration.quota, self._of(account)
        if usage_request(integration) is None:
            return False
        if known.usage_asked is not None and now - known.usage_asked < policy.usage_every:
            return False
        known.usage_asked = now
        return True

    def be_quiet(self, account: Account, until: datetime) -> None:
        """The vendor asked to be left alone until then."""
        known = self._of(account)
        known.quiet_until = max(until, known.quiet_until or until)

    def learn(self, account: Account, readings: Iterable[QuotaReading], calls: int, now: datetime) -> None:
        """Take in what a run saw of the quota, and how many requests it made."""
        known = self._of(account)
        known.readings |= {reading.bucket: reading for reading in readings}
        for kept in (known.calls, known.recent_calls):
            kept.add(calls, now)

    def _of(self, account: Account) -> _Known:
        return self._known.setdefault(account, _Known())


def with_declared_limits(integration: Integration, readings: Iterable[QuotaReading]) -> list[QuotaReading]:
    """The readings, with the limits that `quota.limits` declares where the vendor reports none."""
    return [with_limit(reading, integration.quota.limits.get(reading.bucket)) for reading in readings]


def _asked_to_wait(known: _Known, now: datetime) -> str | None:
    if known.quiet_until is None or known.quiet_until <= now:
        return None
    return f"vendor asked to wait until {known.quiet_until:%H:%M:%S} (Retry-After)"


def _reserve_reached(integration: Integration, known: _Known, now: datetime) -> str | None:
    reserve = integration.quota.reserve
    if reserve is None:
        return None
    for reading in known.readings.values():
        left = _left(reading)
        if left is not None and left < reserve and _holds_still(reading, now):
            return (
                f"quota reserve: {reading.bucket} has {left * 100:.0f} % left of {reading.limit:,.0f} {reading.unit}, "
                f"the reserve is {reserve * 100:g} %"
            )
    return None


def _holds_still(reading: QuotaReading, now: datetime) -> bool:
    """Whether the reading is still about now, and about a bucket worth keeping a reserve of."""
    if reading.window_kind in ("leaky", "concurrency") or (reading.window_s or _DAY_S) <= _REFILLS_WITHIN_S:
        return False
    if reading.reset_at is not None and now >= reading.reset_at:
        return False
    return now - reading.observed_at < (_TRUSTED_FOR if reading.reset_at is None else _AT_MOST)


def _budget_spent(integration: Integration, known: _Known, now: datetime) -> str | None:
    if integration.quota.probe_budget is None:
        return None
    share, bucket = parse_probe_budget(integration.quota.probe_budget)
    reading = known.readings.get(bucket)
    limit = reading.limit if reading is not None else integration.quota.limits.get(bucket)
    if limit is None:
        return None
    window = timedelta(seconds=min(_DAY_S, (reading.window_s if reading is not None else None) or _DAY_S))
    made = (known.recent_calls if window <= _SHORT else known.calls).within(window, now)
    if made < share * limit:
        return None
    return (
        f"probe budget: {made:,} calls made, {integration.quota.probe_budget} is {share * limit:,.0f} of {limit:,.0f}"
    )


def _left(reading: QuotaReading) -> float | None:
    if not reading.limit:
        return None
    if reading.remaining is not None:
        return reading.remaining / reading.limit
    return None if reading.used is None else 1 - reading.used / reading.limit
