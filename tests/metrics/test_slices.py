"""Slices of the schedule: what decides one, which are good, how many there should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import Integration, Objective
from metrics.model import SliceCount, Window
from metrics.store.database import Store
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import note, segments, settle
from metrics.store.slices import Question, all_slice_counts, slice_counts
from probes.model import Failure, FailureKind, Outcome, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))


HOUR_MS = 3_600_000


def slices(good: int, bad: int, expected: int, simulated: int = 0) -> SliceCount:
    """Slices of a minute."""
    return SliceCount(good, bad, expected, good * 60_000, bad * 60_000, expected * 60_000, simulated)


def objective(**fields: Any) -> Objective:
    return Objective.model_validate({"sli": "availability", "target": "99%"} | fields)


@pytest.fixture
def count(store: Store, make_integration: Callable[..., Integration]) -> Callable[..., SliceCount]:
    """Counts one window for an objective of integration `hubspot`."""

    def ask(window: Window = HOUR, **fields: Any) -> SliceCount:
        return store.read(lambda con: slice_counts(con, make_integration(), objective(**fields), [window]))[0]

    return ask


def test_a_schedule_of_one_minute_has_sixty_slices_an_hour(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put([make_run(START + i * MINUTE + timedelta(seconds=7)) for i in range(60)])
    assert count() == slices(60, 0, 60)


def test_nothing_is_expected_before_the_first_measured_slice(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put([make_run(START + 50 * MINUTE)])
    assert count() == slices(1, 0, 10)


def test_a_gap_is_neither_good_nor_bad(put: Put, make_run: Make, count: Callable[..., SliceCount]) -> None:
    put([make_run(START), make_run(START + 59 * MINUTE)])
    assert count() == slices(2, 0, 60)


def test_the_last_attempt_decides_whichever_came_in_first(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    confirmed = make_run(START, attempt=2)
    put([confirmed])
    put([make_run(START, kind=FailureKind.STATUS_5XX)])
    assert count() == slices(1, 0, 60)


def test_more_probes_while_it_fails_do_not_weigh_more(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    failed = [make_run(START + timedelta(seconds=s), kind=FailureKind.TIMEOUT) for s in (0, 10, 20, 30)]
    put([*failed, make_run(START + MINUTE)])
    assert count() == slices(1, 1, 60)


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.TAINTED])
def test_a_run_that_says_nothing_about_the_vendor_is_not_measured(
    put: Put, make_run: Make, count: Callable[..., SliceCount], outcome: Outcome
) -> None:
    put([make_run(START), make_run(START + MINUTE, outcome=outcome), make_run(START, outcome=outcome, attempt=2)])
    assert count() == slices(1, 0, 60)


def test_our_own_failure_is_not_the_vendors(put: Put, make_run: Make, count: Callable[..., SliceCount]) -> None:
    put([make_run(START), make_run(START + MINUTE, kind=FailureKind.INTERNAL)])
    assert count() == slices(1, 0, 60)


def test_throttled_is_neither_unless_the_objective_says_so(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put([make_run(START), make_run(START + MINUTE, kind=FailureKind.THROTTLED, outcome=Outcome.THROTTLED)])
    assert count() == slices(1, 0, 60)
    assert count(throttled_is_bad=True) == slices(1, 1, 60)


def test_passed_after_a_retry_is_good(put: Put, make_run: Make, count: Callable[..., SliceCount]) -> None:
    put([make_run(START, outcome=Outcome.UNSTABLE)])
    assert count().good == 1


@pytest.mark.parametrize(
    ("sli", "good", "bad"),
    [
        ("availability", 3, 6),
        ("latency", 2, 1),
        ("ttfb", 2, 1),
        ("sync_lag", 1, 1),
        ("server_errors", 7, 1),
        ("client_errors", 6, 2),
        ("correctness", 3, 2),
    ],
)
def test_each_sli_judges_its_own_kind_of_failure(
    put: Put, make_run: Make, count: Callable[..., SliceCount], sli: str, good: int, bad: int
) -> None:
    kinds = ("status_5xx", "status_4xx", "auth", "timeout", "schema", "vendor_error")
    failed = [make_run(START + i * MINUTE, kind=FailureKind(kind)) for i, kind in enumerate(kinds)]
    fine = [
        make_run(START + 6 * MINUTE, 100.0, values={"sync_lag_ms": 150.0}),
        make_run(START + 7 * MINUTE, 200.0, values={"sync_lag_ms": 250.0}),
        make_run(START + 8 * MINUTE, 300.0),
    ]
    throttled = make_run(START + 9 * MINUTE, kind=FailureKind.THROTTLED, outcome=Outcome.THROTTLED)
    put([*failed, *fine, throttled])
    seen = count(sli=sli, threshold="200ms") if sli in ("latency", "ttfb", "sync_lag") else count(sli=sli)
    assert (seen.good, seen.bad, seen.expected) == (good, bad, 60)


def test_simulated_slices_are_counted_as_such(put: Put, make_run: Make, count: Callable[..., SliceCount]) -> None:
    put([make_run(START, simulated=True), make_run(START + MINUTE)])
    assert count() == slices(2, 0, 60, simulated=1)


def test_a_new_interval_counts_from_when_it_was_in_force(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put([make_run(START + i * MINUTE) for i in range(30)])
    put([make_run(START + 30 * MINUTE + i * MINUTE / 4, every_s=15.0) for i in range(120)])
    assert count() == SliceCount(150, 0, 150, HOUR_MS, 0, HOUR_MS)


def test_half_an_hour_weighs_the_same_however_often_it_was_looked_at(
    put: Put, make_run: Make, count: Callable[..., SliceCount]
) -> None:
    put([make_run(START + i * MINUTE) for i in range(30)])
    failed = [make_run(START + (30 + i / 4) * MINUTE, every_s=15.0, kind=FailureKind.DNS) for i in range(120)]
    put(failed)
    seen = count()
    assert (seen.good, seen.bad, seen.share, seen.coverage) == (30, 120, 0.5, 1.0)


def test_each_integration_is_held_against_its_own_thresholds(
    store: Store, put: Put, make_run: Make, make_integration: Callable[..., Integration]
) -> None:
    names = ("hubspot", "github", "stripe")
    put([make_run(START + i * MINUTE, 100.0 * i, integration=name) for name in names for i in range(1, 6)])
    limits = {"hubspot": ("200ms", "400ms"), "github": ("300ms",), "stripe": ()}
    questions = [
        Question(make_integration(integration=name), objective(sli="latency", threshold=limit), (HOUR,))
        for name in names
        for limit in limits[name]
    ]
    questions.append(Question(make_integration(integration="stripe"), objective(), (HOUR,)))
    answers = store.read(lambda con: all_slice_counts(con, questions))
    assert [(seen.good, seen.bad) for (seen,) in answers] == [(2, 3), (4, 1), (3, 2), (5, 0)]


def test_regions_and_workflows_are_series_of_their_own_and_retired_ones_no_longer_count(
    store: Store, put: Put, make_run: Make, make_integration: Callable[..., Integration]
) -> None:
    step = {"name": "read", "request": {"path": "/"}}
    integration = make_integration(
        workflows=[
            {"name": "contacts", "every": "60s", "regions": ["local", "eu"], "steps": [step]},
            {"name": "deals", "every": "60s", "steps": [step]},
        ]
    )
    put(
        [
            make_run(START),
            make_run(START, region="eu", kind=FailureKind.DNS),
            make_run(START, workflow="deals"),
            make_run(START, workflow="retired", kind=FailureKind.DNS),
            make_run(START, region="moon", kind=FailureKind.DNS),
        ]
    )
    all_of_it, deals = objective(), objective(workflow="deals")
    questions = [Question(integration, all_of_it, (HOUR,)), Question(integration, deals, (HOUR,))]
    answers = store.read(lambda con: all_slice_counts(con, questions))
    assert answers == [(slices(2, 1, 180),), (slices(1, 0, 60),)]


def test_an_earlier_run_that_comes_late_moves_the_beginning() -> None:
    changes = [(START, 60.0)]
    assert note(changes, START - MINUTE, 60.0)
    assert changes == [(START - MINUTE, 60.0)]
    assert not note(changes, START + MINUTE, 60.0)
    assert note(changes, START + 2 * MINUTE, 30.0)
    assert [(s.every_ms, s.end_ms is None) for s in segments(changes)] == [(60_000, False), (30_000, True)]


runs = st.lists(
    st.tuples(
        st.integers(0, 19 * 60),  # seconds after START
        st.integers(1, 3),  # attempt
        st.sampled_from([*Outcome]),
    ),
    max_size=40,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(shuffled=runs.flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))), batch=st.integers(1, 10))
def test_the_order_of_arrival_is_irrelevant(
    emptied: Callable[[], Store],
    shuffled: tuple[list[tuple[int, int, Outcome]], list[tuple[int, int, Outcome]]],
    batch: int,
) -> None:
    """Against a model that knows every run; a tie (same instant, same attempt) is left out of the draw."""
    drawn = {(second, attempt): outcome for second, attempt, outcome in shuffled[0]}
    arriving = [(s, a, drawn[s, a]) for s, a in dict.fromkeys((s, a) for s, a, _ in shuffled[1])]
    store = emptied()
    for first in range(0, len(arriving), batch):
        store.write(_keep([_run(*one) for one in arriving[first : first + batch]])).result(timeout=30)
    window = Window(START, START + 20 * MINUTE)
    integration = _integration()
    (seen,) = store.read(lambda con: slice_counts(con, integration, objective(), [window]))
    assert seen == _model(drawn)


def _model(drawn: dict[tuple[int, int], Outcome]) -> SliceCount:
    measured = {key: outcome for key, outcome in drawn.items() if outcome not in (Outcome.SKIPPED, Outcome.TAINTED)}
    decided = {second // 60: measured[second, attempt] for second, attempt in sorted(measured)}
    good = sum(outcome in (Outcome.PASSED, Outcome.UNSTABLE) for outcome in decided.values())
    bad = sum(outcome is Outcome.FAILED for outcome in decided.values())
    return slices(good, bad, expected=20 - min(decided) if decided else 0)


def _run(second: int, attempt: int, outcome: Outcome) -> Run:
    at = START + timedelta(seconds=second)
    failure = Failure(FailureKind.TIMEOUT, "no answer") if outcome is Outcome.FAILED else None
    return Run(
        uuid4(), "local", "hubspot", "contacts", at, at, 1.0, outcome, "v1", attempt, failure=failure, every_s=60.0
    )


def _keep(arrived: list[Run]) -> Callable[..., None]:
    rows = [NumberedRun("p1", 1, run.started_at, run) for run in arrived]

    def work(con: Any) -> None:
        insert(con, rows)
        settle(con, rows)

    return work


def _integration() -> Integration:
    workflow = {"name": "contacts", "every": "60s", "steps": [{"name": "read", "request": {"path": "/"}}]}
    return Integration.model_validate(
        {"integration": "hubspot", "base_url": "https://api.example.com", "workflows": [workflow]}
    )
