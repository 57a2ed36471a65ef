"""Self-tests: when they are due, what they leave behind, and that a fault opens and closes by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pigeons import GONE, Clock, Pigeon, deliverer, outage
from pydantic import ValidationError

from alerts.channels import TransportError
from alerts.channels.base import Proof
from alerts.self_tests import AGAIN_AFTER, FIRST_AFTER, NoSelfTest, SelfTests, next_test
from alerts.store import channel_faults
from alerts.store.channels import ChannelTest, latest_tests
from config.model import Channel
from config.self_test import SelfTest
from metrics.store.database import Store

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
REVOKED = TransportError("HTTP 401: revoked", permanent=True, status=401)
AWAY = TransportError("ConnectError", permanent=False)


class Proving(Pigeon):
    """Whose self-tests are scripted, too."""

    def __init__(self, *shown: Proof | Exception) -> None:
        super().__init__()
        self.shown = list(shown)

    async def test(self, now: datetime) -> Proof:
        answer = self.shown.pop(0) if self.shown else Proof(200, "fine")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock(world: Any) -> Clock:
    return Clock(world.T0)


def passed(at: datetime, *, ok: bool = True) -> ChannelTest:
    return ChannelTest("pager", at, 12.0, ok, not ok, False, 200, "fine")


def planned(world: Any, timezone: str = "UTC", **plan: Any) -> Any:
    config = world.config()
    alerting = config.alerting.model_copy(update={"self_test": SelfTest.model_validate(plan)})
    hub = config.settings.hub.model_copy(update={"timezone": timezone})
    return config.model_copy(update={"alerting": alerting, "settings": config.settings.model_copy(update={"hub": hub})})


PAGER = Channel.model_validate({"name": "pager", "kind": "webhook"})


def test_the_usual_test_is_at_nine_by_the_hubs_clock_whatever_the_day_had(world: Any) -> None:
    config = planned(world, "Europe/Berlin")
    for at in (MORNING, MORNING + timedelta(hours=7), MORNING - timedelta(hours=8)):
        due = next_test(PAGER, config, passed(at), MORNING)
        local = at.astimezone(due.tzinfo if due else None)
        assert due is not None
        assert (due.hour, due.minute) == (8, 0)
        assert timedelta(0) < due - local <= timedelta(hours=48)


def test_the_clock_that_is_put_back_does_not_move_the_test(world: Any) -> None:
    config = planned(world, "Europe/Berlin")
    before = datetime(2026, 10, 24, 7, 0, tzinfo=UTC)
    assert next_test(PAGER, config, passed(before), before) == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)


def test_a_channel_that_was_never_tested_or_failed_is_tested_soon(world: Any) -> None:
    config = planned(world)
    assert next_test(PAGER, config, None, MORNING) == MORNING + FIRST_AFTER
    assert next_test(PAGER, config, passed(MORNING, ok=False), MORNING) == MORNING + AGAIN_AFTER


def test_a_shorter_interval_needs_no_time_of_day(world: Any) -> None:
    assert next_test(PAGER, planned(world, every="6h"), passed(MORNING), MORNING) == MORNING + timedelta(hours=6)


def test_what_is_switched_off_is_not_tested(world: Any) -> None:
    assert next_test(PAGER, planned(world, enabled=False), None, MORNING) is None
    off = PAGER.model_copy(update={"self_test": False})
    assert next_test(off, planned(world), None, MORNING) is None


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"every": "1m"}, "at least 5m"),
        ({"every": "6h", "at": "09:00"}, "whole days"),
        ({"at": "9 o'clock"}, "not a time of day"),
        ({"every": "soon"}, "not a duration"),
    ],
)
def test_a_timetable_that_cannot_be_is_refused_with_the_reason(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SelfTest.model_validate(plan)


def examiner(world: Any, store: Store, clock: Clock, **senders: Any) -> SelfTests:
    return SelfTests(store, lambda: senders, world.config, clock=clock)


async def test_a_test_that_is_refused_opens_a_fault_and_one_that_passes_closes_it(
    world: Any, store: Store, clock: Clock
) -> None:
    tests = examiner(world, store, clock, pager=Proving(REVOKED), slack=Proving(), mail=Pigeon())
    clock.now += FIRST_AFTER
    assert {test.channel: test.ok for test in await tests.test_due()} == {"pager": False, "slack": True}
    (fault,) = store.read(channel_faults)
    assert (fault.channel, fault.problem, fault.for_good) == ("pager", "self-test: HTTP 401: revoked", True)
    assert await tests.test_due() == ()
    clock.now += AGAIN_AFTER
    assert [test.ok for test in await tests.test_due()] == [True]
    assert store.read(channel_faults) == ()


async def test_a_test_that_fails_for_now_is_a_fault_that_may_pass(world: Any, store: Store, clock: Clock) -> None:
    tests = examiner(world, store, clock, pager=Proving(AWAY))
    await tests.test("pager", "ada")
    (fault,) = store.read(channel_faults)
    assert (fault.for_good, fault.since) == (False, clock.now)
    assert store.read(latest_tests)["pager"].asked_by == "ada"
    await tests.test("pager")
    assert store.read(channel_faults) == ()


@pytest.mark.parametrize("whole_way", [True, False])
async def test_only_a_test_that_goes_the_whole_way_clears_a_refused_message(
    world: Any, store: Store, clock: Clock, whole_way: bool
) -> None:
    pager = Proving(Proof(200, "fine", end_to_end=whole_way))
    pager.script = [GONE]
    outage(world, store, clock)(0, down=True)
    await deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon()).deliver_due()
    clock.advance(minutes=1)
    await examiner(world, store, clock, pager=pager).test("pager")
    assert bool(store.read(channel_faults)) is not whole_way


async def test_a_kind_without_a_test_is_never_due_and_says_so(world: Any, store: Store, clock: Clock) -> None:
    tests = examiner(world, store, clock, pager=Pigeon())
    assert tests.next_tests() == {}
    with pytest.raises(NoSelfTest, match="pager: channels of its kind"):
        await tests.test("pager")
    with pytest.raises(KeyError):
        await tests.test("nobody")


async def test_a_bug_in_a_test_is_a_failure_that_tells_no_secret(world: Any, store: Store, clock: Clock) -> None:
    shown = await examiner(world, store, clock, pager=Proving(ValueError("s3cr3t"))).test("pager")
    assert replace(shown, duration_ms=0) == ChannelTest(
        "pager", clock.now, 0, False, False, False, None, "internal error: ValueError"
    )
