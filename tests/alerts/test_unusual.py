"""An alert about what is off its normal: one a workflow, in words, never urgent, and not beside an outage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.model import Blame, IncidentState, Rule, Tier
from alerts.policy import conditions
from alerts.scene import Known
from metrics.baseline.series import Measure, SeriesKey
from metrics.model import Evaluation, LearnedState, LearnedVerdict
from probes.model import FailureKind

MINUTE = timedelta(minutes=1)
WORDS = "640 ms (75th percentile of 5 in 5 min); 14:00 is usually 361 ms, limit 531 ms, crossed in 2 of 3 buckets"


@pytest.fixture
def off(world: Any) -> Any:
    """A step that is slower than it may be; keyword arguments replace parts of its name, or fields."""

    def build(name: str = "hubspot", **more: Any) -> LearnedVerdict:
        named = {"workflow": "roundtrip", "region": "local", "subject": "create", "measure": Measure.TOTAL}
        key = SeriesKey(name, bucket_s=300, **{part: more.pop(part, standing) for part, standing in named.items()})
        at = world.T0
        found = LearnedVerdict(key, LearnedState.FIRING, at, at - 5 * MINUTE, 640, 361, 531, "ms", 5, WORDS)
        return found._replace(**more)

    return build


def seen(world: Any, *learned: LearnedVerdict, at: float = 0, beside: Any = ()) -> Evaluation:
    return replace(world.seen(at, *beside), learned=learned)


def unusual(evaluation: Evaluation, config: Any, known: Known = Known()) -> list[Any]:  # noqa: B008 - frozen
    return [one for one in conditions(evaluation, config, known) if one.rule is Rule.UNUSUAL]


def test_what_is_slow_is_told_in_words_with_the_figures_it_was_judged_by(world: Any, off: Any) -> None:
    (found,) = unusual(seen(world, off()), world.config())
    assert found.summary == f"roundtrip, create from local: {WORDS}"
    assert (found.title, found.tier, found.subject) == ("HubSpot SLOWER THAN USUAL", Tier.DEGRADED, "hubspot")
    assert (found.workflow, found.regions, found.since) == ("roundtrip", ("local",), world.T0 - 5 * MINUTE)
    assert found.blame is Blame.VENDOR


def test_it_is_one_alert_a_workflow_however_many_of_its_figures_are_off(world: Any, off: Any) -> None:
    several = [off(), off(measure=Measure.TTFB, seen=5000.0), off(subject="read"), off(region="eu", since=world.T0)]
    (found,) = unusual(seen(world, *several), world.config())
    assert found.summary.startswith("roundtrip, create to first byte from local: 640 ms")
    assert found.summary.endswith("(and 3 more of its figures)")
    assert found.regions == ("eu", "local")
    assert found.since == world.T0 - 5 * MINUTE


def test_its_failures_are_an_alert_of_their_own(world: Any, off: Any) -> None:
    words = "12 of 15 runs failed in 15 min; usually 0.4 % at this hour: so many come by chance once in 10^9 windows"
    failing = off(subject="", measure=Measure.FAILURES, seen=0.8, usual=0.004, limit=0.006, unit="share", words=words)
    found = unusual(seen(world, off(), failing, off(workflow="export")), world.config())
    assert {one.title for one in found} == {"HubSpot SLOWER THAN USUAL", "HubSpot FAILS MORE THAN USUAL"}
    assert len({one.key for one in found}) == 3
    assert f"roundtrip from local: {words}" in [one.summary for one in found]


def test_a_recorded_value_is_higher_and_nobody_is_blamed_for_it(world: Any, off: Any) -> None:
    (found,) = unusual(seen(world, off(subject="backlog", measure=Measure.RECORDED, unit="")), world.config())
    assert (found.title, found.blame) == ("HubSpot HIGHER THAN USUAL", Blame.UNKNOWN)
    assert found.summary.startswith("roundtrip, backlog from local: ")


@pytest.mark.parametrize(
    ("slow", "declared", "blame"),
    [
        pytest.param(3, 6, Blame.NETWORK, id="three, and half of all"),
        pytest.param(2, 3, Blame.VENDOR, id="two of three are too few to tell"),
        pytest.param(3, 7, Blame.VENDOR, id="three of seven are not half"),
    ],
)
def test_the_network_is_blamed_where_many_are_slow_in_a_region_at_once(
    world: Any, off: Any, slow: int, declared: int, blame: Blame
) -> None:
    names = [f"vendor-{number}" for number in range(declared)]
    config = world.config(*(world.integration(name) for name in names))
    found = unusual(seen(world, *(off(name) for name in names[:slow])), config)
    assert {one.blame for one in found} == {blame}
    if blame is Blame.NETWORK:
        assert found[0].blame_reason == "3 of 6 integrations are slow from local at once"


def test_integrations_that_fail_say_nothing_of_a_slow_network(world: Any, off: Any) -> None:
    names = ("one", "two", "three")
    failing = [off(name, measure=Measure.FAILURES) for name in names[1:]]
    config = world.config(*(world.integration(name) for name in names))
    found = unusual(seen(world, off("one"), *failing), config)
    assert {one.blame for one in found} == {Blame.VENDOR}


def test_nothing_is_said_of_an_integration_that_is_down(world: Any, off: Any) -> None:
    down = world.workflow(world.region(failing=5))
    found = conditions(seen(world, off(), beside=(down,)), world.config())
    assert [one.rule for one in found] == [Rule.WORKFLOW_DOWN]


def test_nothing_is_said_of_a_region_without_a_network(world: Any, off: Any) -> None:
    names = ("one", "two", "three")
    config = world.config(*(world.integration(name, regions=("local", "eu")) for name in names))
    cut_off = [
        world.workflow(
            world.region(region="eu", failing=5, kind=FailureKind.CONNECT), world.region(region="local"), name=name
        )
        for name in names
    ]
    learned = [off("one", region="eu"), off("two", region="local")]
    found = conditions(seen(world, *learned, beside=cut_off), config)
    assert Rule.REGION_DOWN in {one.rule for one in found}
    assert [one.subject for one in found if one.rule is Rule.UNUSUAL] == ["two"]


def test_it_opens_an_incident_that_is_resolved_once_the_figures_are_back(world: Any, off: Any) -> None:
    ledger, config = world.ledger(), world.config()
    (opened,) = ledger.apply(seen(world, off()), config)
    assert (opened.incident.tier, opened.incident.state) == (Tier.DEGRADED, IncidentState.OPEN)
    assert not ledger.apply(seen(world, off(), at=10), config)
    (closed,) = ledger.apply(seen(world, at=15), config)
    assert closed.incident.state is IncidentState.RESOLVED


def test_it_never_becomes_urgent(world: Any, off: Any) -> None:
    ledger, config = world.ledger(), world.config()
    for hour in range(30):
        ledger.apply(seen(world, off(seen=9e5), off(region="eu"), at=60.0 * hour), config)
    assert {one.tier for one in ledger.open.values()} == {Tier.DEGRADED}


def test_nothing_is_over_while_it_is_still_being_learned(world: Any, off: Any) -> None:
    ledger, config = world.ledger(), world.config()
    ledger.apply(seen(world, off()), config)
    restarted = replace(world.seen(5), learned=None)
    assert not ledger.apply(restarted, config)
    (held,) = ledger.open["hubspot"].conditions
    assert held.note == "no fresh data"
    assert ledger.apply(seen(world, at=6), config)


def test_what_is_configured_no_more_is_over_and_raises_nothing(world: Any, off: Any) -> None:
    ledger = world.ledger()
    ledger.apply(seen(world, off()), world.config())
    gone = world.config(world.integration("other"))
    assert unusual(seen(world, off()), gone) == []
    (closed,) = ledger.apply(replace(world.seen(5), learned=None), gone)
    assert closed.incident.state is IncidentState.RESOLVED
