"""Rule `unusual`: a workflow is off what is normal for it at this hour. One condition, in the words of the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.messages import plain
from alerts.model import Blame, Condition, Rule, Tier
from alerts.policy import conditions
from config.model import Config
from metrics.baseline.series import Measure
from metrics.model import Evaluation, LearnedVerdict
from probes.model import FailureKind

WORDS = "412 ms (75th percentile of 5 in 5 min); 03:00 is usually 110 ms, limit 180 ms"
MANY = ("hubspot", "github", "klaviyo", "marketo", "shopify", "meta")


class Judged:
    """What the evaluations of a world say about learned limits; `at` minutes are minutes after its T0."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def slow(self, name: str = "hubspot", step: str = "create", **more: Any) -> LearnedVerdict:
        """Above its limit for the ten minutes before T0."""
        verdict: LearnedVerdict = self.world.slow(name, -10, subject=step, **more)
        return verdict

    def failing(self, name: str = "hubspot", **more: Any) -> LearnedVerdict:
        known = {"seen": 0.6, "usual": 0.01, "limit": 0.03, "unit": "share", "words": "9 of 15 runs failed in 15 min"}
        return self.slow(name, "", measure=Measure.FAILURES, **(known | more))

    def seen(self, at: float, learned: Sequence[LearnedVerdict] | None, *found: Any) -> Evaluation:
        evaluation: Evaluation = self.world.seen(at, *found)
        return replace(evaluation, learned=None if learned is None else tuple(learned))

    def found(self, config: Config, *learned: LearnedVerdict) -> list[Condition]:
        return [c for c in conditions(self.seen(0, learned), config) if c.rule is Rule.UNUSUAL]

    def declared(self, *names: str, **more: Any) -> Config:
        config: Config = self.world.config(*(self.world.integration(name, **more) for name in names))
        return config


@pytest.fixture
def judged(world: Any) -> Judged:
    return Judged(world)


def test_it_says_which_step_from_where_what_is_usual_and_what_the_limit_is(world: Any, judged: Judged) -> None:
    (found,) = judged.found(world.config(), judged.slow())
    assert (found.subject, found.workflow, found.regions) == ("hubspot", "roundtrip", ("local",))
    assert found.title == "HubSpot SLOWER THAN USUAL"
    assert found.summary == f"roundtrip, create from local: {WORDS}"
    assert found.since == world.T0 - timedelta(minutes=10)
    page = plain(world.notification(incident=world.incident(found)))
    assert WORDS in page
    assert "it answers more slowly than it does at this hour" in page


def test_a_first_byte_is_called_so(world: Any, judged: Judged) -> None:
    (found,) = judged.found(world.config(), judged.slow(measure=Measure.TTFB))
    assert found.summary.startswith("roundtrip, create to first byte from local: ")


def test_failures_speak_for_the_whole_workflow(world: Any, judged: Judged) -> None:
    (found,) = judged.found(world.config(), judged.failing())
    assert found.title == "HubSpot FAILS MORE THAN USUAL"
    assert found.summary == "roundtrip from local: 9 of 15 runs failed in 15 min"
    assert (found.blame, found.blame_reason) == (
        Blame.VENDOR,
        "more of its answers fail than chance explains at this hour",
    )


def test_a_number_that_is_recorded_is_not_called_slow(world: Any, judged: Judged) -> None:
    (found,) = judged.found(world.config(), judged.slow(step="queue_length", measure=Measure.RECORDED, unit=""))
    assert found.title == "HubSpot HIGHER THAN USUAL"
    assert found.summary.startswith("roundtrip, queue_length from local: ")
    assert "slow" not in found.blame_reason
    assert found.blame is Blame.UNKNOWN


def test_however_many_steps_and_regions_are_off_the_worst_speaks_for_its_workflow(judged: Judged) -> None:
    config = judged.declared("hubspot", regions=("local", "eu"))
    worst = judged.slow(step="read", region="eu", seen=900.0, words="five times what is usual")
    since = worst.since - timedelta(minutes=30)
    (found,) = judged.found(config, judged.slow(), worst, judged.slow(region="eu", since=since))
    assert found.summary == "roundtrip, read from eu: five times what is usual (and 2 more of its figures)"
    assert (found.regions, found.since) == (("eu", "local"), since)


