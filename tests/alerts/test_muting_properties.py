"""Whatever is muted when, nobody is told twice of the same, everybody of its end, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts.engine import Engine
from alerts.model import Silence
from alerts.store import open_incidents
from alerts.store.mutings import standing_mutings
from alerts.store.silences import add_silence, end_silence
from config.model import Config, Maintenance, QuietHours, Route
from metrics.store.database import Store

MINUTE = timedelta(minutes=1)
STEP = 10
LENGTH = 10
"""Steps; quiet hours are from the third to the eighth."""
ROUTES = (
    Route.model_validate({"degraded": ["mail"], "continue": True, "quiet_hours": []}),
    Route(urgent=("pager",), degraded=("slack",)),
)
LOUD, QUIET, GOOD = "down", "low", "good"

numbers = count()


@pytest.fixture(scope="module")
def one_store() -> Iterator[Store]:
    """Each example has an integration of its own, and ends it."""
    opened = Store.open(None)
    yield opened
    opened.close()


def config_of(world: Any, name: str, begin: int, length: int) -> Config:
    start = world.T0 + begin * STEP * MINUTE
    window = Maintenance.model_validate(
        {
            "name": "w", "match": {"integration": name}, "start": start.isoformat(),
            "end": (start + length * STEP * MINUTE).isoformat(),
        }
    )  # fmt: skip
    night = QuietHours.model_validate({"from": "03:30", "to": "04:20", "time_zone": "UTC"})
    plain: Config = world.config(world.integration(name, quota={"reserve": "20%"}), routes=ROUTES)
    more = {"maintenance": (window,), "quiet_hours": (night,)}
    return plain.model_copy(update={"alerting": plain.alerting.model_copy(update=more)})


def seen(world: Any, name: str, state: str, minute: float) -> Any:
    region = world.region(minute, failing=3) if state == LOUD else world.region(minute)
    quota = world.quota(0.9 if state == GOOD else 0.05, minute, integration=name)
    return world.seen(minute, world.workflow(region, name=name), quota)


@pytest.mark.long
@pytest.mark.slow  # thousands of evaluations, each a transaction
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(states=[LOUD] * LENGTH, silences=[(LENGTH, LENGTH, False)], window=(0, 1), restarts=set())
@given(
    states=st.lists(st.sampled_from([LOUD, QUIET, GOOD]), min_size=LENGTH, max_size=LENGTH),
    silences=st.lists(st.tuples(st.integers(0, LENGTH), st.integers(1, LENGTH), st.booleans()), max_size=2),
    window=st.tuples(st.integers(0, LENGTH), st.integers(1, 6)),
    restarts=st.sets(st.integers(0, LENGTH)),
)
def test_whatever_is_muted_when_everybody_hears_once_and_of_the_end(
    world: Any, one_store: Store, states: list[str], silences: Any, window: tuple[int, int], restarts: set[int]
) -> None:
    name = f"vendor-{next(numbers)}"
    config, engine = config_of(world, name, *window), Engine(one_store)
    made = {}
    for begin, length, early in silences:
        at = world.T0 + begin * STEP * MINUTE
        silence = Silence({"integration": (name,)}, at, at + length * STEP * MINUTE, "ada", "test", created_at=at)
        made[add_silence(one_store, silence).result()] = (begin + 1) if early else None
    # To the end of the latest silence.
    for number, state in enumerate([*states, *[states[-1]] * (LENGTH + 1)]):
        at = world.T0 + number * STEP * MINUTE
        for silence_id, ends in made.items():
            if ends == number:
                end_silence(one_store, silence_id, "bob", at).result()
        engine = Engine(one_store) if number in restarts else engine
        engine.apply(seen(world, name, state, number * STEP), config).result()
    told = messages_about(one_store, name)
    still = [incident for incident in one_store.read(open_incidents) if incident.subject == name]
    assert not one_store.read(standing_mutings).keys() & {incident.incident_id for incident in still}
    for incident_id, channel in {(one, to) for one, to, _ in told}:
        actions = [action for one, to, action in told if (one, to) == (incident_id, channel)]
        check_order(actions, may_begin_with_the_end=channel == "slack")
    if still:
        knows = {to for _, to, action in told if action != "resolve"}
        assert knows >= ({"pager", "slack", "mail"} if still[0].tier == "urgent" else {"slack", "mail"})
    minute = 2 * LENGTH * STEP + 1
    for late in (minute, minute + 1, minute + 60, minute + 61):
        engine.apply(seen(world, name, GOOD, late), config).result()
    assert [incident for incident in one_store.read(open_incidents) if incident.subject == name] == []
    ends = messages_about(one_store, name)
    for incident_id, channel in {(one, to) for one, to, _ in ends}:
        assert [action for one, to, action in ends if (one, to) == (incident_id, channel)][-1] == "resolve"


def messages_about(store: Store, name: str) -> list[tuple[str, str, str]]:
    """Incident, channel and action of each; the end of one may be told after quiet hours, beside the next one."""
    asked = "SELECT incident_id, channel, action FROM outbox WHERE incident_id LIKE ? ORDER BY notification_id"
    return store.read(lambda con: con.execute(asked, [f"%-{name}"]).fetchall())


def check_order(actions: list[str], *, may_begin_with_the_end: bool) -> None:
    """A trigger opens, an update follows, a resolve ends; one line with the end alone only after quiet hours."""
    is_open = False
    for action in actions:
        if action == "trigger":
            assert not is_open
            is_open = True
        elif action == "update":
            assert is_open
        else:
            assert is_open or may_begin_with_the_end
            is_open = False
