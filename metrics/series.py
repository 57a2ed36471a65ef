"""Figures over time, as charts draw them: one array per column, NaN where there is no data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from config.model import Recorded
from metrics.model import Window
from metrics.quota.model import QuotaLevel

Column = NDArray[np.float64]
"""Figures of one series, NaN where there is no data."""


@dataclass(frozen=True, slots=True)
class LatencySeries:
    """Percentiles of successful attempts per bucket; `t_ms` is each bucket's start in epoch milliseconds."""

    bucket: timedelta
    t_ms: Column
    n: Column
    p50: Column
    p95: Column
    p99: Column
    ttfb_p95: Column
    simulated_until: datetime | None = None
    """Buckets before this instant are simulated history; None when there is none."""
    exact: bool = True
    """False when percentiles come out of merged roll-ups: within 1 % of nearest rank."""


@dataclass(frozen=True, slots=True)
class ErrorSeries:
    """Counts of attempts per bucket by class."""

    bucket: timedelta
    t_ms: Column
    requests: Column
    client_errors: Column
    server_errors: Column
    throttled: Column
    network: Column
    correctness: Column


@dataclass(frozen=True, slots=True)
class PhaseSeries:
    """Milliseconds of each phase per bucket, over the attempts where it happened: the median, or the mean (`statistic`)
    where roll-ups answer."""

    bucket: timedelta
    t_ms: Column
    n: Column
    dns: Column
    connect: Column
    tls: Column
    wait: Column
    download: Column
    statistic: str = "median"
    """`median`, or `mean`: roll-ups hold the sums of the phases."""
    send: Column | None = None
    """None where roll-ups answer: they do not hold it."""


@dataclass(frozen=True, slots=True)
class QuotaSeries:
    """Share left (0…1) of one bucket over time."""

    level: QuotaLevel
    t_ms: Column
    left: Column


@dataclass(frozen=True, slots=True)
class RecordedSeries:
    """Numbers that runs of one workflow from one region recorded under a name; `n` of them in the window."""

    workflow: str
    name: str
    region: str
    recorded: Recorded | None
    """What is expected of it; None for what the probe measures by itself, or what is no longer declared."""
    unit: str
    n: int
    t_ms: Column
    value: Column


@dataclass(frozen=True, slots=True)
class LagSeries:
    """Percentiles per bucket of the milliseconds until what one workflow did could be seen; `n` of them."""

    workflow: str
    bucket: timedelta
    t_ms: Column
    n: Column
    p50: Column
    p95: Column


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    """Seven rows (Monday first) of 24 hours on the wall clock of a zone; percentiles within 1 %, NaN without data."""

    zone: str
    window: Window
    n: Column
    p50: Column
    p95: Column
