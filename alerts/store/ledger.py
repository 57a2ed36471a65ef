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
    """Channels that do not work, one fault each; `since` is when that began.

    A refusal for good is over when the channel delivers, or when a self-test's own message takes the whole way; a
    failed self-test also when the next one passes.
    """
    # Asked at every judgement, and nearly always nothing ever failed: that is found out in a fifth of the time.
    failed = """
        SELECT 1 FROM delivery_attempts WHERE permanent AND NOT ok
        UNION ALL SELECT 1 FROM channel_tests WHERE permanent AND NOT ok
        UNION ALL SELECT 1 FROM channel_health WHERE failures > 0 LIMIT 1
    """
    if not con.execute(failed).fetchall():
        return ()
    rows = con.execute("""
        WITH proven AS (
            SELECT channel, max(proven_at) AS proven_at FROM (
                SELECT channel, attempted_at AS proven_at FROM delivery_attempts WHERE ok
                UNION ALL SELECT channel, tested_at FROM channel_tests WHERE ok AND end_to_end)
            GROUP BY channel),
        tested AS (
            SELECT * FROM channel_tests QUALIFY row_number() OVER (PARTITION BY channel ORDER BY tested_at DESC) = 1),
        faults AS (
            SELECT channel, attempted_at AS since, answer AS problem, true AS for_good
            FROM delivery_attempts WHERE permanent AND NOT ok
            UNION ALL
            SELECT channel, tested_at, 'self-test: ' || answer, true FROM tested WHERE permanent AND NOT ok
            UNION ALL
            SELECT channel, failing_since, problem, false FROM channel_health WHERE failures > 0)
        SELECT f.channel, min(f.since), last(f.problem ORDER BY f.for_good, f.since), bool_or(f.for_good)
        FROM faults AS f LEFT JOIN proven AS p USING (channel)
        WHERE p.proven_at IS NULL OR f.since > p.proven_at
        GROUP BY f.channel ORDER BY f.channel
    """).fetchall()
    return tuple(ChannelFault(row[0], utc(row[1]), row[2], row[3]) for row in rows)
