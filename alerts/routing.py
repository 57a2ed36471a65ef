"""Which channels hear of a change: pure functions from transition and configuration to messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.model import Action, Incident, IncidentState, MutedBy, Muting, Tier, Transition, TransitionKind
from alerts.parties import party
from alerts.traits import traits_of
from config.hours import holding, in_words, over_at
from config.matching import is_meant
from config.model import Config, Route


@dataclass(frozen=True, slots=True)
class Message:
    """One channel's part in telling of a change. `fallbacks` are tried in order when it refuses for good."""

    channel: str
    tier: Tier
    action: Action
    fallbacks: tuple[str, ...] = ()
    note: str = ""
    """Why it is told now, where that is not a change of the incident."""


def routes_of(incident: Incident, config: Config, at: datetime) -> tuple[Route, ...]:
    """The first route whose matchers and hours hold at that instant, and after one with `continue` the next that does.

    Matchers look at what the incident is about and at its worst condition. What belongs to no integration and fits no
    route takes the last one, so that somebody hears of it.
    """
    routes = config.alerting.routes
    values = traits_of(incident, config).worst
    found: list[Route] = []
    for route in routes:
        if is_meant(route.match, values) and _is_used(route, config, at):
            found.append(route)
            if not route.continues:
                break
    if not found and party(config, incident.integration) is None:
        return routes[-1:]
    return tuple(found)


def report_channels(incident: Incident, config: Config, at: datetime) -> tuple[str, ...]:
    """Who gets the report of an incident that is over: the `report` channels of its routes, each once."""
    return tuple(dict.fromkeys(channel for route in routes_of(incident, config, at) for channel in route.report))


def quiet_of(route: Route, incident: Incident, config: Config, at: datetime) -> Muting | None:
    """The quiet hours that hold back what the route would tell of the incident, or None: what cannot wait is not held
    back, unless they say so."""
    own, zone = route.quiet_hours, config.settings.hub.timezone
    hours = config.alerting.quiet_hours if own is None else own
    if incident.tier is Tier.URGENT:
        hours = tuple(one for one in hours if one.mute_urgent)
    found = holding(hours, at, zone)
    if found is None:
        return None
    return Muting(MutedBy.QUIET_HOURS, f"quiet hours {in_words(found, zone)}", over_at(hours, at, zone))


def _is_used(route: Route, config: Config, at: datetime) -> bool:
    return not route.during or holding(route.during, at, config.settings.hub.timezone) is not None


def messages(transition: Transition, routes: Sequence[Route], told: Mapping[str, Tier]) -> tuple[Message, ...]:
    """One message a channel. `told` are the channels that know of the incident and not of its end.

    Urgent incidents go to the routes' urgent and degraded channels, degraded ones to the degraded channels. A mere
    update is for the degraded channels only: nobody is woken twice for one incident. When people may hear again, those
    who have not heard yet are told, and those who have get what is new; nobody is woken for what somebody has taken.
    """
    kind = transition.kind
    if kind is TransitionKind.RESOLVED:
        return tuple(Message(channel, tier, Action.RESOLVE) for channel, tier in told.items())
    found: dict[str, Message] = {}
    for route in routes:
        for channel, tier in _lanes(transition.incident, route).items():
            if _is_news(transition, channel, route, told):
                known = kind is not TransitionKind.OPENED and channel in told
                action = Action.UPDATE if known else Action.TRIGGER
                message = Message(channel, tier, action, _fallbacks(route, channel))
                found[channel] = max(found.get(channel, message), message, key=lambda m: m.tier.rank)
    return tuple(found.values())


def _is_news(transition: Transition, channel: str, route: Route, told: Mapping[str, Tier]) -> bool:
    kind, taken = transition.kind, transition.incident.state is IncidentState.ACKNOWLEDGED
    if kind is TransitionKind.UPDATED:
        return channel in route.degraded
    if kind is not TransitionKind.UNMUTED or channel in route.degraded:
        return True
    return channel not in told and not taken


def _lanes(incident: Incident, route: Route) -> dict[str, Tier]:
    lanes = dict.fromkeys(route.urgent, Tier.URGENT) if incident.tier is Tier.URGENT else {}
    lanes |= {channel: Tier.DEGRADED for channel in route.degraded if channel not in lanes}
    broken = incident.subject.removeprefix("channel:") if incident.subject.startswith("channel:") else None
    kept = {channel: tier for channel, tier in lanes.items() if channel != broken}
    if broken is None or kept:
        return kept
    # A channel cannot tell that it is broken, and somebody has to.
    return dict.fromkeys(_fallbacks(route, broken)[:1], Tier.DEGRADED)


def _fallbacks(route: Route, channel: str) -> tuple[str, ...]:
    """The quieter ones first: a message that fails on Slack wakes somebody only when nothing else is left."""
    return tuple(c for c in dict.fromkeys((*route.degraded, *route.report, *route.urgent)) if c != channel)
