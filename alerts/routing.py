"""Which channels hear of a change: pure functions from transition and configuration to messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.model import Action, Incident, Tier, Transition, TransitionKind
from alerts.parties import Party, party
from config.model import Config, Integration, Route


@dataclass(frozen=True, slots=True)
class Message:
    """One channel's part in telling of a change. `fallbacks` are tried in order when it refuses for good."""

    channel: str
    tier: Tier
    action: Action
    fallbacks: tuple[str, ...] = ()


def route_of(incident: Incident, config: Config) -> Route | None:
    """The first route whose matchers all hold; of a flow, for any of its integrations.

    Incidents of regions, probers and channels have nothing to match: they take the first route without matchers, or
    else the last one, so that somebody hears of them.
    """
    routes = config.alerting.routes
    whose = party(config, incident.integration)
    if whose is not None:
        members = [one for one in config.integrations if one.name in whose.members]
        return next((route for route in routes if _matches(route, whose, members)), None)
    return next((route for route in routes if not route.match), routes[-1] if routes else None)


def messages(transition: Transition, route: Route | None, told: Mapping[str, Tier]) -> tuple[Message, ...]:
    """One message a channel. `told` are the channels that know of the incident and not of its end.

    Urgent incidents go to the route's urgent and degraded channels, degraded ones to the degraded channels. A mere
    update is for the degraded channels only: nobody is woken twice for one incident.
    """
    incident = transition.incident
    if transition.kind is TransitionKind.RESOLVED:
        ends = [Message(channel, tier, Action.RESOLVE) for channel, tier in told.items()]
        reports = [Message(channel, Tier.REPORT, Action.RESOLVE) for channel in (route.report if route else ())]
        return (*ends, *reports)
    lanes = _lanes(incident, route) if route else {}
    if transition.kind is TransitionKind.UPDATED:
        lanes = {channel: tier for channel, tier in lanes.items() if route and channel in route.degraded}
    again = transition.kind is not TransitionKind.OPENED
    return tuple(
        Message(
            channel, tier, Action.UPDATE if again and channel in told else Action.TRIGGER, _fallbacks(route, channel)
        )
        for channel, tier in lanes.items()
    )


def _lanes(incident: Incident, route: Route) -> dict[str, Tier]:
    lanes = dict.fromkeys(route.urgent, Tier.URGENT) if incident.tier is Tier.URGENT else {}
    lanes |= {channel: Tier.DEGRADED for channel in route.degraded if channel not in lanes}
    broken = incident.subject.removeprefix("channel:") if incident.subject.startswith("channel:") else None
    kept = {channel: tier for channel, tier in lanes.items() if channel != broken}
    if broken is None or kept:
        return kept
    # A channel cannot tell that it is broken, and somebody has to.
    return dict.fromkeys(_fallbacks(route, broken)[:1], Tier.DEGRADED)


def _fallbacks(route: Route | None, channel: str) -> tuple[str, ...]:
    """The quieter ones first: a message that fails on Slack wakes somebody only when nothing else is left."""
    if route is None:
        return ()
    return tuple(c for c in dict.fromkeys((*route.degraded, *route.report, *route.urgent)) if c != channel)


def _matches(route: Route, whose: Party, members: Sequence[Integration]) -> bool:
    values: dict[str, set[str]] = {
        "tier": {str(one.tier) for one in members},
        "integration": set(whose.members),
        "vendor": {one.vendor for one in members},
        "flow": set(whose.flows),
        "owner": {whose.owner},
        "environment": {one.environment for one in members},
    }
    return all(wanted in values[key] for key, wanted in route.match.items())
