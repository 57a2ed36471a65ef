"""What holds for every course of events."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.model import Rule, Tier, TransitionKind
from alerts.policy import conditions, transitions
from config.model import Alerting, Limit, Objective, QuotaPolicy, Sli
from metrics.operating import HubLoad, LimitStanding
from probes.model import FailureKind, Outcome

NAMES = ("hubspot", "marketo", "stripe")
LIMIT = Limit.model_validate({"on": "latency", "above": "500ms", "for": "2 of 3"})
relaxed = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

briefly = settings(relaxed, max_examples=examples(8))

seen_once = st.fixed_dictionaries(
    {
        "failing": st.tuples(*(st.integers(0, 3) for _ in NAMES)),
        "kind": st.sampled_from([FailureKind.CONNECT, FailureKind.STATUS_5XX]),
        "missing": st.sets(st.sampled_from(NAMES)),
        "burn": st.sampled_from(["none", "page", "ticket"]),
        "left": st.sampled_from([None, 0.1, 0.5]),
        "silent": st.booleans(),
        "slow": st.none() | st.sets(st.sampled_from(NAMES)),
        "retried": st.sampled_from([0, 3, 8]),
        "over": st.sampled_from([None, 100.0, 900.0]),
        "waiting": st.sampled_from([0, 50_000]),
        "pause": st.sampled_from([0.5, 1.0, 4.0, 30.0]),
    }
)


def evaluation(world: Any, at: float, seen: dict[str, Any]) -> Any:
    latest = (Outcome.UNSTABLE,) * seen["retried"] + (Outcome.PASSED,) * 12
    found: list[Any] = [
        world.workflow(
            world.region(at, failing=n, kind=seen["kind"] if n else None, good=0 if n else 2, latest=latest), name=name
        )
        for name, n in zip(NAMES, seen["failing"], strict=True)
        if name not in seen["missing"]
    ]
    pair = {"page": world.page_fast, "ticket": world.ticket_slow}.get(seen["burn"])
    found += [world.burning(pair or world.page_fast, firing=pair is not None)]
    known = world.seen(at, *found, world.quota(seen["left"], at), world.prober(silent=seen["silent"]))
    learned = None if seen["slow"] is None else tuple(world.slow(name, at) for name in sorted(seen["slow"]))
    limit = LimitStanding("hubspot", LIMIT, "local", (seen["over"],) * 3, known.at, 15)
    load = HubLoad(seen["waiting"], timedelta(0), None)
    return replace(known, learned=learned, limits=(limit,), load=load)


UNEXPLAINED = frozenset({Rule.REGION_DOWN, Rule.PROBER_SILENT, Rule.QUOTA_LOW, Rule.HUB_OVERLOADED})
"""Rules that no other one keeps quiet."""
GOOD: dict[str, Any] = {
    "failing": (0, 0, 0), "kind": FailureKind.CONNECT, "missing": set(), "burn": "none", "left": 0.5, "silent": False,
    "slow": set(), "retried": 0, "over": 100.0, "waiting": 0, "pause": 1.0,
}  # fmt: skip


def config_of(world: Any) -> Any:
    promised = [Objective(sli=Sli.AVAILABILITY, target=0.999)]
    first = world.hubspot(quota=QuotaPolicy(reserve=0.2), objectives=promised, limits=[LIMIT])
    return world.config(first, *(world.integration(name) for name in NAMES[1:]))


@relaxed
@given(course=st.lists(seen_once, max_size=12))
def test_a_resolve_follows_exactly_one_opening_and_no_subject_is_open_twice(world: Any, course: list[Any]) -> None:
    ledger, config, at = world.ledger(), config_of(world), 0.0
    opened: Counter[str] = Counter()
    for seen in course:
        at += seen["pause"]
        changes = ledger.apply(evaluation(world, at, seen), config)
        assert len({c.incident.subject for c in changes}) == len(changes)
        for change in changes:
            opened[change.incident.subject] += {TransitionKind.OPENED: 1, TransitionKind.RESOLVED: -1}.get(
                change.kind, 0
            )
            assert opened[change.incident.subject] in (0, 1)


@relaxed
@given(course=st.lists(seen_once, min_size=1, max_size=8))
def test_applying_the_same_evaluation_again_changes_nothing(world: Any, course: list[Any]) -> None:
    ledger, config, at = world.ledger(), config_of(world), 0.0
    for seen in course:
        at += seen["pause"]
        now = evaluation(world, at, seen)
        ledger.apply(now, config)
        assert ledger.apply(now, config) == []


@relaxed
@given(seen=seen_once, order=st.randoms(use_true_random=False))
def test_the_order_of_conditions_does_not_matter(world: Any, seen: dict[str, Any], order: Any) -> None:
    config, now = config_of(world), evaluation(world, 1.0, seen)
    found = list(conditions(now, config))
    expected = transitions(found, (), now, config)
    order.shuffle(found)
    assert transitions(found, (), now, config) == expected


@relaxed
@given(at=st.integers(0, 100_000))
def test_without_conditions_nothing_happens(world: Any, at: int) -> None:
    now = world.seen(at)
    assert conditions(now, world.config()) == ()
    assert transitions((), (), now, world.config()) == ()


@relaxed
@given(course=st.lists(seen_once, max_size=10))
def test_an_incident_never_gets_quieter_while_it_is_open(world: Any, course: list[Any]) -> None:
    ledger, config, at = world.ledger(), config_of(world), 0.0
    for seen in course:
        at += seen["pause"]
        before = dict(ledger.open)
        ledger.apply(evaluation(world, at, seen), config)
        for subject, incident in before.items():
            if subject in ledger.open:
                assert ledger.open[subject].tier.rank >= incident.tier.rank


@relaxed
@given(seen=seen_once, silence=st.integers(5, 10_000))
def test_silence_ends_no_incident_but_a_probers(world: Any, seen: dict[str, Any], silence: int) -> None:
    ledger, config = world.ledger(), config_of(world)
    ledger.apply(evaluation(world, 0.0, seen), config)
    watched = {s for s, i in ledger.open.items() if any(c.rule is not Rule.PROBER_SILENT for c in i.conditions)}
    nothing = replace(world.seen(0), at=world.T0 + timedelta(minutes=silence))
    ledger.apply(nothing, config)
    assert watched <= set(ledger.open)


@briefly
@given(course=st.lists(seen_once, min_size=1, max_size=8))
def test_whatever_was_wrong_everything_is_over_once_all_is_good(world: Any, course: list[Any]) -> None:
    ledger, config, at = world.ledger(), config_of(world), 0.0
    for seen in course:
        at += seen["pause"]
        ledger.apply(evaluation(world, at, seen), config)
    for _ in range(3):
        at += 61.0
        ledger.apply(evaluation(world, at, GOOD), config)
    assert ledger.open == {}
    assert ledger.pending == {}


@briefly
@given(course=st.lists(seen_once, min_size=1, max_size=10), minutes=st.sampled_from([1, 3, 10]))
def test_a_condition_is_told_when_it_has_held_for_long_enough_and_not_before(
    world: Any, course: list[Any], minutes: int
) -> None:
    plain = config_of(world)
    rules = {str(rule): {"for": f"{minutes}m"} for rule in Rule}
    slow = plain.model_copy(update={"alerting": Alerting.model_validate({"rules": rules})})
    ledger, at, since = world.ledger(), 0.0, dict[str, float]()
    for seen in course:
        at += seen["pause"]
        now = evaluation(world, at, seen)
        open_before = {c.key for i in ledger.open.values() for c in i.conditions}
        ledger.apply(now, slow)
        told = {c.key for i in ledger.open.values() for c in i.conditions if not c.note}
        since = {key: since.get(key, at) for key in ledger.pending}
        assert all(at - begun < minutes for begun in since.values())
        assert told.isdisjoint(ledger.pending)
        # What nothing else explains, and would be told at once, is told, or waits.
        holding = {c.key for c in conditions(now, plain) if c.rule in UNEXPLAINED}
        assert holding <= told | set(ledger.pending) | open_before


@briefly
@given(course=st.lists(seen_once, max_size=10))
def test_while_a_region_has_no_network_its_integrations_open_nothing_urgent(world: Any, course: list[Any]) -> None:
    ledger, config, at = world.ledger(), config_of(world), 0.0
    for seen in course:
        at += seen["pause"]
        changes = ledger.apply(evaluation(world, at, seen), config)
        if "region:local" in ledger.open:
            news = [c for c in changes if c.kind is TransitionKind.OPENED and c.incident.tier is Tier.URGENT]
            assert {c.incident.subject for c in news} <= {"region:local"}


@briefly
@given(course=st.lists(seen_once, max_size=12))
def test_a_key_is_opened_anew_only_after_its_end_and_says_that_it_came_back(world: Any, course: list[Any]) -> None:
    ledger, config, at, open_keys = world.ledger(), config_of(world), 0.0, Counter[str]()
    for seen in course:
        at += seen["pause"]
        for change in ledger.apply(evaluation(world, at, seen), config):
            key = change.incident.dedup_key
            if change.kind is TransitionKind.OPENED:
                assert open_keys[key] <= 0
                assert (open_keys[key] < 0) == (change.incident.reopened > 0)
                open_keys[key] = 1
            elif change.kind is TransitionKind.RESOLVED:
                open_keys[key] = -1
