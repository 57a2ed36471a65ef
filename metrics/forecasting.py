"""When does each quota run out? What the store knows, put together for the pure arithmetic of `metrics.quota`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config, Integration
from metrics.quota.buckets import Key, bucket_of, configured_reset, gathered, preset_reset, probe_budget, silent
from metrics.quota.forecast import Known, as_usual, forecast, not_reported
from metrics.quota.model import Bucket, ForecastState, QuotaForecast, QuotaLevel, Readings, Reset
from metrics.quota.resets import AT_ONCE, next_reset
from metrics.quota.usual import last_refill, usual_day
from metrics.store.burning import Drawn, probe_calls_per_h, readings_by_quarter, recent_readings

GOOD_FOR: Final = timedelta(seconds=55)
"""A forecast is made anew once a minute: readings come hardly more often."""
LONG_WINDOW_S: Final = 6 * 3600.0
"""Of a window as long as this the hours differ, so that its days are looked at."""


@dataclass(slots=True)
class ForecastMemo:
    """The forecasts of this minute, and the days behind them. Belongs to one loop of evaluations."""

    made_for: tuple[str, datetime] | None = None
    forecasts: tuple[QuotaForecast, ...] = ()
    hour: datetime | None = None
    days: dict[str, Readings | None] = field(default_factory=dict)
    """The last days of the buckets that they were needed of in this hour."""

    def still_good(self, config: Config, now: datetime) -> bool:
        """Whether they are of the same configuration, and not older than a minute."""
        if self.made_for is None or self.made_for[0] != config.version:
            return False
        return timedelta() <= now - self.made_for[1] < GOOD_FOR


def quota_forecasts(
    con: DuckDBPyConnection,
    config: Config,
    levels: Sequence[QuotaLevel],
    now: datetime,
    memo: ForecastMemo | None = None,
) -> tuple[QuotaForecast, ...]:
    """A forecast for every bucket that a declared integration draws on, and one for what its vendor does not report; by
    vendor and bucket."""
    memo = memo or ForecastMemo()
    if not memo.still_good(config, now):
        memo.forecasts = _forecasts(con, config, levels, now, memo)
        memo.made_for = (config.version, now)
    return memo.forecasts


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A bucket, what was read of it, and who draws on it."""

    bucket: Bucket
    places: tuple[Drawn, ...]
    drawing: tuple[Integration, ...]

    def reset(self, now: datetime, seen: datetime | None = None) -> Reset:
        configured = configured_reset(self.bucket, self.drawing)
        return next_reset(self.bucket, now, configured=configured, preset=preset_reset(self.bucket), seen=seen)


def _forecasts(
    con: DuckDBPyConnection, config: Config, levels: Sequence[QuotaLevel], now: datetime, memo: ForecastMemo
) -> tuple[QuotaForecast, ...]:
    groups = gathered(levels, config)
    declared = {one.name: one for one in config.integrations}
    drawn = [_drawn(bucket_of(key, group), group, declared) for key, group in groups.items()]
    recent, calls = recent_readings(con, now), probe_calls_per_h(con, now)
    unknown = _refills(con, [one for one in drawn if _is_daily(one.bucket) and one.reset(now).at is None], now, memo)
    made = [_one(one, recent, calls, unknown.get(one.bucket.key), now) for one in drawn]
    made = _held_against_usual(con, made, drawn, now, memo) + _silent(config, groups)
    return tuple(sorted(made, key=lambda one: (one.vendor, one.bucket, one.key)))


def _drawn(bucket: Bucket, group: Sequence[QuotaLevel], declared: Mapping[str, Integration]) -> _Drawn:
    places = dict.fromkeys((level.integration, level.credential, level.bucket) for level in group)
    return _Drawn(bucket, tuple(places), tuple(declared[name] for name in bucket.integrations))


def _is_daily(bucket: Bucket) -> bool:
    return bucket.window_kind in AT_ONCE and (bucket.window_s or 0.0) >= LONG_WINDOW_S


def _one(
    one: _Drawn,
    recent: Mapping[Drawn, Readings],
    calls: Mapping[str, float],
    seen: datetime | None,
    now: datetime,
) -> QuotaForecast:
    known = Known(
        readings=_merged(recent, one.places),
        reset=one.reset(now, seen),
        probe_calls_per_h=sum(calls.get(name, 0.0) for name in one.bucket.integrations),
        probe_budget=probe_budget(one.bucket, one.drawing),
    )
    return forecast(one.bucket, known, now)


def _refills(
    con: DuckDBPyConnection, asked: Sequence[_Drawn], now: datetime, memo: ForecastMemo
) -> dict[str, datetime | None]:
    """When each was last seen to be refilled, by the bucket's key."""
    days = _days(con, asked, now, memo)
    return {one.bucket.key: last_refill(days[one.bucket.key]) for one in asked if one.bucket.key in days}


def _held_against_usual(
    con: DuckDBPyConnection, made: Sequence[QuotaForecast], drawn: Sequence[_Drawn], now: datetime, memo: ForecastMemo
) -> list[QuotaForecast]:
    """The forecasts; of those that run out, what the rest of such a day usually uses is asked."""
    doubtful = [
        one
        for one, told in zip(drawn, made, strict=True)
        if told.state is ForecastState.RUNS_OUT and told.reset.at is not None and _is_daily(one.bucket)
    ]
    days = _days(con, doubtful, now, memo)
    return [_usually(told, days.get(told.key), now) for told in made]


def _usually(told: QuotaForecast, days: Readings | None, now: datetime) -> QuotaForecast:
    if days is None or told.reset.at is None or told.state is not ForecastState.RUNS_OUT:
        return told
    return as_usual(told, usual_day(days, now, told.reset.at, told.reset.time_zone), now)


def _days(con: DuckDBPyConnection, asked: Sequence[_Drawn], now: datetime, memo: ForecastMemo) -> dict[str, Readings]:
    """The last days of these buckets by key, read once an hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    if memo.hour != hour:
        memo.hour, memo.days = hour, {}
    new = [one for one in asked if one.bucket.key not in memo.days]
    found = readings_by_quarter(con, (place for one in new for place in one.places), now) if new else {}
    memo.days |= {one.bucket.key: _merged(found, one.places) for one in new}
    return {one.bucket.key: days for one in asked if (days := memo.days.get(one.bucket.key)) is not None}


def _silent(config: Config, groups: Mapping[Key, Sequence[QuotaLevel]]) -> list[QuotaForecast]:
    drawing: dict[Key, list[str]] = {}
    for key, integration in silent(config, groups):
        drawing.setdefault(key, []).append(integration)
    return [not_reported(":".join(key), key[0], key[2], tuple(sorted(names))) for key, names in drawing.items()]


def _merged(found: Mapping[Drawn, Readings], places: Iterable[Drawn]) -> Readings | None:
    """The readings of one bucket, with whichever credential they were made, in order of time."""
    several = [found[place] for place in places if place in found]
    if len(several) < 2:
        return several[0] if several else None
    columns = np.concatenate([[one.t, one.used, one.remaining, one.reset, one.count] for one in several], axis=1)
    return Readings(*columns[:, np.argsort(columns[0], kind="stable")])
