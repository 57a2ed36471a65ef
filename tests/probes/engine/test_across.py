"""A step against another integration uses that one's address and credential, and its failures are that one's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from probe_world import Server, answer, integration, make_runner, wall_clock

from config.model import Config, Integration
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

SECRETS = {"CRM": "crm-secret-token", "MAIL": "mail-secret-token"}
CREATE = {"name": "create", "request": {"method": "POST", "path": "/leads"}, "capture": {"lead": "$.id"}}
APPEARS = {
    "name": "appears",
    "integration": "mail",
    "request": {"path": "/contacts/{{lead}}"},
    "until": {"json": {"$.total": 1}, "within": "2s", "every": "10ms"},
    "record": {"score": "$.score"},
}


def bearer(name: str) -> dict[str, str]:
    return {"kind": "bearer", "token": f"${{env:{name}}}", "credential": name.lower()}


def pair(crm: Server, mail: Server, *steps: dict[str, Any], **mails: Any) -> Config:
    own = integration(crm, *(steps or (CREATE, APPEARS)), integration="crm", auth=bearer("CRM"))
    other = integration(mail, {"name": "get", "request": {}}, integration="mail", auth=bearer("MAIL"), **mails)
    return Config(root=Path(), version="v1", integrations=(own, other))


async def run(runner: Runner, config: Config, name: str = "crm") -> Run:
    declared: Integration | None = config.integration(name)
    assert declared is not None
    return await runner.run(
        declared, declared.workflows[0], region="local", config=config, scheduled_at=wall_clock(), attempt=1
    )


CREATED = answer(201, {"id": "L7"})
THERE = answer(200, {"total": 1, "score": 8.5})
NOT_YET = answer(200, {"total": 0})


async def test_it_goes_to_the_others_address_with_the_others_credential_and_headers(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(THERE)
    made = await run(make_runner(SECRETS), pair(crm, mail, headers={"X-Mail": "yes"}))
    assert made.outcome is Outcome.PASSED
    assert mail.heard[0].target == "/contacts/L7"
    assert mail.heard[0].headers["authorization"] == "Bearer mail-secret-token"
    assert mail.heard[0].headers["x-mail"] == "yes"
    assert crm.heard[0].headers["authorization"] == "Bearer crm-secret-token"
    assert [step.integration for step in made.steps] == [None, "mail"]


async def test_the_time_until_it_appears_is_the_sync_lag_of_the_pair(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(NOT_YET, NOT_YET, THERE)
    made = await run(make_runner(SECRETS), pair(crm, mail))
    assert made.values["sync_lag_ms"] == made.values["sync_lag_to_mail_ms"]
    assert made.values["sync_lag_ms"] >= 20
    assert made.values["score"] == 8.5


async def test_a_failure_there_says_where_and_keeps_both_secrets(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(answer(500, {"echo": "mail-secret-token and crm-secret-token"}))
    made = await run(make_runner(SECRETS), pair(crm, mail))
    assert made.failure is not None
    assert made.failure.message.startswith("in mail: ")
    assert (made.failed_integration, made.failed_step, made.failure.kind) == ("mail", "appears", FailureKind.STATUS_5XX)
    assert "secret-token" not in repr(made)


async def test_a_failure_here_is_not_elsewhere(serve: Any) -> None:
    crm, mail = await serve(answer(500)), await serve(THERE)
    made = await run(make_runner(SECRETS), pair(crm, mail))
    assert (made.failed_integration, mail.heard) == (None, [])


async def test_clean_up_goes_where_each_step_says(serve: Any) -> None:
    crm, mail = await serve(CREATED, answer(204)), await serve(THERE, answer(204))
    wipe = {"always": True, "request": {"method": "DELETE", "path": "/{{lead}}"}}
    steps = (CREATE, APPEARS, wipe | {"name": "wipe there", "integration": "mail"}, wipe | {"name": "wipe here"})
    made = await run(make_runner(SECRETS), pair(crm, mail, *steps))
    assert made.outcome is Outcome.PASSED
    assert [(heard.method, heard.target) for heard in mail.heard] == [("GET", "/contacts/L7"), ("DELETE", "/L7")]
    assert [(heard.method, heard.target) for heard in crm.heard] == [("POST", "/leads"), ("DELETE", "/L7")]


async def test_quota_is_credited_to_whom_it_belongs(serve: Any) -> None:
    crm = await serve(answer(201, {"id": "L7"}, {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "90"}))
    mail = await serve(answer(200, {"total": 1}, {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "7"}))
    made = await run(make_runner(SECRETS), pair(crm, mail))
    assert {(one.integration, one.credential, one.remaining) for one in made.quota} == {
        (None, "crm", 90.0),
        ("mail", "mail", 7.0),
    }


async def test_the_others_reserve_is_kept(serve: Any) -> None:
    crm = await serve(CREATED)
    mail = await serve(answer(200, {"total": 1}, {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "7"}))
    config, runner = pair(crm, mail, quota={"reserve": "20%"}), make_runner(SECRETS)
    first, second = await run(runner, config), await run(runner, config)
    assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.SKIPPED)
    assert second.skip_reason is not None
    assert second.skip_reason.startswith("in mail: quota reserve: ")
    assert second.failure is None


async def test_while_the_others_circuit_is_open_nothing_is_created_for_it(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(answer(503))
    config, runner = pair(crm, mail, circuit={"after": 1}), make_runner(SECRETS)
    for _ in range(2):
        await run(runner, config, "mail")
    made = await run(runner, config)
    assert made.outcome is Outcome.SKIPPED
    assert (made.skip_reason or "").startswith("in mail: circuit open since ")
    assert (made.failure, crm.heard) == (None, [])


async def test_an_open_circuit_that_no_workflow_here_could_close_any_more_holds_nothing_back(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(*[answer(503)] * 4, THERE)
    config, runner = pair(crm, mail, circuit={"after": 1}), make_runner(SECRETS)
    for _ in range(2):
        await run(runner, config, "mail")
    assert len(runner.open_circuits()) == 1
    own, other = config.integrations
    moved = other.model_copy(update={"workflows": (other.workflows[0].model_copy(update={"regions": ("eu",)}),)})
    made = await run(runner, config.model_copy(update={"integrations": (own, moved)}))
    assert (made.outcome, made.skip_reason) == (Outcome.PASSED, None)


async def test_an_answer_from_here_closes_the_circuit_here_whatever_fails_there(serve: Any) -> None:
    crm, mail = await serve(*[answer(503)] * 4, CREATED), await serve(answer(503))
    once = {**CREATE, "retry": {"attempts": 1}}
    now = [wall_clock()]
    config, runner = pair(crm, mail, once, APPEARS), make_runner(SECRETS, clock=lambda: now[0])
    own, other = config.integrations
    own = own.model_copy(update={"circuit": own.circuit.model_copy(update={"after": 3})})
    config = config.model_copy(update={"integrations": (own, other)})
    for _ in range(4):
        await run(runner, config)
    assert len(runner.open_circuits()) == 1
    now[0] += timedelta(minutes=1)
    assert (await run(runner, config)).failed_integration == "mail"
    assert runner.open_circuits() == ()


async def test_failures_there_do_not_open_the_circuit_here(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(answer(503))
    config, runner = pair(crm, mail), make_runner(SECRETS)
    for _ in range(12):
        await run(runner, config)
    assert runner.open_circuits() == ()


async def test_a_secret_that_only_the_other_lacks_is_named_with_it(serve: Any) -> None:
    crm, mail = await serve(CREATED), await serve(THERE)
    made = await run(make_runner({"CRM": "crm-secret-token"}), pair(crm, mail))
    assert made.failure is not None
    assert made.failure.kind is FailureKind.INTERNAL
    assert made.failure.message.startswith("in mail: a secret is missing: ${env:MAIL}")


async def test_a_token_that_the_other_refuses_fails_the_run_though_clean_up_gets_one(serve: Any) -> None:
    token = answer(200, {"access_token": "t0ken-of-crm", "token_type": "Bearer", "expires_in": 3600})
    crm = await serve(token, CREATED, answer(204))
    mail = await serve(answer(400, {"error": "invalid_client"}))

    def oauth(server: Server, name: str) -> dict[str, str]:
        address = f"{server.url}/token"
        return {
            "kind": "oauth2_client_credentials", "token_url": address, "client_id": name, "client_secret": "${env:CRM}"
        }  # fmt: skip

    wipe = {"name": "wipe", "always": True, "request": {"method": "DELETE", "path": "/{{lead}}"}}
    own = integration(crm, CREATE, APPEARS, wipe, integration="crm", auth=oauth(crm, "crm"))
    other = integration(mail, {"name": "get", "request": {}}, integration="mail", auth=oauth(mail, "mail"))
    made = await run(make_runner(SECRETS), Config(root=Path(), version="v", integrations=(own, other)))
    assert (made.outcome, made.failed_integration, made.failed_step) == (Outcome.FAILED, "mail", "token (mail)")


async def test_a_vendor_that_asks_to_wait_is_left_alone_by_every_run_of_that_credential(serve: Any) -> None:
    crm = await serve(answer(429, {}, {"Retry-After": "30"}))
    now = [wall_clock()]
    runner = make_runner(SECRETS, clock=lambda: now[0])
    one = integration(crm, {"name": "get", "request": {}}, integration="one", auth=bearer("CRM"))
    two = integration(crm, {"name": "get", "request": {}}, integration="two", auth=bearer("CRM"))
    config = Config(root=Path(), version="v", integrations=(one, two))
    throttled, held = await run(runner, config, "one"), await run(runner, config, "two")
    until = now[0] + timedelta(seconds=30)
    assert (throttled.outcome, held.outcome) == (Outcome.THROTTLED, Outcome.SKIPPED)
    assert held.skip_reason == f"vendor asked to wait until {until:%H:%M:%S} (Retry-After)"
    crm.script = [answer(200, {})]
    now[0] += timedelta(seconds=30)
    assert (await run(runner, config, "two")).outcome is Outcome.PASSED
