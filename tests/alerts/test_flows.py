"""A business flow's budget alerts for what no integration of it is bad enough for, and is routed as the flow's."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.model import Condition, Incident, IncidentState, Rule, Tier
from alerts.policy import conditions, transitions
from alerts.routing import routes_of
from alerts.scene import Known
from config.model import Config, Route, Settings

FLOW = {
    "name": "leads", "title": "Lead routing", "owner": "revenue", "runbook": "https://run.example.com/leads",
    "objectives": [{"sli": "availability", "target": "99.9%"}],
}  # fmt: skip


@pytest.fixture
def config(world: Any) -> Config:
    members = [world.integration(name, flows=["leads"], tier="critical") for name in ("hubspot", "salesforce")]
    routes = (Route(match={"flow": "leads"}, urgent=("pager",)), Route(degraded=("slack",)))
    made: Config = world.config(*members, world.integration("github"), routes=routes)
    return made.model_copy(update={"settings": Settings.model_validate({"flows": [FLOW]})})


def test_a_flows_budget_that_burns_is_an_incident_of_the_flow(world: Any, config: Config) -> None:
    seen = world.seen(0, world.workflow(world.region()), world.burning(world.page_fast, name="flow:leads"))
    (change,) = transitions(conditions(seen, config), (), seen, config)
    incident = change.incident
    assert (incident.subject, incident.tier, incident.title) == (
        "flow:leads", Tier.URGENT, "Lead routing availability budget BURNING"
    )  # fmt: skip
    assert (incident.flows, incident.owner, incident.runbook) == (("leads",), "revenue", FLOW["runbook"])
    (route,) = routes_of(incident, config, incident.opened_at)
    assert route.urgent == ("pager",)


@pytest.mark.parametrize("told", ["burning now", "down now", "an incident is open"])
def test_while_an_integration_of_it_tells_of_the_outage_it_does_not(world: Any, config: Config, told: str) -> None:
    flow = world.burning(world.page_fast, name="flow:leads")
    region = world.region(failing=3 if told == "down now" else 0)
    more = [world.burning(world.page_fast)] if told == "burning now" else []
    seen = world.seen(0, world.workflow(region), *more, flow)
    known = Known((open_of("hubspot", world),) if told == "an incident is open" else ())
    assert [c.subject for c in conditions(seen, config, known) if c.subject.startswith("flow:")] == []


def test_a_flows_incident_that_is_open_stays_when_an_integration_breaks_later(world: Any, config: Config) -> None:
    flow = world.burning(world.page_fast, name="flow:leads")
    before = world.seen(0, world.workflow(world.region()), flow)
    (change,) = transitions(conditions(before, config), (), before, config)
    now = world.seen(1, world.workflow(world.region(1, failing=3)), flow)
    subjects = {c.subject for c in conditions(now, config, Known((change.incident,)))}
    assert subjects == {"hubspot", "flow:leads"}


def test_it_is_over_when_its_windows_are_and_when_it_is_not_declared_any_more(world: Any, config: Config) -> None:
    fine = world.seen(
        1, world.workflow(world.region(1)), world.burning(world.page_fast, firing=False, name="flow:leads")
    )
    known = Known((open_of("flow:leads", world),))
    assert conditions(fine, config, known) == ()
    assert conditions(world.seen(1), config.model_copy(update={"settings": Settings()}), known) == ()


def open_of(subject: str, world: Any) -> Incident:
    burning = world.burning(world.page_fast, name=subject)
    condition = Condition(
        key=f"{subject}/{Rule.BURN_RATE}/{burning.key}", rule=Rule.BURN_RATE, tier=Tier.URGENT, subject=subject,
        since=world.T0, summary="x",
    )  # fmt: skip
    return Incident(
        incident_id="i1", subject=subject, tier=Tier.URGENT, state=IncidentState.OPEN, opened_at=world.T0,
        conditions=(condition,), title="x",
    )  # fmt: skip
