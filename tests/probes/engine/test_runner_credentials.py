"""Tokens are fetched as steps of their own, and credentials go to the declared host only."""

from __future__ import annotations

from typing import Any

import pytest
from probe_world import after, answer, integration, make_runner, run_once

from probes.auth import TokenCache
from probes.model import FailureKind, Outcome
from probes.runner import Runner

GET = {"name": "get", "request": {"path": "/x"}}
SECRET = "client-secret-of-acme"
TOKEN = answer(200, {"access_token": "a-token-to-keep", "expires_in": 3600, "token_type": "bearer"})


def oauth(server: Any, tokens: Any, *steps: dict[str, Any], **more: Any) -> Any:
    auth = {
        "kind": "oauth2_client_credentials",
        "token_url": f"{tokens.url}/token",
        "client_id": "acme",
        "client_secret": "${env:ACME_SECRET}",
    }
    return integration(server, *(steps or (GET,)), auth=auth, **more)


def oauth_runner(**more: Any) -> Runner:
    return make_runner({"ACME_SECRET": SECRET}, **more)


async def test_a_token_fetch_is_a_measured_step_and_the_first_step_still_connects(serve: Any) -> None:
    server = await serve(TOKEN, answer(200, {}))
    run = await run_once(oauth_runner(), oauth(server, server))
    assert [(step.name, step.position, step.outcome) for step in run.steps] == [
        ("token", 0, Outcome.PASSED),
        ("get", 1, Outcome.PASSED),
    ]
    assert run.steps[0].timings.total_ms is not None
    assert run.steps[1].timings.connect_ms is not None
    assert server.heard[1].headers["authorization"] == "Bearer a-token-to-keep"


async def test_a_token_is_fetched_once_for_all_runs(serve: Any) -> None:
    server, tokens = await serve(), await serve(TOKEN)
    runner = oauth_runner(tokens=TokenCache())
    first, second = [await run_once(runner, oauth(server, tokens)) for _ in range(2)]
    assert [step.name for step in first.steps] == ["token", "get"]
    assert [step.name for step in second.steps] == ["get"]
    assert len(tokens.heard) == 1


async def test_a_refused_client_fails_the_token_step_and_the_api_is_never_asked(serve: Any) -> None:
    server, tokens = await serve(), await serve(answer(401, {"error": "invalid_client"}))
    tidy = {"name": "tidy", "always": True, "request": {"method": "DELETE", "path": "/x"}}
    run = await run_once(oauth_runner(), oauth(server, tokens, GET, tidy))
    assert (run.outcome, run.failed_step) == (Outcome.FAILED, "token")
    assert run.failure is not None
    assert run.failure.kind is FailureKind.AUTH
    assert [step.outcome for step in run.steps] == [Outcome.FAILED, Outcome.SKIPPED, Outcome.SKIPPED]
    assert server.heard == []
    assert SECRET not in repr(run)


async def test_a_token_endpoint_that_comes_back_makes_the_run_unstable(serve: Any) -> None:
    server, tokens = await serve(), await serve(answer(503, {}), TOKEN)
    run = await run_once(oauth_runner(), oauth(server, tokens, {**GET, "request": {"method": "POST", "path": "/x"}}))
    assert [(step.name, step.attempt, step.outcome) for step in run.steps] == [
        ("token", 1, Outcome.FAILED),
        ("token", 2, Outcome.UNSTABLE),
        ("get", 2, Outcome.PASSED),
    ]
    assert run.outcome is Outcome.UNSTABLE


async def test_an_unreachable_token_endpoint_is_a_failure_of_its_connection(serve: Any) -> None:
    server, tokens = await serve(), await serve()
    declared = oauth(server, tokens, {**GET, "retry": {"attempts": 1}})
    await tokens.stop()
    run = await run_once(oauth_runner(), declared)
    assert (run.failed_step, [step.outcome for step in run.steps]) == ("token", [Outcome.FAILED, Outcome.SKIPPED])
    assert run.failure is not None
    assert run.failure.kind is FailureKind.CONNECT


async def test_a_token_that_the_vendor_rejects_is_fetched_anew_by_a_second_attempt(serve: Any) -> None:
    server, tokens = await serve(answer(401, {}), answer(200, {})), await serve(TOKEN)
    step = {"name": "post", "request": {"method": "POST", "path": "/x"}}
    run = await run_once(oauth_runner(), oauth(server, tokens, step))
    assert [(one.name, one.attempt, one.outcome) for one in run.steps] == [
        ("token", 1, Outcome.PASSED),
        ("post", 1, Outcome.FAILED),
        ("token", 2, Outcome.PASSED),
        ("post", 2, Outcome.UNSTABLE),
    ]
    assert run.outcome is Outcome.UNSTABLE


