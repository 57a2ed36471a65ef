"""How fast an incident was seen, taken and over, and what each is measured from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.model import Incident, IncidentEvent, IncidentState, Rule, Tier
from alerts.reports.times import Times, median, times_of

MINUTE = timedelta(minutes=1)


def at(world: Any, minutes: float) -> Any:
    return world.T0 + minutes * MINUTE


def incident(world: Any, **more: Any) -> Incident:
    known = {"incident_id": "i", "subject": "hubspot", "tier": Tier.URGENT, "state": IncidentState.RESOLVED,
             "opened_at": at(world, 2), "resolved_at": at(world, 14), "conditions": (), "title": "DOWN"}  # fmt: skip
    return Incident(**{**known, **more})


def event(world: Any, minutes: float, kind: str, who: str = "") -> IncidentEvent:
    return IncidentEvent("i", at(world, minutes), kind, "", who)


def test_each_length_is_measured_from_where_it_says(world: Any) -> None:
    life = [event(world, 0, "first_failure"), event(world, 5, "acknowledged", "ada")]
    times = times_of(incident(world), life, at(world, 3))
    lengths = (times.to_detect, times.to_tell, times.to_acknowledge, times.to_resolve)
    assert lengths == (2 * MINUTE, MINUTE, 3 * MINUTE, 14 * MINUTE)
    assert (times.begun_at, times.acknowledged_by) == (at(world, 0), "ada")


def test_trouble_that_no_run_failed_by_has_no_time_to_detect(world: Any) -> None:
    burning = world.condition(rule=Rule.BURN_RATE, since=at(world, -60))
    times = times_of(incident(world, conditions=(burning,)))
    assert (times.to_detect, times.to_resolve, times.begun_at) == (None, 12 * MINUTE, at(world, 2))


def test_an_outage_without_a_noted_first_failure_began_with_its_condition(world: Any) -> None:
    down = world.condition(rule=Rule.WORKFLOW_DOWN, since=at(world, 1))
    assert times_of(incident(world, conditions=(down,))).to_detect == MINUTE


def test_who_took_it_first_counts_though_it_got_worse_and_was_given_back(world: Any) -> None:
    life = [event(world, 4, "acknowledged", "ada"), event(world, 9, "acknowledged", "bob")]
    times = times_of(incident(world, acknowledged_at=at(world, 9), acknowledged_by="bob"), life)
    assert (times.to_acknowledge, times.acknowledged_by) == (2 * MINUTE, "ada")


def test_what_goes_on_has_no_time_to_resolve_and_has_lasted_up_to_now(world: Any) -> None:
    times = times_of(incident(world, state=IncidentState.OPEN, resolved_at=None), [event(world, 0, "first_failure")])
    assert times.to_resolve is None
    assert times.lasted(at(world, 30)) == 30 * MINUTE


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), max_size=30))
def test_the_median_is_one_of_the_known_lengths_with_as_many_below_as_above(minutes: list[int | None]) -> None:
    lengths = [None if m is None else m * MINUTE for m in minutes]
    known = sorted(length for length in lengths if length is not None)
    found, n = median(lengths)
    assert n == len(known)
    assert found == (known[(n - 1) // 2] if known else None)


@given(*[st.integers(-600, 600)] * 4)
def test_no_length_is_negative_whatever_the_clocks_said(opened: int, failed: int, taken: int, over: int) -> None:
    from datetime import UTC, datetime

    zero = datetime(2026, 3, 29, tzinfo=UTC)
    times = Times(*(zero + m * MINUTE for m in (opened, failed)), None, zero + taken * MINUTE, "", zero + over * MINUTE)
    lengths = (times.to_detect, times.to_acknowledge, times.to_resolve)
    assert all(length is not None and length >= timedelta() for length in lengths)
