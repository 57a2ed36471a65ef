"""What a reference stands for is compared like any text and shown like any secret; schemas of several files hold."""

from __future__ import annotations

from typing import Any

from hostile_world import says, whole
from probe_world import integration, make_runner, run_once

from probes.model import FailureKind, Outcome

ACCOUNT = "acct-0815-of-acme"
JSON = b"Content-Type: application/json"


def step(**expect: Any) -> dict[str, Any]:
    return {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}, "expect": expect}


async def test_a_value_from_the_environment_can_be_expected(serve: Any) -> None:
    server = await serve(says(whole(b'{"account": "%s", "in": {"a": "%s"}}' % ((ACCOUNT.encode(),) * 2), JSON)))
    wanted = {"$.account": "${env:ACCOUNT}", "$.in": {"a": "${env:ACCOUNT}"}}
    run = await run_once(make_runner({"ACCOUNT": ACCOUNT}), integration(server, step(json=wanted)))
    assert run.outcome is Outcome.PASSED, run.failure


async def test_what_was_expected_from_the_environment_is_shown_nowhere(serve: Any) -> None:
    server = await serve(says(whole(b'{"account": "another"}', JSON)))
    run = await run_once(
        make_runner({"ACCOUNT": ACCOUNT}), integration(server, step(json={"$.account": "${env:ACCOUNT}"}))
    )
    assert run.failure is not None
    assert run.failure.message == '$.account: expected "[redacted]", got "another"'
    assert ACCOUNT not in repr(run)


async def test_a_schema_of_two_files_is_held_against_the_answer(serve: Any) -> None:
    server = await serve(says(whole(b'{"address": {"country": 49}}', JSON)))
    schemas = {
        "schemas/contact.json": {"properties": {"address": {"$ref": "parts/address.json"}}},
        "schemas/parts/address.json": {"properties": {"country": {"type": "string"}}},
    }
    run = await run_once(make_runner(), integration(server, step(schema="schemas/contact.json")), **schemas)
    assert run.failure is not None
    assert run.failure.kind is FailureKind.SCHEMA
    assert "$.address.country" in run.failure.message
