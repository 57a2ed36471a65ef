"""What people do to incidents, each with its line in the audit log.

Each act comes twice: inside a transaction that there is already (`take`, `give_back`, `call_over`, `call_back`,
`remark`), and as a transaction of its own.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.model import Action, Incident, IncidentEvent, IncidentState, Tier
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


def acknowledge(store: Store, incident_id: str, who: str, at: datetime) -> Future[bool]:
    """Somebody takes an open incident; every channel that told of it hears so. False when there is nothing to take."""
    return store.write(lambda con: take(con, incident_id, who, at))


def unacknowledge(store: Store, incident_id: str, who: str, at: datetime) -> Future[bool]:
    """Nobody has it any more: it is open again, and escalates from the beginning. The degraded channels that told of
    it hear so. False when nobody had it."""
    return store.write(lambda con: give_back(con, incident_id, who, at))


def resolve(store: Store, incident_id: str, who: str, at: datetime) -> Future[bool]:
    """Somebody calls an incident over; every channel that told of it hears so. Conditions that go on do not reopen it;
    once they were gone they may. False when it is over already, or there is none."""
    return store.write(lambda con: call_over(con, incident_id, who, at))


def comment(store: Store, incident_id: str, who: str, text: str, at: datetime) -> Future[bool]:
    """Adds a remark to the timeline. False when there is no such incident."""
    return store.write(lambda con: remark(con, incident_id, who, text, at))


def take(con: DuckDBPyConnection, incident_id: str, who: str, at: datetime, *, heard_from: str | None = None) -> bool:
    """As `acknowledge`; the channel that we have it from is not told."""
    found = incident(con, incident_id)
    if found is None or found.state is not IncidentState.OPEN:
        return False
    taken = replace(found, state=IncidentState.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=who)
    _save(con, taken, IncidentEvent(incident_id, at, "acknowledged", f"acknowledged by {who}", who), "acknowledge")
    for channel, tier in told(con, incident_id).items():
        if channel != heard_from:
            enqueue(con, taken, Message(channel, tier, Action.ACKNOWLEDGE), at, None)
    return True


def give_back(con: DuckDBPyConnection, incident_id: str, who: str, at: datetime) -> bool:
    """As `unacknowledge`."""
    found = incident(con, incident_id)
    if found is None or found.state is not IncidentState.ACKNOWLEDGED:
        return False
    free = replace(found, state=IncidentState.OPEN, acknowledged_at=None, acknowledged_by=None)
    _save(con, free, IncidentEvent(incident_id, at, "unacknowledged", f"given back by {who}", who), "unacknowledge")
    for channel, tier in told(con, incident_id).items():
        if tier is not Tier.URGENT:
            enqueue(con, free, Message(channel, tier, Action.UPDATE, note=f"given back by {who}"), at, None)
    return True


def call_over(con: DuckDBPyConnection, incident_id: str, who: str, at: datetime) -> bool:
    """As `resolve`. The channel that we have it from is told as well: what it still has to send of the incident would
    open it there again."""
    found = incident(con, incident_id)
    if found is None or found.state is IncidentState.RESOLVED:
        return False
    over = replace(found, state=IncidentState.RESOLVED, resolved_at=at, resolved_by=who, dismissed=found.conditions)
    _save(con, over, IncidentEvent(incident_id, at, "resolved_by_hand", f"resolved by {who}", who), "resolve")
    for channel, tier in told(con, incident_id).items():
        enqueue(con, over, Message(channel, tier, Action.RESOLVE), at, None)
    return True


def call_back(con: DuckDBPyConnection, incident_id: str, who: str, at: datetime) -> bool:
    """Somebody takes back that it was called over: what goes on of it opens an incident at the next evaluation. False
    when nothing of it goes on."""
    found = incident(con, incident_id)
    if found is None or not found.dismissed:
        return False
    note = f"called back by {who}: it is not over"
    _save(con, replace(found, dismissed=()), IncidentEvent(incident_id, at, "called_back", note, who), "call_back")
    return True


def remark(con: DuckDBPyConnection, incident_id: str, who: str, text: str, at: datetime) -> bool:
    """As `comment`."""
    if incident(con, incident_id) is None:
        return False
    add_event(con, IncidentEvent(incident_id, at, "comment", text, who))
    record(con, AuditRow(at, who, "incident.comment", incident_id, text))
    return True


def _save(con: DuckDBPyConnection, now: Incident, event: IncidentEvent, act: str) -> None:
    save_incident(con, now)
    add_event(con, event)
    record(con, AuditRow(event.at, event.who, f"incident.{act}", now.incident_id, now.title))


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
