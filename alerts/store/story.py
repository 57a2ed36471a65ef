"""All that is known of one incident's course, in order: its timeline, with what the ledger knows of who was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import IncidentEvent
from alerts.store.incidents import incident, timeline
from alerts.store.reported_changes import reported_changes
from alerts.store.rows import utc
from metrics.model import Window

NOTIFIED: Final = "notified"
CHANGE: Final = "change"
LOOKS_BACK: Final = timedelta(hours=6)
_GOES_ON: Final = timedelta(days=30)
UNSENT: Final = "unsent"
"""A message that has been tried and has not got through; given up is `undelivered`, an event of its own."""


@dataclass(slots=True)
class _Message:
    """One message with its attempts, oldest first: instant, whether it was accepted, given up, and the answer."""

    channel: str
    action: str
    tier: str
    attempts: list[tuple[datetime, bool, bool, str]] = field(default_factory=list)


def story(con: DuckDBPyConnection, incident_id: str) -> tuple[IncidentEvent, ...]:
    """Every fact of the incident, oldest first. Of the facts of one instant, those of the timeline come first, in the
    order in which they were written."""
    told = [event for message in _messages(con, incident_id) for event in _told(message, incident_id)]
    known = (*timeline(con, incident_id), *told, *_reported(con, incident_id))
    return tuple(sorted(known, key=lambda event: event.at))


def _reported(con: DuckDBPyConnection, incident_id: str) -> Iterator[IncidentEvent]:
    """What people or programs said they changed, shortly before it or while it was on."""
    found = incident(con, incident_id)
    if found is None:
        return
    begin = min((one.since for one in found.conditions), default=found.opened_at)
    window = Window(begin - LOOKS_BACK, found.resolved_at or begin + _GOES_ON)
    for change in reported_changes(con, found.integration, window):
        yield IncidentEvent(incident_id, change.at, CHANGE, change.words_about(begin), change.by)


def _messages(con: DuckDBPyConnection, incident_id: str) -> tuple[_Message, ...]:
    rows = con.execute(
        "SELECT o.notification_id, o.channel, o.action, o.tier, a.attempted_at, a.ok, a.permanent, a.answer "
        "FROM outbox AS o JOIN delivery_attempts AS a USING (notification_id) WHERE o.incident_id = ? "
        "ORDER BY o.notification_id, a.attempt, a.attempted_at",
        [incident_id],
    ).fetchall()
    found: dict[int, _Message] = {}
    for number, channel, action, tier, at, ok, permanent, answer in rows:
        found.setdefault(number, _Message(channel, action, tier)).attempts.append((utc(at), ok, permanent, answer))
    return tuple(found.values())


def _told(message: _Message, incident_id: str) -> Iterator[IncidentEvent]:
    what = "report" if message.tier == "report" else message.action
    for number, (at, ok, *_) in enumerate(message.attempts, start=1):
        if ok:
            tries = f" at try {number}, after: {_failure(message)}" if number > 1 else ""
            yield IncidentEvent(incident_id, at, NOTIFIED, f"{message.channel} has the {what}{tries}")
            return
    last_at, _, given_up, answer = message.attempts[-1]
    if not given_up:
        count = len(message.attempts)
        tries = f"{count} tries, the last at {last_at:%H:%M:%S} UTC" if count > 1 else "one try"
        first = message.attempts[0][0]
        yield IncidentEvent(
            incident_id, first, UNSENT, f"{message.channel} has not got the {what} yet ({tries}): {answer}"
        )


def _failure(message: _Message) -> str:
    return next((answer for _, ok, _, answer in message.attempts if not ok), "")
