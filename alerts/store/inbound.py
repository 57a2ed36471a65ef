"""What receivers of messages told back, applied once: what was heard and what came of it are written together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.inbound.base import Act, ActKind, Heard
from alerts.model import Incident, Silence
from alerts.store.audit import call_back, call_over, give_back, remark, take
from alerts.store.incidents import incident, timeline
from alerts.store.silences import put_silence

REMEMBERED: Final = timedelta(days=7)
"""PagerDuty tells again for two days."""
NAMES_REMEMBERED: Final = timedelta(days=180)
CLOCKS_APART: Final = timedelta(minutes=1)
"""What was done before the incident's latest beginning, by more than clocks may differ, was done to an earlier one."""
SILENCED_FOR: Final = timedelta(hours=1)
_BEGINS: Final = frozenset({"opened", "reopened", "escalated"})


def is_known(con: DuckDBPyConnection, channel: str, key: str) -> bool:
    """Whether that was heard before."""
    known = con.execute("SELECT 1 FROM inbound_events WHERE channel = ? AND event_key = ?", [channel, key]).fetchone()
    return known is not None


def apply_heard(con: DuckDBPyConnection, channel: str, heard: Heard, at: datetime) -> bool:
    """Does what was told. False, and nothing done, when it was told before; acts on incidents that are not ours, or not
    of now, are passed over."""
    if is_known(con, channel, heard.key):
        return False
    con.execute("INSERT INTO inbound_events VALUES (?, ?, ?)", [channel, heard.key, at])
    con.execute("DELETE FROM inbound_events WHERE received_at < ?", [at - REMEMBERED])
    if heard.calls is not None:
        _note_name(con, channel, *heard.calls, at)
    for act in heard.acts:
        found = _meant(con, channel, act)
        if found is not None and not _is_of_before(con, found, act):
            _do(con, channel if heard.is_echo_known else None, act, found, at)
    return True


def _do(con: DuckDBPyConnection, heard_from: str | None, act: Act, found: Incident, at: datetime) -> None:
    name = found.incident_id
    if act.kind is ActKind.ACKNOWLEDGE:
        take(con, name, act.who, at, heard_from=heard_from)
    elif act.kind is ActKind.UNACKNOWLEDGE:
        give_back(con, name, act.who, at)
    elif act.kind is ActKind.RESOLVE:
        call_over(con, name, act.who, at)
    elif act.kind is ActKind.REOPEN:
        call_back(con, name, act.who, at)
    elif act.kind is ActKind.COMMENT:
        remark(con, name, act.who, act.text, at)
    elif act.kind is ActKind.SILENCE:
        match: dict[str, tuple[str, ...]] = {"subject": (found.subject,)}
        put_silence(con, Silence(match, at, at + SILENCED_FOR, act.who, f"silenced from {name}", created_at=at))


def _meant(con: DuckDBPyConnection, channel: str, act: Act) -> Incident | None:
    if act.incident_id is not None:
        return incident(con, act.incident_id)
    if act.dedup_key is not None:
        return _by_key(con, act.dedup_key)
    row = con.execute(
        "SELECT incident_id FROM inbound_incidents WHERE channel = ? AND their_id = ?", [channel, act.their_id]
    ).fetchone()
    return incident(con, row[0]) if row else None


def _by_key(con: DuckDBPyConnection, dedup_key: str) -> Incident | None:
    found = incident(con, dedup_key.rsplit("/", 1)[-1])
    return found if found is not None and found.dedup_key == dedup_key else None


def _note_name(con: DuckDBPyConnection, channel: str, their_id: str, dedup_key: str, at: datetime) -> None:
    con.execute("DELETE FROM inbound_incidents WHERE heard_at < ?", [at - NAMES_REMEMBERED])
    found = _by_key(con, dedup_key)
    if found is not None:
        con.execute(
            "INSERT INTO inbound_incidents VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [channel, their_id, found.incident_id, at],
        )


def _is_of_before(con: DuckDBPyConnection, found: Incident, act: Act) -> bool:
    if act.done_at is None or act.kind is ActKind.COMMENT:
        return False
    begins = [event.at for event in timeline(con, found.incident_id) if event.kind in _BEGINS]
    return act.done_at < max(begins, default=found.opened_at) - CLOCKS_APART
