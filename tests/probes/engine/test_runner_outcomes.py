"""What a run reports: outcomes, failures, and what its steps leave behind."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from uuid import UUID

import pytest
from probe_world import answer, integration, make_runner, never, run_once, then_close

from probes.lag import LoopLag
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

CREATE = {
    "name": "create",
    "request": {"method": "POST", "path": "/contacts", "json": {"note": "probe {{run_id}}"}},
    "expect": {"status": 201, "json": {"$.note": "probe {{run_id}}"}},
    "capture": {"contact_id": "$.id"},
}
READ = {"name": "read", "request": {"path": "/contacts/{{contact_id}}"}, "expect": {"json": {"$.id": "{{contact_id}}"}}}
CLEANUP = {
    "name": "cleanup",
    "always": True,
    "request": {"method": "DELETE", "path": "/contacts/{{contact_id}}"},
    "expect": {"status": 204},
}
GET = {"name": "get", "request": {"path": "/x"}}


async def echo_created(heard: Any, writer: Any) -> None:
    writer.write(answer(201, {"id": 7, **heard.json}))


def kinds(run: Run) -> list[FailureKind | None]:
    return [step.failure.kind if step.failure else None for step in run.steps]


async def test_a_workflow_passes_with_captures_in_later_steps(serve: Any, runner: Runner) -> None:
    server = await serve(echo_created, answer(200, {"id": 7}), answer(204))
    run = await run_once(runner, integration(server, CREATE, READ, CLEANUP))
    assert (run.outcome, run.failure, run.failed_step) == (Outcome.PASSED, None, None)
    assert [heard.target for heard in server.heard] == ["/contacts", "/contacts/7", "/contacts/7"]
    assert [(s.name, s.position, s.attempt, s.cleanup, s.status) for s in run.steps] == [
        ("create", 1, 1, False, 201),
        ("read", 2, 1, False, 200),
        ("cleanup", 3, 1, True, 204),
    ]
    assert run.steps[0].captured == {"contact_id": "7"}
    assert run.duration_ms > 0
    assert run.every_s == 60
    assert run.evidence == ()


async def test_every_request_can_be_found_in_the_vendors_log(serve: Any, runner: Runner) -> None:
    server = await serve()
    run = await run_once(runner, integration(server, GET))
    headers = server.heard[0].headers
    assert headers["x-request-id"] == f"{run.run_id}-1.1"
    assert re.fullmatch(rf"00-{run.run_id.hex}-[0-9a-f]{{16}}-01", headers["traceparent"])
    assert re.fullmatch(r"Leadline/\S+", headers["user-agent"])
    assert (run.run_id.version, run.run_id.variant) == (7, "specified in RFC 4122")
    assert isinstance(run.run_id, UUID)


async def test_after_a_failure_later_steps_are_skipped_and_clean_up_still_runs(serve: Any, runner: Runner) -> None:
    server = await serve(echo_created, answer(404, {}), answer(204))
    run = await run_once(runner, integration(server, CREATE, READ, GET, CLEANUP))
    assert [step.outcome for step in run.steps] == [Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED]
    assert kinds(run) == [None, FailureKind.STATUS_4XX, FailureKind.DEPENDENCY, None]
    assert (run.outcome, run.failed_step) == (Outcome.FAILED, "read")
    assert run.failure == run.steps[1].failure
    assert len(server.heard) == 3


async def test_clean_up_without_its_variable_is_skipped(serve: Any, runner: Runner) -> None:
    server = await serve(answer(500, {}))
    run = await run_once(runner, integration(server, CREATE, CLEANUP))
    assert kinds(run) == [FailureKind.STATUS_5XX, FailureKind.DEPENDENCY]
    assert run.steps[1].failure is not None
    assert "contact_id was never captured" in run.steps[1].failure.message


async def test_a_failed_clean_up_is_visible_and_does_not_fail_the_run(serve: Any, runner: Runner) -> None:
    server = await serve(echo_created, answer(403, {}))
    run = await run_once(runner, integration(server, CREATE, CLEANUP))
    assert run.outcome is Outcome.PASSED
    assert kinds(run) == [None, FailureKind.STATUS_4XX]
    assert run.steps[1].evidence is not None


async def test_nothing_is_cleaned_up_where_nothing_was_reached(runner: Runner) -> None:
    tidy = {"name": "tidy", "always": True, "request": {"method": "DELETE", "path": "/all"}}
    run = await run_once(runner, integration("http://127.0.0.1:1", {**GET, "retry": {"attempts": 1}}, tidy))
    assert kinds(run) == [FailureKind.CONNECT, FailureKind.DEPENDENCY]


@pytest.mark.parametrize(
    ("reply", "step", "kind", "message"),
    [
        (answer(200, b'{"id": 4', {"Content-Type": "application/json"}), {}, FailureKind.BODY, "corrupt JSON in a 200"),
        (answer(200, b"<html>"), {"capture": {"a": "$.id"}}, FailureKind.BODY, "corrupt JSON in a 200"),
        (answer(200, b""), {"capture": {"a": "$.id"}}, FailureKind.BODY, "an empty body instead of JSON"),
        (then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), {}, FailureKind.BODY, "1 of 9 bytes"),
        (answer(200, {"a": 1}), {"capture": {"b": "$.b"}}, FailureKind.CAPTURE, "cannot capture b: $.b: no such path"),
        (answer(200, {"a": 1}), {"capture": {"b": "header:X-B"}}, FailureKind.CAPTURE, "header:X-B: no such header"),
        (answer(200, {"a": 1}), {"expect": {"status": 201}}, FailureKind.ASSERTION, "status: expected 201, got 200"),
        (answer(200, {"a": 1}), {"expect": {"json": {"$.a": 2}}}, FailureKind.ASSERTION, "$.a: expected 2, got 1"),
        (answer(200, {"a": 1}), {"expect": {"schema": "s.json"}}, FailureKind.SCHEMA, "schema s.json: $.a: the value"),
        (answer(401, {}), {}, FailureKind.AUTH, "401"),
        (answer(429, {}), {}, FailureKind.THROTTLED, "429"),
        (answer(404, b"<html>", {"Content-Type": "application/json"}), {}, FailureKind.STATUS_4XX, "HTTP 404"),
    ],
    ids=[
        "corrupt JSON that nothing reads", "not JSON where JSON is read", "empty where JSON is read", "truncated",
        "capture missing", "header missing", "status", "json path", "schema", "401", "429", "corrupt JSON in a 404",
    ],
)  # fmt: skip
async def test_the_verdict_on_one_answer(
    serve: Any, runner: Runner, reply: Any, step: dict[str, Any], kind: FailureKind, message: str
) -> None:
    server = await serve(reply)
    declared = integration(server, {**GET, "retry": {"attempts": 1}, **step})
    run = await run_once(runner, declared, **{"s.json": {"properties": {"a": {"type": "string"}}}})
    assert run.failure is not None
    assert (run.failure.kind, message in run.failure.message) == (kind, True), run.failure
    assert run.outcome is (Outcome.THROTTLED if kind is FailureKind.THROTTLED else Outcome.FAILED)
    assert run.evidence[0].evidence_id == f"{run.run_id.hex[-12:]}-1.1"


async def test_a_status_that_the_step_names_is_good_even_if_it_is_an_error(serve: Any, runner: Runner) -> None:
    server = await serve(answer(404, {"code": "gone"}))
    run = await run_once(runner, integration(server, {**GET, "expect": {"status": 404, "json": {"$.code": "gone"}}}))
    assert run.outcome is Outcome.PASSED


async def test_a_failure_inside_200_is_the_vendors_even_if_200_is_expected(serve: Any, runner: Runner) -> None:
    body = {"success": False, "errors": [{"code": "606", "message": "Max rate limit"}]}
    server = await serve(answer(200, body))
    step = {**GET, "expect": {"status": 200}, "retry": {"attempts": 1}}
    run = await run_once(runner, integration(server, step, vendor="marketo"))
    assert run.outcome is Outcome.THROTTLED


async def test_the_workflows_clock_ends_a_request_as_deadline_and_clean_up_has_time_of_its_own(
    serve: Any, runner: Runner
) -> None:
    server = await serve(echo_created, never, answer(204))
    run = await run_once(runner, integration(server, CREATE, READ, GET, CLEANUP, timeout="300ms"))
    assert kinds(run) == [None, FailureKind.DEADLINE, FailureKind.DEPENDENCY, None]
    assert run.failure is not None
    assert run.failure.message == "the workflow's 300ms were over during waiting for the first byte"


async def test_a_requests_own_clock_ends_it_as_timeout_and_leaves_time_for_another_attempt(
    serve: Any, runner: Runner
) -> None:
    server = await serve(never, answer(200, {}))
    run = await run_once(runner, integration(server, {"name": "get", "request": {"path": "/", "timeout": "100ms"}}))
    assert kinds(run) == [FailureKind.TIMEOUT, None]
    assert run.outcome is Outcome.UNSTABLE


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"request": {"path": "/{{nope}}"}}, "'nope' is undefined"),
        ({"request": {"path": "/"}, "expect": {"json": {"$.a": "{{nope}}"}}}, "'nope' is undefined"),
        ({"request": {"url": "ftp://x/"}}, "not an http or https one"),
        ({"request": {"path": "/"}, "expect": {"schema": "missing.json"}}, "missing.json is not part"),
    ],
    ids=["request", "expectation", "address", "schema"],
)
async def test_what_cannot_be_built_is_ours_and_nothing_is_sent(
    serve: Any, runner: Runner, step: dict[str, Any], message: str
) -> None:
    server = await serve()
    run = await run_once(runner, integration(server, {"name": "bad", **step}))
    assert run.failure is not None
    assert (run.failure.kind, message in run.failure.message) == (FailureKind.INTERNAL, True), run.failure
    assert server.heard == []


async def test_a_missing_secret_is_ours_and_names_the_reference_only(serve: Any) -> None:
    server = await serve()
    declared = integration(server, GET, auth={"kind": "bearer", "token": "${env:ACME_TOKEN}"})
    run = await run_once(make_runner(), declared)
    assert (run.outcome, run.steps) == (Outcome.FAILED, ())
    assert run.failure is not None
    assert run.failure.kind is FailureKind.INTERNAL
    assert "ACME_TOKEN" in run.failure.message


async def test_numbers_to_record_are_kept_and_missing_ones_are_left_out(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"score": "9.3", "n": 4, "text": "x"}))
    step = {**GET, "record": {"score": "$.score", "n": "$.n", "text": "$.text", "gone": "$.gone"}}
    run = await run_once(runner, integration(server, step))
    assert run.values == {"score": 9.3, "n": 4.0}
    assert run.outcome is Outcome.PASSED


async def test_quota_is_read_from_every_answer(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {}, {"X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": "97"}))
    run = await run_once(runner, integration(server, GET, GET, vendor="hubspot"))
    assert [reading.remaining for reading in run.quota] == [97, 97]


async def test_the_vendors_request_ids_are_kept(serve: Any, runner: Runner) -> None:
    server = await serve(answer(500, {}, {"x-hubspot-correlation-id": "abc-1"}))
    run = await run_once(runner, integration(server, {**GET, "retry": {"attempts": 1}}, vendor="hubspot"))
    assert run.steps[0].vendor_request_ids == {"x-hubspot-correlation-id": "abc-1"}
    assert run.evidence[0].vendor_request_ids == {"x-hubspot-correlation-id": "abc-1"}


class TestLoopLag:
    async def test_what_a_vendor_said_stands_however_late_the_loop_heard_it(self, serve: Any) -> None:
        run = await self.run(await serve(self.blocking(answer(500, {}))))
        assert run.outcome is Outcome.FAILED
        assert run.loop_lag_ms > 50

    async def test_a_pass_while_the_loop_was_late_stays_a_pass_and_says_so(self, serve: Any) -> None:
        run = await self.run(await serve(self.blocking(answer(200, {}))))
        assert run.outcome is Outcome.PASSED
        assert run.loop_lag_ms > 50

    def blocking(self, reply: bytes) -> Any:
        async def play(_: Any, writer: Any) -> None:
            time.sleep(0.12)  # noqa: ASYNC251 - a late loop is what this is about
            writer.write(reply)

        return play

    async def run(self, server: Any) -> Run:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(0.02)
        run = await run_once(make_runner(loop_lag=lag), integration(server, {**GET, "retry": {"attempts": 1}}))
        lag.stop()
        return run
