"""Since when do conditions hold that nobody is told of yet?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.store.rows import utc


def pending(con: DuckDBPyConnection) -> Mapping[str, datetime]:
    """Condition's key → first evaluation at which it held."""
    rows = con.execute("SELECT key, held_since FROM pending_conditions").fetchall()
    return {key: utc(since) for key, since in rows}


def save_pending(con: DuckDBPyConnection, before: Mapping[str, datetime], now: Mapping[str, datetime]) -> None:
    """Keeps what is pending now instead of what was."""
    gone = [key for key, since in before.items() if now.get(key) != since]
    new = [(key, since) for key, since in now.items() if before.get(key) != since]
    if gone:
        con.execute("DELETE FROM pending_conditions WHERE list_contains(?, key)", [gone])
    if new:
        keys, since = [key for key, _ in new], [at for _, at in new]
        con.execute("INSERT INTO pending_conditions (key, held_since) SELECT unnest(?), unnest(?)", [keys, since])
