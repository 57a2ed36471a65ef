"""Levels until somebody takes it, and reminders: from the timeline alone, so that a restart doubles nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.engine import Engine
from alerts.escalation import LEVEL, REMINDER, due, due_level, due_reminder, messages_of
from alerts.model import Action, Incident, IncidentEvent, IncidentState, Silence, Tier
from alerts.store import acknowledge, open_incidents, outbox, timeline, unacknowledge
from alerts.store.silences import add_silence
from config.model import Alerting, Escalation, Level, Route
from metrics.store.database import Store

T0 = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPEN = Incident("i", "hubspot", Tier.URGENT, IncidentState.OPEN, T0, (), "HubSpot DOWN")
TAKEN = replace(OPEN, state=IncidentState.ACKNOWLEDGED, acknowledged_by="ada")
OPENED = IncidentEvent("i", T0, "opened", "")


def policy(*minutes: int, repeat: int = 0) -> Escalation:
    levels = tuple(Level(after=n * MINUTE, channels=(f"after-{n}",)) for n in minutes)
    return Escalation(name="night", levels=levels, repeat=repeat)


def event(kind: str, minute: float) -> IncidentEvent:
    return IncidentEvent("i", T0 + minute * MINUTE, kind, "")


def told(escalation: Escalation, looks: Iterable[int], *life: IncidentEvent) -> list[int]:
    """The minutes at which a level is told to somebody who looks then, and who knows nothing but the timeline."""
    known, found = list(life or (OPENED,)), []
    for minute in looks:
        if due_level(OPEN, known, escalation, T0 + minute * MINUTE):
            known.append(event(LEVEL, minute))
            found.append(minute)
    return found


def test_levels_are_told_at_their_minutes_and_the_round_is_repeated() -> None:
    assert told(policy(10, 25), range(100)) == [10, 25]
    assert told(policy(10, 25, repeat=1), range(100)) == [10, 25, 35, 50]


def test_a_hub_that_was_away_tells_one_level_and_lets_the_next_one_wait_its_time() -> None:
    assert told(policy(10, 25), range(60, 100)) == [60, 75]


@pytest.mark.parametrize("kind", ["reopened", "escalated", "unacknowledged", "unmuted"])
def test_it_begins_anew_when_somebody_is_to_take_it_again(kind: str) -> None:
    assert told(policy(10), range(30, 60), OPENED, event(LEVEL, 10), event(kind, 30)) == [40]


@pytest.mark.parametrize(
    "incident",
    [
        pytest.param(TAKEN, id="somebody has it"),
        pytest.param(replace(OPEN, tier=Tier.DEGRADED), id="it can wait till morning"),
        pytest.param(replace(OPEN, state=IncidentState.RESOLVED), id="it is over"),
    ],
)
def test_nobody_is_told_anew_when(incident: Incident) -> None:
    assert due_level(incident, [OPENED], policy(10), T0 + 60 * MINUTE) is None


gaps = st.lists(st.integers(1, 30), min_size=1, max_size=4)


@given(gaps=gaps, repeat=st.integers(0, 3), looks=st.sets(st.integers(0, 600)))
def test_no_level_is_doubled_skipped_early_or_crowded_whenever_somebody_looks(
    gaps: list[int], repeat: int, looks: set[int]
) -> None:
    minutes = list(accumulate(gaps))
    nominal = [turn * minutes[-1] + minute for turn in range(repeat + 1) for minute in minutes]
    found = told(policy(*minutes, repeat=repeat), sorted(looks))
    assert len(found) <= len(nominal)
    assert all(at >= planned for at, planned in zip(found, nominal, strict=False))
    planned_gaps = [b - a for a, b in pairwise(nominal)]
    assert all(b - a >= gap for (a, b), gap in zip(pairwise(found), planned_gaps, strict=False))


@given(gaps=gaps, repeat=st.integers(0, 3))
def test_whoever_looks_every_minute_tells_every_level_at_its_minute(gaps: list[int], repeat: int) -> None:
    minutes = list(accumulate(gaps))
    nominal = [turn * minutes[-1] + minute for turn in range(repeat + 1) for minute in minutes]
    assert told(policy(*minutes, repeat=repeat), range(nominal[-1] + 60)) == nominal


def test_a_level_wakes_its_channels_and_changes_the_message_where_there_is_one() -> None:
    escalation = Escalation(name="n", levels=(Level(after=10 * MINUTE, channels=("boss", "slack")),), repeat=1)
    found = due_level(OPEN, [OPENED], escalation, T0 + 10 * MINUTE)
    assert found is not None
    messages = messages_of(found, OPEN, {"pager": Tier.URGENT, "slack": Tier.DEGRADED})
    assert [(m.channel, m.action, m.tier) for m in messages] == [
        ("boss", Action.TRIGGER, Tier.URGENT),
        ("slack", Action.UPDATE, Tier.DEGRADED),
    ]
    assert messages[0].note == "nobody has acknowledged it for 10 min (level 1 of 1, round 1)"


def test_when_a_level_cannot_be_told_the_channels_of_the_next_one_tell_at_once() -> None:
    found = due_level(OPEN, [OPENED], policy(10, 20, 30), T0 + 10 * MINUTE)
    assert found is not None
    (message,) = messages_of(found, OPEN, {})
    assert (message.channel, message.fallbacks) == ("after-10", ("after-20", "after-30"))


HOURLY = Route(degraded=("slack",), remind_every=60 * MINUTE)


def reminded(route: Route, incident: Incident, minute: float, *life: IncidentEvent) -> bool:
    return due_reminder(incident, life or (OPENED,), route, T0 + minute * MINUTE) is not None


def test_a_reminder_comes_so_long_after_anything_was_told_last() -> None:
    assert [reminded(HOURLY, OPEN, minute) for minute in (59, 60)] == [False, True]
    assert [reminded(HOURLY, OPEN, minute, OPENED, event("updated", 30)) for minute in (60, 90)] == [False, True]
    assert [reminded(HOURLY, OPEN, minute, OPENED, event(REMINDER, 60)) for minute in (119, 120)] == [False, True]


def test_a_remark_is_not_news_to_anybody_and_holds_back_no_reminder() -> None:
    assert reminded(HOURLY, OPEN, 60, OPENED, event("comment", 30))


def test_what_is_taken_is_reminded_of_only_when_asked_and_wakes_nobody() -> None:
    asked = HOURLY.model_copy(update={"remind_acknowledged": True})
    assert (reminded(HOURLY, TAKEN, 60), reminded(asked, TAKEN, 60)) == (False, True)
    found = due_reminder(TAKEN, [OPENED], asked, T0 + 60 * MINUTE)
    assert found is not None
    channels = {"pager": Tier.URGENT, "slack": Tier.DEGRADED}
    assert [(m.channel, m.action) for m in messages_of(found, TAKEN, channels)] == [("slack", Action.UPDATE)]
    assert [m.channel for m in messages_of(found, OPEN, channels)] == ["pager", "slack"]


def test_what_is_announced_for_weeks_is_reminded_of_only_when_asked() -> None:
    change = replace(OPEN, subject="changes:hubspot")
    asked = HOURLY.model_copy(update={"remind_changes": True})
    assert (reminded(HOURLY, change, 60), reminded(asked, change, 60)) == (False, True)


def test_a_level_comes_before_a_reminder_of_the_same_instant() -> None:
    found = due(OPEN, [OPENED], policy(60), HOURLY, T0 + 60 * MINUTE)
    assert found is not None
    assert found.kind == LEVEL


class Night:
    """A hub with an escalation: two levels, once more, and a reminder."""

    def __init__(self, store: Store, world: Any, first: str = "10m", **route: Any) -> None:
        self.store, self.world, self.engine = store, world, Engine(store)
        base = world.config()
        levels = [{"after": first, "channels": ["sms"]}, {"after": "20m", "channels": ["boss"]}]
        alerting = Alerting.model_validate(
            {
                "channels": [{"name": name, "kind": "webhook"} for name in ("pager", "sms", "slack", "boss", "mail")],
                "escalations": [{"name": "night", "levels": levels}],
                "routes": [
                    {"urgent": ["pager"], "degraded": ["slack"], "report": ["mail"], "escalation": "night", **route}
                ],
            }
        )
        self.config = base.model_copy(update={"alerting": alerting})

    def down(self, minute: float) -> None:
        world = self.world
        seen = world.seen(minute, world.workflow(world.region(minute, failing=2 + int(minute))))
        self.engine.apply(seen, self.config).result()

    @property
    def incident(self) -> Incident:
        (found,) = self.store.read(open_incidents)
        return found

    def sent(self) -> list[tuple[str, str]]:
        return [(row.channel, str(row.action)) for row in reversed(self.store.read(outbox)) if row.state == "due"]

    def kinds(self) -> list[str]:
        name = self.incident.incident_id
        found = [event.kind for event in self.store.read(lambda con: timeline(con, name))]
        return [kind for kind in found if kind in ("opened", "acknowledged", "unacknowledged", LEVEL, REMINDER)]


@pytest.fixture
def night(store: Store, world: Any) -> Night:
    return Night(store, world)


def test_levels_are_written_with_their_messages_and_not_twice_after_a_restart(night: Night) -> None:
    night.down(0)
    night.down(10)
    night.engine = Engine(night.store)
    night.down(10)
    night.down(20)
    night.down(60)
    assert night.sent() == [("pager", "trigger"), ("slack", "trigger"), ("sms", "trigger"), ("boss", "trigger")]
    assert night.kinds() == ["opened", LEVEL, LEVEL]


def test_an_acknowledgement_stops_the_levels_and_giving_it_back_begins_anew(night: Night) -> None:
    night.down(0)
    name = night.incident.incident_id
    acknowledge(night.store, name, "ada", T0 + 5 * MINUTE).result()
    night.down(30)
    assert LEVEL not in night.kinds()
    unacknowledge(night.store, name, "ada", T0 + 31 * MINUTE).result()
    night.down(40)
    assert LEVEL not in night.kinds()
    night.down(41)
    assert night.kinds()[-1] == LEVEL


def test_a_silenced_incident_does_not_escalate_and_does_when_it_is_heard_again(night: Night) -> None:
    until = T0 + 30 * MINUTE
    silence = Silence({"integration": ("hubspot",)}, T0 - MINUTE, until, "ada", "they know")
    add_silence(night.store, silence).result()
    night.down(0)
    night.down(29)
    assert (night.sent(), LEVEL in night.kinds()) == ([], False)
    night.down(30)
    night.down(39)
    assert LEVEL not in night.kinds()
    night.down(40)
    assert night.kinds()[-1] == LEVEL


def test_reminders_go_to_whoever_was_told(store: Store, world: Any) -> None:
    night = Night(store, world, escalation=None, remind_every="4h")
    night.down(0)
    night.down(239)
    assert len(night.sent()) == 2
    night.down(240)
    night.down(250)
    assert night.sent()[2:] == [("pager", "update"), ("slack", "update")]
    assert night.kinds() == ["opened", REMINDER]


def test_what_is_only_kept_open_because_it_keeps_coming_back_wakes_nobody(store: Store, world: Any) -> None:
    night = Night(store, world, first="3m")

    def good(minute: float) -> None:
        night.engine.apply(world.seen(minute, world.workflow(world.region(minute))), night.config).result()

    for minute in (0, 2, 4):
        night.down(minute)
        good(minute + 1)
    good(8)
    assert LEVEL not in night.kinds()
    night.down(9)
    assert night.kinds()[-1] == LEVEL
