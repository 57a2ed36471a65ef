"""Which channels hear of what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alerts.model import Action, Rule, Tier, Transition, TransitionKind
from alerts.routing import messages, routes_of
from config.model import Route

ROUTE = Route(urgent=("pager", "sms"), degraded=("slack",), report=("mail",))


def told_of(
    world: Any, kind: TransitionKind, told: dict[str, Tier] | None = None, route: Route = ROUTE, **incident: Any
) -> Any:
    found = messages(Transition(kind, world.incident(**incident), world.T0, ""), [route], told or {})
    return [(m.channel, m.tier, m.action) for m in found]


def test_an_urgent_incident_pages_and_shows_in_slack(world: Any) -> None:
    assert told_of(world, TransitionKind.OPENED) == [
        ("pager", Tier.URGENT, Action.TRIGGER),
        ("sms", Tier.URGENT, Action.TRIGGER),
        ("slack", Tier.DEGRADED, Action.TRIGGER),
    ]


def test_a_degraded_incident_wakes_nobody(world: Any) -> None:
    assert told_of(world, TransitionKind.OPENED, tier=Tier.DEGRADED) == [("slack", Tier.DEGRADED, Action.TRIGGER)]


def test_an_escalation_pages_and_updates_what_slack_shows(world: Any) -> None:
    assert told_of(world, TransitionKind.ESCALATED, {"slack": Tier.DEGRADED}) == [
        ("pager", Tier.URGENT, Action.TRIGGER),
        ("sms", Tier.URGENT, Action.TRIGGER),
        ("slack", Tier.DEGRADED, Action.UPDATE),
    ]


def test_an_update_pages_nobody_again(world: Any) -> None:
    told = {"pager": Tier.URGENT, "sms": Tier.URGENT, "slack": Tier.DEGRADED}
    assert told_of(world, TransitionKind.UPDATED, told) == [("slack", Tier.DEGRADED, Action.UPDATE)]


def test_a_channel_of_both_tiers_is_kept_up_to_date(world: Any) -> None:
    route = Route(urgent=("slack",), degraded=("slack",))
    found = told_of(world, TransitionKind.UPDATED, {"slack": Tier.URGENT}, route)
    assert found == [("slack", Tier.URGENT, Action.UPDATE)]


def test_a_resolve_goes_to_everybody_who_was_told(world: Any) -> None:
    told = {"pager": Tier.URGENT, "old-channel": Tier.DEGRADED}
    assert told_of(world, TransitionKind.RESOLVED, told) == [
        ("pager", Tier.URGENT, Action.RESOLVE),
        ("old-channel", Tier.DEGRADED, Action.RESOLVE),
    ]


def test_a_channel_of_two_tiers_gets_one_message(world: Any) -> None:
    route = Route(urgent=("pager", "slack"), degraded=("slack",))
    assert [channel for channel, _, _ in told_of(world, TransitionKind.OPENED, route=route)] == ["pager", "slack"]


def test_a_broken_channel_is_told_of_by_the_others(world: Any) -> None:
    found = told_of(world, TransitionKind.OPENED, tier=Tier.DEGRADED, subject="channel:slack")
    assert found == [("mail", Tier.DEGRADED, Action.TRIGGER)]


def test_fallbacks_go_from_quiet_to_loud(world: Any) -> None:
    found = messages(Transition(TransitionKind.OPENED, world.incident(), world.T0, ""), [ROUTE], {})
    assert found[0].fallbacks == ("slack", "mail", "sms")


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"integration": "hubspot"}, True),
        ({"flow": "lead-routing", "owner": "growth"}, True),
        ({"flow": "billing"}, False),
        ({"tier": "critical"}, False),
        ({"vendor": "generic", "environment": "production"}, True),
    ],
)
def test_matchers_all_have_to_hold(world: Any, match: dict[str, str], fits: bool) -> None:
    config = world.config(routes=(Route.model_validate({"match": match, "urgent": ["pager"]}),))
    assert bool(routes_of(world.incident(), config, world.T0)) is fits


def test_the_first_matching_route_is_used(world: Any) -> None:
    special = Route(match={"flow": "lead-routing"}, urgent=("sms",))
    assert routes_of(world.incident(), world.config(routes=(special, ROUTE)), world.T0) == (special,)


def test_what_belongs_to_no_integration_takes_the_route_for_everything(world: Any) -> None:
    special = Route(match={"flow": "lead-routing"}, urgent=("sms",))
    incident = world.incident(subject="prober:p1")
    assert routes_of(incident, world.config(routes=(special, ROUTE)), world.T0) == (ROUTE,)
    assert routes_of(incident, world.config(routes=(special,)), world.T0) == (special,)
    assert routes_of(incident, world.config(routes=()), world.T0) == ()


def chosen(world: Any, *routes: dict[str, Any], at: str = "2026-11-22T03:00+00:00", **incident: Any) -> list[str]:
    """The urgent channels of the routes that are used for an outage of HubSpot that is seen from local and eu."""
    incident = {"conditions": (world.condition(regions=("local", "eu")),), **incident}
    config = world.config(routes=tuple(Route.model_validate(route) for route in routes))
    found = routes_of(world.incident(**incident), config, datetime.fromisoformat(at))
    return [channel for route in found for channel in route.urgent]


ALL = {"urgent": ["slack"]}


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"integration": "hub*"}, True),
        ({"integration": ["shopify", "h?bspot"]}, True),
        ({"region": "eu"}, True),
        ({"region": "us"}, False),
        ({"rule": ["burn_rate", "workflow_down"]}, True),
        ({"rule": "burn_rate"}, False),
        ({"workflow": "contact-*"}, True),
        ({"kind": "integration", "subject": "hubspot"}, True),
        ({"kind": "region"}, False),
    ],
)
def test_a_route_fits_what_the_incident_is_about(world: Any, match: dict[str, Any], fits: bool) -> None:
    assert (chosen(world, {"match": match, "urgent": ["pager"]}) == ["pager"]) is fits


def test_a_lesser_trouble_beside_an_outage_does_not_pick_the_route(world: Any) -> None:
    """Or an outage could go where certificates go."""
    held = (world.condition(), world.condition(key="q", rule=Rule.QUOTA_LOW, tier=Tier.DEGRADED))
    quiet = {"match": {"rule": "quota_low"}, "urgent": ["mail"]}
    assert chosen(world, quiet, ALL, conditions=held) == ["slack"]


def test_after_a_route_that_continues_the_next_one_that_fits_is_used_too(world: Any) -> None:
    first = {"match": {"owner": "growth"}, "urgent": ["pager"], "continue": True}
    other = {"match": {"owner": "sales"}, "urgent": ["sms"], "continue": True}
    assert chosen(world, first, other, ALL, {"urgent": ["mail"]}) == ["pager", "slack"]


def test_a_channel_of_two_routes_gets_one_message_as_loud_as_the_louder(world: Any) -> None:
    routes = [Route(degraded=("slack",)), Route(urgent=("slack", "pager"), degraded=("mail",))]
    found = messages(Transition(TransitionKind.OPENED, world.incident(), world.T0, ""), routes, {})
    assert [(m.channel, m.tier) for m in found] == [
        ("slack", Tier.URGENT),
        ("pager", Tier.URGENT),
        ("mail", Tier.DEGRADED),
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T20:59+00:00", "slack"),  # Friday 21:59 in Berlin
        ("2026-11-20T21:00+00:00", "pager"),
        ("2026-11-21T04:59+00:00", "pager"),  # Saturday 05:59, still Friday's
        ("2026-11-21T05:00+00:00", "slack"),
        ("2026-11-21T21:30+00:00", "slack"),  # Saturday's do not begin
        ("2026-07-17T20:00+00:00", "pager"),  # Friday 22:00 in summer time
    ],
)
def test_a_route_is_used_at_its_hours_and_over_midnight(world: Any, at: str, expected: str) -> None:
    night = {"days": "fri", "from": "22:00", "to": "06:00", "time_zone": "Europe/Berlin"}
    assert chosen(world, {"during": night, "urgent": ["pager"]}, ALL, at=at) == [expected]


def test_hours_without_a_zone_go_by_the_hubs(world: Any) -> None:
    plain = world.config(routes=(Route.model_validate({"during": {"from": "03:00", "to": "04:00"}, "urgent": ["x"]}),))
    settings = plain.settings.model_copy(
        update={"hub": plain.settings.hub.model_copy(update={"timezone": "Asia/Tokyo"})}
    )
    tokyo = plain.model_copy(update={"settings": settings})
    assert len(routes_of(world.incident(), plain, world.T0)) == 1
    assert routes_of(world.incident(), tokyo, world.T0) == ()


def test_what_belongs_to_no_integration_is_heard_of_although_no_route_fits(world: Any) -> None:
    weekday = {"during": {"days": "mon"}, "urgent": ["pager"]}
    assert chosen(world, weekday) == []
    assert chosen(world, weekday, subject="region:eu") == ["pager"]
    by_region = {"match": {"kind": "region", "region": "eu"}, "urgent": ["sms"]}
    assert chosen(world, by_region, ALL, subject="region:eu") == ["sms"]
    assert chosen(world, by_region, ALL, subject="region:us", conditions=(world.condition(regions=("us",)),)) == [
        "slack"
    ]
