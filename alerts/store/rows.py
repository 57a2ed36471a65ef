"""How alert types are written into rows and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter

from alerts.model import BlastRadius, Condition, Incident, IncidentState, Tier

INCIDENT: Final = TypeAdapter(Incident)
CONDITIONS: Final = TypeAdapter(tuple[Condition, ...])
BLAST_RADIUS: Final = TypeAdapter(BlastRadius)


def utc(value: datetime) -> datetime:
    """The same instant, in plain UTC."""
    return value.astimezone(UTC)


def utc_or_none(value: datetime | None) -> datetime | None:
    """The same instant in plain UTC, or None."""
    return value.astimezone(UTC) if value else None


INCIDENT_COLUMNS: Final = (
    "incident_id, subject, tier, state, title, opened_at, resolved_at, acknowledged_at, acknowledged_by, reopened,"
    " told_until, owner, runbook, flows, conditions, resolved_by, dismissed, blast_radius"
)


def incident_values(incident: Incident) -> list[Any]:
    """In the order of INCIDENT_COLUMNS."""
    return [
        incident.incident_id,
        incident.subject,
        str(incident.tier),
        str(incident.state),
        incident.title,
        incident.opened_at,
        incident.resolved_at,
        incident.acknowledged_at,
        incident.acknowledged_by,
        incident.reopened,
        incident.told_until,
        incident.owner,
        incident.runbook,
        json.dumps(incident.flows),
        CONDITIONS.dump_json(incident.conditions).decode(),
        incident.resolved_by,
        CONDITIONS.dump_json(incident.dismissed).decode(),
        BLAST_RADIUS.dump_json(incident.blast_radius).decode() if incident.blast_radius else "",
    ]


def incident_of(row: tuple[Any, ...]) -> Incident:
    """From a row of INCIDENT_COLUMNS."""
    return Incident(
        incident_id=row[0],
        subject=row[1],
        tier=Tier(row[2]),
        state=IncidentState(row[3]),
        title=row[4],
        opened_at=utc(row[5]),
        resolved_at=utc_or_none(row[6]),
        acknowledged_at=utc_or_none(row[7]),
        acknowledged_by=row[8],
        reopened=row[9],
        told_until=utc_or_none(row[10]),
        owner=row[11],
        runbook=row[12],
        flows=tuple(json.loads(row[13])),
        conditions=CONDITIONS.validate_json(row[14]),
        resolved_by=row[15],
        dismissed=CONDITIONS.validate_json(row[16]),
        blast_radius=BLAST_RADIUS.validate_json(row[17]) if row[17] else None,
    )
