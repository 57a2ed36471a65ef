"""When does each quota run out? What the store knows, put together for the pure arithmetic of `metrics.quota`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config, Integration
from metrics.model import QuotaLevel
from metrics.quota.buckets import Key, bucket_of, configured_reset, gathered, preset_reset, probe_budget, silent
from metrics.quota.forecast import Known, forecast, not_reported
from metrics.quota.model import Bucket, QuotaForecast, Readings
from metrics.quota.resets import next_reset
from metrics.store.burning import Drawn, probe_calls_per_h, recent_readings

GOOD_FOR: Final = timedelta(seconds=55)
"""A forecast is made anew once a minute: readings come hardly more often."""


@dataclass(slots=True)
class ForecastMemo:
    """The forecasts of this minute. Belongs to one loop of evaluations."""

    made_for: tuple[str, datetime] | None = None
    forecasts: tuple[QuotaForecast, ...] = ()

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
        memo.forecasts = _forecasts(con, config, levels, now)
        memo.made_for = (config.version, now)
    return memo.forecasts


def _forecasts(
    con: DuckDBPyConnection, config: Config, levels: Sequence[QuotaLevel], now: datetime
) -> tuple[QuotaForecast, ...]:
    groups = gathered(levels, config)
    recent, calls = recent_readings(con, now), probe_calls_per_h(con, now)
    declared = {one.name: one for one in config.integrations}
    made = [_one(bucket_of(key, group), _merged(recent, group), calls, declared, now) for key, group in groups.items()]
    made += _silent(config, groups)
    return tuple(sorted(made, key=lambda one: (one.vendor, one.bucket, one.key)))


def _one(
    bucket: Bucket,
    readings: Readings | None,
    calls: Mapping[str, float],
    declared: Mapping[str, Integration],
    now: datetime,
) -> QuotaForecast:
    drawing = [declared[name] for name in bucket.integrations]
    reset = next_reset(bucket, now, configured=configured_reset(bucket, drawing), preset=preset_reset(bucket))
    known = Known(
        readings=readings,
        reset=reset,
        probe_calls_per_h=sum(calls.get(name, 0.0) for name in bucket.integrations),
        probe_budget=probe_budget(bucket, drawing),
    )
    return forecast(bucket, known, now)


def _silent(config: Config, groups: Mapping[Key, Sequence[QuotaLevel]]) -> list[QuotaForecast]:
    drawing: dict[Key, list[str]] = {}
    for key, integration in silent(config, groups):
        drawing.setdefault(key, []).append(integration)
    return [not_reported(":".join(key), key[0], key[2], tuple(sorted(names))) for key, names in drawing.items()]


def _merged(recent: Mapping[Drawn, Readings], group: Iterable[QuotaLevel]) -> Readings | None:
    """The readings of one bucket, with whichever credential they were made, in order of time."""
    found = [
        recent[drawn]
        for drawn in dict.fromkeys((level.integration, level.credential, level.bucket) for level in group)
        if drawn in recent
    ]
    if len(found) < 2:
        return found[0] if found else None
    columns = np.concatenate([[one.t, one.used, one.remaining, one.reset, one.count] for one in found], axis=1)
    return Readings(*columns[:, np.argsort(columns[0], kind="stable")])
