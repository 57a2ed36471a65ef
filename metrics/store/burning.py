"""How have the quota buckets been used of late, and how much of it was us?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.quota.model import Column, Readings

LOOK_BACK: Final = timedelta(hours=6)
"""A usage endpoint may be asked once an hour, and a forecast needs a few of its answers."""
FINE: Final = timedelta(minutes=75)
"""Of so long a reading for every two minutes, of the time before one for every quarter of an hour."""
DAYS: Final = timedelta(days=8)
PROBE_CALLS_OVER: Final = timedelta(hours=1)

Drawn: TypeAlias = tuple[str, str, str]
"""Integration, credential and bucket of a reading."""


def recent_readings(con: DuckDBPyConnection, now: datetime) -> dict[Drawn, Readings]:
    """Of every bucket the last reading in each short stretch of the last hours, oldest first."""
    bounds = {"since": now - LOOK_BACK, "fine": now - FINE, "now": now}
    rows = con.execute(_RECENT, bounds).fetchall()
    return {(row[0], row[1], row[2]): _readings(row[3]) for row in rows}


def readings_by_quarter(con: DuckDBPyConnection, drawn: Iterable[Drawn], now: datetime) -> dict[Drawn, Readings]:
    """Of these buckets the last reading of each quarter of an hour in the last eight days, oldest first."""
    wanted = frozenset(drawn)
    if not wanted:
        return {}
    bounds = {"since": now - DAYS, "now": now, "integrations": sorted({integration for integration, *_ in wanted})}
    rows = con.execute(_BY_QUARTER, bounds).fetchall()
    return {(row[0], row[1], row[2]): _readings(row[3]) for row in rows if (row[0], row[1], row[2]) in wanted}


def probe_calls_per_h(con: DuckDBPyConnection, now: datetime) -> dict[str, float]:
    """Requests per hour that our own probes made to each integration in the last hour, those in simulated history left
    out."""
    rows = con.execute(_CALLS, {"since": now - PROBE_CALLS_OVER, "now": now}).fetchall()
    hours = PROBE_CALLS_OVER / timedelta(hours=1)
    return {integration: calls / hours for integration, calls in rows}


def _readings(rows: list[Any]) -> Readings:
    columns: Column = np.array(rows, dtype=np.float64).T
    return Readings(*columns)


_READ: Final = """
SELECT integration, credential, bucket, epoch_us(max(observed_at)) / 1e6 AS t, arg_max(
        [used, remaining, epoch_us(reset_at) / 1e6], observed_at) AS figures, count(*) AS readings
FROM quota_readings WHERE observed_at >= $since AND observed_at <= $now AND {where}
GROUP BY integration, credential, bucket, {slot}
"""
_LISTED: Final = """
SELECT integration, credential, bucket,
    list([t, figures[1], figures[2], figures[3], readings] ORDER BY t)
FROM ({read}) GROUP BY integration, credential, bucket
"""
_RECENT: Final = _LISTED.format(
    read=_READ.format(
        where="true",
        slot="CASE WHEN observed_at > $fine THEN epoch_ms(observed_at) // 120000 "
        "ELSE -(epoch_ms(observed_at) // 900000) END",
    )
)
_BY_QUARTER: Final = _LISTED.format(
    read=_READ.format(
        where="list_contains($integrations, integration)",
        slot="epoch_ms(observed_at) // 900000",
    )
)
_CALLS: Final = """
SELECT integration, count(*) FROM steps
WHERE started_at >= $since AND started_at <= $now AND status IS NOT NULL AND NOT simulated GROUP BY integration
"""
