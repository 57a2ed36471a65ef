"""Delivery when a channel is slow, limited, broken, renamed, or dies in between: nothing lost, nothing hammered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pigeons import BUSY, GONE, Clock, Pigeon, deliverer, outage

from alerts.channels import TransportError
from alerts.delivery import CIRCUIT_OPENS_AFTER, FIRST_TRIAL, MAX_AGE
from alerts.model import Action, Rule, Tier
from alerts.routing import Message
from alerts.store import acknowledge, channel_faults, deliveries, open_incidents, outbox, timeline
from alerts.store.channels import channel_health, note_specs
from alerts.store.outbox import claim, enqueue
from alerts.store.passing_on import release_claims
from config.model import Channel, Route
from metrics.store.database import Store


@pytest.fixture
def clock(world: Any) -> Clock:
    return Clock(world.T0)


@pytest.fixture
def happen(world: Any, store: Store, clock: Clock) -> Any:
    return outage(world, store, clock)


def write(store: Store, *messages: tuple[Any, Message], at: Any) -> None:
    """Incidents with a message each, as the engine writes them."""

    def work(con: Any) -> None:
        for incident, message in messages:
            enqueue(con, incident, message, at, None)

    store.write(work).result()


def incidents(world: Any, count: int, tier: Tier = Tier.URGENT) -> list[Any]:
    return [
        replace(world.incident(), incident_id=f"i{number}", subject=f"s{number}", tier=tier) for number in range(count)
    ]


def declaring(config: Any, **channel: str) -> Any:
    """The configuration with one channel only."""
    declared = Channel.model_validate({"kind": "webhook", **channel})
    return config.model_copy(update={"alerting": config.alerting.model_copy(update={"channels": (declared,)})})


def undelivered(store: Store) -> list[str]:
    (incident,) = (i for i in store.read(open_incidents) if i.subject == "hubspot")
    events = store.read(lambda con: timeline(con, incident.incident_id))
    return [event.note for event in events if event.kind == "undelivered"]


async def test_after_three_failures_in_a_row_a_channel_gets_one_trial_at_a_time(
    world: Any, store: Store, clock: Clock
) -> None:
    pager = Pigeon(*[BUSY] * 5)
    messages = [(one, Message("pager", Tier.URGENT, Action.TRIGGER)) for one in incidents(world, 20)]
    write(store, *messages, at=clock.now)
    made = deliverer(store, clock, pager=pager)
    for _ in range(10):
        await made.deliver_due()
    assert len(pager.sent) == CIRCUIT_OPENS_AFTER
    health = store.read(channel_health)["pager"]
    assert (health.failures, health.held_until, health.problem) == (3, clock.now + FIRST_TRIAL, "HTTP 503: busy")
    clock.advance(seconds=14)
    await made.deliver_due()
    clock.advance(seconds=1)
    await made.deliver_due()
    clock.advance(seconds=29)
    await made.deliver_due()
    assert len(pager.sent) == 4
    clock.advance(seconds=1)
    await made.deliver_due()
    assert len(pager.sent) == 5
    clock.advance(minutes=1)
    assert await made.deliver_due() == 20
    assert store.read(channel_health)["pager"].failures == 0
    assert len(store.read(lambda con: deliveries(con, limit=1000))) == 25


async def test_a_message_that_the_channel_chokes_on_does_not_hold_the_others(
    world: Any, store: Store, clock: Clock
) -> None:
    class Choking(Pigeon):
        async def send(self, notification: Any) -> Any:
            self.script = [BUSY] if notification.incident.incident_id == "i0" else []
            return await super().send(notification)

    pager = Choking()
    poison, good = incidents(world, 2, Tier.DEGRADED)
    write(store, (replace(poison, tier=Tier.URGENT), Message("pager", Tier.URGENT, Action.TRIGGER)), at=clock.now)
    made = deliverer(store, clock, pager=pager)
    for _ in range(8):
        await made.deliver_due()
        clock.advance(seconds=5)
    assert store.read(channel_health)["pager"].failures >= CIRCUIT_OPENS_AFTER
    write(store, (good, Message("pager", Tier.DEGRADED, Action.TRIGGER)), at=clock.now)
    clock.advance(minutes=2)
    assert await made.deliver_due() == 1


async def test_what_wakes_somebody_goes_before_what_can_wait_and_that_before_reports(
    world: Any, store: Store, clock: Clock
) -> None:
    ends, urgent, degraded, report = incidents(world, 4)
    degraded = replace(degraded, tier=Tier.DEGRADED)
    write(
        store,
        (report, Message("slack", Tier.REPORT, Action.RESOLVE)),
        (degraded, Message("slack", Tier.DEGRADED, Action.TRIGGER)),
        (ends, Message("slack", Tier.DEGRADED, Action.RESOLVE)),
        (urgent, Message("slack", Tier.DEGRADED, Action.TRIGGER)),
        at=clock.now,
    )
    slack = Pigeon()
    await deliverer(store, clock, slack=slack).deliver_due()
    assert [n.incident.incident_id for n in slack.sent] == [one.incident_id for one in (urgent, ends, degraded, report)]


async def test_a_channel_is_used_no_faster_than_its_rate(world: Any, store: Store, clock: Clock) -> None:
    made, pager = deliverer(store, clock), Pigeon()
    made.adopt(declaring(world.config(), name="pager", rate="1/s"), {"pager": pager}, {})
    write(store, *((one, Message("pager", Tier.URGENT, Action.TRIGGER)) for one in incidents(world, 5)), at=clock.now)
    sent = []
    for _ in range(12):
        await made.deliver_due()
        sent.append(len(pager.sent))
        clock.advance(seconds=0.5)
    assert sent == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5]


async def test_urgent_news_that_is_stuck_goes_to_the_next_channel_too_and_keeps_its_place(
    store: Store, clock: Clock, happen: Any
) -> None:
    pager, mail = Pigeon(*[BUSY] * 30), Pigeon()
    happen(0, down=True)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=mail)
    for _ in range(17):
        await made.deliver_due()
        clock.advance(seconds=10)
    assert mail.sent == []
    clock.advance(seconds=10)
    for _ in range(3):
        await made.deliver_due()
    assert mail.actions == ["trigger"]
    assert undelivered(store) == ["pager has not taken it for 3 min (HTTP 503: busy); mail tells as well"]
    pager.script.clear()
    clock.advance(minutes=2)
    await made.deliver_due()
    assert store.read(lambda con: [row.state for row in outbox(con) if row.channel == "pager"]) == ["sent"]
    happen(10, down=False)
    await made.deliver_due()
    assert pager.actions[-1] == mail.actions[-1] == "resolve"


async def test_what_somebody_has_taken_goes_nowhere_else(store: Store, clock: Clock, happen: Any) -> None:
    mail = Pigeon()
    happen(0, down=True)
    (incident,) = store.read(open_incidents)
    acknowledge(store, incident.incident_id, "ada", clock.now).result()
    made = deliverer(store, clock, pager=Pigeon(*[BUSY] * 9), slack=Pigeon(), mail=mail)
    await made.deliver_due()
    clock.advance(minutes=5)
    await made.deliver_due()
    assert mail.sent == []


async def test_a_fallback_that_told_of_an_earlier_round_tells_of_the_next_one_too(
    store: Store, clock: Clock, happen: Any
) -> None:
    mail = Pigeon()
    made = deliverer(store, clock, pager=Pigeon(*[GONE] * 9), slack=Pigeon(), mail=mail)
    happen(0, down=True)
    await made.deliver_due()
    happen(3, down=False)
    await made.deliver_due()
    happen(6, down=True)
    await made.deliver_due()
    assert [a for a in mail.actions if a != "resolve"] == ["trigger", "trigger"]


async def test_a_new_round_overtakes_what_a_broken_channel_has_not_been_told_of_the_last(
    store: Store, clock: Clock, happen: Any
) -> None:
    pager = Pigeon(BUSY)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    happen(0, down=True)
    await made.deliver_due()
    for at, down in ((3, False), (6, True), (9, False)):
        happen(at, down=down)
    await made.deliver_due()
    assert pager.actions == ["trigger", "trigger", "resolve"]


async def test_an_acknowledgement_overtakes_no_news(store: Store, clock: Clock, world: Any) -> None:
    (one,) = incidents(world, 1)
    write(
        store,
        (one, Message("mail", Tier.DEGRADED, Action.UPDATE)),
        (one, Message("mail", Tier.DEGRADED, Action.ACKNOWLEDGE)),
        at=clock.now,
    )
    mail = Pigeon()
    await deliverer(store, clock, mail=mail).deliver_due()
    assert mail.actions == ["update", "acknowledge"]


async def test_an_end_that_was_refused_is_told_once_the_channel_works_again(
    store: Store, clock: Clock, happen: Any
) -> None:
    pager = Pigeon()
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    happen(0, down=True)
    await made.deliver_due()
    pager.script = [GONE]
    happen(3, down=False)
    await made.deliver_due()
    happen(3, down=True, name="shopify")
    clock.advance(minutes=1)
    await made.deliver_due()
    await made.deliver_due()
    told = [(n.incident.subject, str(n.action)) for n in pager.sent]
    assert told == [("hubspot", "trigger"), ("hubspot", "resolve"), ("shopify", "trigger"), ("hubspot", "resolve")]
    assert {row.state for row in store.read(outbox)} == {"sent"}


async def test_a_channel_that_left_the_configuration_still_tells_of_the_end_of_what_it_told_of(
    world: Any, store: Store, clock: Clock, happen: Any
) -> None:
    old, new, slack = Pigeon(), Pigeon(), Pigeon()
    happen(0, down=True)
    store.write(lambda con: note_specs(con, {"pager": "spec", "slack": "s"}, clock.now)).result()
    await deliverer(store, clock, pager=old, slack=slack).deliver_due()
    left = store.write(lambda con: note_specs(con, {"slack": "s", "pager-2": "spec"}, clock.now)).result()
    assert left == {"pager": "spec"}
    made = deliverer(store, clock)
    made.adopt(world.config(), {"slack": slack, "pager-2": new}, {"pager": old})
    happen(3, down=False)
    await made.deliver_due()
    assert old.actions == ["trigger", "resolve"]
    assert new.sent == []
    assert store.write(lambda con: note_specs(con, {"slack": "s"}, clock.now)).result() == {}


async def test_a_page_for_a_channel_that_was_renamed_goes_to_the_one_that_the_route_names_now(
    world: Any, store: Store, clock: Clock, happen: Any
) -> None:
    happen(0, down=True)
    config = declaring(world.config(routes=(Route(urgent=("sms",)),)), name="sms")
    made, sms, old = deliverer(store, clock), Pigeon(), Pigeon()
    made.adopt(config, {"sms": sms}, {"pager": old, "slack": old})
    await made.deliver_due()
    assert sms.actions == ["trigger"]
    assert old.sent == []
    assert "pager refused for good: the channel is not configured; sms tells instead" in undelivered(store)


async def test_what_was_claimed_by_a_process_that_died_is_free_at_the_next_start(
    store: Store, clock: Clock, happen: Any
) -> None:
    happen(0, down=True)
    for channel in ("pager", "slack"):
        store.write(lambda con, c=channel: claim(con, c, clock.now, timedelta(minutes=2), "dead", "")).result()
    store.write(lambda con: release_claims(con, clock.now)).result()
    pager = Pigeon()
    assert await deliverer(store, clock, pager=pager, slack=Pigeon()).deliver_due() == 2


async def test_a_channel_that_takes_nothing_for_a_quarter_of_an_hour_is_told_of_by_the_others(
    store: Store, clock: Clock, happen: Any
) -> None:
    pager = Pigeon(*[BUSY] * 99)
    made = deliverer(store, clock, pager=pager, slack=Pigeon(), mail=Pigeon())
    happen(0, down=True)
    for minute in range(1, 15):
        await made.deliver_due()
        happen(minute, down=True)
    assert {i.subject for i in store.read(open_incidents)} == {"hubspot"}
    await made.deliver_due()
    happen(15, down=True)
    (broken,) = (i for i in store.read(open_incidents) if i.subject == "channel:pager")
    assert broken.conditions[0].rule is Rule.CHANNEL_BROKEN
    pager.script.clear()
    clock.advance(minutes=3)
    await made.deliver_due()
    assert store.read(channel_faults) == ()


async def test_a_message_is_given_up_after_a_day_even_when_its_channel_got_few_trials(
    world: Any, store: Store, clock: Clock
) -> None:
    write(store, *((one, Message("pager", Tier.URGENT, Action.TRIGGER)) for one in incidents(world, 3)), at=clock.now)
    made = deliverer(store, clock, pager=Pigeon(*[BUSY] * 99))
    await made.deliver_due()
    clock.now += MAX_AGE
    for _ in range(6):
        await made.deliver_due()
        clock.advance(minutes=2)
    assert {row.state for row in store.read(outbox)} == {"dead"}
    assert store.read(channel_faults)[0].problem == "given up after 24 h: HTTP 503: busy"


async def test_a_retry_after_survives_a_restart(store: Store, clock: Clock, happen: Any) -> None:
    pager = Pigeon(TransportError("HTTP 429", permanent=False, retry_after_s=600, status=429))
    happen(0, down=True)
    await deliverer(store, clock, pager=pager, slack=Pigeon()).deliver_due()
    happen(1, down=True, name="shopify")
    await deliverer(store, clock, pager=pager, slack=Pigeon()).deliver_due()
    assert len(pager.sent) == 1
    clock.advance(minutes=10)
    await deliverer(store, clock, pager=pager, slack=Pigeon()).deliver_due()
    assert len(pager.sent) == 3
