"""How much of each vendor's quota is left?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.quota.model import QuotaLevel
from metrics.series import QuotaSeries
from metrics.store.buckets import choose

REMEMBERED: Final = timedelta(days=7)
"""A bucket that was not reported for this long is forgotten."""


def quota_levels(con: DuckDBPyConnection, now: datetime) -> tuple[QuotaLevel, ...]:
    """The newest reading of every bucket of the last seven days, by integration and bucket.

    Simulated readings of an integration are forgotten as soon as it has a real one.
    """
    bounds = {"since": now - REMEMBERED, "now": now}
    # First when each was read last, from few columns: then nearly all of a week's rows need not be looked at.
    row = con.execute(f"SELECT min(observed_at) FROM ({_NEWEST})", bounds).fetchone()  # noqa: S608 - a question of ours
    if row is None or row[0] is None:
        return ()
    return tuple(_level(row) for row in con.execute(_LEVELS, bounds | {"oldest": row[0]}).fetchall())


def quota_series(con: DuckDBPyConnection, integration: str, window: Window) -> tuple[QuotaSeries, ...]:
    """The share left of every bucket: its last reading in each of at most 400 buckets of time with a reading."""
    grid = choose(window)
    parameters = {"integration": integration, "start": window.start, "end": window.end, "bucket_ms": grid.bucket_ms}
    grouped: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for row in con.execute(_SERIES, parameters).fetchall():
        grouped[row[2], row[3]].append(row)
    return tuple(_series(rows) for _, rows in sorted(grouped.items()))


def share_left(unit: str, limit: float | None, used: float | None, remaining: float | None) -> float | None:
    """0…1; None when the vendor did not say enough. A bucket in percent has 100 as its limit."""
    size = limit if limit is not None else (100.0 if unit == "percent" else None)
    if not size or size < 0:
        return None
    if remaining is None and used is None:
        return None
    left = remaining if remaining is not None else size - (used or 0.0)
    return min(1.0, max(0.0, left / size))


def _series(rows: list[tuple[Any, ...]]) -> QuotaSeries:
    levels = [_level(row) for row in rows]
    return QuotaSeries(
        level=levels[-1],
        t_ms=np.array([level.observed_at.timestamp() * 1000 for level in levels], dtype=np.float64),
        left=np.array([np.nan if level.left is None else level.left for level in levels], dtype=np.float64),
    )


def _level(row: tuple[Any, ...]) -> QuotaLevel:
    integration, vendor, credential, bucket, unit, limit, used, remaining, kind, window_s, *rest = row
    reset_at, source, observed_at, timezone, restore_rate, simulated = rest
    return QuotaLevel(
        integration=integration,
        vendor=vendor,
        credential=credential,
        bucket=bucket,
        unit=unit,
        limit=limit,
        used=used,
        remaining=remaining,
        left=share_left(unit, limit, used, remaining),
        window_kind=kind,
        window_s=window_s,
        reset_at=reset_at,
        source=source,
        observed_at=observed_at,
        timezone=timezone,
        restore_rate=restore_rate,
        simulated=simulated,
    )


_COLUMNS = """
    integration, vendor, credential, bucket, unit, limit_value, used, remaining, window_kind, window_s, reset_at,
    source, observed_at, timezone, restore_rate, simulated
"""

_NEWEST = """
SELECT integration, credential, bucket, max(observed_at) AS observed_at, bool_and(simulated) AS simulated
FROM quota_readings WHERE observed_at >= $since AND observed_at <= $now GROUP BY integration, credential, bucket
"""

_LEVELS = f"""
WITH newest AS (SELECT integration, credential, bucket, observed_at, bool_and(simulated) OVER (PARTITION BY integration)
                AS only_simulated FROM ({_NEWEST}))
SELECT {_COLUMNS} FROM quota_readings JOIN newest USING (integration, credential, bucket, observed_at)
WHERE observed_at >= $oldest AND observed_at <= $now
QUALIFY row_number() OVER (PARTITION BY integration, credential, bucket ORDER BY simulated) = 1
    AND (NOT simulated OR only_simulated)
ORDER BY integration, credential, bucket
"""  # noqa: S608 - columns of ours

_SERIES = f"""
SELECT {_COLUMNS} FROM quota_readings
WHERE integration = $integration AND observed_at >= $start AND observed_at < $end
QUALIFY row_number() OVER (
    PARTITION BY credential, bucket, epoch_ms(observed_at) // $bucket_ms ORDER BY observed_at DESC) = 1
ORDER BY credential, bucket, observed_at
"""  # noqa: S608 - columns of ours
