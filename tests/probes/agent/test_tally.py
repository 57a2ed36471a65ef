"""Slots lie on a grid that no restart moves, and every slot is either run or counted as missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from probes.agent.tally import Slots, Tally

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
periods = st.integers(100, 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
instants = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC))
names = st.text(st.characters(codec="ascii"), min_size=1, max_size=8)


@given(periods, names, instants)
def test_the_current_slot_has_come_and_the_next_one_has_not(every, name, now):
    slots = Slots.of(every, name, "local")
    early = timedelta(milliseconds=1)
    assert slots.current(now) <= now + early < slots.next(now)
    assert slots.next(now) - slots.current(now) == every


@given(periods, names, instants)
def test_every_slot_is_the_epoch_plus_phase_plus_whole_periods(every, name, now):
    slots = Slots.of(every, name)
    assert (slots.current(now) - EPOCH - slots.phase) % every == timedelta(0)
    assert timedelta(0) <= slots.phase < every


@given(periods, instants)
def test_a_slot_is_its_own_current_slot_even_a_microsecond_early(every, now):
    slot = Slots.of(every, "crm").current(now)
    assert Slots.of(every, "crm").current(slot) == slot
    assert Slots.of(every, "crm").current(slot - timedelta(microseconds=1)) == slot


def test_the_phase_is_the_same_in_every_process():
    assert Slots.of(timedelta(seconds=60), "crm", "read", "local").phase == timedelta(microseconds=49_791_746)


def test_workflows_are_spread_over_the_period():
    phases = {int(Slots.of(timedelta(seconds=60), "crm", f"w{n}").phase.total_seconds() / 6) for n in range(200)}
    assert len(phases) == 10


def slot(number):
    return NOON + number * timedelta(seconds=10)


def tally():
    return Tally(Slots(timedelta(seconds=10), timedelta(0)), accounted=slot(0))


def test_a_run_in_every_slot_misses_nothing():
    count = tally()
    for number in (1, 2, 3):
        count.ran(slot(number))
    assert count.missed == 0


def test_a_slot_that_was_given_up_is_missed():
    count = tally()
    count.ran(slot(1))
    count.gave_up(slot(2))
    count.ran(slot(3))
    assert count.missed == 1


def test_slots_that_were_folded_into_one_run_are_missed():
    count = tally()
    count.ran(slot(1))
    count.ran(slot(7))
    assert count.missed == 5


def test_slots_that_were_folded_into_one_given_up_are_missed_with_it():
    count = tally()
    count.gave_up(slot(4))
    assert count.missed == 4


def test_a_clock_that_was_set_back_misses_nothing():
    count = tally()
    count.ran(slot(5))
    count.ran(slot(2))
    count.ran(slot(6))
    assert count.missed == 4


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30))
def test_ran_and_missed_together_are_all_slots(events):
    count, at, ran = tally(), 0, 0
    for step, started in events:
        at += step
        (count.ran if started else count.gave_up)(slot(at))
        ran += started
    assert ran + count.missed == at
