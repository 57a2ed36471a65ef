"""Retries and polling: never silent, never past the deadline, only where they do no harm."""

from __future__ import annotations

import time
from typing import Any

import pytest
from probe_world import answer, integration, make_runner, run_once, then_close

from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

DOWN = answer(503, {})
FINE = answer(200, {})
GET = {"name": "get", "request": {"path": "/x"}}


def post(**more: Any) -> dict[str, Any]:
    return {"name": "post", "request": {"method": "POST", "path": "/x", **more}}


def rows(run: Run) -> list[tuple[int, Outcome]]:
    return [(step.attempt, step.outcome) for step in run.steps]


async def test_passed_after_a_retry_is_two_rows_and_unstable(serve: Any, runner: Runner) -> None:
    server = await serve(DOWN, FINE)
    run = await run_once(runner, integration(server, GET))
    assert rows(run) == [(1, Outcome.FAILED), (2, Outcome.UNSTABLE)]
    assert (run.outcome, run.failure) == (Outcome.UNSTABLE, None)
    assert len(run.evidence) == 1
    assert [heard.headers["x-request-id"][-4:] for heard in server.heard] == ["-1.1", "-1.2"]


async def test_attempts_are_bounded_and_the_last_one_decides(serve: Any, runner: Runner) -> None:
    server = await serve(DOWN)
    run = await run_once(runner, integration(server, {**GET, "retry": {"attempts": 3}}))
    assert rows(run) == [(1, Outcome.FAILED), (2, Outcome.FAILED), (3, Outcome.FAILED)]
    assert run.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("step", "sent"),
    [
        (post(), 1),
        (post(idempotent=True), 2),
        (post(headers={"Idempotency-Key": "{{run_id}}"}), 2),
        ({"name": "put", "request": {"method": "PUT", "path": "/"}}, 2),
        ({"name": "patch", "request": {"method": "PATCH", "path": "/"}}, 1),
        ({"name": "get", "request": {"path": "/", "idempotent": False}}, 1),
        ({**GET, "retry": {"attempts": 1}}, 1),
    ],
    ids=["POST", "declared idempotent", "idempotency key", "PUT", "PATCH", "declared not idempotent", "switched off"],
)
async def test_only_what_may_be_repeated_is(serve: Any, runner: Runner, step: dict[str, Any], sent: int) -> None:
    server = await serve(DOWN)
    await run_once(runner, integration(server, step))
    assert len(server.heard) == sent


@pytest.mark.parametrize(
    "reply",
    [answer(404, {}), answer(200, {"a": 2}), answer(200, b"{", {"Content-Type": "application/json"}), then_close(b"")],
    ids=["4xx", "assertion", "corrupt body", "protocol"],
)
async def test_what_a_retry_cannot_help_is_not_retried(serve: Any, runner: Runner, reply: Any) -> None:
    server = await serve(reply)
    await run_once(runner, integration(server, {**GET, "expect": {"json": {"$.a": 1}}}))
    assert len(server.heard) == 1


async def test_retry_after_wins_over_the_backoff(serve: Any) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    server = await serve(answer(429, {}, {"Retry-After": "3"}), DOWN, DOWN, FINE)
    runner = make_runner(sleep=sleep, jitter=lambda longest: longest)
    run = await run_once(runner, integration(server, {**GET, "retry": {"attempts": 4, "backoff": "1s"}}, timeout="60s"))
    assert waits == [3.0, 2.0, 4.0]
    assert run.outcome is Outcome.UNSTABLE


async def test_a_retry_after_past_the_deadline_ends_the_run_at_once_as_throttled(serve: Any, runner: Runner) -> None:
    server = await serve(answer(429, {}, {"Retry-After": "30"}))
    begun = time.perf_counter()
    run = await run_once(runner, integration(server, GET, timeout="5s"))
    assert time.perf_counter() - begun < 4
    assert rows(run) == [(1, Outcome.THROTTLED)]
    assert run.outcome is Outcome.THROTTLED
    assert run.failure is not None
    assert run.failure.retry_after_s == 30


POLL = {
    "name": "visible",
    "request": {"path": "/search"},
    "until": {"json": {"$.total": 1}, "within": "2s", "every": "20ms"},
}


async def test_polling_is_one_row_and_its_time_is_the_sync_lag(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"total": 0}), answer(200, {"total": 0}), answer(200, {"total": 1}))
    run = await run_once(runner, integration(server, POLL))
    assert rows(run) == [(1, Outcome.PASSED)]
    assert len(server.heard) == 3
    assert run.values["sync_lag_ms"] >= 40
    assert run.steps[0].timings.total_ms is not None
    assert run.steps[0].timings.total_ms < run.values["sync_lag_ms"]
    assert [heard.headers["x-request-id"][-6:] for heard in server.heard][1:] == ["-1.1.2", "-1.1.3"]


async def test_what_never_becomes_visible_fails_with_the_last_value(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"total": 0}))
    poll = {**POLL, "until": {"json": {"$.total": 1}, "within": "60ms", "every": "20ms"}}
    run = await run_once(runner, integration(server, poll))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.ASSERTION
    assert run.failure.message == "not visible within 60ms (last: $.total = 0)"
    assert 2 <= len(server.heard) <= 4
    assert rows(run) == [(1, Outcome.FAILED)]
    assert "sync_lag_ms" not in run.values


async def test_polling_for_a_status_takes_a_404_for_not_yet(serve: Any, runner: Runner) -> None:
    server = await serve(answer(404, {}), answer(200, {}))
    poll = {**POLL, "until": {"status": 200, "within": "2s", "every": "10ms"}}
    run = await run_once(runner, integration(server, poll))
    assert run.outcome is Outcome.PASSED
    assert len(server.heard) == 2


async def test_polling_until_it_is_gone_ends_well_with_the_404(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {}), answer(404, {}))
    poll = {**POLL, "until": {"status": 404, "within": "2s", "every": "10ms"}}
    run = await run_once(runner, integration(server, poll))
    assert (run.outcome, len(server.heard)) == (Outcome.PASSED, 2)


async def test_a_real_failure_ends_polling_and_follows_the_retry_rule(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"total": 0}), DOWN, answer(200, {"total": 1}))
    run = await run_once(runner, integration(server, POLL))
    assert rows(run) == [(1, Outcome.FAILED), (2, Outcome.UNSTABLE)]


async def test_polling_past_the_workflows_clock_is_a_deadline(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"total": 0}))
    run = await run_once(runner, integration(server, POLL, timeout="80ms"))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.DEADLINE
    assert "$.total = 0" in run.failure.message
