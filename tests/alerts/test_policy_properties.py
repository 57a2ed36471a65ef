"""What holds for every course of events."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.model import Rule, TransitionKind
from alerts.policy import conditions, transitions
from config.model import Objective, QuotaPolicy, Sli
from probes.model import FailureKind

NAMES = ("hubspot", "marketo", "stripe")
relaxed = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

seen_once = st.fixed_dictionaries(
    {
        "failing": st.tuples(*(st.integers(0, 3) for _ in NAMES)),
        "kind": st.sampled_from([FailureKind.CONNECT, FailureKind.STATUS_5XX]),
        "missing": st.sets(st.sampled_from(NAMES)),
        "burn": st.sampled_from(["none", "page", "ticket"]),
        "left": st.sampled_from([None, 0.1, 0.5]),
        "silent": st.booleans(),
        "slow": st.none() | st.sets(st.sampled_from(NAMES)),
        "pause": st.sampled_from([0.5, 1.0, 4.0, 30.0]),
    }
)


def evaluation(world: Any, at: float, seen: dict[str, Any]) -> Any:
    found: list[Any] = [
        world.workflow(world.region(at, failing=n, kind=seen["kind"] if n else None, good=0 if n else 2), name=name)
        for name, n in zip(NAMES, seen["failing"], strict=True)
        if name not in seen["missing"]
    ]
    pair = {"page": world.page_fast, "ticket": world.ticket_slow}.get(seen["burn"])
    found += [world.burning(pair or world.page_fast, firing=pair is not None)]
    known = world.seen(at, *found, world.quota(seen["left"], at), world.prober(silent=seen["silent"]))
    learned = None if seen["slow"] is None else tuple(world.slow(name, at) for name in sorted(seen["slow"]))
    return replace(known, learned=learned)


def config_of(world: Any) -> Any:
    first = world.hubspot(quota=QuotaPolicy(reserve=0.2), objectives=[Objective(sli=Sli.AVAILABILITY, target=0.999)])
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
