"""Which series are learned, by what number, and how far that has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.baseline.series import SeriesKey
from metrics.store.appending import append


def number_series(con: DuckDBPyConnection, keys: Sequence[SeriesKey]) -> list[int]:
    """The number of each series, in order; one that is new gets one, inside the caller's transaction."""
    known = {SeriesKey(*row[1:]): row[0] for row in con.execute(_KNOWN).fetchall()}
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if new:
        fresh = dict(zip(new, range(1 + max(known.values(), default=0), 1 << 31), strict=False))
        columns = dict(zip(SeriesKey._fields, map(list, zip(*new, strict=True)), strict=True))
        append(con, "baseline_series", pa.table({"series_id": list(fresh.values()), **columns}))
        known |= fresh
    return [known[key] for key in keys]


def progress(con: DuckDBPyConnection, bucket_s: int) -> tuple[int, int] | None:
    """The first hour that is not stored, and the roll-ups' version looked through; None where nothing is stored."""
    row = con.execute(_PROGRESS, [bucket_s]).fetchone()
    return None if row is None else (row[0], row[1])


def save_progress(con: DuckDBPyConnection, bucket_s: int, next_hour: int, version: int) -> None:
    """Inside the transaction that stores the hours before."""
    con.execute(_SAVE, [bucket_s, next_hour, version])


def first_run_at(con: DuckDBPyConnection) -> float | None:
    """When the oldest run that is kept was started, in seconds since the epoch; None without any."""
    row = con.execute("SELECT epoch(min(started_at)) FROM runs").fetchone()
    return None if row is None else row[0]


_KNOWN: Final = "SELECT series_id, integration, workflow, region, subject, measure, bucket_s FROM baseline_series"

_PROGRESS: Final = "SELECT next_hour, checked_version FROM baseline_progress WHERE bucket_s = ?"

_SAVE: Final = """
INSERT INTO baseline_progress VALUES (?, ?, ?)
ON CONFLICT (bucket_s) DO UPDATE SET next_hour = excluded.next_hour, checked_version = excluded.checked_version
"""
