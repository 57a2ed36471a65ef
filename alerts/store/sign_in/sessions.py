"""Sessions as they lie in the store. What is over stays for a month, as the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.store.rows import utc

KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with. `role` is the provider's word; None: the account's role counts."""

    session_id: str
    token_hash: str
    name: str
    role: str | None
    method: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str


def sessions(con: DuckDBPyConnection, now: datetime) -> tuple[Session, ...]:
    """Those that nobody ended and whose time is not over, the latest first."""
    rows = con.execute(
        "SELECT session_id, token_hash, name, role, method, began_at, seen_at, ends_at, address, agent FROM sessions "
        "WHERE ended_at IS NULL AND ends_at > ? ORDER BY began_at DESC, session_id",
        [now],
    ).fetchall()
    return tuple(Session(*row[:5], *(utc(instant) for instant in row[5:8]), *row[8:]) for row in rows)


def save_session(con: DuckDBPyConnection, session: Session) -> None:
    """Adds a new one, and forgets those that were over a month ago."""
    con.execute("DELETE FROM sessions WHERE ends_at < ?", [session.began_at - KEPT])
    con.execute(
        "INSERT INTO sessions (session_id, token_hash, name, role, method, began_at, seen_at, ends_at, address, agent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            session.session_id,
            session.token_hash,
            session.name,
            session.role,
            session.method,
            session.began_at,
            session.seen_at,
            session.ends_at,
            session.address,
            session.agent,
        ],
    )


def note_seen(con: DuckDBPyConnection, session_id: str, at: datetime) -> None:
    """It was used at that instant."""
    con.execute("UPDATE sessions SET seen_at = ? WHERE session_id = ?", [at, session_id])


def note_ended(con: DuckDBPyConnection, session_id: str, at: datetime, who: str) -> None:
    """Somebody ended it."""
    con.execute("UPDATE sessions SET ended_at = ?, ended_by = ? WHERE session_id = ?", [at, who, session_id])