async def test_credentials_never_go_to_another_host(serve: Any) -> None:
    server, elsewhere = await serve(), await serve()
    steps = [{"name": "out", "request": {"url": f"{elsewhere.url}/x"}}, GET]
    auth = {"kind": "bearer", "token": "${env:ACME_SECRET}"}
    headers = {"X-Api-Key": "${env:ACME_SECRET}"}
    run = await run_once(oauth_runner(), integration(server, *steps, auth=auth, headers=headers))
    assert run.outcome is Outcome.PASSED
    assert SECRET not in repr(elsewhere.heard)
    assert server.heard[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.heard[0].headers["x-api-key"] == SECRET


async def test_a_redirect_is_not_followed_with_or_without_credentials(serve: Any) -> None:
    elsewhere = await serve()
    server = await serve(answer(302, b"", {"Location": f"{elsewhere.url}/x"}))
    auth = {"kind": "bearer", "token": "${env:ACME_SECRET}"}
    run = await run_once(oauth_runner(), integration(server, GET, auth=auth))
    assert run.outcome is Outcome.FAILED
    assert elsewhere.heard == []


async def test_a_path_cannot_turn_the_declared_host_into_a_user_name(serve: Any) -> None:
    server = await serve(answer(200, {"path": "@evil.example/x"}), answer(200, {}))
    steps = [{**GET, "capture": {"path": "$.path"}}, {"name": "next", "request": {"path": "{{path}}"}}]
    auth = {"kind": "bearer", "token": "${env:ACME_SECRET}"}
    run = await run_once(oauth_runner(), integration(server, *steps, auth=auth))
    assert run.outcome is Outcome.PASSED
    assert server.heard[1].target == "/@evil.example/x"


async def test_a_token_that_no_header_can_carry_is_a_failed_run_and_is_not_quoted(serve: Any) -> None:
    odd = answer(200, {"access_token": "a-tökén-to-keep", "expires_in": 3600, "token_type": "bearer"})
    server, tokens = await serve(), await serve(odd)
    run = await run_once(oauth_runner(), oauth(server, tokens))
    assert (run.outcome, run.failed_step) == (Outcome.FAILED, "token")
    assert run.failure is not None
    assert run.failure.kind is FailureKind.AUTH
    assert server.heard == []
    assert "to-keep" not in repr(run)


async def test_a_secret_that_no_header_can_carry_is_a_failed_run(serve: Any) -> None:
    server = await serve()
    auth = {"kind": "bearer", "token": "${env:ACME_TOKEN}"}
    run = await run_once(make_runner({"ACME_TOKEN": "a-sécret"}), integration(server, GET, auth=auth))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.AUTH
    assert server.heard == []


async def test_a_token_that_another_run_fetched_meanwhile_ends_the_failure_and_the_run_is_unstable(serve: Any) -> None:
    server, tokens = await serve(), await serve(answer(503), TOKEN)
    declared = oauth(server, tokens, {**GET, "retry": {"attempts": 2, "backoff": "1s"}})

    async def meanwhile(_: float) -> None:
        await run_once(runner, declared)

    runner = oauth_runner(tokens=TokenCache(), sleep=meanwhile)
    run = await run_once(runner, declared)
    assert [(step.name, step.outcome) for step in run.steps] == [("token", Outcome.FAILED), ("get", Outcome.PASSED)]
    assert (run.outcome, run.failure) == (Outcome.UNSTABLE, None)


async def test_a_token_failure_that_was_over_is_not_blamed_for_what_fails_later(serve: Any) -> None:
    server, tokens = await serve(answer(200), answer(200), answer(404)), await serve(answer(503), TOKEN)
    declared = oauth(server, tokens, GET, {"name": "missing", "request": {"path": "/y"}})

    async def meanwhile(_: float) -> None:
        await run_once(runner, oauth(server, tokens))

    runner = oauth_runner(tokens=TokenCache(), sleep=meanwhile)
    run = await run_once(runner, declared)
    assert (run.outcome, run.failed_step) == (Outcome.FAILED, "missing")


@pytest.mark.parametrize("clock", ["workflow", "step"])
async def test_a_refresh_token_that_was_spent_is_not_lost_to_a_clock_of_ours(serve: Any, clock: str) -> None:
    rotated = answer(200, {"access_token": "at-1-of-acme", "refresh_token": "refresh-2", "expires_in": 3600})
    server, tokens = await serve(), await serve(after(0.4, rotated))
    auth = {
        "kind": "oauth2_refresh_token",
        "token_url": f"{tokens.url}/token",
        "client_id": "acme",
        "refresh_token": "${env:ACME_SECRET}",
    }
    hurried = {"timeout": "200ms"}
    step = {"name": "get", "request": {"path": "/x", **(hurried if clock == "step" else {})}, "retry": {"attempts": 1}}
    declared = integration(server, step, auth=auth, **(hurried if clock == "workflow" else {}))
    runner = oauth_runner(tokens=TokenCache())
    first = await run_once(runner, declared)
    second = await run_once(runner, integration(server, GET, auth=auth))
    assert first.steps[0].outcome is Outcome.PASSED
    assert [(step.name, step.outcome) for step in second.steps] == [("get", Outcome.PASSED)]
    assert len(tokens.heard) == 1
    if clock == "workflow":
        assert first.failure is not None
        assert first.failure.message == "the workflow's 200ms were over before the request"
        assert (first.outcome, len(server.heard)) == (Outcome.FAILED, 1)
