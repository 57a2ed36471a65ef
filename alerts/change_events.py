"""Changes that may explain what breaks next, told to the channels that show them beside their incidents: a new
configuration of the monitoring, a vendor's new version or shape. They page nobody and no incident waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.messages import listed
from alerts.model import CONFIGURATION, Action, Incident, IncidentState, Rule, Tier, Transition, TransitionKind
from alerts.routing import Message, routes_of
from alerts.store.outbox import enqueue
from config.model import Config, Route

_VENDORS: Final = frozenset({Rule.API_LIFECYCLE, Rule.SHAPE_DRIFT})


def announce_configuration(
    con: DuckDBPyConnection, config: Config, before: str, changed: Sequence[str], at: datetime
) -> None:
    """Tells every channel that wants to know that another configuration is in use."""
    what = f": {listed(changed)} changed" if changed else ", nothing that is judged by has changed"
    carrier = Incident(
        incident_id=f"{CONFIGURATION}-{config.version}",
        subject=CONFIGURATION,
        tier=Tier.REPORT,
        state=IncidentState.RESOLVED,
        opened_at=at,
        conditions=(),
        title=f"monitoring configuration {config.version} (was {before}){what}",
    )
    for channel in _listeners(config):
        enqueue(con, carrier, Message(channel, Tier.REPORT, Action.CHANGE), at, None)


def announce_vendors(
    con: DuckDBPyConnection, changes: Iterable[Transition], before: Iterable[Incident], config: Config
) -> None:
    """Tells what vendors have changed or announced, to the channels of the integration's routes that want to know."""
    known = {incident.incident_id: {c.key for c in incident.conditions} for incident in before}
    for change in changes:
        incident = change.incident
        fresh = tuple(
            c
            for c in incident.conditions
            if c.rule in _VENDORS and c.key not in known.get(incident.incident_id, frozenset())
        )
        if not fresh or change.kind is TransitionKind.RESOLVED:
            continue
        shown = replace(incident, conditions=fresh, title=fresh[0].title)
        for channel in _listeners(config, routes_of(incident, config, change.at)):
            enqueue(con, shown, Message(channel, Tier.REPORT, Action.CHANGE), change.at, None)


def _listeners(config: Config, routes: Iterable[Route] | None = None) -> list[str]:
    """Channels with `change_events: true`, in those routes or in any."""
    wanted = [one.name for one in config.alerting.channels if one.options.get("change_events") is True]
    if routes is None:
        return wanted
    told = {name for route in routes for name in (*route.urgent, *route.degraded, *route.report)}
    return [name for name in wanted if name in told]
