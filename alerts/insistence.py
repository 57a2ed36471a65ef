"""Writes what is told because time passes, in the engine's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from duckdb import DuckDBPyConnection

from alerts.escalation import due, messages_of
from alerts.flapping import is_quiet
from alerts.model import Incident, IncidentEvent
from alerts.muting import MutingScene
from alerts.routing import Message, quiet_of, routes_of
from alerts.store.incidents import add_event, timelines
from alerts.store.outbox import enqueue, told
from alerts.telling import Budget
from config.model import Escalation, Route


def insist(con: DuckDBPyConnection, scene: MutingScene, muted: Collection[str], budget: Budget) -> None:
    """Levels and reminders of open incidents whose time has come, with their messages; none of what is muted, or
    only kept open because it keeps coming back."""
    watched: dict[str, tuple[Incident, Escalation | None, Route | None]] = {}
    for incident in scene.open:
        is_silent = incident.incident_id in muted or is_quiet(incident)
        if not is_silent and (ways := _ways(incident, scene)) != (None, None):
            watched[incident.incident_id] = (incident, *ways)
    for incident_id, life in timelines(con, list(watched)).items():
        incident, escalation, route = watched[incident_id]
        found = due(incident, life, escalation, route, scene.at)
        tells = messages_of(found, incident, told(con, incident_id)) if found else ()
        if found and tells:
            note = f"{found.why}; told: {', '.join(message.channel for message in tells)}"
            add_event(con, IncidentEvent(incident_id, scene.at, found.kind, note))
            _enqueue(con, scene, incident, tells, budget)


def _ways(incident: Incident, scene: MutingScene) -> tuple[Escalation | None, Route | None]:
    """How it escalates, and the route that says when to remind: of its routes the first that has a word on it, outside
    of quiet hours that mute it. A reminder goes to whoever was told, so it waits for the quiet hours of any route."""
    routes = routes_of(incident, scene.config, scene.at)
    loud = [route for route in routes if not quiet_of(route, incident, scene.config, scene.at)]
    named = {escalation.name: escalation for escalation in scene.config.alerting.escalations}
    wanted = next((route.escalation for route in loud if route.escalation), None)
    reminding = next((route for route in routes if route.remind_every), None) if len(loud) == len(routes) else None
    return named.get(wanted or ""), reminding


def _enqueue(
    con: DuckDBPyConnection, scene: MutingScene, incident: Incident, found: Sequence[Message], budget: Budget
) -> None:
    left = budget(incident.integration) if found else None
    for message in found:
        enqueue(con, incident, message, scene.at, left)
