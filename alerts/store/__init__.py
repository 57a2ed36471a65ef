"""Everything that alerts keep in the database: incidents and their timelines, the outbox, the ledger, the audit log."""

from alerts.store.audit import AuditRow, acknowledge, audit_log, comment, resolve, unacknowledge
from alerts.store.incidents import incident, incidents, open_incidents, timeline
from alerts.store.ledger import channel_faults, deliveries
from alerts.store.outbox import OutboxRow, outbox

__all__ = [
    "AuditRow",
    "OutboxRow",
    "acknowledge",
    "audit_log",
    "channel_faults",
    "comment",
    "deliveries",
    "incident",
    "incidents",
    "open_incidents",
    "outbox",
    "resolve",
    "timeline",
    "unacknowledge",
]
