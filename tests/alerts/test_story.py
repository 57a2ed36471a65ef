"""The facts of an incident: written in the transaction in which they arise, and read back in order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alerts.engine import Engine
from alerts.facts import config_note
from alerts.model import DeliveryAttempt, IncidentEvent
from alerts.scene import NOT_CONFIRMED
from alerts.status_pages.model import Health, Notice, NoticeUpdate, PageReading
from alerts.status_pages.standing import StoredPage
from alerts.store import acknowledge, incident, open_incidents, outbox
from alerts.store.ledger import add_attempt
from alerts.store.status_pages import (
    forget_notices,
    save_problem,
    save_reading,
    save_unchanged,
    stored_pages,
    vendor_statuses,
)
from alerts.store.story import story
from config.model import Config, StatusPage
from metrics.store.database import Store

MINUTE = timedelta(minutes=1)
PAGE = "https://status.example.com"


def watched(world: Any, *components: str) -> Config:
    page = StatusPage(url=PAGE, kind="statuspage", components=components)
    found: Config = world.config(world.hubspot(status_page=page.model_dump()), world.integration("other"))
    return found


def looked(at: datetime, **more: Any) -> StoredPage:
    known: dict[str, Any] = {
        "page": PAGE, "kind": "statuspage", "address": PAGE, "asked_at": at, "read_at": at, "problem": "",
        "indicator": Health.UNKNOWN, "description": "", "components": (), "notices": (), "etag": '"1"',
    }  # fmt: skip
    return StoredPage(**{**known, **more})


def reading(world: Any, state: str = "investigating", health: Health = Health.MAJOR_OUTAGE) -> PageReading:
    posted = NoticeUpdate(world.T0 - MINUTE, state, f"We are {state}.")
    notice = Notice("i1", "API errors", state, health, world.T0 - MINUTE, f"{PAGE}/i1", ("API",), (posted,))
    return PageReading(health, "", (("API", health), ("Blog", Health.OPERATIONAL)), (notice,))


def save(store: Store, at: datetime, found: PageReading, **users: tuple[str, ...]) -> int:
    return store.write(lambda con: save_reading(con, looked(at), found, users or {"hubspot": ()})).result()


def kinds(store: Store) -> list[str]:
    (found,) = store.read(open_incidents)
    return [event.kind for event in store.read(lambda con: story(con, found.incident_id))]


def test_an_outage_begins_with_its_first_failure_and_names_its_evidence(world: Any, store: Store) -> None:
    config = world.config()
    engine = Engine(store)
    engine.apply(world.seen(1, world.workflow(world.region(1, failing=2))), config).result()
    (found,) = store.read(open_incidents)
    told = store.read(lambda con: story(con, found.incident_id))
    assert [(event.kind, event.at) for event in told] == [
        ("first_failure", world.T0),
        ("opened", world.T0 + MINUTE),
        ("confirmed", world.T0 + MINUTE),
        ("evidence", world.T0 + MINUTE),
    ]
    assert [event.note for event in told if event.kind != "opened"] == [
        "roundtrip from local: create → 503",
        "roundtrip from local: failed often enough in a row to be believed in 1/1 regions",
        "create → 503: ev-local",
    ]


def test_the_same_failure_goes_on_silently_and_another_one_is_evidence_anew(world: Any, store: Store) -> None:
    config, engine = world.config(), Engine(store)
    for at in range(1, 6):
        engine.apply(world.seen(at, world.workflow(world.region(at, failing=at + 1))), config).result()
    assert kinds(store).count("evidence") == 1
    worse = world.region(6, failing=7, status=502, evidence_id="ev-502")
    engine.apply(world.seen(6, world.workflow(worse)), config).result()
    assert kinds(store).count("evidence") == 2


def test_recovery_begins_relapses_and_ends_each_with_its_instant(world: Any, store: Store) -> None:
    config, engine = world.config(), Engine(store)
    engine.apply(world.seen(1, world.workflow(world.region(1, failing=2))), config).result()
    engine.apply(world.seen(2, world.workflow(world.region(2, good=1))), config).result()
    (found,) = store.read(open_incidents)
    assert found.conditions[0].note == NOT_CONFIRMED
    assert kinds(store)[-1] == "recovering"
    engine.apply(world.seen(3, world.workflow(world.region(3, failing=2))), config).result()
    assert "relapsed" in kinds(store)
    engine.apply(world.seen(5, world.workflow(world.region(5))), config).result()
    told = store.read(lambda con: story(con, found.incident_id))
    assert told[-1].kind == "resolved"
    assert [event.at for event in told] == sorted(event.at for event in told)


def test_who_was_told_is_joined_from_the_ledger_and_not_doubled(world: Any, store: Store) -> None:
    Engine(store).apply(world.seen(1, world.workflow(world.region(1, failing=2))), world.config()).result()
    (found,) = store.read(open_incidents)
    at = world.T0 + 2 * MINUTE

    def tries(con: Any) -> None:
        by_channel = {row.channel: row.notification_id for row in outbox(con)}
        tried = [("pager", 1, False, "500 oops"), ("pager", 2, True, "202")]
        for channel, number, ok, answer in [*tried, ("slack", 1, False, "503"), ("slack", 2, False, "503")]:
            attempt = DeliveryAttempt(
                by_channel[channel], channel, number, at + number * MINUTE, 10.0, ok, False, None, answer
            )
            add_attempt(con, attempt)

    store.write(tries).result()
    told = [event for event in store.read(lambda con: story(con, found.incident_id)) if event.at > at]
    assert [(event.kind, event.note) for event in told] == [
        ("unsent", "slack has not got the trigger yet (2 tries, the last at 03:04:00 UTC): 503"),
        ("notified", "pager has the trigger at try 2, after: 500 oops"),
    ]


def test_an_acknowledgement_is_in_the_story_with_its_author(world: Any, store: Store) -> None:
    Engine(store).apply(world.seen(1, world.workflow(world.region(1, failing=2))), world.config()).result()
    (found,) = store.read(open_incidents)
    assert acknowledge(store, found.incident_id, "ada", world.T0 + 2 * MINUTE).result()
    last = store.read(lambda con: story(con, found.incident_id))[-1]
    assert last == IncidentEvent(found.incident_id, world.T0 + 2 * MINUTE, "acknowledged", "acknowledged by ada", "ada")


def test_what_the_vendor_says_then_and_later_is_on_the_timeline_of_what_it_is_about(world: Any, store: Store) -> None:
    config = watched(world, "API")
    engine = Engine(store)
    assert save(store, world.T0 - MINUTE, PageReading(Health.OPERATIONAL, "", (("API", Health.OPERATIONAL),))) == 0
    engine.apply(world.seen(1, world.workflow(world.region(1, failing=2))), config).result()
    (found,) = store.read(open_incidents)
    assert "status page" not in found.conditions[0].blame_reason
    told = save(store, world.T0 + 2 * MINUTE, reading(world), hubspot=("API",), other=("API",))
    assert told == 2
    assert save(store, world.T0 + 3 * MINUTE, reading(world), hubspot=("API",)) == 0
    assert save(store, world.T0 + 4 * MINUTE, reading(world, "identified"), hubspot=("Blog",)) == 0
    notes = [e.note for e in store.read(lambda con: story(con, found.incident_id)) if e.kind == "vendor_status"]
    assert notes == [
        "the vendor's status page said all is well, before it began",
        "“API errors”: investigating – We are investigating. (posted 22 Nov 02:59 UTC)",
        "API: operational → major outage",
    ]


def test_that_all_is_well_is_evidence_once_it_is_said_after_the_outage_began(world: Any, store: Store) -> None:
    config, engine = watched(world), Engine(store)
    save(store, world.T0 + MINUTE / 2, PageReading(Health.OPERATIONAL))
    engine.apply(world.seen(1, world.workflow(world.region(1, failing=2))), config).result()
    (found,) = store.read(open_incidents)
    assert found.conditions[0].blame_reason.endswith("; the vendor's status page says all is well")


def test_an_admitted_outage_reaches_the_blame_of_the_open_incident(world: Any, store: Store) -> None:
    config, engine = watched(world), Engine(store)
    save(store, world.T0, reading(world))
    engine.apply(world.seen(1, world.workflow(world.region(1, failing=2))), config).result()
    (found,) = store.read(open_incidents)
    admitted = (
        "the vendor's status page admits “API errors” (investigating, https://status.example.com/i1); the vendor's"
    )
    assert found.conditions[0].blame_reason.startswith(admitted)
    stale = world.seen(30, world.workflow(world.region(30, failing=31)))
    engine.apply(stale, config).result()
    assert "status page" not in store.read(open_incidents)[0].conditions[0].blame_reason


def test_a_notice_ends_when_it_is_gone_from_the_page_and_comes_back_as_the_same(world: Any, store: Store) -> None:
    fine = PageReading(Health.OPERATIONAL, "", (("API", Health.OPERATIONAL),))
    save(store, world.T0, reading(world))
    assert store.read(stored_pages)[PAGE].notices[0].updates[0].text == "We are investigating."
    save(store, world.T0 + MINUTE, fine)
    assert store.read(stored_pages)[PAGE].notices == ()
    save(store, world.T0 + 2 * MINUTE, reading(world, "identified"))
    (again,) = store.read(stored_pages)[PAGE].notices
    assert (again.state, [update.state for update in again.updates]) == ("identified", ["identified", "investigating"])
    save(store, world.T0 + 3 * MINUTE, fine)
    assert store.write(lambda con: forget_notices(con, world.T0 + 3 * MINUTE)).result() == 0
    assert store.write(lambda con: forget_notices(con, world.T0 + 4 * MINUTE)).result() == 1
    left = store.read(lambda con: con.execute("SELECT count(*) FROM status_updates").fetchone())
    assert left == (0,)


def test_a_page_that_cannot_be_read_keeps_what_it_said_and_is_said(world: Any, store: Store) -> None:
    config = watched(world)
    save(store, world.T0, reading(world))
    store.write(
        lambda con: save_problem(con, PAGE, "statuspage", PAGE, world.T0 + MINUTE, "answered HTTP 503")
    ).result()
    found = store.read(lambda con: vendor_statuses(con, config))["hubspot"]
    assert (found.problem, found.read_at, found.admits) == ("answered HTTP 503", world.T0, True)
    store.write(lambda con: save_unchanged(con, PAGE, world.T0 + 2 * MINUTE)).result()
    found = store.read(lambda con: vendor_statuses(con, config))["hubspot"]
    assert (found.problem, found.read_at) == ("", world.T0 + 2 * MINUTE)
    assert store.read(lambda con: vendor_statuses(con, world.config())) == {}


def test_a_new_configuration_is_a_fact_of_what_is_open_with_what_it_changes(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    down = world.workflow(world.region(1, failing=2))
    engine.apply(world.seen(1, down), config).result()
    engine.apply(world.seen(1, down), config).result()
    changed = config.model_copy(
        update={"version": "v2", "integrations": (world.hubspot(runbook="https://wiki.example.com"),)}
    )
    engine.apply(world.seen(2, down), changed).result()
    engine.apply(world.seen(3, down), changed).result()
    (found,) = store.read(open_incidents)
    told = [e for e in store.read(lambda con: story(con, found.incident_id)) if e.kind == "config_changed"]
    assert [(event.at, event.note) for event in told] == [
        (world.T0 + 2 * MINUTE, "configuration v2 in use (was v1); changed: hubspot")
    ]


def test_a_configuration_that_changes_others_says_that_this_one_is_as_before() -> None:
    was = {"hubspot": "1", **{f"i{n}": "1" for n in range(7)}}
    now = {"hubspot": "1", **{f"i{n}": "2" for n in range(7)}}
    assert config_note("a", "b", was, now, "hubspot") == (
        "configuration b in use (was a); changed: i0, i1, i2, i3, i4 and 2 more; hubspot as before"
    )
    assert config_note("a", "b", was, was, "hubspot").endswith("nothing that is judged by has changed")


def test_what_an_incident_hits_is_kept_with_it(world: Any, store: Store) -> None:
    Engine(store).apply(world.seen(1, world.workflow(world.region(1, failing=2))), world.config()).result()
    (found,) = store.read(open_incidents)
    again = store.read(lambda con: incident(con, found.incident_id))
    assert again is not None
    assert again.blast_radius is not None
    assert [(flow.name, flow.how) for flow in again.blast_radius.flows] == [("lead-routing", "stopped")]
