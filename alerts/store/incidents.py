"""Incidents and their timelines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentEvent, IncidentState
from alerts.store.rows import INCIDENT_COLUMNS, incident_of, incident_values, utc

_FIRST_SIGN = timedelta(days=1)
"""How long before it opens an incident may have begun; burn over long windows takes its time."""


def open_incidents(con: DuckDBPyConnection) -> tuple[Incident, ...]:
    """Every incident that is not resolved, oldest first."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE state <> 'resolved' ORDER BY opened_at, incident_id"  # noqa: S608 - constant columns
    ).fetchall()
    return tuple(incident_of(row) for row in rows)


class ForJudging(NamedTuple):
    """The incidents that a judgement needs."""

    open: tuple[Incident, ...]
    """Not resolved, oldest first."""
    recent: tuple[Incident, ...]
    """Resolved, or their trouble ended after that, not long ago; in the order of their end."""
    dismissing: tuple[Incident, ...]
    """Called over by somebody while a condition of theirs went on, which has not ended since; likewise."""


def incidents_for_judging(con: DuckDBPyConnection, at: datetime, within: timedelta) -> ForJudging:
    """By one look at the table, which is taken at every judgement; `within`: how long before `at` is not long ago."""
    rows = con.execute(
        f"SELECT greatest(resolved_at, told_until) >= $since, {INCIDENT_COLUMNS} FROM incidents "  # noqa: S608 - constant columns
        "WHERE state <> 'resolved' OR greatest(resolved_at, told_until) >= $since OR dismissed <> '[]' "
        "ORDER BY coalesce(resolved_at, opened_at), incident_id",
        {"since": at - within},
    ).fetchall()
    found = [(row[0], incident_of(row[1:])) for row in rows]
    over = [(is_recent, one) for is_recent, one in found if one.state is IncidentState.RESOLVED]
    return ForJudging(
        tuple(one for _, one in found if one.state is not IncidentState.RESOLVED),
        tuple(one for is_recent, one in over if is_recent),
        tuple(one for _, one in over if one.dismissed),
    )


def incidents(con: DuckDBPyConnection, limit: int = 100, state: IncidentState | None = None) -> tuple[Incident, ...]:
    """The newest incidents, newest first; of one state, or of all."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE $state IS NULL OR state = $state "  # noqa: S608 - constant columns
        "ORDER BY opened_at DESC, incident_id LIMIT $limit",
        {"state": str(state) if state else None, "limit": limit},
    ).fetchall()
    return tuple(incident_of(row) for row in rows)


def incidents_of(
    con: DuckDBPyConnection, subject: str, start: datetime, end: datetime, limit: int = 50
) -> tuple[Incident, ...]:
    """The newest incidents of one subject that were open at any time between the two, oldest first."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE subject = $subject AND opened_at < $end "  # noqa: S608 - constant columns
        "AND (resolved_at IS NULL OR resolved_at > $start) ORDER BY opened_at DESC, incident_id LIMIT $limit",
        {"subject": subject, "start": start, "end": end, "limit": limit},
    ).fetchall()
    return tuple(incident_of(row) for row in reversed(rows))


def incidents_around(con: DuckDBPyConnection, at: datetime) -> tuple[Incident, ...]:
    """Those that went on at that instant, oldest first: from the first sign of trouble, which comes before the opening,
    to the end."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents "  # noqa: S608 - constant columns
        "WHERE opened_at <= $latest AND (resolved_at IS NULL OR resolved_at >= $at) ORDER BY opened_at, incident_id",
        {"at": at, "latest": at + _FIRST_SIGN},
    ).fetchall()
    found = (incident_of(row) for row in rows)
    return tuple(one for one in found if min([one.opened_at, *(c.since for c in one.conditions)]) <= at)


def incident_page(
    con: DuckDBPyConnection,
    states: Collection[IncidentState] = (),
    since: datetime | None = None,
    prefix: str = "",
    after: str | None = None,
    limit: int = 100,
) -> tuple[tuple[Incident, ...], str | None]:
    """Incidents of any of the states (none: of all) that were not over before `since`, newest first, whose ids begin
    with `prefix`; those that follow the incident `after`. And the id to ask the next page with, None after the last."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents"  # noqa: S608 - constant columns
        " WHERE (len($states) = 0 OR list_contains($states::VARCHAR[], state)) AND starts_with(incident_id, $prefix)"
        " AND ($since IS NULL OR resolved_at IS NULL OR resolved_at >= $since)"
        " AND ($after IS NULL OR (opened_at, incident_id) <"
        " (SELECT (opened_at, incident_id) FROM incidents WHERE incident_id = $after))"
        " ORDER BY opened_at DESC, incident_id DESC LIMIT $limit",
        {"states": [str(one) for one in states], "prefix": prefix, "since": since, "after": after, "limit": limit + 1},
    ).fetchall()
    found = tuple(incident_of(row) for row in rows[:limit])
    return found, found[-1].incident_id if len(rows) > limit else None


def incident(con: DuckDBPyConnection, incident_id: str) -> Incident | None:
    """One incident, or None."""
    row = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents WHERE incident_id = ?",  # noqa: S608 - constant columns
        [incident_id],
    ).fetchone()
    return incident_of(row) if row else None


def timeline(con: DuckDBPyConnection, incident_id: str) -> tuple[IncidentEvent, ...]:
    """What happened to one incident, in order."""
    rows = con.execute(
        "SELECT incident_id, happened_at, kind, note, who FROM incident_events WHERE incident_id = ? ORDER BY event_id",
        [incident_id],
    ).fetchall()
    return tuple(IncidentEvent(row[0], utc(row[1]), row[2], row[3], row[4]) for row in rows)


def timelines(con: DuckDBPyConnection, incident_ids: Sequence[str]) -> dict[str, tuple[IncidentEvent, ...]]:
    """What happened to each of the incidents, in order; one of which nothing is known is left out."""
    if not incident_ids:
        return {}
    rows = con.execute(
        "SELECT incident_id, happened_at, kind, note, who FROM incident_events "
        "WHERE incident_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY event_id",
        [list(incident_ids)],
    ).fetchall()
    found: dict[str, list[IncidentEvent]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(IncidentEvent(row[0], utc(row[1]), row[2], row[3], row[4]))
    return {incident_id: tuple(events) for incident_id, events in found.items()}


def save_incident(con: DuckDBPyConnection, incident: Incident) -> None:
    """Writes a new incident, or the new state of a known one."""
    values = incident_values(incident)
    names = INCIDENT_COLUMNS.split(", ")
    changes = ", ".join(f"{name} = ?" for name in names[1:])
    changed = con.execute(
        f"UPDATE incidents SET {changes} WHERE incident_id = ? RETURNING incident_id",  # noqa: S608 - constant columns
        [*values[1:], values[0]],
    ).fetchone()
    if changed is None:
        marks = ", ".join("?" for _ in names)
        con.execute(f"INSERT INTO incidents ({INCIDENT_COLUMNS}) VALUES ({marks})", values)  # noqa: S608 - constant columns


def add_event(con: DuckDBPyConnection, event: IncidentEvent) -> None:
    """Appends to the timeline."""
    con.execute(
        "INSERT INTO incident_events (event_id, incident_id, happened_at, kind, note, who)"
        " VALUES (nextval('incident_event_ids'), ?, ?, ?, ?, ?)",
        [event.incident_id, event.at, event.kind, event.note, event.who],
    )
