"""What people called over by hand while it went on: it opens nothing until it was gone. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alerts.model import Condition, Incident, Rule
from alerts.policy import trouble_ended

_OUTAGES: Final = frozenset({Rule.WORKFLOW_DOWN, Rule.REGION_DOWN})
_ECHOES: Final = frozenset({Rule.BURN_RATE, Rule.THROTTLED})
"""What an outage brings with it by and by."""


def news(found: Iterable[Condition], dismissing: Sequence[Incident]) -> tuple[Condition, ...]:
    """The conditions that nobody has dismissed."""
    return tuple(c for c in found if not any(_is_dismissed(c, incident) for incident in dismissing))


def still_dismissed(found: Iterable[Condition], dismissing: Sequence[Incident], at: datetime) -> tuple[Incident, ...]:
    """The incidents of which something else is dismissed now than before: what is gone may open an incident again."""
    held = tuple(found)
    changed = []
    for incident in dismissing:
        left = tuple(c for c in held if _is_dismissed(c, incident))
        told_until = at if trouble_ended(incident.dismissed, left) else incident.told_until
        now = replace(incident, dismissed=left, told_until=told_until)
        changed += [now] if now != incident else []
    return tuple(changed)


def going_on(dismissing: Iterable[Incident], changed: Iterable[Incident]) -> tuple[Incident, ...]:
    """What is dismissed now, as if it were open still: it may be the cause of something else."""
    now = {incident.incident_id: incident for incident in (*dismissing, *changed)}
    return tuple(replace(incident, conditions=incident.dismissed) for incident in now.values() if incident.dismissed)


def _is_dismissed(condition: Condition, incident: Incident) -> bool:
    """Whether it is the same as one that was dismissed, and no louder; or only its echo."""
    if condition.subject != incident.subject:
        return False
    known = next((c for c in incident.dismissed if c.key == condition.key), None)
    if known is not None:
        return condition.tier.rank <= known.tier.rank
    return condition.rule in _ECHOES and any(c.rule in _OUTAGES for c in incident.dismissed)
