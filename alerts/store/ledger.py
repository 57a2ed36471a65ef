"""The ledger: every try at telling somebody, and what it says about the channels."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from alerts.model import ChannelFault, DeliveryAttempt
from alerts.store.rows import utc


def add_attempt(con: DuckDBPyConnection, attempt: DeliveryAttempt) -> None:
    """Appends to the ledger."""
    con.execute(
        "INSERT INTO delivery_attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            attempt.notification_id,
            attempt.channel,
            attempt.attempt,
            attempt.at,
            attempt.duration_ms,
            attempt.ok,
            attempt.permanent,
            attempt.status,
            attempt.answer,
        ],
    )


def deliveries(
    con: DuckDBPyConnection, incident_id: str | None = None, limit: int = 100
) -> tuple[DeliveryAttempt, ...]:
    """The newest attempts, newest first; of one incident, or of all."""
    rows = con.execute(
        "SELECT a.notification_id, a.channel, a.attempt, a.attempted_at, a.duration_ms, a.ok, a.permanent, a.status,"
        " a.answer FROM delivery_attempts AS a JOIN outbox AS o USING (notification_id) "
        "WHERE $incident IS NULL OR o.incident_id = $incident "
        "ORDER BY a.attempted_at DESC, a.notification_id DESC, a.attempt DESC LIMIT $limit",
        {"incident": incident_id, "limit": limit},
    ).fetchall()
    return tuple(DeliveryAttempt(r[0], r[1], r[2], utc(r[3]), r[4], r[5], r[6], r[7], r[8]) for r in rows)


def channel_faults(con: DuckDBPyConnection) -> tuple[ChannelFault, ...]:
    """Channels that have given up on a message and delivered nothing since; `since` is the first of those."""
    rows = con.execute("""
        WITH healthy AS (
            SELECT channel, max(attempted_at) AS last_ok FROM delivery_attempts WHERE ok GROUP BY channel)
        SELECT a.channel, min(a.attempted_at), last(a.answer ORDER BY a.attempted_at, a.notification_id)
        FROM delivery_attempts AS a LEFT JOIN healthy AS h USING (channel)
        WHERE a.permanent AND NOT a.ok AND (h.last_ok IS NULL OR a.attempted_at > h.last_ok)
        GROUP BY a.channel ORDER BY a.channel
    """).fetchall()
    return tuple(ChannelFault(row[0], utc(row[1]), row[2]) for row in rows)
