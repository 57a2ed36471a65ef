"""Forgets what is older than it may be kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Retention
from metrics.store.sealing.layout import RAW

_AS_RAW: Final = {table.hot: table.at for table in RAW} | {"change_signals": "last_seen", "shape_counts": "last_seen"}
"""Table → the instant that decides its age, for what is kept as long as raw rows."""


def forget_old(con: DuckDBPyConnection, now: datetime, retention: Retention) -> int:
    """Deletes rows of the hot file beyond the age of their class; how many. The file keeps its size, and reuses it.

    Sealed rows go with their months (`drop_months`). Incidents, their timeline and the audit stay.
    """
    gone = _delete(con, "evidence", "stored_at", now - retention.evidence)
    gone += sum(_delete(con, table, column, now - retention.raw) for table, column in _AS_RAW.items())
    gone += sum(_delete(con, table, "bucket_at", now - keep) for table, keep in _rolled_up(con, retention).items())
    return gone + _delete(con, "shapes", "shape_id NOT IN (SELECT shape_id FROM shape_counts) AND first_seen", now)


def _rolled_up(con: DuckDBPyConnection, retention: Retention) -> dict[str, timedelta]:
    ages = {"5m": retention.rollup_5m, "1h": retention.rollup_1h, "1d": retention.rollup_1d}
    there = con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%\\_rollups\\_%' ESCAPE '\\'")
    named = ((name, name.rsplit("_", 1)[1]) for (name,) in there.fetchall())
    return {name: ages[tier] for name, tier in named if tier in ages}


def _delete(con: DuckDBPyConnection, table: str, column: str, before: datetime) -> int:
    statement = f"DELETE FROM {table} WHERE {column} < ?"  # noqa: S608 - both names are ours
    deleted = con.execute(statement, [before]).fetchone()
    return int(deleted[0]) if deleted else 0
