"""What keeps a message from being lost: claims of the dead, urgent news that is stuck, ends that were refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.store.rows import utc

ENDS_TRIED: Final = 5
"""How often an end that is refused for good is tried in all."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Urgent news that a channel has not taken since then, and what the channel said last."""

    notification_id: int
    incident_id: str
    channel: str
    fallbacks: tuple[str, ...]
    budget_left: float | None
    since: datetime
    problem: str | None


def release_claims(con: DuckDBPyConnection, now: datetime) -> None:
    """Frees what a deliverer that is gone had claimed; for the only deliverer there is, at its start."""
    con.execute("UPDATE outbox SET lease_until = ? WHERE state = 'claimed'", [now])


def stuck(con: DuckDBPyConnection, before: datetime) -> tuple[Stuck, ...]:
    """Urgent news from before that instant which a channel has yet to take and no other was told instead. News that
    overtook what the channel had not taken either is as old as that."""
    rows = con.execute(
        """
        WITH news AS (
            SELECT incident_id, channel, min(created_at) AS since, max(notification_id) AS latest,
                   bool_or(passed_on_at IS NOT NULL) AS passed_on
            FROM outbox AS o
            WHERE tier = 'urgent' AND action IN ('trigger', 'update') AND state IN ('due', 'claimed', 'superseded')
              AND NOT EXISTS (
                SELECT 1 FROM outbox AS later
                WHERE later.incident_id = o.incident_id AND later.channel = o.channel
                  AND later.notification_id > o.notification_id AND later.state IN ('sent', 'dead'))
            GROUP BY incident_id, channel
            HAVING bool_or(state <> 'superseded'))
        SELECT o.notification_id, o.incident_id, o.channel, o.fallbacks, o.budget_left, news.since, health.problem
        FROM news JOIN outbox AS o ON o.notification_id = news.latest
        LEFT JOIN channel_health AS health ON health.channel = o.channel
        WHERE news.since <= ? AND NOT news.passed_on ORDER BY o.notification_id""",
        [before],
    ).fetchall()
    return tuple(Stuck(r[0], r[1], r[2], tuple(json.loads(r[3])), r[4], utc(r[5]), r[6]) for r in rows)


def mark_passed_on(con: DuckDBPyConnection, notification_id: int, at: datetime) -> None:
    """Another channel was told as well, or there is none left to tell."""
    con.execute("UPDATE outbox SET passed_on_at = ? WHERE notification_id = ?", [at, notification_id])


def revive_ends(con: DuckDBPyConnection, channel: str, now: datetime, not_before: datetime) -> None:
    """The channel works again: ends that it refused for good are tried once more, unless something newer was said."""
    con.execute(
        """
        UPDATE outbox SET state = 'due', due_at = $now, settled_at = NULL
        WHERE channel = $channel AND state = 'dead' AND action = 'resolve' AND tier <> 'report'
          AND created_at >= $not_before AND attempts < $enough
          AND NOT EXISTS (
            SELECT 1 FROM outbox AS later
            WHERE later.incident_id = outbox.incident_id AND later.channel = outbox.channel
              AND later.notification_id > outbox.notification_id AND later.tier <> 'report')""",
        {"now": now, "channel": channel, "not_before": not_before, "enough": ENDS_TRIED},
    )
