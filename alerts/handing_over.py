"""When a channel does not take a message: who tells instead, or as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.model import Action, Incident, IncidentEvent, IncidentState, Notification, Tier, Transition, TransitionKind
from alerts.routing import Message, messages, routes_of
from alerts.store.incidents import add_event, incident
from alerts.store.outbox import enqueue, told
from alerts.store.passing_on import Stuck, mark_passed_on
from config.model import Config


def tell_instead(
    con: DuckDBPyConnection,
    refused: Notification,
    fallbacks: Sequence[str],
    problem: str,
    now: datetime,
    config: Config | None,
) -> None:
    """Nobody heard of a message that was given up: the next channel of the route tells, while there is news to tell."""
    incident_id = refused.incident.incident_id
    current = incident(con, incident_id)
    note = f"{refused.channel} {problem}"
    if current is not None and current.state is not IncidentState.RESOLVED and _is_news(refused.action):
        instead = _tell_next(con, current, fallbacks, refused.tier, refused.budget_left, now, config)
        note += f"; {instead} tells instead" if instead else "; no other channel is left to tell"
    add_event(con, IncidentEvent(incident_id, now, "undelivered", note))


def tell_as_well(con: DuckDBPyConnection, late: Stuck, now: datetime, config: Config | None) -> None:
    """An urgent message that its channel does not take in time goes to the next one too, and keeps its place."""
    mark_passed_on(con, late.notification_id, now)
    current = incident(con, late.incident_id)
    if current is None or current.state is not IncidentState.OPEN:
        return
    another = _tell_next(con, current, late.fallbacks, Tier.URGENT, late.budget_left, now, config)
    note = f"{late.channel} has not taken it for {(now - late.since).total_seconds() / 60:.0f} min"
    note += f" ({late.problem})" if late.problem else ""
    note += f"; {another} tells as well" if another else "; no other channel is left to tell"
    add_event(con, IncidentEvent(late.incident_id, now, "undelivered", note))


def _is_news(action: Action) -> bool:
    return action in (Action.TRIGGER, Action.UPDATE)


def _tell_next(
    con: DuckDBPyConnection,
    current: Incident,
    fallbacks: Sequence[str],
    tier: Tier,
    budget_left: float | None,
    now: datetime,
    config: Config | None,
) -> str | None:
    """Enqueues a trigger for the first channel that does not know of the incident; its name, or None."""
    known = told(con, current.incident_id)
    left = [name for name in _candidates(current, fallbacks, config, now) if name not in known]
    if not left:
        return None
    enqueue(con, current, Message(left[0], tier, Action.TRIGGER, tuple(left[1:])), now, budget_left)
    return left[0]


def _candidates(current: Incident, fallbacks: Sequence[str], config: Config | None, now: datetime) -> tuple[str, ...]:
    """The fallbacks as they were chosen, then whoever the routes name now: the configuration may have changed."""
    if config is None:
        return tuple(fallbacks)
    would_hear = messages(Transition(TransitionKind.OPENED, current, now, ""), routes_of(current, config, now), {})
    named = [*fallbacks, *(m.channel for m in would_hear), *(name for m in would_hear for name in m.fallbacks)]
    declared = {channel.name for channel in config.alerting.channels}
    broken = current.subject.removeprefix("channel:")
    return tuple(name for name in dict.fromkeys(named) if name in declared and name != broken)
