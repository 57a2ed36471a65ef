"""What people do to incidents, each with its line in the audit log."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.model import Action, IncidentEvent, IncidentState, Tier
from alerts.routing import Message
from alerts.store.incidents import add_event, incident, save_incident
from alerts.store.outbox import enqueue, told
from alerts.store.rows import utc
from metrics.store.database import Store


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that somebody did."""

    at: datetime
    who: str
    action: str
    subject: str
    detail: str


def acknowledge(
    store: Store, incident_id: str, who: str, at: datetime, *, heard_from: str | None = None
) -> Future[bool]:
    """Somebody takes an open incident; every channel that told of it hears so, but for the one that we have it from.
    False when there is nothing to take."""

    def work(con: DuckDBPyConnection) -> bool:
        found = incident(con, incident_id)
        if found is None or found.state is not IncidentState.OPEN:
            return False
        taken = replace(found, state=IncidentState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=who)
        save_incident(con, taken)
        add_event(con, IncidentEvent(incident_id, at, "acknowledged", f"acknowledged by {who}", who))
        for channel, tier in told(con, incident_id).items():
            if channel != heard_from:
                enqueue(con, taken, Message(channel, tier, Action.ACKNOWLEDGE), at, None)
        record(con, AuditRow(at, who, "incident.acknowledge", incident_id, found.title))
        return True

    return store.write(work)


def unacknowledge(store: Store, incident_id: str, who: str, at: datetime) -> Future[bool]:
    """Nobody has it any more: it is open again, and escalates from the beginning. The degraded channels that told of
    it hear so. False when nobody had it."""

    def work(con: DuckDBPyConnection) -> bool:
        found = incident(con, incident_id)
        if found is None or found.state is not IncidentState.ACKNOWLEDGED:
            return False
        free = replace(found, state=IncidentState.OPEN, acknowledged_at=None, acknowledged_by=None)
        save_incident(con, free)
        add_event(con, IncidentEvent(incident_id, at, "unacknowledged", f"given back by {who}", who))
        for channel, tier in told(con, incident_id).items():
            if tier is not Tier.URGENT:
                enqueue(con, free, Message(channel, tier, Action.UPDATE), at, None)
        record(con, AuditRow(at, who, "incident.unacknowledge", incident_id, found.title))
        return True

    return store.write(work)


def resolve(store: Store, incident_id: str, who: str, at: datetime) -> Future[bool]:
    """Somebody calls an incident over; every channel that told of it hears so, the channel too that we have it from:
    what it still has to send of the incident would open it there again. Conditions that go on do not reopen it; once
    they were gone they may. False when it is over already, or there is none."""

    def work(con: DuckDBPyConnection) -> bool:
        found = incident(con, incident_id)
        if found is None or found.state is IncidentState.RESOLVED:
            return False
        over = replace(found, state=IncidentState.RESOLVED, resolved_at=at, resolved_by=who, dismissed=found.conditions)
        save_incident(con, over)
        add_event(con, IncidentEvent(incident_id, at, "resolved_by_hand", f"resolved by {who}", who))
        for channel, tier in told(con, incident_id).items():
            enqueue(con, over, Message(channel, tier, Action.RESOLVE), at, None)
        record(con, AuditRow(at, who, "incident.resolve", incident_id, found.title))
        return True

    return store.write(work)


def comment(store: Store, incident_id: str, who: str, text: str, at: datetime) -> Future[bool]:
    """Adds a remark to the timeline. False when there is no such incident."""

    def work(con: DuckDBPyConnection) -> bool:
        if incident(con, incident_id) is None:
            return False
        add_event(con, IncidentEvent(incident_id, at, "comment", text, who))
        record(con, AuditRow(at, who, "incident.comment", incident_id, text))
        return True

    return store.write(work)


def record(con: DuckDBPyConnection, row: AuditRow) -> None:
    """Appends to the audit log."""
    con.execute(
        "INSERT INTO audit (audit_id, done_at, who, action, subject, detail)"
        " VALUES (nextval('audit_ids'), ?, ?, ?, ?, ?)",
        [row.at, row.who, row.action, row.subject, row.detail],
    )


def audit_log(con: DuckDBPyConnection, limit: int = 100) -> tuple[AuditRow, ...]:
    """The newest entries, newest first."""
    rows = con.execute(
        "SELECT done_at, who, action, subject, detail FROM audit ORDER BY audit_id DESC LIMIT ?", [limit]
    ).fetchall()
    return tuple(AuditRow(utc(row[0]), *row[1:]) for row in rows)
