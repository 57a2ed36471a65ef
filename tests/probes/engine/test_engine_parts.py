"""Identifiers, loop lag, documents, outcomes: the small parts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import ids
from probes.document import CorruptDocument, claims_json, parse
from probes.http import Headers
from probes.lag import LAG_LIMIT_MS, LoopLag
from probes.model import Failure, FailureKind, Outcome, StepResult
from probes.outcome import deciding_step, of_run, of_step

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**10), min_size=2, max_size=10, unique=True))
def test_run_ids_sort_by_time(milliseconds: list[int]) -> None:
    at = [NOON + timedelta(milliseconds=one) for one in sorted(milliseconds)]
    made = [ids.run_id(moment) for moment in at]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}


def test_ids_of_one_millisecond_differ() -> None:
    assert len({ids.run_id(NOON) for _ in range(1000)}) == 1000


async def test_lag_is_the_worst_since_an_instant() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0.03)
    before = time.perf_counter()
    time.sleep(0.08)  # noqa: ASYNC251 - a late loop is what this is about
    await asyncio.sleep(0.03)
    after = time.perf_counter()
    lag.stop()
    assert lag.worst_since(before) >= 60
    assert lag() >= 60
    assert lag.worst_since(after + 1) == 0


async def test_a_lag_that_is_going_on_counts_already() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0.02)
    time.sleep(0.06)  # noqa: ASYNC251 - a late loop is what this is about
    assert lag.worst_since(time.perf_counter()) >= 45
    lag.stop()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1', "at line 1 column"),
        (b"", "at line 1 column 1"),
        (b"<html>", "at line 1 column 1"),
        (b'{"a": NaN}', "a number that JSON does not have"),
        (b"[" + b"9" * 5000 + b"]", "a number of more digits than can be read"),
        (b"[1e400]", "a number larger than any double"),
        (b'"\xff"', "not valid utf-8 at byte 1"),
        (b"[" * 100_000, "nested too deeply"),
    ],
    ids=["cut", "empty", "HTML", "NaN", "endless number", "endless exponent", "not UTF-8", "nested"],
)
def test_what_is_not_json_says_where_and_quotes_nothing(body: bytes, words: str) -> None:
    with pytest.raises(CorruptDocument, match=words):
        parse(body)


def test_json_is_told_by_its_media_type() -> None:
    said = ["application/json; charset=utf-8", "application/problem+json", "text/html", ""]
    assert [claims_json(Headers({"Content-Type": one})) for one in said] == [True, True, False, False]


def step(position: int, attempt: int, outcome: Outcome, *, cleanup: bool = False) -> StepResult:
    bad = outcome in {Outcome.FAILED, Outcome.THROTTLED}
    failure = Failure(FailureKind.STATUS_5XX, "HTTP 500") if bad else None
    return StepResult(f"s{position}", position, attempt, cleanup, NOON, outcome, failure=failure)


P, U, F, T, S = Outcome.PASSED, Outcome.UNSTABLE, Outcome.FAILED, Outcome.THROTTLED, Outcome.SKIPPED


@pytest.mark.parametrize(
    ("steps", "outcome", "decided_by"),
    [
        ([step(1, 1, P)], P, None),
        ([step(1, 1, F), step(1, 2, U)], U, None),
        ([step(1, 1, F), step(1, 2, F)], F, (1, 2)),
        ([step(1, 1, P), step(2, 1, T), step(3, 1, S)], T, (2, 1)),
        ([step(1, 1, F), step(1, 2, U), step(2, 1, F)], F, (2, 1)),
        ([step(1, 1, P), step(2, 1, F, cleanup=True)], P, None),
        ([step(1, 1, F), step(1, 2, T)], T, (1, 2)),
    ],
)
def test_a_run_is_what_its_steps_add_up_to(steps: list[StepResult], outcome: Outcome, decided_by: Any) -> None:
    assert of_run(steps, 0.0) is outcome
    deciding = deciding_step(steps)
    assert (deciding and (deciding.position, deciding.attempt)) == decided_by


@pytest.mark.parametrize("kind", FailureKind)
def test_a_late_loop_taints_only_what_time_decided(kind: FailureKind) -> None:
    failed = replace(step(1, 1, F), failure=Failure(kind, "…"))
    by_time = kind in (FailureKind.TIMEOUT, FailureKind.DEADLINE)
    assert of_run([failed], LAG_LIMIT_MS + 1) is (Outcome.TAINTED if by_time else F)
    assert of_run([failed], LAG_LIMIT_MS) is F
    assert of_run([step(1, 1, P)], LAG_LIMIT_MS + 1) is P


def test_a_step_is_unstable_only_after_a_failure() -> None:
    assert of_step(None, after_failure=False) is P
    assert of_step(None, after_failure=True) is U
    assert of_step(Failure(FailureKind.THROTTLED, "x"), after_failure=True) is T
