"""What is told of an open incident because time passes: the next level while nobody takes it, and reminders.

Pure: decided from the incident's timeline, in which every level and reminder is written by the transaction that writes
its messages. So whoever decides again, after a crash too, goes on where the timeline ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerts.messages import duration
from alerts.model import Action, Incident, IncidentEvent, IncidentState, Tier, changes_subject
from alerts.routing import Message
from config.model import Escalation, Route

LEVEL: Final = "escalated_to"
REMINDER: Final = "reminded"
_BEGINS: Final = frozenset({"opened", "reopened", "escalated", "unacknowledged", "unmuted"})
"""From here on somebody is to take it."""
_TELLS: Final = _BEGINS | {"updated", "acknowledged", LEVEL, REMINDER}


@dataclass(frozen=True, slots=True)
class Due:
    """A level or a reminder whose time has come. `channels` are those of the level, `fallbacks` those of the levels
    after it; a reminder goes to whoever was told."""

    kind: str
    why: str
    channels: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


def due(
    incident: Incident, life: Sequence[IncidentEvent], escalation: Escalation | None, route: Route | None, now: datetime
) -> Due | None:
    """What is to be told now, or None. `life` is the incident's timeline, in order; the route says when to remind."""
    level = due_level(incident, life, escalation, now) if escalation else None
    return level or (due_reminder(incident, life, route, now) if route else None)


def due_level(incident: Incident, life: Sequence[IncidentEvent], escalation: Escalation, now: datetime) -> Due | None:
    """The level to tell now, or None.

    An acknowledgement stops it; what is given back, reopened or louder begins anew. A level waits its whole time after
    the one before was told, so that a hub which was away does not wake everybody at once.
    """
    if incident.state is not IncidentState.OPEN or incident.tier is not Tier.URGENT:
        return None
    begin = max((n for n, event in enumerate(life) if event.kind in _BEGINS), default=None)
    if begin is None:
        return None
    done = [event.at for event in life[begin:] if event.kind == LEVEL]
    turn, place = divmod(len(done), len(escalation.levels))
    if turn > escalation.repeat:
        return None
    level = escalation.levels[place]
    gap = level.after - escalation.levels[place - 1].after if place else level.after
    if now - (done[-1] if done else life[begin].at) < gap:
        return None
    number = f"level {place + 1} of {len(escalation.levels)}" + (f", round {turn + 1}" if escalation.repeat else "")
    why = f"nobody has acknowledged it for {duration(now - life[begin].at)} ({number})"
    later = dict.fromkeys(channel for one in escalation.levels[place + 1 :] for channel in one.channels)
    return Due(LEVEL, why, level.channels, tuple(channel for channel in later if channel not in level.channels))


def due_reminder(incident: Incident, life: Sequence[IncidentEvent], route: Route, now: datetime) -> Due | None:
    """The reminder to send now, or None: so long after anything was told of it last."""
    if route.remind_every is None or not _is_reminded_of(incident, route):
        return None
    last = max((event.at for event in life if event.kind in _TELLS), default=None)
    if last is None or now - last < route.remind_every:
        return None
    return Due(REMINDER, f"still open after {duration(now - incident.opened_at)}")


def messages_of(found: Due, incident: Incident, told: Mapping[str, Tier]) -> tuple[Message, ...]:
    """One message a channel. A reminder of what somebody has taken wakes nobody."""
    if found.kind == LEVEL:
        return tuple(_louder(channel, told, found) for channel in found.channels)
    is_taken = incident.state is IncidentState.ACKNOWLEDGED
    channels = {channel: tier for channel, tier in told.items() if not (is_taken and tier is Tier.URGENT)}
    return tuple(Message(channel, tier, Action.UPDATE, note=found.why) for channel, tier in channels.items())


def _is_reminded_of(incident: Incident, route: Route) -> bool:
    if incident.state is IncidentState.ACKNOWLEDGED and not route.remind_acknowledged:
        return False
    is_change = incident.subject == changes_subject(incident.integration)
    return incident.state is not IncidentState.RESOLVED and (route.remind_changes or not is_change)


def _louder(channel: str, told: Mapping[str, Tier], found: Due) -> Message:
    """Where its one message can be seen already, that is changed; whoever is to wake up is told anew. When a level's
    channel refuses for good, the next level's tells at once."""
    action = Action.UPDATE if told.get(channel) is Tier.DEGRADED else Action.TRIGGER
    return Message(channel, told.get(channel, Tier.URGENT), action, found.fallbacks, note=found.why)
