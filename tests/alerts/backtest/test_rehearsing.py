"""Judging at the instants that matter comes to the same as judging at every step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told_history import EVERY, T0, Probe, config, seen

from alerts.backtest.rehearsal import Rehearsal, Stage, play, rehearse, tick_of, within
from alerts.model import Rule
from config.model import Config
from metrics.hindsight import Seen
from metrics.model import Window
from probes.model import FailureKind, Outcome

NAMES = ("hubspot", "github", "shopify", "klaviyo")
LENGTH = timedelta(minutes=24)
RUNS = LENGTH // EVERY
WINDOW = Window(T0, T0 + LENGTH)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befalls the runs `first` ≤ number < `first + length` of some series."""

    scope: tuple[str | None, str | None]
    first: int
    length: int
    each: int
    """Every so many-th run is hit."""
    outcome: Outcome | None
    """None: they never came."""
    kind: FailureKind | None
    late_s: float

    def hits(self, name: str, region: str, number: int) -> bool:
        mine = self.scope[0] in (None, name) and self.scope[1] in (None, region)
        return mine and 0 <= number - self.first < self.length and (number - self.first) % self.each == 0


KINDS = {
    Outcome.FAILED: [FailureKind.STATUS_5XX, FailureKind.CONNECT, FailureKind.TIMEOUT, FailureKind.AUTH],
    Outcome.THROTTLED: [FailureKind.THROTTLED],
    Outcome.UNSTABLE: [None],
    Outcome.PASSED: [None],
    None: [None],
}
TROUBLES = st.sampled_from([Outcome.FAILED] * 5 + [Outcome.THROTTLED, Outcome.UNSTABLE, Outcome.PASSED, None]).flatmap(
    lambda outcome: st.builds(
        Trouble,
        scope=st.tuples(st.sampled_from([None, *NAMES]), st.sampled_from([None, "eu", "us"])),
        first=st.integers(0, RUNS - 1),
        length=st.integers(1, RUNS // 3),
        each=st.sampled_from([1, 1, 1, 2, 3, 5]),
        outcome=st.just(outcome),
        kind=st.sampled_from(KINDS[outcome]),
        late_s=st.sampled_from([0.5, 0.5, 12.0, 32.0, 95.0]),
    )
)
ALERTING = st.fixed_dictionaries(
    {
        "confirm": st.fixed_dictionaries(
            {"failures": st.integers(1, 3), "recoveries": st.integers(1, 3), "min_bad_slices": st.integers(1, 4)}
        ),
        "storm": st.fixed_dictionaries({"least": st.integers(2, 4)}),
        "rules": st.sampled_from([{}, {"workflow_down": {"for": "50s"}}, {"burn_rate": {"for": "1m"}}]),
    }
)


def history(troubles: list[Trouble]) -> dict[tuple[str, str, str], list[Probe]]:
    found: dict[tuple[str, str, str], list[Probe]] = {}
    for place, (name, region) in enumerate(product(NAMES, ("eu", "us"))):
        probes = found[name, "roundtrip", region] = []
        for number in range(RUNS):
            probe: Probe | None = Probe(number * EVERY.total_seconds() + 1.7 * place)
            for trouble in troubles:
                if probe and trouble.hits(name, region, number):
                    hit = replace(probe, outcome=trouble.outcome or Outcome.PASSED, kind=trouble.kind)
                    probe = replace(hit, late_s=trouble.late_s) if trouble.outcome else None
            probes += [probe] if probe else []
    return found


def at_every_step(looking: Seen) -> Rehearsal:
    stage = Stage(looking.config, looking)
    first, end = tick_of(WINDOW.start), tick_of(WINDOW.end)
    play(stage, range(first, end + 1), end)
    return within(stage, WINDOW)


def same(troubles: list[Trouble], chosen: Config) -> None:
    looking = seen(history(troubles), chosen, chosen)
    sparse, dense = rehearse(looking[0], WINDOW, timedelta(0)), at_every_step(looking[1])
    assert sparse.pages == dense.pages
    assert sparse.alerts == dense.alerts
    assert sparse.lives == dense.lives


@settings(max_examples=6)
@given(st.lists(TROUBLES, max_size=5), ALERTING)
def test_what_is_told_is_the_same_as_judged_at_every_step(troubles: list[Trouble], alerting: dict[str, object]) -> None:
    same(troubles, config(NAMES, regions=("eu", "us"), **alerting))


@pytest.mark.parametrize("late", [Outcome.FAILED, Outcome.PASSED])
def test_a_run_that_comes_after_later_ones_is_looked_at_when_it_comes(late: Outcome) -> None:
    failing = Trouble(("hubspot", None), 20, 3, 1, Outcome.FAILED, FailureKind.STATUS_5XX, 0.5)
    kind = FailureKind.STATUS_5XX if late is Outcome.FAILED else None
    middle = replace(failing, first=21, length=1, outcome=late, kind=kind, late_s=32.0)
    for failures in (2, 3):
        confirm = {"failures": failures, "recoveries": 1, "min_bad_slices": 4}
        same([failing, middle], config(NAMES, regions=("eu", "us"), confirm=confirm))


@pytest.mark.long
@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(TROUBLES, max_size=8), ALERTING)
def test_it_is_the_same_for_many_more_histories(troubles: list[Trouble], alerting: dict[str, object]) -> None:
    """Each step of each is judged: forty seconds for all of them."""
    latency = {"sli": "latency", "threshold": "200ms", "target": "95%"}
    sliced = {"sli": "availability", "target": "99%", "method": "time_slices", "slice": "1m", "slice_target": "60%"}
    objectives = ({"sli": "availability", "target": "99%"}, latency, sliced)
    same(troubles, config(NAMES, regions=("eu", "us"), objectives=objectives, **alerting))


def test_far_fewer_looks_are_taken_than_steps() -> None:
    outage = Trouble(("hubspot", None), 20, 12, 1, Outcome.FAILED, FailureKind.STATUS_5XX, 0.5)
    looking = seen(history([outage]), config(NAMES, regions=("eu", "us")))[0]
    found = rehearse(looking, WINDOW, timedelta(0))
    assert {alert.rule for alert in found.alerts} >= {Rule.WORKFLOW_DOWN}
    assert [page.subject for page in found.pages] == ["hubspot"]
    assert found.looks < LENGTH / timedelta(seconds=5) / 2
