"""What an incident hits, whom, and what still works."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.blast_radius import blast_radius
from alerts.model import AtRisk, BlastRadius, Extent, HitFlow, Rule, Tier
from alerts.radius_words import sentences
from metrics.model import WorkflowVerdict

MINUTE = timedelta(minutes=1)


def other(world: Any, name: str, **more: Any) -> Any:
    return world.integration(name, **more)


def test_flows_are_named_with_the_integrations_of_others_in_them(world: Any) -> None:
    config = world.config(
        world.hubspot(),
        other(world, "marketo", flows=["lead-routing"], owner="marketing"),
        other(world, "own", flows=["lead-routing"], owner="growth"),
        other(world, "apart", flows=["checkout"], owner="commerce"),
    )
    found = blast_radius(world.incident(), config, world.seen(0))
    assert found.flows == (HitFlow("lead-routing", "stopped", "", ("marketo (marketing)",)),)
    assert found.fails == ("contact-roundtrip",)


@pytest.mark.parametrize(
    ("subject", "rule", "tier", "how"),
    [
        ("hubspot", Rule.WORKFLOW_DOWN, Tier.URGENT, "stopped"),
        ("hubspot", Rule.THROTTLED, Tier.DEGRADED, "affected"),
        ("changes:hubspot", Rule.API_LIFECYCLE, Tier.DEGRADED, "at risk"),
    ],
)
def test_how_a_flow_is_hit_follows_from_what_is_wrong(
    world: Any, subject: str, rule: Rule, tier: Tier, how: str
) -> None:
    held = world.condition(subject=subject, rule=rule, tier=tier)
    found = blast_radius(world.incident(held), world.config(world.hubspot()), world.seen(0))
    assert [flow.how for flow in found.flows] == [how]


def test_what_passes_everywhere_still_works_and_what_is_in_trouble_or_unseen_does_not(world: Any) -> None:
    steps = [{"name": "x", "request": {"path": "/"}}]
    names = ("roundtrip", "bulk", "search", "silent")
    hubspot = world.integration(
        "hubspot", flows=["lead-routing"], workflows=[{"name": name, "steps": steps} for name in names]
    )
    down = world.condition(workflow="roundtrip")
    verdicts = [
        WorkflowVerdict("hubspot", "roundtrip", MINUTE, (world.region(failing=2),)),
        WorkflowVerdict("hubspot", "bulk", MINUTE, (world.region(),)),
        WorkflowVerdict("hubspot", "search", MINUTE, (world.region(failing=1),)),
        WorkflowVerdict("hubspot", "silent", MINUTE, (world.region(-90),)),
    ]
    found = blast_radius(world.incident(down), world.config(hubspot), world.seen(0, *verdicts))
    assert found.works == ("bulk",)


def test_promises_that_burn_or_are_spent_are_at_risk_the_emptiest_first(world: Any) -> None:
    config = world.config(world.hubspot())
    burning, calm = world.burning(world.page_fast), world.burning(world.page_fast, firing=False)
    spent = replace_status(calm, budget_left=-0.5, objective=calm.objective.model_copy(update={"target": 0.99}))
    unknown = replace_status(calm, budget_left=None, objective=calm.objective.model_copy(update={"target": 0.9}))
    found = blast_radius(world.incident(), config, world.seen(0, burning, spent, unknown))
    assert [(one.objective.split("@")[1].split("/")[0], one.budget_left) for one in found.at_risk] == [
        ("99%", -0.5),
        ("99.9%", 0.41),
    ]


def replace_status(status: Any, **more: Any) -> Any:
    return status._replace(**more)


def test_a_region_a_prober_and_a_channel_hit_no_flow(world: Any) -> None:
    config = world.config(world.hubspot())
    for subject in ("region:eu", "prober:p1", "channel:slack"):
        held = world.condition(subject=subject)
        assert blast_radius(world.incident(held), config, world.seen(0)) == BlastRadius()


def test_an_outage_seen_by_anothers_workflow_hits_that_ones_flows_too(world: Any) -> None:
    config = world.config(world.hubspot(), other(world, "marketo", flows=["nurture"], owner="marketing"))
    held = world.condition(seen_by="marketo", workflow="lead-sync")
    found = blast_radius(world.incident(held), config, world.seen(0))
    assert [flow.name for flow in found.flows] == ["lead-routing", "nurture"]
    assert found.fails == ("marketo/lead-sync",)


def test_the_sentences_leave_out_what_is_not_known_and_count_what_is_too_much() -> None:
    many = tuple(f"w{n}" for n in range(7))
    radius = BlastRadius(
        flows=(HitFlow("lead-routing", "stopped", "", ("marketo (marketing)",)),),
        works=many,
        at_risk=(AtRisk("hubspot", "availability@99.9%/30d", -0.2), AtRisk("hubspot", "latency", None)),
    )
    assert sentences(radius) == (
        ("Flows hit", "lead-routing stopped"),
        ("Depends on it too", "lead-routing: marketo (marketing)"),
        ("Objectives at risk", "availability@99.9%/30d of hubspot (budget spent), latency of hubspot"),
        ("Still works", "w0, w1, w2, w3, w4 and 2 more"),
    )
    assert sentences(BlastRadius()) == ()
    assert sentences(replace(radius, works=(), at_risk=()))[-1][0] == "Depends on it too"


def test_a_storm_hits_the_flows_of_all_its_members_who_are_nobodys_neighbours(world: Any) -> None:
    config = world.config(
        world.hubspot(),
        other(world, "marketo", flows=["lead-routing"], owner="marketing"),
        other(world, "fine", flows=["lead-routing"], owner="finance"),
    )
    held = world.condition(subject="storm:vendors", rule=Rule.STORM, extent=Extent(("hubspot", "marketo"), 2))
    found = blast_radius(world.incident(held, owner=""), config, world.seen(0))
    assert found.flows == (HitFlow("lead-routing", "stopped", "", ("fine (finance)",)),)
