"""Grouping, inhibition, recovery and flapping."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.model import Blame, ChannelFault, Rule, Tier, TransitionKind
from alerts.policy import conditions, ordinal
from alerts.scene import Known
from config.model import Flapping, Objective, QuotaPolicy, Sli
from probes.model import FailureKind

NAMES = ("hubspot", "marketo", "stripe", "github")


def kinds(changes: list[Any]) -> list[str]:
    return [f"{c.kind} {c.incident.subject}" for c in changes]


def unreachable(world: Any, at: float, name: str, failing: int, region: str = "local") -> Any:
    cut = world.region(at, region=region, failing=failing, kind=FailureKind.CONNECT, status=None, message="refused")
    return world.workflow(cut, name=name)


def test_several_conditions_of_one_integration_are_one_incident(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    down = world.workflow(world.region(0, failing=4))
    assert kinds(ledger.apply(world.seen(0, down, world.burning(world.page_fast)), config)) == ["opened hubspot"]
    (incident,) = ledger.open.values()
    assert [c.rule for c in incident.conditions] == [Rule.WORKFLOW_DOWN, Rule.BURN_RATE]


def test_burn_that_joins_an_outage_neither_opens_nor_escalates(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    joined = world.seen(2, world.workflow(world.region(2, failing=4)), world.burning(world.page_fast))
    assert kinds(ledger.apply(joined, config)) == ["updated hubspot"]


def test_an_outage_is_over_although_the_burn_windows_still_remember_it(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    burning = world.burning(world.page_fast, world.ticket_slow)
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=4)), burning), config)
    fine = world.seen(3, world.workflow(world.region(3, good=2)), burning)
    assert kinds(ledger.apply(fine, config)) == ["resolved hubspot"]
    assert ledger.apply(world.seen(4, world.workflow(world.region(4)), burning), config) == []
    assert (
        ledger.apply(world.seen(60, world.workflow(world.region(60)), world.burning(world.ticket_slow)), config) == []
    )


def test_burn_after_the_windows_have_forgotten_the_outage_is_news(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(world.seen(0, world.workflow(world.region(0, failing=4))), config)
    ledger.apply(world.seen(3, world.workflow(world.region(3, good=2))), config)
    again = world.seen(20, world.workflow(world.region(20)), world.burning(world.page_fast))
    assert kinds(ledger.apply(again, config)) == ["opened hubspot"]


def test_slow_burn_that_echoes_a_page_which_is_over_keeps_nothing_open(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    fine = world.workflow(world.region(0))
    ledger.apply(world.seen(0, fine, world.burning(world.page_fast, world.ticket_slow)), config)
    slow = world.burning(world.ticket_slow)
    assert kinds(ledger.apply(world.seen(2, fine, slow), config)) == ["resolved hubspot"]
    assert ledger.apply(world.seen(2, fine, slow), config) == []


def test_slow_burn_informs_and_fast_burn_escalates_the_same_incident(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    fine = world.workflow(world.region(0))
    ledger.apply(world.seen(0, fine, world.burning(world.ticket_slow)), config)
    assert ledger.open["hubspot"].tier is Tier.DEGRADED
    changes = ledger.apply(world.seen(1, fine, world.burning(world.ticket_slow, world.page_fast)), config)
    assert kinds(changes) == ["escalated hubspot"]
    assert changes[0].incident.tier is Tier.URGENT


def test_an_objective_that_is_not_to_page_only_informs(world: Any) -> None:
    quiet = Objective(sli=Sli.AVAILABILITY, target=0.999, page=False)
    (found,) = conditions(world.seen(0, world.burning(world.page_fast, objective=quiet)), world.config())
    assert found.tier is Tier.DEGRADED
    assert "20.0× in 1h and 20.0× in 5m (limit 14.4×)" in found.summary
    assert "99.200 % good, objective 99.9 % (1,000 of 1,000 slices measured); budget left 41 %" in found.summary


def test_burn_says_whose_fault_it_is_as_far_as_anybody_can_know(world: Any) -> None:
    one_bad = world.workflow(world.region(failing=1))
    (failing,) = conditions(world.seen(0, one_bad, world.burning(world.page_fast)), world.config())
    assert (failing.blame, failing.evidence_ids) == (Blame.VENDOR, ("ev-local",))
    slow = Objective(sli=Sli.LATENCY, target=0.95, threshold="200ms")
    (late,) = conditions(world.seen(0, one_bad, world.burning(world.page_fast, objective=slow)), world.config())
    assert (late.blame, late.title) == (Blame.UNKNOWN, "HubSpot latency budget BURNING")


def test_integrations_that_fail_in_different_ways_stay_apart(world: Any) -> None:
    config = world.config(*(world.integration(name) for name in NAMES))
    found = [world.workflow(world.region(0, failing=3), name=name) for name in NAMES]
    assert len(world.ledger().apply(world.seen(0, *found), config)) == 4


def test_a_region_without_a_network_is_one_incident(world: Any) -> None:
    config = world.config(*(world.integration(name) for name in NAMES))
    found = [unreachable(world, 0, name, failing=2) for name in NAMES]
    burning = [world.burning(world.page_fast, name=name) for name in NAMES]
    (change,) = world.ledger().apply(world.seen(0, *found, *burning), config)
    assert change.incident.subject == "region:local"
    assert change.incident.conditions[0].blame is Blame.NETWORK
    assert change.incident.tier is Tier.URGENT


def test_when_the_network_is_back_the_integrations_stay_silent_until_they_have_run(world: Any) -> None:
    config = world.config(*(world.integration(name) for name in NAMES))
    ledger = world.ledger()
    ledger.apply(world.seen(0, *(unreachable(world, 0, name, failing=2) for name in NAMES)), config)
    back = world.workflow(world.region(2, good=2), name="hubspot")
    rest = [unreachable(world, 1.5, name, failing=4) for name in NAMES[1:]]
    burning = [world.burning(world.page_fast, name=name) for name in NAMES]
    assert kinds(ledger.apply(world.seen(2, back, *rest, *burning), config)) == ["resolved region:local"]
    assert ledger.apply(world.seen(2.1, back, *rest, *burning), config) == []
    still = [unreachable(world, 2.6, "marketo", failing=5)]
    assert kinds(ledger.apply(world.seen(3, back, *still), config)) == ["opened marketo"]


def test_one_integration_that_answers_shows_that_the_network_is_there(world: Any) -> None:
    config = world.config(*(world.integration(name) for name in NAMES))
    found = [unreachable(world, 0, name, failing=2) for name in NAMES[:3]]
    answers = world.workflow(world.region(0, good=50), name="github")
    subjects = {c.subject for c in conditions(world.seen(0, *found, answers), config)}
    assert subjects == {"hubspot", "marketo", "stripe"}


def test_everything_unreachable_from_everywhere_is_not_one_regions_network(world: Any) -> None:
    both = ("local", "eu")
    config = world.config(*(world.integration(name, regions=both) for name in NAMES))
    found = [
        world.workflow(
            *(world.region(0, region=r, failing=2, kind=FailureKind.CONNECT, status=None) for r in both), name=name
        )
        for name in NAMES
    ]
    assert {c.subject for c in conditions(world.seen(0, *found), config)} == set(NAMES)


def test_two_integrations_are_too_few_to_accuse_the_network(world: Any) -> None:
    config = world.config(*(world.integration(name) for name in NAMES[:2]))
    found = [unreachable(world, 0, name, failing=2) for name in NAMES[:2]]
    assert {c.subject for c in conditions(world.seen(0, *found), config)} == set(NAMES[:2])


def test_a_subject_that_breaks_again_at_once_reopens_the_same_incident(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    (first,) = ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    ledger.apply(world.seen(3, world.workflow(world.region(3, good=2))), config)
    (again,) = ledger.apply(world.seen(6, world.workflow(world.region(6, failing=2))), config)
    assert again.kind is TransitionKind.OPENED
    assert again.incident.dedup_key == first.incident.dedup_key
    assert again.note.startswith("reopened (1st time)")


def test_what_goes_on_and_off_opens_thrice_and_then_stays_open_until_it_is_quiet(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    seen = []
    for turn in range(8):
        seen += ledger.apply(world.seen(2 * turn, world.workflow(world.region(2 * turn, failing=2))), config)
        seen += ledger.apply(world.seen(2 * turn + 1, world.workflow(world.region(2 * turn + 1, good=2))), config)
    assert len({change.incident.dedup_key for change in seen}) == 1
    assert kinds(seen) == [
        *("opened hubspot", "resolved hubspot", "opened hubspot", "resolved hubspot", "opened hubspot"),
        *["updated hubspot"] * 5,
    ]
    assert seen[-1].incident.reopened == 7
    assert seen[-1].note.startswith("reopened (7th time)")
    almost = 15 + 15 / 2 - 0.5
    assert ledger.apply(world.seen(almost, world.workflow(world.region(almost, good=5))), config) == []
    assert kinds(ledger.apply(world.seen(23, world.workflow(world.region(23, good=6))), config)) == ["resolved hubspot"]


def test_an_unconfirmed_failure_in_the_quiet_is_not_yet_another_turn(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    for turn in range(3):
        ledger.apply(world.seen(2 * turn, world.workflow(world.region(2 * turn, failing=2))), config)
        ledger.apply(world.seen(2 * turn + 1, world.workflow(world.region(2 * turn + 1, good=2))), config)
    assert ledger.apply(world.seen(6, world.workflow(world.region(6, failing=1))), config) == []
    assert ledger.apply(world.seen(7, world.workflow(world.region(7, good=2))), config) == []
    assert kinds(ledger.apply(world.seen(13, world.workflow(world.region(13, good=9))), config)) == ["resolved hubspot"]


def test_after_the_flap_window_it_is_a_new_incident(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    (first,) = ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    ledger.apply(world.seen(3, world.workflow(world.region(3, good=2))), config)
    later = 3 + Flapping().window.total_seconds() / 60 + 1
    (again,) = ledger.apply(world.seen(later, world.workflow(world.region(later, failing=2))), config)
    assert again.incident.dedup_key != first.incident.dedup_key


def test_quota_below_the_reserve_informs_and_ends_with_a_margin(world: Any) -> None:
    config = world.config(world.hubspot(quota=QuotaPolicy(reserve=0.2)))
    ledger = world.ledger()
    (low,) = ledger.apply(world.seen(0, world.quota(0.19)), config)
    assert low.incident.tier is Tier.DEGRADED
    assert low.incident.conditions[0].summary == "daily: 19 % left (190 of 1000 requests), reserve 20 %"
    assert ledger.apply(world.seen(1, world.quota(0.21, 1)), config) == []
    assert kinds(ledger.apply(world.seen(2, world.quota(0.23, 2)), config)) == ["resolved hubspot"]


@pytest.mark.parametrize(
    "level",
    [
        pytest.param({"left": None}, id="not reported"),
        pytest.param({"left": 0.01, "window_s": 10.0}, id="full again in ten seconds"),
        pytest.param({"left": 0.01, "window_kind": "leaky"}, id="a leaky bucket refills by itself"),
        pytest.param({"left": 0.01, "at": -120}, id="two hours old"),
    ],
)
def test_a_quota_reading_that_says_nothing_lasting_opens_nothing(world: Any, level: dict[str, Any]) -> None:
    config = world.config(world.hubspot(quota=QuotaPolicy(reserve=0.2)))
    assert conditions(world.seen(0, world.quota(**level)), config) == ()


def test_a_silent_prober_informs_until_it_reports_again(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    (silent,) = ledger.apply(world.seen(0, world.prober(silent=True)), config)
    assert (silent.incident.subject, silent.incident.tier) == ("prober:p1", Tier.DEGRADED)
    assert kinds(ledger.apply(world.seen(1, world.prober(silent=False)), config)) == ["resolved prober:p1"]


def test_a_prober_that_cannot_probe_says_why(world: Any) -> None:
    stuck = world.prober(silent=False, problem="environment variable HS_ID is not set")
    (found,) = conditions(world.seen(0, stuck), world.config())
    assert "environment variable HS_ID is not set" in found.summary


def test_a_broken_channel_is_an_incident_of_its_own_while_it_is_configured(world: Any) -> None:
    faults = (ChannelFault("slack", world.T0, "HTTP 404: no_service"), ChannelFault("gone", world.T0, "x"))
    (found,) = conditions(world.seen(0), world.config(), Known(faults=faults))
    assert (found.subject, found.tier) == ("channel:slack", Tier.DEGRADED)


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text