def test_what_never_failed_before_is_worse_than_what_fails_a_little_more(judged: Judged) -> None:
    config = judged.declared("hubspot", regions=("local", "eu"))
    never = judged.failing(region="eu", usual=0.0, limit=0.0, words="it never failed before")
    (found,) = judged.found(config, judged.failing(), never)
    assert found.summary.startswith("roundtrip from eu: it never failed before")


def test_failures_and_latencies_of_a_workflow_and_its_workflows_are_told_apart(world: Any, judged: Judged) -> None:
    found = judged.found(world.config(), judged.slow(), judged.failing(), judged.slow(workflow="export"))
    assert sorted(c.key for c in found) == [
        "hubspot/unusual/export:latency", "hubspot/unusual/roundtrip:failures", "hubspot/unusual/roundtrip:latency",
    ]  # fmt: skip
    assert {c.subject for c in found} == {"hubspot"}


@pytest.mark.parametrize("times", [1.01, 50.0, 10_000.0])
def test_it_wakes_nobody_however_far_off_it_is(world: Any, judged: Judged, times: float) -> None:
    verdicts = (judged.slow(seen=180.0 * times), judged.failing(seen=min(1.0, 0.03 * times)))
    assert {c.tier for c in judged.found(world.config(), *verdicts)} == {Tier.DEGRADED}


BLAMED = {
    "the only one of six": (1, 6, Blame.VENDOR),
    "two of two": (2, 2, Blame.VENDOR),
    "two of three": (2, 3, Blame.VENDOR),
    "three of six": (3, 6, Blame.NETWORK),
    "three of seven": (3, 7, Blame.VENDOR),
    "all three": (3, 3, Blame.NETWORK),
}


@pytest.mark.parametrize(("slow", "there", "blamed"), BLAMED.values(), ids=BLAMED)
def test_many_that_are_slow_from_a_region_at_once_point_at_its_network(
    judged: Judged, slow: int, there: int, blamed: Blame
) -> None:
    names = (*MANY, "zendesk")[:there]
    found = judged.found(judged.declared(*names), *(judged.slow(name) for name in names[:slow]))
    assert {c.blame for c in found} == {blamed}
    assert len(found) == slow
    reason = found[0].blame_reason
    assert reason.startswith(f"{slow} of {there} integrations are slow from local") == (blamed is Blame.NETWORK)
    if blamed is Blame.VENDOR and slow > 1:
        assert reason.endswith(f"; {slow - 1} of {there - 1} others do so from local, too few to be the network")


def test_the_network_of_one_region_is_not_blamed_for_what_is_slow_elsewhere(judged: Judged) -> None:
    config = judged.declared(*MANY[:4], regions=("local", "eu"))
    away = [judged.slow(name, region="eu", seen=2000.0) for name in MANY[1:4]]
    found = {c.subject: c.blame for c in judged.found(config, judged.slow("hubspot"), *away)}
    assert found == {"hubspot": Blame.VENDOR} | dict.fromkeys(MANY[1:4], Blame.NETWORK)


def test_what_fails_or_records_much_is_not_slow_and_says_nothing_of_the_network(judged: Judged) -> None:
    others = (judged.failing("github"), judged.slow("klaviyo", "queue_length", measure=Measure.RECORDED, unit=""))
    found = judged.found(judged.declared(*MANY[:3]), judged.slow(), *others)
    assert Blame.NETWORK not in {c.blame for c in found}


def test_what_is_down_is_told_once(world: Any, judged: Judged) -> None:
    config, ledger, learned = world.config(), world.ledger(), (judged.slow(), judged.failing())
    ledger.apply(judged.seen(0, learned), config)
    assert {c.rule for c in ledger.open["hubspot"].conditions} == {Rule.UNUSUAL}
    ledger.apply(judged.seen(1, learned, world.workflow(world.region(1, failing=3))), config)
    assert {c.rule for c in ledger.open["hubspot"].conditions} == {Rule.WORKFLOW_DOWN}


