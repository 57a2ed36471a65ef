"""Failures in another integration are that one's incident; a number out of range is told with its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.model import Blame, Rule, Tier, TransitionKind
from alerts.policy import conditions
from config.model import Config, Integration, Recorded
from metrics.model import Evaluation, RecordedLevel
from probes.model import FailureKind

SCORE = Recorded.model_validate({"from": "$.score", "at_least": 6, "unit": "points"})


@pytest.fixture
def config(world: Any) -> Config:
    found: Config = world.config(world.hubspot(), world.integration("marketo", title="Marketo"))
    return found


def elsewhere(world: Any, at: float = 0, failing: int = 2, **more: Any) -> Any:
    return world.workflow(world.region(at, failing=failing, failed_integration="hubspot", **more), name="marketo")


def test_the_incident_is_the_other_integrations_and_names_whose_workflow_saw_it(world: Any, config: Config) -> None:
    (found,) = conditions(world.seen(0, elsewhere(world)), config)
    assert (found.subject, found.rule, found.tier) == ("hubspot", Rule.WORKFLOW_DOWN, Tier.URGENT)
    assert (found.title, found.seen_by) == ("HubSpot marketo/roundtrip DOWN", "marketo")


def test_it_joins_what_else_is_wrong_with_the_other(world: Any, config: Config) -> None:
    ledger = world.ledger()
    own = world.workflow(world.region(failing=2))
    (opened,) = ledger.apply(world.seen(0, own, elsewhere(world)), config)
    assert (opened.incident.subject, len(opened.incident.conditions)) == ("hubspot", 2)


def test_it_ends_when_the_workflow_that_saw_it_has_recovered(world: Any, config: Config) -> None:
    ledger = world.ledger()
    ledger.apply(world.seen(0, elsewhere(world)), config)
    assert ledger.apply(world.seen(1, world.workflow(world.region(1, good=1), name="marketo")), config) == []
    (over,) = ledger.apply(world.seen(2, world.workflow(world.region(2, good=2), name="marketo")), config)
    assert (over.kind, over.incident.subject) == (TransitionKind.RESOLVED, "hubspot")


def test_when_the_workflow_goes_on_failing_at_home_the_trouble_moves_there(world: Any, config: Config) -> None:
    ledger = world.ledger()
    ledger.apply(world.seen(0, elsewhere(world)), config)
    home = world.workflow(world.region(1, failing=3), name="marketo")
    changes = ledger.apply(world.seen(1, home), config)
    assert {(change.incident.subject, change.kind) for change in changes} == {
        ("hubspot", TransitionKind.RESOLVED),
        ("marketo", TransitionKind.OPENED),
    }


def test_what_never_arrives_is_blamed_on_neither_end(world: Any, config: Config) -> None:
    late = elsewhere(
        world, kind=FailureKind.ASSERTION, message="in hubspot: not visible within 30s (last: $.total = 0)"
    )
    (found,) = conditions(world.seen(0, late), config)
    assert (found.blame, found.blame_reason) == (
        Blame.UNKNOWN,
        "what was written to marketo does not show up in hubspot",
    )


def test_failures_elsewhere_do_not_count_towards_a_lost_region(world: Any) -> None:
    names = ("a", "b", "c", "d")
    config = world.config(*(world.integration(name) for name in (*names, "hubspot")))
    cut = [
        world.workflow(world.region(failing=2, kind=FailureKind.CONNECT, failed_integration="hubspot"), name=name)
        for name in names
    ]
    found = conditions(world.seen(0, *cut), config)
    assert {condition.rule for condition in found} == {Rule.WORKFLOW_DOWN}
    assert {condition.subject for condition in found} == {"hubspot"}


# -- recorded values --


def scored(world: Any) -> Integration:
    steps = [{"name": "read", "request": {}, "record": {"event_match_quality": SCORE.model_dump(by_alias=True)}}]
    return Integration.model_validate(
        {"integration": "meta", "title": "Meta", "base_url": "https://x.example.com",
         "workflows": [{"name": "events", "steps": steps, "regions": ["local", "eu"]}]}
    )  # fmt: skip


def level(world: Any, at: float = 0, *, outside: int = 0, within: int = 0, **more: Any) -> RecordedLevel:
    value = 4.1 if outside else 8.0
    moment = world.T0 + timedelta(minutes=at)
    since = moment - timedelta(minutes=outside - 1) if outside else None
    known: dict[str, Any] = {
        "integration": "meta", "workflow": "events", "name": "event_match_quality", "region": "local",
        "recorded": SCORE, "value": value, "at": moment, "outside": outside, "within": within, "outside_since": since,
        "run_id": "run-1",
    }  # fmt: skip
    return RecordedLevel(**(known | more))


def seen(world: Any, at: float, *levels: RecordedLevel) -> Evaluation:
    evaluation: Evaluation = world.seen(at)
    return replace(evaluation, recorded=levels)


def test_a_number_out_of_range_long_enough_is_told_with_what_is_expected(world: Any) -> None:
    config = world.config(scored(world))
    assert conditions(seen(world, 0, level(world, outside=1)), config) == ()
    (found,) = conditions(seen(world, 0, level(world, outside=3)), config)
    assert (found.rule, found.tier, found.subject) == (Rule.RECORDED_VALUE, Tier.DEGRADED, "meta")
    assert found.summary == ("event match quality 4.1 points, at least 6 is expected; 3 runs in a row from local")
    assert (found.title, found.run_ids) == ("Meta event match quality OUT OF RANGE", ("run-1",))
    assert found.since == world.T0 - timedelta(minutes=2)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"at_most": 3}, "at most 3 is expected"),
        ({"at_least": 6, "at_most": 10}, "6 to 10 is expected"),
    ],
)
def test_the_range_is_said_as_it_is_declared(world: Any, limits: dict[str, float], words: str) -> None:
    recorded = Recorded.model_validate({"from": "$.x", **limits})
    (found,) = conditions(seen(world, 0, level(world, outside=2, recorded=recorded)), world.config(scored(world)))
    assert words in found.summary


def test_it_ends_after_enough_good_ones_in_every_region_that_was_out(world: Any) -> None:
    ledger, config = world.ledger(), world.config(scored(world))
    both = [level(world, outside=2), level(world, outside=2, region="eu")]
    ledger.apply(seen(world, 0, *both), config)
    half = [level(world, 1, within=2), level(world, 1, within=1, region="eu")]
    assert ledger.apply(seen(world, 1, *half), config) == []
    well = [level(world, 2, within=3), level(world, 2, within=2, region="eu")]
    (over,) = ledger.apply(seen(world, 2, *well), config)
    assert over.kind is TransitionKind.RESOLVED


def test_missing_numbers_end_nothing_but_a_range_that_was_taken_out_does(world: Any) -> None:
    ledger, config = world.ledger(), world.config(scored(world))
    ledger.apply(seen(world, 0, level(world, outside=2)), config)
    assert ledger.apply(seen(world, 9), config) == []
    assert ledger.open["meta"].conditions[0].note == "no fresh data"
    (over,) = ledger.apply(seen(world, 10), world.config(world.integration("meta")))
    assert over.kind is TransitionKind.RESOLVED
