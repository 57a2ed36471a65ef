"""What is normal for one series, hour by hour: as it was, and as it will be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.baseline.rows import Floats
from metrics.baseline.series import HOUR_S, Monitor
from metrics.series import Column
from metrics.store.learned.answers import JudgedBuckets, judged_hours, series_number

AHEAD_H: Final = 24


@dataclass(frozen=True, slots=True)
class Band:
    """By hour: its start (epoch milliseconds), what is usual, and the limit, both in the unit of the series."""

    t_ms: Column
    usual: Column
    limit: Column


@dataclass(frozen=True, slots=True)
class Standing:
    """One series as it stands: its latest bucket against what is normal in this hour; None where nothing is known."""

    monitor: Monitor
    value: float | None
    usual: float | None
    limit: float | None
    hours: int
    """That the usual figure is made of."""
    kind: str
    """What the usual figure is: the last day's level, the hour of day, …"""
    firing: bool


@dataclass(frozen=True, slots=True)
class Normal:
    """One series against its normal: what was measured, what was normal then, and what will be."""

    monitor: Monitor
    buckets: JudgedBuckets
    past: Band
    ahead: Band
    """From the hour that is going on."""


def past_band(con: DuckDBPyConnection, monitor: Monitor, start: datetime, end: datetime) -> Band:
    """As it was in the hours of that time that are over."""
    number = series_number(con, monitor.key)
    if number is None:
        return Band(np.empty(0), np.empty(0), np.empty(0))
    hours = judged_hours(con, number, start, end)
    limit = np.fmax(hours.level + monitor.spreads * hours.spread, hours.habit)
    floor = np.maximum(np.exp(limit), monitor.floor_ms)
    return Band(hours.t_ms, np.exp(hours.level), np.where(np.isnan(hours.level), np.nan, floor))


def band_ahead(first_hour: int, level: Floats, limit: Floats) -> Band:
    """From logarithms."""
    t_ms = (first_hour + np.arange(len(level), dtype=np.float64)) * HOUR_S * 1000
    return Band(t_ms, np.exp(level.astype(np.float64)), np.exp(limit.astype(np.float64)))
