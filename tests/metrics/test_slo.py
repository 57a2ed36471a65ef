"""Objectives: budgets and burn, from counted slices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import Integration, Objective
from metrics import slo
from metrics.model import BurnPair, ObjectiveStatus, SliceCount

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

targets = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999])
counts = st.integers(0, 50_000)


def objective(**fields: Any) -> Objective:
    return Objective.model_validate({"sli": "availability", "target": "99.9%"} | fields)


def slices(good: int, bad: int, expected: int, every_s: int = 60) -> SliceCount:
    """Slices of one length."""
    ms = every_s * 1000
    return SliceCount(good, bad, expected, good * ms, bad * ms, expected * ms)


def summed(parts: Iterable[SliceCount]) -> SliceCount:
    """What several schedules add up to."""
    columns = [(p.good, p.bad, p.expected, p.good_ms, p.bad_ms, p.expected_ms, p.simulated) for p in parts]
    return SliceCount(*(sum(column) for column in zip(*columns, strict=True)))


def status(promised: Objective, *counted: SliceCount, min_bad: int = 1) -> ObjectiveStatus:
    """All burn windows see the last count."""
    windows = slo.windows(promised, NOON, MINUTE)
    padded = [*counted, *[counted[-1]] * (len(windows) - len(counted))]
    return slo.objective_status("hubspot", promised, list(zip(windows, padded, strict=True)), min_bad)


def test_the_burn_pairs_of_thirty_days_are_those_of_the_workbook() -> None:
    hour, minute, day = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
    assert slo.burn_pairs() == (
        BurnPair("page", hour, 5 * minute, 14.4),
        BurnPair("page", 6 * hour, 30 * minute, 6.0),
        BurnPair("ticket", day, 2 * hour, 3.0),
        BurnPair("ticket", 3 * day, 6 * hour, 1.0),
    )


@pytest.mark.parametrize(
    ("expected", "bad", "min_bad", "pages"),
    [(60, 1, 3, False), (60, 2, 3, True), (60, 1, 1, True), (4, 1, 3, True)],
    ids=["one of an hour's outage ago", "two", "one, if that is asked for", "one, where there are few"],
)
def test_a_single_failed_probe_hours_after_an_outage_pages_nobody(
    expected: int, bad: int, min_bad: int, pages: bool
) -> None:
    after, lately = slices(640, 80, 720), slices(expected - bad, bad, expected)
    calm = slices(60, 0, 60)
    seen = status(objective(), after, calm, calm, after, lately, calm, calm, calm, calm, min_bad=min_bad)
    assert [burn.firing for burn in seen.burns] == [False, pages, False, False]


@pytest.mark.parametrize(
    ("days", "factors"),
    [(7, [13.44, 3.5, 1.4, 0.98]), (28, [14.4, 6.0, 3.0, 1.0]), (90, [21.6, 10.8, 4.5]), (2, [13.44, 3.5, 1.4])],
    ids=["a week", "four weeks use the month's", "a quarter", "two days: no pair longer than the window"],
)
def test_each_window_has_its_factors(days: int, factors: list[float]) -> None:
    assert [pair.factor for pair in slo.burn_pairs(timedelta(days=days))] == factors


def test_every_short_window_is_a_twelfth_of_its_long_one() -> None:
    for days in (7, 30, 90):
        assert all(pair.short * 12 <= pair.long * 1.01 for pair in slo.burn_pairs(timedelta(days=days)))


def test_no_data_is_neither_zero_nor_a_hundred_percent() -> None:
    seen = status(objective(), slices(0, 0, 0))
    assert (seen.sli, seen.coverage, seen.budget_left) == (None, None, None)
    assert {(burn.long_burn, burn.short_burn, burn.firing) for burn in seen.burns} == {(None, None, False)}


def test_slices_that_were_not_measured_cost_coverage_and_no_budget() -> None:
    seen = status(objective(), slices(600, 0, 1000))
    assert (seen.sli, seen.coverage, seen.budget_left) == (1.0, 0.6, 1.0)


def test_a_burn_of_exactly_the_factor_fires() -> None:
    # 1 − 0.999 is not 0.001 in binary; 144 bad of 10,000 at 99.9 % burns at exactly 14.4 all the same.
    seen = status(objective(), slices(9_856, 144, 10_000))
    assert seen.burns[0].long_burn == 14.4
    assert seen.burns[0].firing
    seen = status(objective(), slices(9_857, 143, 10_000))
    assert not seen.burns[0].firing


def test_one_failed_probe_in_five_minutes_does_not_fire() -> None:
    promised = objective()
    whole, hour, five = slices(43_199, 1, 43_200), slices(59, 1, 60), slices(4, 1, 5)
    counted = [whole, hour, five, *[slices(359, 1, 360)] * 6]
    seen = slo.objective_status(
        "hubspot", promised, list(zip(slo.windows(promised, NOON, MINUTE), counted, strict=True)), 3
    )
    assert seen.burns[0].long_burn == pytest.approx(1000 / 60)
    assert not any(burn.firing for burn in seen.burns)


def test_a_pair_fires_only_while_it_is_still_going_on() -> None:
    promised = objective()
    bad, over = slices(30, 30, 60), slices(5, 0, 5)
    counted = [bad, bad, over, bad, over, bad, over, bad, over]
    seen = slo.objective_status(
        "hubspot", promised, list(zip(slo.windows(promised, NOON, MINUTE), counted, strict=True)), 3
    )
    assert not any(burn.firing for burn in seen.burns)


def test_a_slow_schedule_gets_short_windows_that_hold_two_slices() -> None:
    spans = [window.length for window in slo.windows(objective(), NOON, timedelta(minutes=15))]
    assert spans[:3] == [timedelta(days=30), timedelta(hours=1), timedelta(minutes=30)]


@settings(deadline=None)
@given(targets, counts, counts, counts)
def test_the_budget_is_conserved(target: float, good: int, bad: int, unmeasured: int) -> None:
    expected = good + bad + unmeasured
    seen = status(objective(target=target), slices(good, bad, expected))
    if expected == 0:
        assert seen.budget_left is None
        return
    allowed = slo.error_share(target) * expected
    assert seen.budget_left is not None
    assert seen.budget_left == pytest.approx(float((allowed - bad) / allowed))
    assert (seen.budget_left < 0) == (bad > allowed)


@settings(deadline=None)
@given(targets, st.integers(1, 100))
def test_a_constant_burn_of_one_spends_exactly_the_budget(target: float, thousands: int) -> None:
    expected = 10_000 * thousands
    bad = slo.error_share(target) * expected
    assert bad.denominator == 1
    seen = status(objective(target=target), slices(expected - int(bad), int(bad), expected))
    assert seen.budget_left == 0.0
    assert {burn.long_burn for burn in seen.burns} == {1.0}


@settings(deadline=None)
@given(targets, counts, counts, counts, st.integers(1, 10))
def test_one_more_bad_slice_never_helps(target: float, good: int, bad: int, unmeasured: int, min_bad: int) -> None:
    expected = good + bad + unmeasured + 1
    before = status(objective(target=target), slices(good + 1, bad, expected), min_bad=min_bad)
    after = status(objective(target=target), slices(good, bad + 1, expected), min_bad=min_bad)
    assert before.budget_left is not None
    assert after.budget_left is not None
    assert after.budget_left < before.budget_left
    assert all(now.firing or not was.firing for was, now in zip(before.burns, after.burns, strict=True))


# What a schedule may hold: its interval, then good, bad and unmeasured slices of it.
schedules = st.lists(
    st.tuples(st.sampled_from([1, 10, 15, 60, 300, 3600]), *[st.integers(0, 2_000)] * 3), min_size=1, max_size=5
)
Schedule = tuple[int, int, int, int]


def counted(schedule: Schedule, pieces: int = 1) -> SliceCount:
    """Its slices, each cut into equal pieces of the same verdict."""
    every_s, good, bad, unmeasured = schedule
    whole = slices(good, bad, good + bad + unmeasured, every_s)
    return whole._replace(good=good * pieces, bad=bad * pieces, expected=whole.expected * pieces)


def figures(seen: ObjectiveStatus) -> tuple[object, ...]:
    return seen.sli, seen.coverage, seen.budget_left, [(burn.long_burn, burn.short_burn) for burn in seen.burns]


@settings(deadline=None)
@given(targets, schedules, st.data())
def test_cutting_slices_into_equal_pieces_changes_no_share_no_burn_and_no_budget(
    target: float, drawn: list[Schedule], data: st.DataObject
) -> None:
    pieces = [data.draw(st.integers(1, 60)) for _ in drawn]
    whole = summed(counted(one) for one in drawn)
    cut = summed(counted(one, k) for one, k in zip(drawn, pieces, strict=True))
    assert figures(status(objective(target=target), whole)) == figures(status(objective(target=target), cut))


@settings(deadline=None)
@given(targets, schedules, st.randoms(use_true_random=False))
def test_in_which_order_the_schedules_came_is_irrelevant(target: float, drawn: list[Schedule], random: Random) -> None:
    shuffled = random.sample(drawn, len(drawn))
    seen, again = (status(objective(target=target), summed(map(counted, order))) for order in (drawn, shuffled))
    assert seen == again


@settings(deadline=None)
@given(targets, schedules)
def test_the_budget_of_mixed_schedules_is_conserved(target: float, drawn: list[Schedule]) -> None:
    """What each schedule spends of the common budget adds up to what is spent of it."""
    whole = summed(map(counted, drawn))
    spent = slo.burn_rate(target, whole)
    if spent is None:
        return
    shares = [Fraction(counted(one).bad_ms) / (slo.error_share(target) * whole.expected_ms) for one in drawn]
    assert sum(shares) == spent
    assert status(objective(target=target), whole).budget_left == float(1 - spent)


@settings(deadline=None)
@given(targets, st.lists(st.tuples(st.sampled_from([1, 15, 60, 300]), st.integers(1, 20)), min_size=1, max_size=4))
def test_a_burn_of_one_over_mixed_schedules_spends_exactly_the_budget(
    target: float, drawn: list[tuple[int, int]]
) -> None:
    share = slo.error_share(target)
    parts = [(every, int(share * 10_000 * many), 10_000 * many) for every, many in drawn]
    whole = summed(slices(expected - bad, bad, expected, every) for every, bad, expected in parts)
    seen = status(objective(target=target), whole)
    assert (seen.budget_left, {burn.long_burn for burn in seen.burns}) == (0.0, {1.0})


def test_a_minute_weighs_as_much_as_the_four_quarters_of_a_faster_schedule() -> None:
    # Half of the time was bad, although four of five slices were good.
    seen = status(objective(target="50%"), summed([slices(0, 1, 1, 60), slices(4, 0, 4, 15)]))
    assert (seen.sli, seen.good, seen.bad, seen.budget_left) == (0.5, 4, 1, 0.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "99.9%"}, None),
        ({"target": "95%"}, None),
        ({"target": "90%", "page": False}, None),
        ({"target": "100%"}, None),
        (
            {"target": "90%"},
            "a fast burn can never page: with a target of 90% the burn rate is at most 10 and a page needs 14.4; "
            "raise the target to at least 93.1%, or set `page: false`",
        ),
        (
            {"target": "95%", "window": "90d"},
            "a fast burn can never page: with a target of 95% the burn rate is at most 20 and a page needs 21.6; "
            "raise the target to at least 95.4%, or set `page: false`",
        ),
    ],
    ids=[
        "reachable",
        "reaches 20",
        "does not page",
        "of a promise of 100 % something else is said",
        "reaches only 10",
        "a quarter needs more",
    ],
)
def test_a_page_that_can_never_come_is_refused_with_the_remedy(fields: dict[str, Any], message: str | None) -> None:
    assert slo.unreachable(objective(**fields)) == message


@settings(deadline=None)
@given(st.floats(0.01, 0.9999), st.sampled_from(["2d", "7d", "30d", "90d"]))
def test_unreachable_means_that_not_even_all_bad_fires_every_page(target: float, window: str) -> None:
    promised = objective(target=target, window=window)
    pages = [burn for burn in status(promised, slices(0, 1000, 1000)).burns if burn.pair.severity == "page"]
    assert (slo.unreachable(promised) is None) == all(burn.firing for burn in pages)


def test_the_check_at_load_names_the_objective(make_integration: Any) -> None:
    integration: Integration = make_integration(
        objectives=[{"sli": "availability", "target": "99%"}, {"sli": "availability", "target": "80%"}]
    )
    ((path, message),) = slo.unreachable_alerts(integration)
    assert path == "objectives[1].target"
    assert "page: false" in message
