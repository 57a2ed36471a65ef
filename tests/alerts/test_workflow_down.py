"""When a workflow is down, and when it is no longer."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.model import Blame, Rule, Tier, TransitionKind
from alerts.policy import conditions
from probes.model import FailureKind, Outcome


def test_one_failure_is_not_confirmed(world: Any) -> None:
    assert conditions(world.seen(0, world.workflow(world.region(failing=1))), world.config()) == ()


def test_two_failures_in_a_row_page_with_step_status_since_and_blame(world: Any) -> None:
    (found,) = conditions(world.seen(0, world.workflow(world.region(failing=2))), world.config())
    assert (found.rule, found.tier, found.subject) == (Rule.WORKFLOW_DOWN, Tier.URGENT, "hubspot")
    assert found.title == "HubSpot roundtrip DOWN"
    assert found.summary == "create → 503"
    assert found.since == world.region(failing=2).failing_since
    assert found.blame is Blame.VENDOR
    assert found.region_count == "1/1"
    assert found.evidence_ids == ("ev-local",)


@pytest.mark.parametrize(
    ("quorum", "failing", "down"),
    [
        pytest.param(0.5, 1, False, id="one of two regions is not more than half"),
        pytest.param(0.5, 2, True, id="two of two are"),
        pytest.param(0.4, 1, True, id="one of two is more than 40 percent"),
        pytest.param(1.0, 2, True, id="a quorum of 100 percent means all of them"),
        pytest.param(1.0, 1, False, id="a quorum of 100 percent is not met by half"),
    ],
)
def test_the_quorum_of_regions_decides(world: Any, quorum: float, failing: int, down: bool) -> None:
    config = world.config(world.hubspot(regions=("local", "eu")), quorum=quorum)
    regions = [world.region(region=name, failing=2 if n < failing else 0) for n, name in enumerate(("local", "eu"))]
    assert bool(conditions(world.seen(0, world.workflow(*regions)), config)) is down


def test_a_region_that_has_gone_quiet_has_no_vote(world: Any) -> None:
    config = world.config(world.hubspot(regions=("local", "eu")))
    stale = world.region(-30, region="eu")
    (found,) = conditions(world.seen(0, world.workflow(world.region(failing=2), stale)), config)
    assert found.region_count == "1/1"


def test_an_outage_ends_after_two_good_runs_not_after_one(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    assert ledger.apply(world.seen(1, world.workflow(world.region(1, good=1))), config) == []
    (over,) = ledger.apply(world.seen(2, world.workflow(world.region(2, good=2))), config)
    assert over.kind is TransitionKind.RESOLVED


def test_every_region_that_failed_has_to_recover(world: Any) -> None:
    config = world.config(world.hubspot(regions=("local", "eu")))
    ledger = world.ledger()
    both = (world.region(0, failing=2), world.region(0, region="eu", failing=2))
    ledger.apply(world.seen(0, world.workflow(*both)), config)
    half = (world.region(3, good=3), world.region(3, region="eu", failing=5))
    assert ledger.apply(world.seen(3, world.workflow(*half)), config) == []
    whole = (world.region(5, good=5), world.region(5, region="eu", good=2))
    assert [t.kind for t in ledger.apply(world.seen(5, world.workflow(*whole)), config)] == [TransitionKind.RESOLVED]


@pytest.mark.parametrize("gone", ["stale", "absent"])
def test_missing_data_never_ends_an_outage(world: Any, gone: str) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    later = [world.workflow(world.region(1, good=1))] if gone == "stale" else []
    assert ledger.apply(world.seen(60, *later), config) == []
    (incident,) = ledger.open.values()
    assert incident.conditions[0].rule is Rule.WORKFLOW_DOWN


def test_an_integration_taken_out_of_the_configuration_takes_its_incident_along(world: Any) -> None:
    ledger = world.ledger()
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), world.config())
    (over,) = ledger.apply(world.seen(1), world.config(world.integration("stripe")))
    assert over.kind is TransitionKind.RESOLVED


def test_a_throttled_run_is_never_an_outage(world: Any) -> None:
    limited = world.region(0, throttled=4, good=4, last_outcome=Outcome.THROTTLED)
    assert conditions(world.seen(0, world.workflow(limited)), world.config()) == ()


def test_throttling_that_lasts_informs_and_does_not_page(world: Any) -> None:
    limited = world.region(0, throttled=50, good=50, last_outcome=Outcome.THROTTLED)
    (found,) = conditions(world.seen(0, world.workflow(limited)), world.config())
    assert (found.rule, found.tier, found.blame) == (Rule.THROTTLED, Tier.DEGRADED, Blame.QUOTA)


def test_a_network_failure_names_what_went_wrong(world: Any) -> None:
    refused = world.region(
        failing=2, kind=FailureKind.CONNECT, status=None, message="connection refused by 192.0.2.1\n"
    )
    (found,) = conditions(world.seen(0, world.workflow(refused)), world.config())
    assert found.summary == "create → connect: connection refused by 192.0.2.1"