def test_a_region_without_a_network_is_told_once(world: Any, judged: Judged) -> None:
    config = judged.declared(*MANY[:3], regions=("local", "eu"))
    cut = world.region(0, region="eu", failing=3, kind=FailureKind.CONNECT)
    seen = [world.workflow(world.region(0), cut, name=name) for name in MANY[:3]]
    learned = [judged.slow(name, region=region) for name in MANY[:2] for region in ("eu", "local")]
    found = conditions(judged.seen(0, learned, *seen), config)
    assert {c.subject for c in found if c.rule is Rule.REGION_DOWN} == {"region:eu"}
    unusual = [c for c in found if c.rule is Rule.UNUSUAL]
    assert [(c.subject, c.regions) for c in unusual] == [("github", ("local",)), ("hubspot", ("local",))]


def test_while_a_hub_that_has_started_anew_is_learning_nothing_is_over(world: Any, judged: Judged) -> None:
    config, ledger = world.config(), world.ledger()
    (opened,) = ledger.apply(judged.seen(0, [judged.slow()]), config)
    assert (opened.kind, opened.incident.tier) == ("opened", Tier.DEGRADED)
    assert ledger.apply(judged.seen(1, None), config) == []
    (kept,) = ledger.open["hubspot"].conditions
    assert (kept.note, kept.summary) == ("no fresh data", f"roundtrip, create from local: {WORDS}")
    assert ledger.apply(judged.seen(2, [judged.slow()]), config) == []
    assert ledger.open["hubspot"].conditions[0].note == ""
    (over,) = ledger.apply(judged.seen(3, []), config)
    assert over.kind == "resolved"


def test_nobody_learns_of_anything_before_the_first_round(judged: Judged, world: Any) -> None:
    assert conditions(judged.seen(0, None), world.config()) == ()


@pytest.mark.parametrize("left", [None, "what was found before"], ids=["while it is learning", "at once"])
def test_what_is_declared_no_more_ends(world: Any, judged: Judged, left: str | None) -> None:
    ledger = world.ledger()
    ledger.apply(judged.seen(0, [judged.slow()]), world.config())
    learned = None if left is None else [judged.slow()]
    (over,) = ledger.apply(judged.seen(1, learned), judged.declared("github"))
    assert over.kind == "resolved"


def test_a_new_figure_of_the_same_workflow_is_written_down_and_nobody_is_told_again(world: Any, judged: Judged) -> None:
    config, ledger = world.config(), world.ledger()
    ledger.apply(judged.seen(0, [judged.slow()]), config)
    assert ledger.apply(judged.seen(5, [judged.slow(seen=700.0, words="now 700 ms"), judged.failing()]), config) != []
    assert ledger.apply(judged.seen(10, [judged.slow(words="now 500 ms"), judged.failing()]), config) == []
    assert "roundtrip, create from local: now 500 ms" in {c.summary for c in ledger.open["hubspot"].conditions}


def test_failures_of_an_outage_that_people_were_told_of_are_no_news_after_it(world: Any, judged: Judged) -> None:
    ledger, config = world.ledger(), world.config()

    def after(minute: float, *learned: LearnedVerdict) -> list[Condition]:
        ledger.apply(judged.seen(minute, learned, world.workflow(world.region(minute, good=5))), config)
        return [condition for incident in ledger.open.values() for condition in incident.conditions]

    def failing(minute: float, window: int | None) -> LearnedVerdict:
        length = None if window is None else timedelta(minutes=window)
        return judged.failing()._replace(at=world.T0 + timedelta(minutes=minute), since=world.T0, window=length)

    down = world.workflow(world.region(0, failing=2, good=0))
    (opened,) = ledger.apply(judged.seen(0, (), down), config)
    assert opened.incident.tier is Tier.URGENT
    assert after(3, failing(3, 5)) == []
    assert after(20, failing(20, 60)) == []
    assert after(21, failing(21, None)) == []
    (again,) = after(22, failing(22, 5))
    assert again.rule is Rule.UNUSUAL
