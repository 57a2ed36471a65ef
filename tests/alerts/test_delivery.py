"""Delivery: at least once, in order, no channel waiting for another, nothing lost."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pigeons import BUSY, GONE, Clock, Pigeon, deliverer, outage
from pydantic import SecretStr

from alerts.channels import Receipt, TransportError
from alerts.channels.webhook import Webhook
from alerts.delivery import LEASE
from alerts.store import channel_faults, deliveries, open_incidents, outbox, timeline
from alerts.store.outbox import claim
from metrics.store.database import Store


@pytest.fixture
def clock(world: Any) -> Clock:
    return Clock(world.T0)


@pytest.fixture
def happen(world: Any, store: Store, clock: Clock) -> Any:
    return outage(world, store, clock)


async def test_every_channel_gets_its_message_once(store: Store, clock: Clock, happen: Any) -> None:
    pager, slack = Pigeon(), Pigeon()
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=slack)
    assert await made.deliver_due() == 2
    assert await made.deliver_due() == 0
    assert (pager.actions, slack.actions) == (["trigger"], ["trigger"])
    assert pager.sent[0].link == "https://leadline.example.com/integration/hubspot"


async def test_a_busy_channel_is_tried_again_with_growing_waits(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(BUSY, BUSY)
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon())
    await made.deliver_due()
    clock.advance(seconds=1.9)
    await made.deliver_due()
    assert len(pager.sent) == 1
    clock.advance(seconds=0.1)
    await made.deliver_due()
    clock.advance(seconds=3.9)
    await made.deliver_due()
    assert len(pager.sent) == 2
    clock.advance(seconds=0.1)
    assert await made.deliver_due() == 1
    ledger = [a for a in reversed(store.read(deliveries)) if a.channel == "pager"]
    assert [(a.attempt, a.ok, a.status) for a in ledger] == [(1, False, 503), (2, False, 503), (3, True, 200)]


async def test_retry_after_is_obeyed_by_the_whole_channel(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(TransportError("HTTP 429", permanent=False, retry_after_s=30, status=429))
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon())
    await made.deliver_due()
    clock.advance(seconds=29)
    await made.deliver_due()
    assert len(pager.sent) == 1
    clock.advance(seconds=1)
    assert await made.deliver_due() == 1


async def test_a_resolve_waits_for_its_trigger(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(TransportError("HTTP 429", permanent=False, retry_after_s=600))
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    await made.deliver_due()
    happen(3, down=False)
    await made.deliver_due()
    assert pager.actions == ["trigger"]
    clock.advance(minutes=10)
    await made.deliver_due()
    assert pager.actions == ["trigger", "trigger", "resolve"]


async def test_a_resolve_is_sent_even_if_the_page_never_got_through(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(GONE)
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    await made.deliver_due()
    happen(3, down=False)
    await made.deliver_due()
    assert pager.actions == ["trigger", "resolve"]


async def test_a_channel_that_refuses_for_good_is_replaced_and_reported(
    world: Any, store: Store, clock: Clock, happen: Any
) -> None:
    mail = Pigeon()
    happen(0, down=True)
    made = deliverer(store, clock, pager=Pigeon(GONE), slack=Pigeon(), mail=mail)
    await made.deliver_due()
    assert mail.actions == ["trigger"]
    (fault,) = store.read(channel_faults)
    assert (fault.channel, fault.problem) == ("pager", "HTTP 404: no_service")
    happen(0.5, down=True)
    subjects = {i.subject: i for i in store.read(open_incidents)}
    assert set(subjects) == {"hubspot", "channel:pager"}
    told = timeline
    notes = [
        e.note for e in store.read(lambda con: told(con, subjects["hubspot"].incident_id)) if e.kind == "undelivered"
    ]
    assert notes == ["pager refused for good: HTTP 404: no_service; mail tells instead"]


async def test_a_channel_that_delivers_again_is_whole_again(store: Store, clock: Clock, happen: Any) -> None:
    happen(0, down=True)
    made = deliverer(store, clock, pager=Pigeon(GONE), slack=Pigeon(), mail=Pigeon())
    await made.deliver_due()
    clock.advance(minutes=3)
    happen(3, down=False)
    await made.deliver_due()
    assert store.read(channel_faults) == ()


async def test_after_a_day_a_message_is_given_up(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(BUSY, BUSY)
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    await made.deliver_due()
    clock.advance(hours=24)
    await made.deliver_due()
    states = {row.channel: row.state for row in store.read(outbox)}
    assert states["pager"] == "dead"
    assert store.read(channel_faults)[0].problem == "given up after 24 h: HTTP 503: busy"


async def test_a_message_claimed_by_a_process_that_died_is_taken_up_again(
    store: Store, clock: Clock, happen: Any
) -> None:
    happen(0, down=True)
    store.write(lambda con: claim(con, "pager", clock.now, LEASE, "dead process", "")).result()
    pager = Pigeon()
    made = deliverer(store, clock, pager=pager, slack=Pigeon())
    await made.deliver_due()
    assert pager.sent == []
    clock.advance(seconds=LEASE.total_seconds())
    assert await made.deliver_due() == 1


def test_a_message_is_claimed_by_one_only(store: Store, clock: Clock, happen: Any) -> None:
    happen(0, down=True)
    first = store.write(lambda con: claim(con, "pager", clock.now, LEASE, "a", "")).result()
    second = store.write(lambda con: claim(con, "pager", clock.now, LEASE, "b", "")).result()
    assert first is not None
    assert second is None


async def test_a_slow_channel_does_not_hold_the_others(
    world: Any, store: Store, clock: Clock, happen: Any, desk: Any, client: Any
) -> None:
    desk.gate.clear()
    slow = Webhook(SecretStr(desk.url), None, client)
    slack = Pigeon()
    happen(0, down=True)
    stop = threading.Event()
    running = asyncio.create_task(deliverer(store, clock, pager=slow, slack=slack).run_forever(stop))
    async with asyncio.timeout(10):
        while not (slack.sent and desk.posted):
            await asyncio.sleep(0.01)
    happen(1, down=False)
    async with asyncio.timeout(10):
        while slack.actions != ["trigger", "resolve"]:
            await asyncio.sleep(0.01)
    desk.gate.set()
    async with asyncio.timeout(10):
        while len(desk.posted) < 2:
            await asyncio.sleep(0.01)
        stop.set()
        await running


async def test_a_bug_in_one_channel_is_a_failed_attempt_and_tells_no_secret(
    store: Store, clock: Clock, happen: Any
) -> None:
    slack = Pigeon()
    happen(0, down=True)
    await deliverer(store, clock, pager=Pigeon(KeyError("s3cr3t")), slack=slack).deliver_due()
    assert slack.actions == ["trigger"]
    failed = [a for a in store.read(deliveries) if not a.ok]
    assert [a.answer for a in failed] == ["internal error: KeyError"]


async def test_what_got_through_is_remembered_for_the_retry(store: Store, clock: Clock, happen: Any) -> None:
    half = TransportError("one of two numbers", permanent=False, keep={"sms:1:a": "accepted"})
    pager = Pigeon(half, Receipt(201, "ok", {"sms:1:b": "accepted"}))
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    await made.deliver_due()
    clock.advance(minutes=1)
    await made.deliver_due()
    assert pager.sent[1].receipt == {"sms:1:a": "accepted"}
    happen(3, down=False)
    await made.deliver_due()
    assert pager.sent[2].receipt == {"sms:1:a": "accepted", "sms:1:b": "accepted"}


async def test_a_channel_taken_out_of_the_configuration_hands_over(store: Store, clock: Clock, happen: Any) -> None:
    mail = Pigeon()
    happen(0, down=True)
    await deliverer(store, clock, slack=Pigeon(), mail=mail).deliver_due()
    assert mail.actions == ["trigger"]
