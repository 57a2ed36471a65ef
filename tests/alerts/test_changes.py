"""Announced ends, other versions and changed answers: told in good time, in an incident of their own, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.messages import headline
from alerts.model import Blame, Condition, Rule, Tier, TransitionKind
from alerts.policy import conditions
from alerts.routing import routes_of
from config.model import Route
from metrics.changing import ShapeChange, ShapeFinding, VendorSignal
from metrics.model import Evaluation
from probes.model import ChangeKind, FailureKind

T0 = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def signal(
    kind: ChangeKind = ChangeKind.SUNSET, ends: datetime | None = None, seen: datetime = T0, **more: Any
) -> VendorSignal:
    known: dict[str, Any] = {
        "integration": "hubspot", "workflow": "roundtrip", "step": "create", "kind": kind, "source": kind.value,
        "api": "hubspot", "what": "", "at": ends, "link": "https://hubspot.example/end", "region": "local",
        "run_id": "run-1", "first_seen": T0 - DAY, "last_seen": seen,
    }  # fmt: skip
    return VendorSignal(**{**known, **more})


def finding(path: str = "$.id", change: ShapeChange = ShapeChange.REMOVED, **more: Any) -> ShapeFinding:
    known: dict[str, Any] = {
        "integration": "hubspot", "workflow": "roundtrip", "step": "create", "path": path, "change": change,
        "was": "string", "now": "", "since": T0, "learned": 400, "seen": 3, "failing": False, "regions": ("local",),
    }  # fmt: skip
    return ShapeFinding(**{**known, **more})


def reading(world: Any, **more: Any) -> Any:
    """HubSpot, whose step `create` captures `$.id`."""
    steps = [{"name": "create", "request": {"path": "/x"}, "capture": {"contact_id": "$.id"}}]
    return world.hubspot(workflows=[{"name": "roundtrip", "steps": steps}], **more)


def passing(world: Any, at: float = 0, *signals: VendorSignal, drift: tuple[ShapeFinding, ...] = ()) -> Evaluation:
    return replace(world.seen(at, world.workflow(world.region(at))), signals=signals, drift=drift)


def held(world: Any, evaluation: Evaluation, *integrations: Any) -> dict[str, Condition]:
    return {one.key: one for one in conditions(evaluation, world.config(*integrations))}


def test_an_end_within_90_days_is_told_with_date_distance_step_and_link(world: Any) -> None:
    (found,) = held(world, passing(world, 0, signal(ends=T0 + 8 * DAY))).values()
    assert (found.rule, found.tier, found.subject) == (Rule.API_LIFECYCLE, Tier.DEGRADED, "changes:hubspot")
    assert found.title == "HubSpot API END ANNOUNCED"
    assert found.blame is Blame.VENDOR_CHANGE
    assert found.summary == (
        "ends 2026-11-30, in 8 d; the sunset header of roundtrip/create; https://hubspot.example/end"
    )


def test_an_end_that_is_far_off_is_not_told(world: Any) -> None:
    assert held(world, passing(world, 0, signal(ends=T0 + 91 * DAY))) == {}


def test_each_phase_of_an_end_is_told_once_and_nothing_in_between(world: Any) -> None:
    ledger, config, end = world.ledger(), world.config(), T0 + 100 * DAY
    told = []
    for hour in range(0, 24 * 110, 6):
        at = hour * 60
        seen = T0 + timedelta(hours=hour)
        told += ledger.apply(passing(world, at, signal(ends=end, seen=seen)), config)
    assert [one.kind for one in told] == [TransitionKind.OPENED, TransitionKind.UPDATED, TransitionKind.UPDATED]
    assert [(end - one.at).days for one in told] == [90, 7, 0]
    assert "IT MAY STOP WORKING AT ANY MOMENT" in told[-1].incident.conditions[0].summary


def test_a_deprecation_without_a_date_is_told_at_once(world: Any) -> None:
    (found,) = held(world, passing(world, 0, signal(ChangeKind.DEPRECATION))).values()
    assert found.summary.startswith("deprecated without a date; the deprecation header")


def test_where_the_end_is_known_its_date_counts_and_not_the_deprecation(world: Any) -> None:
    old = signal(ChangeKind.DEPRECATION, T0 - 30 * DAY)
    assert held(world, passing(world, 0, old, signal(ends=T0 + 400 * DAY))) == {}
    assert len(held(world, passing(world, 0, old, signal(ends=T0 + 40 * DAY)))) == 1


def test_several_steps_are_one_condition(world: Any) -> None:
    steps = [signal(ends=T0 + 8 * DAY, step=name) for name in ("a", "b", "c", "d", "e")]
    (found,) = held(world, passing(world, 0, *steps)).values()
    assert "roundtrip/a, roundtrip/b, roundtrip/c and 2 more" in found.summary


def test_another_version_is_told_at_once(world: Any) -> None:
    other = signal(ChangeKind.FALL_FORWARD, what="version 2026-01 was asked for, 2026-04 answers")
    (found,) = held(world, passing(world, 0, other)).values()
    assert found.title == "HubSpot answers with ANOTHER API VERSION"
    assert found.summary.startswith("version 2026-01 was asked for, 2026-04 answers; the fall_forward header")


def test_a_signal_is_over_when_the_step_was_asked_for_long_enough_without_it(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    said = signal(ChangeKind.FALL_FORWARD, what="x")
    ledger.apply(passing(world, 0, said), config)
    assert ledger.apply(passing(world, 59, said), config) == []
    (over,) = ledger.apply(passing(world, 61, said), config)
    assert over.kind is TransitionKind.RESOLVED


def test_nobody_asking_ends_nothing(world: Any) -> None:
    said = signal(ChangeKind.FALL_FORWARD, what="x")
    silent = replace(world.seen(60 * 24, world.workflow(world.region(0))), signals=(said,))
    assert len(conditions(silent, world.config())) == 1
    unheard = replace(world.seen(60 * 24), signals=(said,))
    assert len(conditions(unheard, world.config())) == 1


def test_what_another_integration_says_is_its_own_incident(world: Any) -> None:
    across = signal(ends=T0 + 8 * DAY, api="salesforce")
    found = held(world, passing(world, 0, across), world.hubspot(), world.integration("salesforce"))
    assert [one.subject for one in found.values()] == ["changes:salesforce"]


@pytest.mark.parametrize(
    ("accepted", "told"),
    [
        pytest.param({"change": "sunset"}, 0, id="of every step"),
        pytest.param({"change": "sunset", "step": "create"}, 0, id="of this step"),
        pytest.param({"change": "sunset", "step": "other"}, 1, id="of another step"),
        pytest.param({"change": "deprecation"}, 1, id="another kind"),
        pytest.param({"change": "sunset", "until": "2026-11-22"}, 0, id="up to today"),
        pytest.param({"change": "sunset", "until": "2026-11-21"}, 1, id="up to yesterday"),
    ],
)
def test_what_is_accepted_is_not_told(world: Any, accepted: dict[str, Any], told: int) -> None:
    integration = world.hubspot(accepted_changes=[accepted])
    assert len(held(world, passing(world, 0, signal(ends=T0 + 8 * DAY)), integration)) == told


def test_accepting_it_ends_the_incident(world: Any) -> None:
    ledger = world.ledger()
    ledger.apply(passing(world, 0, signal(ends=T0 + 8 * DAY)), world.config())
    quiet = world.config(world.hubspot(accepted_changes=[{"change": "sunset"}]))
    (over,) = ledger.apply(passing(world, 1, signal(ends=T0 + 8 * DAY)), quiet)
    assert over.kind is TransitionKind.RESOLVED


def test_a_declared_date_is_told_from_its_warning_on(world: Any) -> None:
    declared = {
        "what": "v1 paths",
        "ends": "2026-12-20",
        "replace_with": "v2",
        "link": "https://x.example",
        "warn": "30d",
    }
    integration = world.hubspot(lifecycle=[declared])
    (found,) = held(world, passing(world), integration).values()
    assert found.summary == "v1 paths ends 2026-12-20, in 28 d; use v2 instead; https://x.example"
    assert held(world, passing(world), world.hubspot(lifecycle=[{**declared, "warn": "20d"}])) == {}


def test_a_declared_date_is_good_to_the_end_of_its_day(world: Any) -> None:
    integration = world.hubspot(lifecycle=[{"what": "v1 paths", "ends": "2026-11-22"}])
    (today,) = held(world, passing(world), integration).values()
    assert today.summary == "v1 paths ends 2026-11-22, today"
    (tomorrow,) = held(world, passing(world, 60 * 24), integration).values()
    assert "1 d ago: IT MAY STOP WORKING" in tomorrow.summary


def test_a_slow_change_and_an_outage_are_two_incidents_with_the_integrations_route(world: Any) -> None:
    down = replace(world.seen(0, world.workflow(world.region(failing=2))), signals=(signal(ends=T0 + 8 * DAY),))
    routes = (Route(match={"integration": "hubspot"}, degraded=("slack",)), Route(degraded=("mail",)))
    config, ledger = world.config(routes=routes), world.ledger()
    opened = {one.incident.subject: one.incident for one in ledger.apply(down, config)}
    assert set(opened) == {"hubspot", "changes:hubspot"}
    slow = opened["changes:hubspot"]
    assert (slow.tier, slow.owner, slow.flows) == (Tier.DEGRADED, "growth", ("lead-routing",))
    assert routes_of(slow, config, slow.opened_at) == routes[:1]
    assert " · lead-routing at risk" in headline(world.notification(incident=slow))
    (resolved, *_) = [ledger.apply(passing(world, at, signal(ends=T0 + 8 * DAY)), config) for at in (2,)]
    assert [one.incident.subject for one in resolved] == ["hubspot"]


def test_a_change_at_a_path_that_is_read_is_told_with_types_and_step(world: Any) -> None:
    drift = (finding(), finding("$.size", ShapeChange.RETYPED, was="number", now="string"))
    (found,) = held(world, passing(world, drift=drift), reading(world)).values()
    assert (found.rule, found.tier, found.subject) == (Rule.SHAPE_DRIFT, Tier.DEGRADED, "changes:hubspot")
    assert found.summary == "roundtrip, step create: $.id is gone (was string)"
    assert found.blame_reason.startswith("400 good answers before 2026-11-22 03:00 UTC")


@pytest.mark.parametrize(
    "drift",
    [finding("$.size"), finding("$.id", ShapeChange.NEW), finding(step="other"), finding(integration="unknown")],
    ids=["not read", "new", "another step", "another integration"],
)
def test_what_no_workflow_reads_is_not_told(world: Any, drift: ShapeFinding) -> None:
    assert held(world, passing(world, drift=(drift,)), reading(world)) == {}


def test_an_accepted_shape_is_not_told(world: Any) -> None:
    accepted = [{"change": "shape", "path": "$.id"}]
    assert held(world, passing(world, drift=(finding(),)), reading(world, accepted_changes=accepted)) == {}
    other = [{"change": "shape", "path": "$.idx"}]
    assert held(world, passing(world, drift=(finding(),)), reading(world, accepted_changes=other))


def test_the_page_of_an_outage_names_the_path_and_nothing_is_told_twice(world: Any) -> None:
    region = world.region(failing=2, kind=FailureKind.CAPTURE, message="cannot capture contact_id", status=201)
    evaluation = replace(world.seen(0, world.workflow(region)), drift=(finding(failing=True),))
    (found,) = held(world, evaluation, reading(world)).values()
    assert found.rule is Rule.WORKFLOW_DOWN
    assert found.blame is Blame.VENDOR_CHANGE
    assert found.blame_reason.endswith(": $.id is gone (was string)")


def test_a_drift_is_over_when_it_is_not_found_any_more_but_not_for_want_of_answers(world: Any) -> None:
    ledger, config = world.ledger(), world.config(reading(world))
    ledger.apply(passing(world, drift=(finding(),)), config)
    assert ledger.apply(world.seen(60), config) == []
    (over,) = ledger.apply(passing(world, 61), config)
    assert over.kind is TransitionKind.RESOLVED


def test_what_failed_in_an_outage_that_is_over_is_not_told_after_it(world: Any) -> None:
    assert held(world, passing(world, drift=(finding(failing=True),)), reading(world)) == {}


def test_a_cleanup_that_fails_by_it_is_told_although_the_workflow_is_up(world: Any) -> None:
    steps = [{"name": "create", "request": {"path": "/x"}, "capture": {"contact_id": "$.id"}, "always": True}]
    integration = world.hubspot(workflows=[{"name": "roundtrip", "steps": steps}])
    (found,) = held(world, passing(world, drift=(finding(failing=True),)), integration).values()
    assert found.rule is Rule.SHAPE_DRIFT
