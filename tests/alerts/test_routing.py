"""Which channels hear of what."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.model import Action, Tier, Transition, TransitionKind
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
