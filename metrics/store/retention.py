"""Forgets what is older than it may be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Retention

_RAW: Final = {
    "hot_runs": "started_at",
    "hot_steps": "started_at",
    "hot_quota_readings": "observed_at",
    "hot_recorded_values": "started_at",
    "change_signals": "last_seen",
    "shape_counts": "last_seen",
}
"""Table → the instant that decides its age."""


def forget_old(con: DuckDBPyConnection, now: datetime, retention: Retention) -> int:
    """Deletes raw rows and evidence beyond their age; how many rows went. The file keeps its size, and reuses it."""
    gone = _delete(con, "evidence", "stored_at", now - retention.evidence)
    gone += sum(_delete(con, table, column, now - retention.raw) for table, column in _RAW.items())
    return gone + _delete(con, "shapes", "shape_id NOT IN (SELECT shape_id FROM shape_counts) AND first_seen", now)


def _delete(con: DuckDBPyConnection, table: str, column: str, before: datetime) -> int:
    statement = f"DELETE FROM {table} WHERE {column} < ?"  # noqa: S608 - both names are from the table above
    deleted = con.execute(statement, [before]).fetchone()
    return int(deleted[0]) if deleted else 0
