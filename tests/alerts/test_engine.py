"""Evaluations become incidents, timelines and outbox rows, together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import pytest

from alerts.engine import Engine, budget_left
from alerts.model import Action, IncidentState
from alerts.store import (
    acknowledge,
    audit_log,
    comment,
    incident,
    incidents,
    open_incidents,
    outbox,
    timeline,
)
from metrics.store.database import Store


def queued(store: Store) -> list[tuple[str, str]]:
    return [(row.channel, str(row.action)) for row in reversed(store.read(outbox)) if row.state == "due"]


TURNS = {"opened", "reopened", "resolved"}


def down(world: Any, at: float = 0, *more: Any) -> Any:
    return world.seen(at, world.workflow(world.region(at, failing=2 + int(at))), *more)


def test_an_outage_is_written_once_with_its_messages(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    assert len(engine.apply(down(world), config).result()) == 1
    assert engine.apply(down(world), config).result() == ()
    (found,) = store.read(open_incidents)
    assert (found.subject, found.flows, found.owner) == ("hubspot", ("lead-routing",), "growth")
    assert queued(store) == [("pager", "trigger"), ("sms", "trigger"), ("slack", "trigger")]
    assert [event.kind for event in store.read(lambda con: timeline(con, found.incident_id))] == [
        "opened",
        "first_failure",
        "confirmed",
        "evidence",
    ]


def test_an_incident_reads_back_as_it_was_written(world: Any, store: Store) -> None:
    (change,) = Engine(store).apply(down(world, 0, world.burning(world.page_fast)), world.config()).result()
    assert store.read(lambda con: incident(con, change.incident.incident_id)) == change.incident


def test_a_resolve_reaches_every_channel_that_was_told(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    engine.apply(down(world), config).result()
    engine.apply(world.seen(3, world.workflow(world.region(3))), config).result()
    ends = [("pager", "resolve"), ("sms", "resolve"), ("slack", "resolve")]
    assert queued(store)[3:] == ends
    assert store.read(open_incidents) == ()
    assert store.read(lambda con: incidents(con, 10, IncidentState.RESOLVED))[0].resolved_at is not None


def test_updates_that_nobody_has_sent_are_overtaken(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    engine.apply(down(world), config).result()
    engine.apply(down(world, 2, world.burning(world.page_fast)), config).result()
    engine.apply(down(world, 4), config).result()
    slack = [(row.action, row.state) for row in reversed(store.read(outbox)) if row.channel == "slack"]
    assert slack == [(Action.TRIGGER, "due"), (Action.UPDATE, "superseded"), (Action.UPDATE, "due")]


def test_new_details_are_stored_and_nobody_is_told(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    engine.apply(down(world), config).result()
    before = queued(store)
    later = world.seen(5, world.workflow(world.region(5, failing=7, status=502, evidence_id="ev-new")))
    assert engine.apply(later, config).result() == ()
    assert store.read(open_incidents)[0].conditions[0].evidence_ids == ("ev-new",)
    assert queued(store) == before


def test_a_reopened_incident_says_so_and_pages_on_the_same_key(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    engine.apply(down(world), config).result()
    engine.apply(world.seen(3, world.workflow(world.region(3))), config).result()
    engine.apply(down(world, 6), config).result()
    (found,) = store.read(open_incidents)
    assert found.reopened == 1
    kinds = [event.kind for event in store.read(lambda con: timeline(con, found.incident_id))]
    assert [kind for kind in kinds if kind in TURNS] == ["opened", "resolved", "reopened"]
    assert queued(store)[-3:] == [("pager", "trigger"), ("sms", "trigger"), ("slack", "trigger")]


def test_when_the_write_fails_nothing_of_it_remains(world: Any, store: Store) -> None:
    store.write(lambda con: con.execute("ALTER TABLE outbox RENAME TO elsewhere")).result()
    with pytest.raises(duckdb.CatalogException):
        Engine(store).apply(down(world), world.config()).result()
    assert store.read(open_incidents) == ()


def test_an_acknowledgement_is_audited_and_told_once(world: Any, store: Store) -> None:
    Engine(store).apply(down(world), world.config()).result()
    found = store.read(open_incidents)[0].incident_id
    at = world.T0 + timedelta(minutes=3)
    assert acknowledge(store, found, "ada", at).result() is True
    assert acknowledge(store, found, "bob", at).result() is False
    (taken,) = store.read(open_incidents)
    assert (taken.state, taken.acknowledged_by, taken.acknowledged_at) == (IncidentState.ACKNOWLEDGED, "ada", at)
    assert [(row.who, row.action, row.subject) for row in store.read(audit_log)] == [
        ("ada", "incident.acknowledge", found)
    ]
    assert queued(store)[3:] == [("pager", "acknowledge"), ("sms", "acknowledge"), ("slack", "acknowledge")]


def test_an_acknowledged_incident_stays_so_while_nothing_gets_worse(world: Any, store: Store) -> None:
    engine, config = Engine(store), world.config()
    engine.apply(down(world), config).result()
    acknowledge(store, store.read(open_incidents)[0].incident_id, "ada", world.T0).result()
    assert engine.apply(down(world, 2), config).result() == ()
    assert store.read(open_incidents)[0].state is IncidentState.ACKNOWLEDGED


def test_a_comment_is_kept_on_the_timeline(world: Any, store: Store) -> None:
    Engine(store).apply(down(world), world.config()).result()
    found = store.read(open_incidents)[0].incident_id
    assert comment(store, found, "ada", "called the vendor", world.T0).result() is True
    assert comment(store, "nothing", "ada", "hello", world.T0).result() is False
    assert [(e.kind, e.note, e.who) for e in store.read(lambda con: timeline(con, found))][-1] == (
        "comment",
        "called the vendor",
        "ada",
    )


def test_the_scarcest_availability_budget_is_shown(world: Any) -> None:
    assert budget_left(world.seen(0, world.burning(world.page_fast)), "hubspot") == 0.41
    assert budget_left(world.seen(0), "hubspot") is None


def test_every_column_says_what_it_holds(store: Store) -> None:
    undocumented = store.read(
        lambda con: con.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL").fetchall()
    )
    ours = {"incidents", "incident_events", "outbox", "delivery_attempts", "audit"}
    assert [row for row in undocumented if row[0] in ours] == []
