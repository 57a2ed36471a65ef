"""What a report asks of the messages about an incident, and of the incidents of a stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import Action, Condition, Incident, Tier
from alerts.store.rows import INCIDENT, INCIDENT_COLUMNS, incident_of, utc, utc_or_none
from metrics.model import Window


@dataclass(frozen=True, slots=True)
class Told:
    """One message and what became of it; `answer` is that of the latest try."""

    channel: str
    tier: Tier
    action: Action
    written_at: datetime
    state: str
    """due, claimed, sent, dead (given up) or superseded (overtaken by a newer one)."""
    attempts: int
    settled_at: datetime | None
    answer: str


def messages_about(con: DuckDBPyConnection, incident_id: str) -> tuple[Told, ...]:
    """In the order in which they were written."""
    rows = con.execute(_MESSAGES, [incident_id]).fetchall()
    return tuple(Told(r[0], Tier(r[1]), Action(r[2]), utc(r[3]), r[4], r[5], utc_or_none(r[6]), r[7]) for r in rows)


def first_told(con: DuckDBPyConnection, incident_ids: Sequence[str]) -> dict[str, datetime]:
    """When the first message about each was accepted; one that nobody was told of is left out."""
    return {row[0]: utc(row[1]) for row in con.execute(_FIRST_TOLD, [list(incident_ids)]).fetchall()}


def conditions_told(con: DuckDBPyConnection, incident_id: str) -> tuple[Condition, ...]:
    """Every condition that a message about the incident told of, in its latest words, in order of their beginning. A
    storm has all the members that it ever had."""
    rows = con.execute(
        "SELECT incident FROM outbox WHERE incident_id = ? ORDER BY notification_id", [incident_id]
    ).fetchall()
    latest: dict[str, Condition] = {}
    for condition in (c for row in rows for c in INCIDENT.validate_json(row[0]).conditions):
        before = latest.get(condition.key)
        latest[condition.key] = _joined(before, condition) if before else condition
    return tuple(sorted(latest.values(), key=lambda c: (c.since, -c.tier.rank, c.key)))


def _joined(before: Condition, now: Condition) -> Condition:
    if before.extent is None or now.extent is None:
        return now
    members = tuple(sorted({*before.extent.members, *now.extent.members}))
    return replace(now, extent=replace(now.extent, members=members))


def incidents_opened(con: DuckDBPyConnection, window: Window) -> tuple[Incident, ...]:
    """Those that opened in the window, oldest first."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE opened_at >= ? AND opened_at < ? "  # noqa: S608 - constant columns
        "ORDER BY opened_at, incident_id",
        [window.start, window.end],
    ).fetchall()
    return tuple(map(incident_of, rows))


def incidents_during(con: DuckDBPyConnection, window: Window, besides: str) -> tuple[Incident, ...]:
    """The others that were open at any time of the window, oldest first."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE opened_at < $end "  # noqa: S608 - constant columns
        "AND coalesce(resolved_at, $end) >= $start AND incident_id <> $besides ORDER BY opened_at, incident_id",
        {"start": window.start, "end": window.end, "besides": besides},
    ).fetchall()
    return tuple(map(incident_of, rows))


_MESSAGES: Final = """
SELECT o.channel, o.tier, o.action, o.created_at, o.state, o.attempts, o.settled_at,
       coalesce(last(a.answer ORDER BY a.attempt), '')
FROM outbox AS o LEFT JOIN delivery_attempts AS a USING (notification_id)
WHERE o.incident_id = ?
GROUP BY o.notification_id, o.channel, o.tier, o.action, o.created_at, o.state, o.attempts, o.settled_at
ORDER BY o.notification_id
"""

_FIRST_TOLD: Final = """
SELECT o.incident_id, min(a.attempted_at)
FROM outbox AS o JOIN delivery_attempts AS a USING (notification_id)
WHERE a.ok AND o.tier <> 'report' AND o.action IN ('trigger', 'update') AND o.incident_id IN (SELECT unnest(?))
GROUP BY o.incident_id
"""
