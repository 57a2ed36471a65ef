"""What people do to an incident, and what comes of it afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.engine import Engine
from alerts.model import Incident, IncidentState
from alerts.store import (
    acknowledge,
    audit_log,
    incident,
    incidents,
    open_incidents,
    outbox,
    resolve,
    timeline,
    unacknowledge,
)
from alerts.store.audit import call_back, take
from alerts.storm import STORM
from config.model import Storm
from metrics.store.database import Store


def queued(store: Store) -> list[tuple[str, str]]:
    return [(row.channel, str(row.action)) for row in reversed(store.read(outbox)) if row.state == "due"]


FACTS = {"first_failure", "confirmed", "evidence", "notified", "recovered", "blast_radius"}


def kinds(store: Store, incident_id: str) -> list[str]:
    """What happened to it, without what was seen."""
    found = [event.kind for event in store.read(lambda con: timeline(con, incident_id))]
    return [kind for kind in found if kind not in FACTS]


class Life:
    """One store, one engine, and the minutes as they pass."""

    def __init__(self, store: Store, world: Any) -> None:
        self.store, self.world, self.engine, self.config = store, world, Engine(store), world.config()

    def down(self, minute: float, *more: Any) -> None:
        world = self.world
        seen = world.seen(minute, world.workflow(world.region(minute, failing=2 + int(minute))), *more)
        self.engine.apply(seen, self.config).result()

    def good(self, minute: float, *more: Any) -> None:
        seen = self.world.seen(minute, self.world.workflow(self.world.region(minute)), *more)
        self.engine.apply(seen, self.config).result()

    def silent(self, minute: float) -> None:
        self.engine.apply(self.world.seen(minute), self.config).result()

    def at(self, minute: float) -> Any:
        return self.world.T0 + timedelta(minutes=minute)

    def resolve(self, minute: float) -> Incident:
        (found,) = self.store.read(open_incidents)
        assert resolve(self.store, found.incident_id, "ada", self.at(minute)).result() is True
        over = self.store.read(lambda con: incident(con, found.incident_id))
        assert over is not None
        return over

    @property
    def open(self) -> tuple[Incident, ...]:
        return self.store.read(open_incidents)

    @property
    def all(self) -> tuple[Incident, ...]:
        return self.store.read(incidents)


@pytest.fixture
def life(store: Store, world: Any) -> Life:
    return Life(store, world)


def test_a_resolve_by_hand_is_told_written_down_and_audited(life: Life) -> None:
    life.down(0)
    over = life.resolve(3)
    assert (over.state, over.resolved_by, over.resolved_at) == (IncidentState.RESOLVED, "ada", life.at(3))
    assert queued(life.store)[3:] == [("pager", "resolve"), ("sms", "resolve"), ("slack", "resolve")]
    assert kinds(life.store, over.incident_id) == ["opened", "resolved_by_hand"]
    (row,) = life.store.read(audit_log)
    assert (row.who, row.action, row.subject) == ("ada", "incident.resolve", over.incident_id)
    assert resolve(life.store, over.incident_id, "bob", life.at(4)).result() is False


def test_what_goes_on_does_not_reopen_what_was_resolved_by_hand(life: Life) -> None:
    life.down(0)
    life.resolve(3)
    before = queued(life.store)
    for minute in range(4, 30):
        life.down(minute)
    assert (life.open, len(life.all), queued(life.store)) == ((), 1, before)


def test_once_it_was_gone_it_may_open_an_incident_again(life: Life) -> None:
    life.down(0)
    life.resolve(3)
    life.down(14)
    life.good(15)
    life.down(17)
    (again,) = life.open
    assert (len(life.all), again.reopened) == (2, 0)


def test_missing_data_does_not_count_as_gone(life: Life) -> None:
    life.down(0)
    life.resolve(3)
    life.silent(20)
    life.down(21)
    assert life.open == ()


def test_the_burn_of_a_dismissed_outage_opens_nothing_while_it_lasts_and_after(life: Life) -> None:
    burning = life.world.burning(life.world.page_fast)
    life.down(0)
    life.resolve(3)
    life.down(20, burning)
    life.good(21, burning)
    life.good(24, burning)
    assert life.open == ()


def test_something_else_opens_an_incident_of_its_own_beside_it(life: Life) -> None:
    burning = life.world.burning(life.world.ticket_slow)
    life.good(0, burning)
    first = life.resolve(1)
    life.down(2, burning)
    (second,) = life.open
    assert second.incident_id != first.incident_id
    assert [c.rule for c in second.conditions] == ["workflow_down"]


def test_a_dismissed_condition_that_gets_louder_is_news(life: Life) -> None:
    life.good(0, life.world.burning(life.world.ticket_slow))
    life.resolve(1)
    life.good(2, life.world.burning(life.world.page_fast))
    assert [str(found.tier) for found in life.open] == ["urgent"]


def test_an_acknowledgement_is_not_told_to_the_channel_it_came_from(life: Life) -> None:
    life.down(0)
    found = life.open[0].incident_id
    life.store.write(lambda con: take(con, found, "ada", life.at(1), heard_from="pager")).result()
    assert queued(life.store)[3:] == [("sms", "acknowledge"), ("slack", "acknowledge")]


def test_what_is_given_back_is_open_again_and_wakes_nobody(life: Life) -> None:
    life.down(0)
    found = life.open[0].incident_id
    assert unacknowledge(life.store, found, "ada", life.at(1)).result() is False
    acknowledge(life.store, found, "ada", life.at(1)).result()
    assert unacknowledge(life.store, found, "ada", life.at(2)).result() is True
    assert (life.open[0].state, life.open[0].acknowledged_by) == (IncidentState.OPEN, None)
    assert queued(life.store)[6:] == [("slack", "update")]
    assert kinds(life.store, found) == ["opened", "acknowledged", "unacknowledged"]


def test_what_was_called_over_can_be_called_back_and_is_told_anew(life: Life) -> None:
    life.down(0)
    over = life.resolve(3)
    life.down(4)
    life.store.write(lambda con: call_back(con, over.incident_id, "ada", life.at(5))).result()
    life.down(6)
    assert [(found.incident_id, found.reopened) for found in life.open] == [(over.incident_id, 1)]
    assert queued(life.store)[-3:] == [("pager", "trigger"), ("sms", "trigger"), ("slack", "trigger")]


def test_a_storm_that_was_called_over_stays_one_and_its_parts_stay_unheard(store: Store, world: Any) -> None:
    names = [f"vendor-{n}" for n in range(8)]
    config = world.config(*(world.integration(name) for name in names))
    config = config.model_copy(
        update={"alerting": config.alerting.model_copy(update={"storm": Storm(least=4, hold=timedelta(seconds=1))})}
    )
    engine = Engine(store)

    def down(minute: float, *, failing: int) -> None:
        verdicts = [world.workflow(world.region(minute, failing=failing), name=name) for name in names]
        engine.apply(world.seen(minute, *verdicts), config).result()

    for minute in range(1, 6):
        down(minute, failing=minute)
    storm = next(one for one in store.read(open_incidents) if one.subject == STORM)
    resolve(store, storm.incident_id, "ada", world.T0 + timedelta(minutes=6)).result()
    told = queued(store)
    for minute in range(7, 12):
        down(minute, failing=minute)
    assert len(store.read(open_incidents)) == len(names)
    assert queued(store) == told
