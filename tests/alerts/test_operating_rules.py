"""Rules about what is declared or not heard of: static limits, no data, unstable workflows, the hub itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.model import Blame, Rule, Tier
from alerts.policy import conditions
from config.limits import Limit
from metrics.baseline.series import Measure, SeriesKey
from metrics.learning.words import usual_of
from metrics.operating import HubLoad, LimitStanding, Unreported
from metrics.state import quiet_after
from probes.model import FailureKind, Outcome

SLOW = {"on": "latency", "above": "500ms", "for": "2 of 3"}


def limit(**more: Any) -> Limit:
    return Limit.model_validate(SLOW | more)


def standing(world: Any, *values: float | None, region: str = "local", of: Limit | None = None) -> LimitStanding:
    return LimitStanding("hubspot", of or limit(), region, values, world.T0, 15)


def of_rule(evaluation: Any, config: Any, rule: Rule) -> list[Any]:
    return [c for c in conditions(evaluation, config) if c.rule is rule]


def limited(world: Any, **more: Any) -> Any:
    return world.config(world.hubspot(limits=[SLOW | more]))


def test_a_static_limit_speaks_with_numbers_against_what_is_usual(world: Any) -> None:
    usual = usual_of(SeriesKey("hubspot", "roundtrip", "local", "create", Measure.TOTAL, 300), 110.0)
    seen = replace(world.seen(0), limits=(standing(world, 400.0, 700.0, 812.0),), usual=(usual,))
    (found,) = of_rule(seen, limited(world), Rule.THRESHOLD)
    assert found.title == "HubSpot SLOW"
    assert found.summary == (
        "P95 812 ms from local, limit 500 ms, crossed in 2 of 3 buckets of 5m (15 runs); usually 110 ms at this hour"
    )
    assert (found.tier, found.since) == (Tier.DEGRADED, world.T0 - timedelta(minutes=15))


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ((700.0, 700.0, 400.0), True),
        ((700.0, 500.0, 500.0), False),
        ((700.0, None, 700.0), True),
        ((None, None, 700.0), False),
        ((None, None, None), False),
    ],
    ids=["two of three", "on the limit is within it", "no data between", "no data is not slow", "no data at all"],
)
def test_a_limit_holds_when_m_of_the_latest_n_buckets_are_beyond_it(world: Any, values: Any, holds: bool) -> None:
    seen = replace(world.seen(0), limits=(standing(world, *values),))
    assert bool(of_rule(seen, limited(world), Rule.THRESHOLD)) is holds


def test_an_error_share_says_which_share_failed_and_pages_where_that_is_declared(world: Any) -> None:
    of = limit(on="error_share", above="5%", page=True, workflow="roundtrip")
    config = world.config(world.hubspot(limits=[of.model_dump(by_alias=True)]))
    seen = replace(world.seen(0), limits=(standing(world, 0.2, 0.0, 0.4, of=of),))
    (found,) = of_rule(seen, config, Rule.THRESHOLD)
    assert (found.title, found.tier) == ("HubSpot FAILS TOO OFTEN", Tier.URGENT)
    assert found.summary.startswith("roundtrip: 40 % failed from local, limit 5 %, crossed in 2 of 3 buckets")


def test_a_limit_is_over_after_two_good_buckets_in_each_region_and_not_without_data(world: Any) -> None:
    ledger, config = world.ledger(), limited(world)

    def at(minute: float, *values: float | None) -> list[Any]:
        changes: list[Any] = ledger.apply(replace(world.seen(minute), limits=(standing(world, *values),)), config)
        return changes

    (opened,) = at(0, 700.0, 700.0, 700.0)
    assert opened.incident.tier is Tier.DEGRADED
    assert at(5, 700.0, 700.0, 100.0) == []
    assert at(10, 700.0, 100.0, None) == []
    assert ledger.open["hubspot"].conditions[0].note == "recovery not confirmed yet"
    assert at(15, None, None, None) == []
    assert ledger.open["hubspot"].conditions[0].note == "no fresh data"
    (over,) = at(20, 700.0, 100.0, 100.0)
    assert over.kind == "resolved"


def test_while_it_is_down_nobody_is_told_that_it_is_slow(world: Any) -> None:
    ledger, config = world.ledger(), limited(world)
    slow = (standing(world, 700.0, 700.0, 700.0),)
    ledger.apply(replace(world.seen(0), limits=slow), config)
    ledger.apply(replace(world.seen(1, world.workflow(world.region(1, failing=2))), limits=slow), config)
    assert {c.rule for c in ledger.open["hubspot"].conditions} == {Rule.WORKFLOW_DOWN}


def test_an_outage_says_how_often_it_fails_otherwise(world: Any) -> None:
    usual = usual_of(SeriesKey("hubspot", "roundtrip", "local", "", Measure.FAILURES, 60), 0.002)
    seen = replace(world.seen(0, world.workflow(world.region(0, failing=2))), usual=(usual,))
    (found,) = conditions(seen, world.config())
    assert found.blame_reason.endswith("; usually 0.2 % of its runs fail at this hour")


def shaky(world: Any, retried: int, runs: int = 20, **more: Any) -> Any:
    latest = (Outcome.UNSTABLE,) * retried + (Outcome.PASSED,) * (runs - retried)
    return world.workflow(world.region(0, latest=latest, **more))


@pytest.mark.parametrize(("retried", "runs", "holds"), [(5, 20, True), (4, 20, False), (3, 10, True), (3, 9, False)])
def test_a_quarter_of_the_latest_runs_that_needed_a_retry_is_unstable(
    world: Any, retried: int, runs: int, holds: bool
) -> None:
    found = of_rule(world.seen(0, shaky(world, retried, runs)), world.config(), Rule.UNSTABLE)
    assert bool(found) is holds
    if holds:
        assert found[0].summary == f"roundtrip: {retried} of the last {runs} runs from local passed only after a retry"
        assert found[0].tier is Tier.DEGRADED


def test_unstable_is_over_at_half_the_share(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    assert len(ledger.apply(world.seen(0, shaky(world, 6)), config)) == 1
    assert ledger.apply(world.seen(0.1, shaky(world, 3)), config) == []
    (over,) = ledger.apply(world.seen(0.2, shaky(world, 2)), config)
    assert over.kind == "resolved"


def test_what_is_down_is_not_called_unstable(world: Any) -> None:
    latest = (Outcome.FAILED,) * 2 + (Outcome.UNSTABLE,) * 18
    seen = world.seen(0, world.workflow(world.region(0, failing=2, latest=latest)))
    assert [c.rule for c in conditions(seen, world.config())] == [Rule.WORKFLOW_DOWN]


def quiet(world: Any, last: float | None = -5, **more: Any) -> Unreported:
    known = {"unmeasured_at": None, "outcome": None, "reason": None} | more
    at = None if last is None else world.T0 + last * timedelta(minutes=1)
    return Unreported("hubspot", "roundtrip", timedelta(minutes=1), at, **known)


def alive(world: Any, at: float, **more: Any) -> Any:
    begun = world.T0 - timedelta(hours=1)
    return replace(world.prober(silent=False), last_seen=world.T0 + at * timedelta(minutes=1), started_at=begun, **more)


def unheard(world: Any, at: float, prober: Any, *found: Unreported) -> Any:
    return replace(world.seen(at, prober), unreported=found)


def test_a_workflow_that_nobody_reports_on_is_told_after_its_for_time(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    assert ledger.apply(unheard(world, 0, alive(world, 0), quiet(world)), config) == []
    (opened,) = ledger.apply(unheard(world, 1, alive(world, 1), quiet(world)), config)
    (condition,) = opened.incident.conditions
    assert (condition.rule, condition.tier, condition.blame) == (Rule.NO_DATA, Tier.DEGRADED, Blame.PROBER)
    assert condition.title == "HubSpot roundtrip NOT WATCHED"
    assert condition.summary == "no run from local since 2026-11-22 02:55:00 UTC; one is due every 1 min"
    (over,) = ledger.apply(world.seen(2, alive(world, 2), world.workflow(world.region(2))), config)
    assert over.kind == "resolved"


def test_a_workflow_that_was_never_heard_of_gets_as_long_as_one_that_fell_silent(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    for minute in range(5):
        assert ledger.apply(unheard(world, minute, alive(world, minute), quiet(world, None)), config) == []
    (opened,) = ledger.apply(unheard(world, 5, alive(world, 5), quiet(world, None)), config)
    assert opened.incident.conditions[0].summary == "no run has been reported from local; one is due every 1 min"


EXPLAINED = {
    "the prober is silent": {"silent": True},
    "the prober tells of a problem": {"problem": "cannot read a secret"},
    "it has not adopted the configuration": {"config_version": "v0"},
}


@pytest.mark.parametrize("about", EXPLAINED.values(), ids=EXPLAINED)
def test_no_data_is_not_told_where_something_explains_it(world: Any, about: dict[str, Any]) -> None:
    ledger, config = world.ledger(), world.config()
    for minute in (0, 5):
        ledger.apply(unheard(world, minute, alive(world, minute, **about), quiet(world)), config)
    assert "hubspot" not in ledger.open


def test_what_is_skipped_on_purpose_is_no_missing_data_and_a_busy_prober_is(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    for minute in (0, 5):
        skipped = quiet(world, outcome=Outcome.SKIPPED, reason="maintenance")
        assert ledger.apply(unheard(world, minute, alive(world, minute), skipped), config) == []
    for minute in (6, 7):
        ledger.apply(unheard(world, minute, alive(world, minute), quiet(world, outcome=Outcome.TAINTED)), config)
    assert "its own delays spoil every run" in ledger.open["hubspot"].conditions[0].blame_reason


def test_no_data_does_not_end_because_its_prober_falls_silent_too(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    for minute in (0, 1):
        ledger.apply(unheard(world, minute, alive(world, minute), quiet(world)), config)
    ledger.apply(unheard(world, 3, alive(world, 1, silent=True), quiet(world)), config)
    assert {subject: i.conditions[0].note for subject, i in ledger.open.items()} == {
        "hubspot": "no fresh data", "prober:p1": ""
    }  # fmt: skip


def load(**more: Any) -> HubLoad:
    return HubLoad(**{"waiting_rows": 0, "waiting_for": timedelta(0), "since_last": timedelta(seconds=5)} | more)


LOADS = {
    "rows wait": ({"waiting_rows": 20_000}, "20,000 rows wait to be stored"),
    "a batch waits": ({"waiting_for": timedelta(seconds=40)}, "the oldest of what was received has waited for 40 s"),
    "it is late": ({"since_last": timedelta(seconds=90)}, "1 min between two evaluations, one is due every 5 s"),
    "the disk is full": ({"problem": "no space left"}, "the store cannot seal or forget: no space left"),
}


@pytest.mark.parametrize(("about", "said"), LOADS.values(), ids=LOADS)
def test_a_hub_that_does_not_keep_up_says_so_after_a_minute_until_it_does_again(
    world: Any, about: dict[str, Any], said: str
) -> None:
    ledger, config = world.ledger(), world.config()
    assert ledger.apply(replace(world.seen(0), load=load(**about)), config) == []
    (opened,) = ledger.apply(replace(world.seen(1), load=load(**about)), config)
    assert (opened.incident.subject, opened.incident.tier) == ("hub:self", Tier.DEGRADED)
    assert opened.incident.conditions[0].summary == said
    assert ledger.apply(replace(world.seen(1.5), load=None), config) == []
    (over,) = ledger.apply(replace(world.seen(2), load=load()), config)
    assert over.kind == "resolved"


def test_a_hub_is_not_called_overloaded_by_one_slow_evaluation(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    late = load(since_last=timedelta(seconds=31))
    assert ledger.apply(replace(world.seen(0), load=late), config) == []
    assert ledger.apply(replace(world.seen(0.1), load=load()), config) == []
    assert ledger.apply(replace(world.seen(1.1), load=late), config) == []
    assert ledger.pending != {}


def test_a_hub_that_was_away_for_long_accuses_no_prober_until_it_has_listened(world: Any) -> None:
    ledger, config = world.ledger(), world.config()
    silent, after = world.prober(silent=True), world.config().alerting.confirm.prober_silent_after
    early = load(listening_for=after - timedelta(seconds=1))
    assert ledger.apply(replace(world.seen(0, silent), load=early), config) == []
    (told,) = ledger.apply(replace(world.seen(1, silent), load=load(listening_for=after)), config)
    assert told.incident.subject == "prober:p1"
    assert ledger.apply(replace(world.seen(2, silent), load=early), config) == []
    assert set(ledger.open) == {"prober:p1"}


def test_a_hub_that_was_away_for_long_misses_no_runs_until_it_has_listened(world: Any) -> None:
    ledger, config, length = world.ledger(), world.config(), quiet_after(timedelta(minutes=1))

    def told(minute: float, listening_for: timedelta) -> Any:
        seen = unheard(world, minute, alive(world, minute), quiet(world))
        return ledger.apply(replace(seen, load=load(listening_for=listening_for)), config)

    for minute in (0, 1, 2):
        assert told(minute, length - timedelta(seconds=1)) == []
    assert told(3, length) == []
    (opened,) = told(4, length + timedelta(minutes=1))
    assert opened.incident.conditions[0].rule is Rule.NO_DATA
    assert told(5, timedelta(seconds=1)) == []
    assert set(ledger.open) == {"hubspot"}


def test_a_region_without_a_network_is_not_told_of_as_slow_or_unstable(world: Any) -> None:
    names = ("hubspot", "marketo", "stripe", "github")
    both = ("local", "eu")
    config = world.config(*(world.integration(name, regions=both, limits=[SLOW]) for name in names))
    cut = world.region(0, region="eu", failing=3, kind=FailureKind.CONNECT, status=None)
    seen = [world.workflow(world.region(0), cut, name=name) for name in names]
    slow = (standing(world, 700.0, 700.0, 700.0, region="eu"), standing(world, 700.0, 700.0, 700.0))
    found = of_rule(replace(world.seen(0, *seen), limits=slow), config, Rule.THRESHOLD)
    assert [c.regions for c in found] == [("local",)]
