"""How have the quota buckets been used of late, and how much of it was us?"""

from __future__ import annotations

from collections import defaultdict
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
    return _by_bucket(con, _RECENT, bounds)


def readings_by_quarter(con: DuckDBPyConnection, drawn: Iterable[Drawn], now: datetime) -> dict[Drawn, Readings]:
    """Of these buckets the last reading of each quarter of an hour in the last eight days, oldest first."""
    wanted = frozenset(drawn)
    if not wanted:
        return {}
    bounds = {"since": now - DAYS, "now": now, "integrations": sorted({integration for integration, *_ in wanted})}
    found = _by_bucket(con, _BY_QUARTER, bounds)
    return {one: found[one] for one in wanted if one in found}


def probe_calls_per_h(con: DuckDBPyConnection, now: datetime) -> dict[str, float]:
    """Requests per hour that our own probes made to each integration in the last hour, those in simulated history left
    out."""
    rows = con.execute(_CALLS, {"since": now - PROBE_CALLS_OVER, "now": now}).fetchall()
    hours = PROBE_CALLS_OVER / timedelta(hours=1)
    return {integration: calls / hours for integration, calls in rows}


def _by_bucket(con: DuckDBPyConnection, sql: str, bounds: dict[str, Any]) -> dict[Drawn, Readings]:
    answer = con.execute(sql, bounds).fetchnumpy()
    figures = np.array([np.ma.filled(np.ma.asarray(answer[name], np.float64), np.nan) for name in _FIGURES])
    places: dict[Drawn, list[int]] = defaultdict(list)
    for place, drawn in enumerate(zip(answer["integration"], answer["credential"], answer["bucket"], strict=True)):
        places[drawn].append(place)
    return {drawn: _in_order(figures[:, chosen]) for drawn, chosen in places.items()}


def _in_order(figures: Column) -> Readings:
    return Readings(*figures[:, np.argsort(figures[0], kind="stable")])


_FIGURES: Final = ("t", "used", "remaining", "reset", "readings")
_READ: Final = """
WITH read AS (
    SELECT integration, credential, bucket, epoch_us(observed_at) AS us, used, remaining, epoch_us(reset_at) AS reset
    FROM quota_readings WHERE observed_at >= $since AND observed_at <= $now AND {where})
SELECT integration, credential, bucket, max(us) / 1e6 AS t, arg_max_null(used, us) AS used,
    arg_max_null(remaining, us) AS remaining, arg_max_null(reset, us) / 1e6 AS reset, count(*) AS readings
FROM read GROUP BY integration, credential, bucket, {slot}
"""
_RECENT: Final = _READ.format(
    where="true", slot="CASE WHEN us > epoch_us($fine) THEN us // 120000000 ELSE -(us // 900000000) END"
)
_BY_QUARTER: Final = _READ.format(where="list_contains($integrations, integration)", slot="us // 900000000")
_CALLS: Final = """
SELECT integration, count(*) FROM steps
WHERE started_at >= $since AND started_at <= $now AND status IS NOT NULL AND NOT simulated GROUP BY integration
"""
