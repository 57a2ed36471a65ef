"""What was judged, and by what: the buckets and the normal of one series."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.baseline.series import HOUR_S, SeriesKey
from metrics.series import Column


class JudgedHours(NamedTuple):
    """By hour: its start (epoch milliseconds), and as logarithms what was normal, the spread, and the habit."""

    t_ms: Column
    level: Column
    spread: Column
    habit: Column


class JudgedBuckets(NamedTuple):
    """By bucket: its start (epoch milliseconds), what was measured, and whether it was not learned from."""

    t_ms: Column
    value: Column
    refused: Column


def series_number(con: DuckDBPyConnection, key: SeriesKey) -> int | None:
    """The number of a series; None of one that was never learned."""
    row = con.execute(_NUMBER, list(key)).fetchone()
    return None if row is None else int(row[0])


def judged_hours(con: DuckDBPyConnection, series_id: int, start: datetime, end: datetime) -> JudgedHours:
    """The hours of that time that are over, oldest first."""
    found = con.execute(_HOURS, _bounds(series_id, start, end)).fetchnumpy()
    level, spread, habit = (np.ma.filled(found[name].astype(np.float64), np.nan) for name in _FIGURES)
    return JudgedHours(found["hour"].astype(np.float64) * HOUR_S * 1000, level, spread, habit)


def judged_buckets(con: DuckDBPyConnection, key: SeriesKey, start: datetime, end: datetime) -> JudgedBuckets:
    """The buckets of those hours; `value` in the series' own unit."""
    number = series_number(con, key)
    found = con.execute(_BUCKETS, _bounds(number, start, end) | {"ms": key.bucket_s * 1000}).fetchnumpy()
    value = np.ma.filled(np.ma.asarray(found["figure"]).astype(np.float64), np.nan)
    return JudgedBuckets(found["t_ms"].astype(np.float64), np.exp(value), np.asarray(found["refused"], np.float64))


def _bounds(series_id: int | None, start: datetime, end: datetime) -> dict[str, Any]:
    first, last = (int(at.timestamp()) // HOUR_S for at in (start, end))
    return {"series_id": series_id, "first": first, "last": last}


_FIGURES: Final = ("level", "spread", "habit")

_NUMBER: Final = """
SELECT series_id FROM baseline_series WHERE integration = ? AND workflow = ? AND region = ? AND subject = ?
    AND measure = ? AND bucket_s = ?
"""

_HOURS: Final = """
SELECT hour, level, spread, habit FROM baseline_hours
WHERE series_id = $series_id AND hour BETWEEN $first AND $last ORDER BY hour
"""

_BUCKETS: Final = """
SELECT hour::BIGINT * 3600000 + (i - 1) * $ms AS t_ms, figures[i] AS figure, refused[i] AS refused
FROM (SELECT hour, figures, refused, unnest(generate_series(1, len(figures))) AS i FROM baseline_buckets
      WHERE series_id = $series_id AND hour BETWEEN $first AND $last)
ORDER BY t_ms
"""
