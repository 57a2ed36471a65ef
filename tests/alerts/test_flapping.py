"""What goes on and off is few pages, whatever its period, and one incident as long as it comes back soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.flapping import quiet_for
from alerts.model import TransitionKind
from config.model import Config, Flapping

PERIODS = {"30 s": 0.5, "2 min": 2.0, "5 min": 5.0, "9 min": 9.0, "20 min": 20.0}


def flapping(world: Any, **more: Any) -> Config:
    config: Config = world.config()
    alerting = config.alerting.model_copy(update={"flapping": Flapping(**more)})
    return config.model_copy(update={"alerting": alerting})


def course(world: Any, config: Config, period: float, share: float, turns: int) -> tuple[list[Any], Any]:
    """A workflow that is down for a share of each period (minutes); two runs confirm an outage, and its end."""
    ledger, changes = world.ledger(), []
    for turn in range(turns):
        begin, end, back = turn * period, (turn + share) * period, (turn + 1) * period
        seen = [(begin, 1, 0), (begin + (end - begin) / 4, 2, 0), (end, 0, 1), (end + (back - end) / 4, 0, 2)]
        seen += [(end + (back - end) * part, 0, 5) for part in (0.5, 0.75, 0.95)]
        for at, failing, good in seen:
            region = world.region(at, failing=failing, good=good)
            changes += ledger.apply(world.seen(at, world.workflow(region)), config)
    return changes, ledger


def pages(changes: list[Any]) -> int:
    """Whoever is woken is woken by an incident that opens, or that has become urgent."""
    return sum(change.kind in (TransitionKind.OPENED, TransitionKind.ESCALATED) for change in changes)


@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
def test_five_periods_wake_somebody_three_times_at_most_under_one_key(world: Any, period: float) -> None:
    changes, ledger = course(world, world.config(), period, 0.5, turns=30)
    assert pages(changes) == Flapping().count + 1
    assert len({change.incident.dedup_key for change in changes}) == 1
    assert ledger.open["hubspot"].reopened == 29


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(good=st.floats(0.2, 9.0), bad=st.floats(0.2, 8.0), count=st.integers(1, 4))
def test_whatever_is_good_for_less_than_the_window_wakes_somebody_a_bounded_number_of_times(
    world: Any, good: float, bad: float, count: int
) -> None:
    # Not after the first return alone: half of so short a time may be less than the good part of one turn.
    changes, _ = course(world, flapping(world, count=count), good + bad, bad / (good + bad), turns=8)
    assert pages(changes) <= max(count, 2) + 1


@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(period=st.floats(22.0, 60.0), share=st.floats(0.1, 0.4))
def test_what_comes_back_more_rarely_is_an_outage_of_its_own_each_time(world: Any, period: float, share: float) -> None:
    changes, _ = course(world, world.config(), period, share, turns=8)
    assert pages(changes) <= 8
    assert sum(change.kind is TransitionKind.RESOLVED for change in changes) >= pages(changes) - 1


def test_it_says_how_often_it_flapped_and_is_over_once_it_has_been_quiet_for_long_enough(world: Any) -> None:
    changes, ledger = course(world, world.config(), 4.0, 0.5, turns=15)
    assert ledger.open["hubspot"].reopened == 14
    assert "reopened (14th time)" in changes[-1].note
    at = 60.0
    while ledger.open and at < 200:
        at += 1
        changes += ledger.apply(world.seen(at, world.workflow(world.region(at, good=20))), world.config())
    assert changes[-1].kind is TransitionKind.RESOLVED
    assert 27 <= at - 58 <= 31  # Half of the hour that it went on.


@pytest.mark.parametrize(
    ("returns", "minutes", "quiet"),
    [(1, 300, 0), (2, 4, 5), (2, 30, 15), (5, 600, 60)],
    ids=["not yet flapping", "at least five minutes", "half of the time that it went on", "an hour at most"],
)
def test_the_quiet_that_is_asked_for(world: Any, returns: int, minutes: int, quiet: int) -> None:
    went_on = world.incident(reopened=returns, told_until=world.T0 + timedelta(minutes=minutes))
    assert quiet_for(went_on, Flapping()) == timedelta(minutes=quiet)


def test_the_window_is_declared(world: Any) -> None:
    config = flapping(world, window="30m")
    ledger = world.ledger()
    (first,) = ledger.apply(world.seen(0, world.workflow(world.region(0, failing=2))), config)
    ledger.apply(world.seen(3, world.workflow(world.region(3, good=2))), config)
    (again,) = ledger.apply(world.seen(25, world.workflow(world.region(25, failing=2))), config)
    assert again.incident.dedup_key == first.incident.dedup_key
