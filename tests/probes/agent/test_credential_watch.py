"""The hub hears of credentials when there is news, until it has it, and now and then without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from config.model import Integration
from probes import wire
from probes.agent.credentials import TOLD_EVERY, CredentialWatch
from probes.auth import TokenCache
from probes.model import CredentialLife, Failure, FailureKind, Heartbeat, Outcome, Run, StepResult

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def integration(name: str, **auth: Any) -> Integration:
    steps = [{"name": "s", "request": {"path": "/"}}]
    auth = auth or {"kind": "bearer", "token": "${env:T}"}
    return Integration.model_validate(
        {
            "integration": name,
            "base_url": "https://x.example",
            "auth": auth,
            "workflows": [{"name": "w", "steps": steps}],
        }
    )


class World:
    def __init__(self) -> None:
        self.now = T0
        self.watch = CredentialWatch(TokenCache(), {"T": "s3cret"}, lambda: self.now)

    def ran(self, kind: FailureKind | None, *, step: str = "s", other: str | None = None) -> None:
        failure = Failure(kind, f"{kind}") if kind is not None else None
        outcome = Outcome.FAILED if failure else Outcome.PASSED
        position = 0 if step.startswith(("token", "nonce")) else 1
        result = StepResult(step, position, 1, False, self.now, outcome, failure=failure, status=200, integration=other)
        run = Run(UUID(int=1), "local", "acme", "w", self.now, self.now, 1.0, outcome, "v1", steps=(result,))
        self.watch.saw(run)


@pytest.fixture
def world() -> World:
    return World()


async def test_nothing_is_told_before_the_first_look(world: World) -> None:
    world.ran(None)
    assert world.watch.report() is None


async def test_it_is_told_until_the_hub_has_it_and_then_only_when_there_is_news(world: World) -> None:
    await world.watch.look([integration("acme"), integration("open", kind="none")])
    first = world.watch.report()
    assert first is not None
    assert [one.integration for one in first] == ["acme"]
    assert world.watch.report() == first
    world.watch.delivered(first)
    assert world.watch.report() is None
    world.ran(None)
    world.now += timedelta(minutes=1)
    assert world.watch.report() is None
    world.ran(FailureKind.AUTH)
    second = world.watch.report()
    assert second is not None
    assert (second[0].failed_at, second[0].failure) == (world.now, "auth")
    world.watch.delivered(second)
    world.now += timedelta(minutes=1)
    world.ran(FailureKind.AUTH)
    assert world.watch.report() is None
    world.ran(None)
    assert world.watch.report() is not None


async def test_it_is_told_again_after_a_while_in_case_the_hub_forgot(world: World) -> None:
    await world.watch.look([integration("acme")])
    world.watch.delivered(world.watch.report())
    world.now += TOLD_EVERY
    assert world.watch.report() is not None


async def test_a_failure_of_another_kind_says_nothing_of_the_credential(world: World) -> None:
    await world.watch.look([integration("acme")])
    world.ran(FailureKind.STATUS_5XX)
    (told,) = world.watch.report() or ()
    assert (told.failed_at, told.last_ok_at) == (None, None)


@pytest.mark.parametrize("step", ["token", "token (acme)", "nonce"])
async def test_a_token_alone_opens_nothing_yet(world: World, step: str) -> None:
    await world.watch.look([integration("acme")])
    world.ran(None, step=step)
    (told,) = world.watch.report() or ()
    assert told.last_ok_at is None


async def test_a_step_against_another_integration_is_about_that_ones_credential(world: World) -> None:
    await world.watch.look([integration("acme"), integration("other")])
    world.ran(FailureKind.AUTH, other="other")
    told = {one.integration: one for one in world.watch.report() or ()}
    assert told["acme"].failed_at is None
    assert told["other"].failed_at == T0


def beat(**more: Any) -> Heartbeat:
    return Heartbeat("p1", "local", "0.1", T0, T0, 0.5, 0, "v1", **more)


def test_a_heartbeat_carries_them_and_an_older_probers_does_without() -> None:
    life = CredentialLife("acme", "probe", "bearer", rotated_on=T0.date(), rotate_due_at=T0, failed_at=T0, failure="x")
    told = beat(credentials=(life,))
    assert wire.parse_heartbeat(wire.dump_heartbeat(told)) == told
    older = wire.dump_heartbeat(beat()).replace(b',"credentials":null', b"")
    assert b"credentials" not in older
    assert wire.parse_heartbeat(older).credentials is None
    assert replace(told, credentials=None) == beat()
