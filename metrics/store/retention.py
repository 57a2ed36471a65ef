"""Forgets what is older than it may be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Retention
from metrics.store.rollup.layout import tables
from metrics.store.rollup.marks import note_forgotten
from metrics.store.rollup.tiers import ages
from metrics.store.sealing.layout import RAW

_AS_RAW: Final = {table.hot: table.at for table in RAW} | {
    "change_signals": "last_seen",
    "shape_counts": "last_seen",
    "run_requests": "asked_at",
    "reported_changes": "happened_at",
}
"""Table → the instant that decides its age, for what is kept as long as raw rows."""


def forget_old(con: DuckDBPyConnection, now: datetime, retention: Retention) -> int:
    """Deletes rows of the hot file beyond the age of their class; how many. The file keeps its size, and reuses it.

    Sealed rows go with their months (`drop_months`). Incidents, their timeline and the audit stay.
    """
    gone = _delete(con, "evidence", "stored_at", now - retention.evidence)
    gone += sum(_delete(con, table, column, now - retention.raw) for table, column in _AS_RAW.items())
    gone += _forget_rolled_up(con, now, retention)
    gone += _delete(con, "evaluations", "judged_at", now - retention.rollup_1h)
    return gone + _delete(con, "shapes", "shape_id NOT IN (SELECT shape_id FROM shape_counts) AND first_seen", now)


def _forget_rolled_up(con: DuckDBPyConnection, now: datetime, retention: Retention) -> int:
    kept = ages(retention)
    note_forgotten(con, {"raw": now - retention.raw} | {tier.suffix: now - age for tier, age in kept.items()})
    return sum(_delete(con, table, "bucket_at", now - age) for tier, age in kept.items() for table in tables(tier))


def _delete(con: DuckDBPyConnection, table: str, column: str, before: datetime) -> int:
    statement = f"DELETE FROM {table} WHERE {column} < ?"  # noqa: S608 - both names are ours
    deleted = con.execute(statement, [before]).fetchone()
    return int(deleted[0]) if deleted else 0
