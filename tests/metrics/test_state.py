"""One word for an integration, the worst that holds, and never a good one without data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.model import Confirmation, Objective, Sli
from metrics.budgets import budget_words
from metrics.model import Burn, BurnPair, Evaluation, ObjectiveStatus, RegionVerdict, State, Window, WorkflowVerdict
from metrics.state import States, integration_state, is_down, region_state
from probes.model import Outcome

AT = datetime(2026, 11, 22, tzinfo=UTC)


def region(name: str, outcome: Outcome = Outcome.PASSED, failing: int = 0) -> RegionVerdict:
    good = 0 if failing else 1
    return RegionVerdict(name, AT, outcome, failing, good, 1 if outcome is Outcome.THROTTLED else 0)


def verdict(*regions: RegionVerdict) -> WorkflowVerdict:
    return WorkflowVerdict("hubspot", "roundtrip", timedelta(minutes=1), regions)


@pytest.mark.parametrize(
    ("failing", "reporting", "quorum", "down"),
    [
        (1, 1, 0.5, True),
        (1, 2, 0.5, False),
        (2, 3, 0.5, True),
        (2, 2, 1.0, True),
        (1, 2, 1.0, False),
        (0, 0, 0.5, False),
    ],
    ids=[
        "one region of one is enough",
        "one of two is not more than half",
        "two of three is",
        "a quorum of 100 % means all",
        "and not some",
        "no region is not down",
    ],
)
def test_down_needs_more_than_the_quorum(failing: int, reporting: int, quorum: float, down: bool) -> None:
    regions = [region(f"r{i}", Outcome.FAILED, 2 if i < failing else 0) for i in range(reporting)]
    assert is_down(verdict(*regions), Confirmation(quorum=quorum)) is down


@pytest.mark.parametrize(
    ("regions", "state"),
    [
        ((), State.NO_DATA),
        ((region("local"),), State.UP),
        ((region("local", Outcome.UNSTABLE),), State.UNSTABLE),
        ((region("local", Outcome.THROTTLED),), State.THROTTLED),
        ((region("local", Outcome.FAILED, 1),), State.DEGRADED),
        ((region("local", Outcome.FAILED, 2),), State.DOWN),
        ((region("local", Outcome.FAILED, 2), region("eu")), State.DEGRADED),
    ],
    ids=[
        "nobody reported",
        "a pass is up",
        "a pass after a retry is unstable",
        "throttled is its own word",
        "one failure is not confirmed",
        "two are",
        "one region of two is degraded",
    ],
)
def test_the_worst_that_holds_is_the_word(regions: tuple[RegionVerdict, ...], state: State) -> None:
    evaluation = Evaluation(AT, (verdict(*regions),), (), ())
    assert integration_state("hubspot", evaluation, Confirmation()) is state


PAGE = BurnPair("page", timedelta(hours=1), timedelta(minutes=5), 14.4)
TICKET = BurnPair("ticket", timedelta(days=1), timedelta(hours=2), 3.0)


def burning(lately: float) -> ObjectiveStatus:
    """The ticket fires; in the last five minutes it burnt like this."""
    burns = (Burn(PAGE, 20.0, lately, 9, lately >= 14.4), Burn(TICKET, 4.2, 3.1, 9, True))
    objective = Objective(sli=Sli.AVAILABILITY, target="99.9%", window="30d")
    return ObjectiveStatus("hubspot", objective, Window.last(timedelta(days=30), AT), 0.99, 99, 9, 108, 1.0, 0.2, burns)


def recovered(good: int, outcome: Outcome = Outcome.PASSED) -> RegionVerdict:
    latest = (outcome,) * good + (Outcome.FAILED,) * (20 - good)
    return RegionVerdict("local", AT, outcome, 0, good, 0, latest=latest)


def test_an_outage_that_only_a_burn_window_remembers_is_over_and_says_since_when_and_what_it_cost() -> None:
    states = States(Evaluation(AT, (verdict(recovered(13)),), (burning(0.0),), ()), Confirmation())
    assert states.of("hubspot") is State.UP
    remembered = states.recovery("hubspot")
    assert remembered is not None
    assert remembered.since == AT - timedelta(minutes=12)
    assert remembered.good_for == timedelta(minutes=5)
    assert remembered.burnt == pytest.approx(4.2 / 30)


def test_of_an_outage_longer_ago_than_the_streaks_reach_only_the_least_is_told() -> None:
    states = States(Evaluation(AT, (verdict(recovered(20)),), (burning(0.0),), ()), Confirmation())
    remembered = states.recovery("hubspot")
    assert remembered is not None
    assert remembered.since is None


@pytest.mark.parametrize(
    ("burns", "regions", "state"),
    [
        (burning(2.0), (recovered(13),), State.DEGRADED),
        (burning(0.0), (recovered(13), region("eu", Outcome.FAILED, 1)), State.DEGRADED),
        (burning(0.0), (region("local", Outcome.FAILED, 2),), State.DOWN),
        (burning(0.0), (), State.NO_DATA),
    ],
    ids=["still burning", "one region fails again", "down again", "nobody reports"],
)
def test_what_still_burns_fails_or_is_silent_is_no_remembered_outage(
    burns: ObjectiveStatus, regions: tuple[RegionVerdict, ...], state: State
) -> None:
    states = States(Evaluation(AT, (verdict(*regions),), (burns,), ()), Confirmation())
    assert states.of("hubspot") is state
    assert states.recovery("hubspot") is None


def test_a_region_has_a_word_of_its_own() -> None:
    words = [region_state(region("r", Outcome.FAILED, failing), Confirmation()) for failing in (1, 2)]
    assert words == [State.DEGRADED, State.DOWN]
    assert region_state(region("r", Outcome.THROTTLED), Confirmation()) is State.THROTTLED


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (0.41, "budget left 41 %"),
        (0.001, "budget spent"),
        (-0.2, "budget overspent by 20 %"),
        (-32.24, "budget spent 33 times over"),
    ],
)
def test_a_budget_that_is_gone_is_told_in_words_and_never_as_less_than_nothing(left: float, words: str) -> None:
    assert budget_words(left) == words
