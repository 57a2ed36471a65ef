"""Incidents as JSON: instants ISO 8601, null where there is none."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from alerts.model import Condition, DeliveryAttempt, Incident, IncidentEvent
from alerts.store.mutings import MutingRow
from alerts.store.outbox import OutboxRow


def incident_document(one: Incident) -> dict[str, Any]:
    """The incident as it is; `conditions` worst first, of one that is over those that held last."""
    return {
        "id": one.incident_id,
        "subject": one.subject,
        "tier": one.tier,
        "state": one.state,
        "title": one.title,
        "opened_at": one.opened_at.isoformat(),
        "acknowledged_at": _instant(one.acknowledged_at),
        "acknowledged_by": one.acknowledged_by,
        "resolved_at": _instant(one.resolved_at),
        "resolved_by": one.resolved_by,
        "reopened": one.reopened,
        "flows": one.flows,
        "owner": one.owner,
        "runbook": one.runbook,
        "dedup_key": one.dedup_key,
        "conditions": [_condition(condition) for condition in one.conditions],
        "blast_radius": asdict(one.blast_radius) if one.blast_radius else None,
    }


def event_document(event: IncidentEvent) -> dict[str, Any]:
    """One line of a timeline; `who` is empty for Leadline itself."""
    return {"at": event.at.isoformat(), "kind": event.kind, "note": event.note, "who": event.who}


def message_document(row: OutboxRow) -> dict[str, Any]:
    """One message, as the outbox has it."""
    return {
        "message": row.notification_id,
        "channel": row.channel,
        "tier": row.tier,
        "action": row.action,
        "created_at": row.created_at.isoformat(),
        "state": row.state,
        "attempts": row.attempts,
    }


def delivery_document(attempt: DeliveryAttempt) -> dict[str, Any]:
    """One try at sending a message; `answer` is short and without secrets."""
    return {
        "message": attempt.notification_id,
        "channel": attempt.channel,
        "attempt": attempt.attempt,
        "at": attempt.at.isoformat(),
        "duration_ms": attempt.duration_ms,
        "ok": attempt.ok,
        "permanent": attempt.permanent,
        "status": attempt.status,
        "answer": attempt.answer,
    }


def muting_document(row: MutingRow) -> dict[str, Any]:
    """Why nobody, or not everybody, was told; `withheld` counts the changes that were not told."""
    return {
        "reason": row.muting.reason,
        "words": row.muting.words,
        "until": _instant(row.muting.until),
        "began_at": row.began_at.isoformat(),
        "ended_at": _instant(row.ended_at),
        "withheld": row.withheld,
    }


def _condition(one: Condition) -> dict[str, Any]:
    same = ("rule", "tier", "title", "summary", "blame", "blame_reason", "workflow", "step", "regions", "evidence_ids")
    told = {name: getattr(one, name) for name in same}
    return {**told, "run_ids": one.run_ids, "since": one.since.isoformat(), "note": one.note}


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
