"""A changed configuration and a vendor's new version are shown beside the incidents of their time, and page nobody."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.change_events import announce_vendors
from alerts.channels import build_sender
from alerts.delivery import Deliverer
from alerts.model import Action, Rule, Tier, Transition, TransitionKind
from alerts.store import outbox
from alerts.store.config_versions import note_config
from config.model import Alerting, Channel, Config, Route
from metrics.store.database import Store


def pagerduty(name: str, **options: Any) -> Channel:
    return Channel.model_validate({"name": name, "kind": "pagerduty", "routing_key": "${env:KEY}", **options})


@pytest.fixture
def config(world: Any) -> Config:
    listening = pagerduty("oncall", change_events=True, url="${env:URL}")
    alerting = Alerting(
        channels=(listening, pagerduty("others", change_events=True), pagerduty("deaf")),
        routes=(Route(match={"integration": "hubspot"}, urgent=("oncall", "deaf")), Route(urgent=("others",))),
    )
    made: Config = world.config().model_copy(update={"alerting": alerting})
    return made


def told(store: Store) -> list[tuple[str, str, str]]:
    rows = store.read(outbox)
    return sorted((row.channel, str(row.action), str(row.tier)) for row in rows)


def test_a_new_configuration_is_told_to_every_channel_that_listens_and_once(
    world: Any, store: Store, config: Config
) -> None:
    later = config.model_copy(update={"version": "v2", "integrations": (world.hubspot(), world.integration("github"))})
    for one in (config, later, later):
        store.write(lambda con, one=one: note_config(con, one, world.T0)).result()
    assert told(store) == [("oncall", "change", "report"), ("others", "change", "report")]


def test_the_first_configuration_is_no_change(world: Any, store: Store, config: Config) -> None:
    store.write(lambda con: note_config(con, config, world.T0)).result()
    assert told(store) == []


async def test_pagerduty_shows_the_change_and_pages_nobody(
    world: Any, store: Store, config: Config, desk: Any, client: Any
) -> None:
    desk.answers(202, '{"status": "success"}')
    later = config.model_copy(update={"version": "v2", "integrations": (world.hubspot(), world.integration("github"))})
    for one in (config, later):
        store.write(lambda con, one=one: note_config(con, one, world.T0)).result()
    environ = {"KEY": "k" * 32, "URL": desk.url}
    senders = {"oncall": build_sender(config.alerting.channels[0], environ, client)}
    await Deliverer(store, senders, clock=lambda: world.T0, link="https://l.example.com").deliver_due()
    (posted,) = desk.posted
    assert posted.path == "/v2/change/enqueue"
    assert set(posted.json) == {"routing_key", "payload", "links"}
    assert posted.json["payload"]["summary"] == ("CHANGED: monitoring configuration v2 (was v1): github changed")
    assert posted.json["links"] == [{"href": "https://l.example.com/", "text": "Dashboard"}]


def drifted(world: Any, **more: Any) -> Any:
    return world.condition(
        rule=Rule.SHAPE_DRIFT, tier=Tier.DEGRADED, subject="changes:hubspot", key="drift",
        title="HubSpot answers have CHANGED", **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "known", "events"),
    [
        (TransitionKind.OPENED, (), [("oncall", "change", "report")]),
        (TransitionKind.UPDATED, ("drift",), []),
        (TransitionKind.RESOLVED, (), []),
    ],
    ids=["new", "known already", "over"],
)
def test_what_a_vendor_changes_is_told_where_its_integration_pages(
    world: Any, store: Store, config: Config, kind: TransitionKind, known: tuple[str, ...], events: Any
) -> None:
    incident = world.incident(drifted(world))
    change = Transition(kind, incident, world.T0, "")
    before = (world.incident(drifted(world)),) if known else ()
    store.write(lambda con: announce_vendors(con, (change,), before, config)).result()
    assert told(store) == events


def test_an_outage_is_no_change(world: Any, store: Store, config: Config) -> None:
    change = Transition(TransitionKind.OPENED, world.incident(), world.T0, "")
    store.write(lambda con: announce_vendors(con, (change,), (), config)).result()
    assert told(store) == []
    assert Action.CHANGE not in {row.action for row in store.read(outbox)}
