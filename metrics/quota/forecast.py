"""What becomes of a bucket: its state, when it runs out, and how sure that is.

| window | runs out | lasts |
|---|---|---|
| fixed, clock, calendar | what is left ÷ burn, before the reset | otherwise: `lasts_past_reset` |
| rolling | what is left ÷ growth of what the window holds, within one window | `lasts_window` |
| leaky | what is left ÷ (burn − restore), which is the growth of its level | `lasts_window` |

A day that so far is like others is expected to go on like them (`metrics.quota.usual`), not as its busiest hour.

A forecast is *firm* when the latest instant within its bounds still lies before the reset (or within the window), and
`FIRM_READINGS` over `FIRM_SPAN` say so: one spike is not enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from metrics.quota.burn import burn
from metrics.quota.model import (
    Bucket,
    Burn,
    ForecastState,
    ProbeShare,
    QuotaForecast,
    Readings,
    Reset,
)
from metrics.quota.resets import AT_ONCE
from metrics.quota.usual import UsualDay
from metrics.quota.words import amount, sentence

STALE_AFTER: Final = timedelta(hours=1)
"""A reading older than this says nothing about now; less in a shorter window, more where it is asked for seldom."""
SHORT_S: Final = 300.0
"""A bucket that is full again within this is paced by the vendor's own throttling."""
FIRM_READINGS: Final = 4
FIRM_SPAN: Final = timedelta(seconds=885)
"""A quarter of an hour, less what a prober's clock may be off its beat."""
FIRM_AGE: Final = timedelta(minutes=15)
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a forecast goes by beside the bucket: its readings, its reset, and what our own probes do."""

    readings: Readings | None
    reset: Reset
    probe_calls_per_h: float | None = None
    probe_budget: str | None = None


def forecast(bucket: Bucket, known: Known, now: datetime) -> QuotaForecast:
    """What is to be expected of the bucket at `now`."""
    asked = known.readings is not None and _never_forecast(bucket) not in (ForecastState.GAUGE, ForecastState.REFILLS)
    rate = burn(known.readings, refilled_at_once=bucket.window_kind in AT_ONCE) if asked and known.readings else None
    rate = _with_lasting(rate, bucket, known.reset)
    told = QuotaForecast(
        key=bucket.key,
        vendor=bucket.vendor,
        bucket=bucket.bucket,
        unit=bucket.unit,
        integrations=bucket.integrations,
        credentials=bucket.credentials,
        state=ForecastState.TOO_LITTLE_EVIDENCE,
        sentence="",
        limit=bucket.limit,
        used=bucket.used,
        remaining=bucket.remaining,
        left=bucket.left,
        window_kind=bucket.window_kind,
        window_s=bucket.window_s,
        reset=known.reset,
        burn=rate,
        probes=_probe_share(bucket, rate, known),
        observed_at=bucket.observed_at,
        simulated=bucket.simulated,
    )
    told = _judged(told, bucket, now)
    return replace(told, sentence=sentence(told, now))


def is_stale(bucket: Bucket, reset: Reset, rate: Burn | None, now: datetime) -> bool:
    """Whether the newest reading says nothing about now: the bucket was refilled since, or it is too old."""
    if bucket.window_kind in AT_ONCE and bucket.reset_at is not None and bucket.reset_at <= now:
        return True
    if reset.last is not None and bucket.observed_at < reset.last:
        return True
    beat = rate.span / max(rate.readings - 1, 1) if rate else timedelta()
    window = timedelta(seconds=bucket.window_s or _DAY_S)
    return now - bucket.observed_at > min(max(STALE_AFTER, 3 * beat), window)


def is_short(bucket: Bucket) -> bool:
    """Whether it is full again within five minutes, by its window, its leak or its reset."""
    if bucket.window_kind == "leaky":
        size, restored = bucket.limit, bucket.restore_rate
        return size is None or not restored or size / restored < SHORT_S
    if bucket.window_s is not None:
        return bucket.window_s < SHORT_S
    return bucket.reset_at is not None and (bucket.reset_at - bucket.observed_at).total_seconds() < SHORT_S


def _with_lasting(rate: Burn | None, bucket: Bucket, reset: Reset) -> Burn | None:
    if rate is None or bucket.remaining is None:
        return rate
    until_s = bucket.window_s if reset.at is None else (reset.at - bucket.observed_at).total_seconds()
    if not until_s or until_s <= 0 or bucket.remaining <= 0:
        return rate
    return replace(rate, lasting_per_h=bucket.remaining / until_s * _HOUR_S)


def _probe_share(bucket: Bucket, rate: Burn | None, known: Known) -> ProbeShare | None:
    calls = known.probe_calls_per_h
    if calls is None:
        return None
    comparable = bucket.unit == "requests" and rate is not None and rate.per_h > 0 and bucket.window_kind in AT_ONCE
    share = min(1.0, calls / rate.per_h) if comparable and rate is not None else None
    return ProbeShare(calls, share, known.probe_budget)


def _judged(told: QuotaForecast, bucket: Bucket, now: datetime) -> QuotaForecast:
    kind = _never_forecast(bucket)
    if kind is not None:
        return replace(told, state=kind)
    if is_stale(bucket, told.reset, told.burn, now) or bucket.remaining is None:
        return told
    if bucket.remaining <= 0:
        return replace(told, state=ForecastState.SPENT, at=bucket.observed_at, firm=True)
    return _projected(told, bucket, told.burn, bucket.remaining, now) if told.burn else told


def _never_forecast(bucket: Bucket) -> ForecastState | None:
    if bucket.unit == "concurrency":
        return ForecastState.GAUGE
    if bucket.remaining is None:
        return ForecastState.NOT_REPORTED
    return ForecastState.REFILLS if is_short(bucket) else None


def _projected(told: QuotaForecast, bucket: Bucket, rate: Burn, left: float, now: datetime) -> QuotaForecast:
    ends = told.reset.at or now + timedelta(seconds=bucket.window_s or _DAY_S)
    at, earliest, latest = (
        _gone(bucket.observed_at, left, per_h, now, ends) for per_h in (rate.per_h, rate.high, rate.low)
    )
    if at is None:
        lasting = ForecastState.LASTS_PAST_RESET if bucket.window_kind in AT_ONCE else ForecastState.LASTS_WINDOW
        return replace(told, state=lasting, earliest=earliest)
    # Of a bucket whose reset nobody knows it cannot be said that it is gone before.
    sure = latest is not None and (told.reset.at is not None or bucket.window_kind not in AT_ONCE)
    enough = rate.readings >= FIRM_READINGS and rate.span >= FIRM_SPAN and now - bucket.observed_at <= FIRM_AGE
    return replace(told, state=ForecastState.RUNS_OUT, at=at, earliest=earliest, latest=latest, firm=sure and enough)


def _gone(since: datetime, left: float, per_h: float, now: datetime, ends: datetime) -> datetime | None:
    """When nothing is left at that rate; None from `ends` on, and where nothing is burned."""
    if per_h <= 0 or left / per_h > 24 * 400:
        return None
    at = max(now, since + timedelta(hours=left / per_h))
    return at if at < ends else None


def as_usual(told: QuotaForecast, usual: UsualDay | None, now: datetime) -> QuotaForecast:
    """A forecast to run out, held against how the rest of such a day usually goes: it may last after all, or longer.

    A burn beyond what is usual at this hour is left as it is.
    """
    rate, left, since = told.burn, told.remaining, told.observed_at
    if usual is None or rate is None or left is None or since is None or not usual.follows(rate.per_h):
        return told
    at, latest = (_later(since, usual.gone_after(left, per_h)) for per_h in (rate.per_h, rate.low))
    more = usual.ahead[-1] * rate.per_h / usual.per_h
    words = f"as on {usual.days} days like this one, {amount(more)} {told.unit} more are to be expected until then"
    if at is None:
        lasting = replace(told, state=ForecastState.LASTS_PAST_RESET, at=None, latest=None, firm=False, as_usual=words)
        return replace(lasting, sentence=sentence(lasting, now))
    slower = replace(told, at=at, latest=latest, firm=told.firm and latest is not None, as_usual=words)
    slower = replace(slower, earliest=min(told.earliest or at, at))
    return replace(slower, sentence=sentence(slower, now))


def _later(since: datetime, length: timedelta | None) -> datetime | None:
    return since + length if length is not None else None


def not_reported(key: str, vendor: str, bucket: str, integrations: tuple[str, ...]) -> QuotaForecast:
    """A bucket of which the vendor says nothing at all; `bucket` is empty where not even its name is known."""
    told = QuotaForecast(
        key=key,
        vendor=vendor,
        bucket=bucket,
        unit="requests",
        integrations=integrations,
        credentials=(),
        state=ForecastState.NOT_REPORTED,
        sentence="",
    )
    return replace(told, sentence=sentence(told, datetime.min.replace(tzinfo=UTC)))
