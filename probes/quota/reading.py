"""What the parsers share: figures into the normal form, resets into instants, nonsense into nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.vendors.model import Answer
from probes.vendors.retry_after import parse_http_date
from probes.vendors.rules import number

LONGEST_WINDOW: Final = timedelta(days=32)
LATEST_SKEW: Final = timedelta(hours=1)
MAX_BUCKETS: Final = 32
"""A vendor names its buckets; one that names thousands must not fill our store."""

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_UNIT_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

ResetRule: TypeAlias = Callable[[str, datetime], datetime | None]
"""A reset as the vendor writes it, and the instant of the answer → when the bucket is full again."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is known of a bucket beside its figures."""

    name: str
    unit: str = "requests"
    window_s: float | None = None
    window_kind: str = "fixed"
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the vendor reported; None where it did not."""

    limit: float | None = None
    used: float | None = None
    remaining: float | None = None
    reset_at: datetime | None = None
    restore_rate: float | None = None


def reading(
    answer: Answer, source: QuotaSource, bucket: Bucket, figures: Figures, origin: str = "header"
) -> tuple[QuotaReading, ...]:
    """One reading, with used and remaining worked out from each other; () where neither was reported."""
    limit, used, remaining = figures.limit, figures.used, figures.remaining
    if used is None and remaining is None:
        return ()
    if limit is not None and remaining is None and used is not None:
        remaining = max(limit - used, 0.0)
    if limit is not None and used is None and remaining is not None and remaining <= limit:
        used = limit - remaining
    one = QuotaReading(
        vendor=source.vendor,
        credential=source.credential,
        bucket=clean_name(bucket.name),
        unit=bucket.unit,
        observed_at=answer.observed_at,
        source=origin,
        limit=limit,
        used=used,
        remaining=remaining,
        window_s=bucket.window_s,
        window_kind=bucket.window_kind,
        timezone=bucket.timezone,
        reset_at=figures.reset_at,
        restore_rate=figures.restore_rate,
    )
    return (one,)


def with_limit(reading: QuotaReading, limit: float | None) -> QuotaReading:
    """The reading with a limit that is known from elsewhere, where the vendor did not report one, and what it reports
    does not say that the limit is another."""
    if limit is None or reading.limit is not None or (reading.remaining or 0.0) > limit:
        return reading
    used = limit - reading.remaining if reading.used is None and reading.remaining is not None else reading.used
    remaining = max(0.0, limit - used) if used is not None else reading.remaining
    return replace(reading, limit=float(limit), used=used, remaining=remaining)


def clean_name(text: str) -> str:
    """A bucket's name as a vendor wrote it, fit for a table and a page."""
    return re.sub(r"[^A-Za-z0-9_.:/()-]+", "_", text)[:64] or "default"


def header_number(answer: Answer, name: str) -> float | None:
    """A header that is one number, or None."""
    return number(answer.headers.get(name))


def served_from_cache(answer: Answer) -> bool:
    """A cached answer reports the quota of whoever filled the cache."""
    age = header_number(answer, "age")
    return age is not None and age > 0


def after_seconds(seconds: float | None, now: datetime) -> datetime | None:
    """`seconds` from now; None beyond 32 days, which no vendor's window lasts."""
    if seconds is None or not 0 <= seconds <= LONGEST_WINDOW.total_seconds():
        return None
    return now + timedelta(seconds=seconds)


def plausible(at: datetime | None, now: datetime) -> datetime | None:
    """`at`, unless it is over an hour ago or beyond 32 days: then somebody's clock or unit is wrong."""
    return at if at is not None and -LATEST_SKEW <= at - now <= LONGEST_WINDOW else None


def reset_delta(text: str, now: datetime) -> datetime | None:
    """Seconds from now."""
    return after_seconds(number(text), now)


def reset_epoch(text: str, now: datetime) -> datetime | None:
    """Seconds since 1970."""
    seconds = number(text)
    if seconds is None or seconds > 1e10:
        return None
    return plausible(datetime.fromtimestamp(seconds, UTC), now)


def reset_sniffed(text: str, now: datetime) -> datetime | None:
    """A number by its size, a duration (`6m0s`), an HTTP date or an ISO instant."""
    value = number(text)
    if value is not None:
        return _by_size(value, now)
    parts = _DURATION.findall(text.strip())
    if parts and "".join(amount + unit for amount, unit in parts) == text.strip():
        return after_seconds(sum(float(amount) * _UNIT_S[unit] for amount, unit in parts), now)
    return plausible(parse_http_date(text) or parse_instant(text), now)


def _by_size(value: float, now: datetime) -> datetime | None:
    if value < 1e8:
        return after_seconds(value, now)
    if 1e9 <= value < 1e10:
        return plausible(datetime.fromtimestamp(value, UTC), now)
    if 1e12 <= value < 1e13:
        return plausible(datetime.fromtimestamp(value / 1000, UTC), now)
    return None


def parse_instant(text: object) -> datetime | None:
    """An ISO 8601 instant with its offset, in UTC; None for anything else."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day in that zone, as UTC; right on the days when clocks change."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
