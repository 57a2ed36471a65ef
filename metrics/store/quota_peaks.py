"""How far down did each quota go in a stretch of time?"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from duckdb import DuckDBPyConnection

from metrics.model import Window


class QuotaPeak(NamedTuple):
    """The reading of a bucket with the least left."""

    integration: str
    credential: str
    bucket: str
    unit: str
    left: float
    """Share, 0…1."""
    at: datetime
    readings: int


def quota_peaks(con: DuckDBPyConnection, window: Window) -> tuple[QuotaPeak, ...]:
    """Of every bucket whose size its vendor tells, the one with the least left first. A bucket in percent has 100.

    Simulated readings of an integration are left out as soon as it has a real one.
    """
    rows = con.execute(_PEAKS, {"start": window.start, "end": window.end}).fetchall()
    return tuple(QuotaPeak(*row) for row in rows)


_PEAKS: Final = """
WITH sized AS (
    SELECT integration, credential, bucket, unit, observed_at,
           coalesce(limit_value, CASE unit WHEN 'percent' THEN 100.0 END) AS size, used, remaining
    FROM quota_readings WHERE observed_at >= $start AND observed_at < $end
    QUALIFY NOT simulated OR bool_and(simulated) OVER (PARTITION BY integration)
), shares AS (
    SELECT *, greatest(0.0, least(1.0, coalesce(remaining, size - used) / size)) AS left_share
    FROM sized WHERE size > 0 AND (remaining IS NOT NULL OR used IS NOT NULL)
)
SELECT integration, credential, bucket, any_value(unit), min(left_share), arg_min(observed_at, left_share), count(*)
FROM shares GROUP BY integration, credential, bucket ORDER BY min(left_share), integration, credential, bucket
"""
