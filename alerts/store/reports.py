"""Reports that are owed to somebody: each is made once, whatever happens to the hub meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from alerts.model import Action, Incident, IncidentEvent, IncidentState, Tier
from alerts.reports.document import Document, Kind, as_json, from_json
from alerts.routing import Message
from alerts.store.incidents import add_event, incident
from alerts.store.outbox import enqueue
from alerts.store.report_files import WEEKLY_SUBJECT, report_id_of
from alerts.store.rows import INCIDENT_COLUMNS, incident_of, utc, utc_or_none

LOOK_BACK: Final = timedelta(days=1)
"""An incident that was over longer ago than this has its report, or nobody waits for it any more."""
FILES_KEPT: Final = timedelta(days=7)
"""Messages are given up after a day; who asks for the report later gets it made from its document."""
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = 30
"""Attempts: about a day."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A report that somebody is to get. `about` is the incident, or what stands for a week in its place."""

    report_id: str
    kind: Kind
    subject: str
    wanted_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report as lists show it."""

    report_id: str
    kind: Kind
    subject: str
    wanted_at: datetime
    state: str
    attempts: int
    due_at: datetime
    problem: str | None
    made_at: datetime | None


def note_owed(con: DuckDBPyConnection, now: datetime) -> int:
    """Writes down a report for each urgent incident that is over and has none yet; how many.

    Found in the table of incidents and not told by whoever resolves one: so none gets lost in between.
    """
    rows = con.execute(_UNREPORTED, [now - LOOK_BACK]).fetchall()
    for about in map(incident_of, rows):
        want(con, Owed(report_id_of(about), Kind.INCIDENT, about.incident_id, about.resolved_at or now))
    return len(rows)


def owes(con: DuckDBPyConnection, now: datetime) -> bool:
    """Whether there is an incident whose report is not written down yet."""
    return bool(con.execute(f"{_UNREPORTED} LIMIT 1", [now - LOOK_BACK]).fetchone())


def want(con: DuckDBPyConnection, owed: Owed) -> bool:
    """Writes it down, unless it is already; whether it was new."""
    row = con.execute(
        "INSERT INTO reports (report_id, kind, subject, wanted_at, state, attempts, due_at) "
        "SELECT $id, $kind, $subject, $at, 'due', 0, $at WHERE NOT EXISTS (FROM reports WHERE report_id = $id) "
        "RETURNING report_id",
        {"id": owed.report_id, "kind": str(owed.kind), "subject": owed.subject, "at": owed.wanted_at},
    ).fetchone()
    return row is not None


def due_reports(con: DuckDBPyConnection, now: datetime) -> tuple[Owed, ...]:
    """Those to be made now, the oldest first."""
    rows = con.execute(
        "SELECT report_id, kind, subject, wanted_at, attempts FROM reports "
        "WHERE state = 'due' AND due_at <= ? ORDER BY wanted_at, report_id",
        [now],
    ).fetchall()
    return tuple(Owed(r[0], Kind(r[1]), r[2], utc(r[3]), r[4]) for r in rows)


def keep_made(
    con: DuckDBPyConnection,
    owed: Owed,
    document: Document,
    files: Mapping[str, bytes],
    channels: Sequence[str],
    now: datetime,
) -> bool:
    """It is made: its files are kept and its messages written, in the caller's one transaction. False, and nothing is
    written, when it was made before or its incident has come back."""
    about = _about(con, owed, document)
    if about is None or not _settle(con, owed, "made", now, as_json(document)):
        return False
    for name, content in files.items():
        con.execute("INSERT INTO report_files VALUES (?, ?, ?)", [owed.report_id, name, content])
    con.execute(
        "DELETE FROM report_files WHERE report_id IN (SELECT report_id FROM reports WHERE made_at < ?)",
        [now - FILES_KEPT],
    )
    for channel in channels:
        enqueue(con, about, Message(channel, Tier.REPORT, Action.RESOLVE), now, None)
    if owed.kind is Kind.INCIDENT:
        told = f"report made, for {', '.join(channels)}" if channels else "report made; its route names no channel"
        add_event(con, IncidentEvent(owed.subject, now, "reported", told))
    return True


def note_failed(con: DuckDBPyConnection, owed: Owed, problem: str, now: datetime) -> None:
    """It could not be made: tried again with a growing pause, and said on the incident's timeline the first time."""
    tries = owed.attempts + 1
    over = tries >= GIVEN_UP_AFTER
    pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(owed.attempts, 10))
    con.execute(
        "UPDATE reports SET attempts = ?, problem = ?, due_at = ?, state = ? WHERE report_id = ? AND state = 'due'",
        [tries, problem, now + pause, "given_up" if over else "due", owed.report_id],
    )
    if owed.kind is Kind.INCIDENT and (tries == 1 or over):
        what = "given up" if over else "it is tried again"
        add_event(con, IncidentEvent(owed.subject, now, "report_failed", f"report not made, {what}: {problem}"))


def overtaken(con: DuckDBPyConnection, owed: Owed, now: datetime) -> None:
    """Its incident came back before it was made: there will be another one."""
    _settle(con, owed, "overtaken", now, None)


def made_report(con: DuckDBPyConnection, report_id: str) -> Document | None:
    """The report as it was made; None where it is not yet."""
    row = con.execute("SELECT document FROM reports WHERE report_id = ? AND state = 'made'", [report_id]).fetchone()
    return from_json(row[0]) if row else None


def reports(con: DuckDBPyConnection, limit: int = 100) -> tuple[ReportRow, ...]:
    """The newest, newest first."""
    rows = con.execute(
        "SELECT report_id, kind, subject, wanted_at, state, attempts, due_at, problem, made_at FROM reports "
        "ORDER BY wanted_at DESC, report_id LIMIT ?",
        [limit],
    ).fetchall()
    return tuple(
        ReportRow(r[0], Kind(r[1]), r[2], utc(r[3]), r[4], r[5], utc(r[6]), r[7], utc_or_none(r[8])) for r in rows
    )


def has_been(con: DuckDBPyConnection, report_id: str) -> bool:
    """Whether it was ever written down."""
    return con.execute("SELECT 1 FROM reports WHERE report_id = ?", [report_id]).fetchone() is not None


def _about(con: DuckDBPyConnection, owed: Owed, document: Document) -> Incident | None:
    if owed.kind is Kind.WEEKLY:
        return week_as_incident(owed.subject, document.title, owed.wanted_at)
    found = incident(con, owed.subject)
    is_it = found is not None and found.state is IncidentState.RESOLVED and report_id_of(found) == owed.report_id
    return found if is_it else None


def week_as_incident(week: str, title: str, at: datetime) -> Incident:
    """What the outbox holds in an incident's place for a message about a week."""
    return Incident(
        incident_id=week,
        subject=WEEKLY_SUBJECT,
        tier=Tier.REPORT,
        state=IncidentState.RESOLVED,
        opened_at=at,
        resolved_at=at,
        conditions=(),
        title=title,
    )


def _settle(con: DuckDBPyConnection, owed: Owed, state: str, now: datetime, document: str | None) -> bool:
    values: list[Any] = [state, now if state == "made" else None, document, owed.report_id]
    row = con.execute(
        "UPDATE reports SET state = ?, made_at = ?, document = ?, problem = NULL, attempts = attempts + 1 "
        "WHERE report_id = ? AND state = 'due' RETURNING report_id",
        values,
    ).fetchone()
    return row is not None


_UNREPORTED: Final = f"""
SELECT {INCIDENT_COLUMNS} FROM incidents AS i
WHERE state = 'resolved' AND resolved_at >= ? AND (tier = 'urgent' OR EXISTS (
    -- It was urgent and came back as less before its report was made.
    FROM outbox AS o WHERE o.incident_id = i.incident_id AND o.tier = 'urgent' AND NOT EXISTS (
        FROM reports AS m WHERE m.subject = i.incident_id AND m.made_at >= o.created_at))
) AND NOT EXISTS (
    FROM reports AS r WHERE r.report_id =
        'incident/' || i.incident_id || CASE WHEN i.reopened > 0 THEN '/' || i.reopened ELSE '' END)
ORDER BY resolved_at, incident_id
"""  # noqa: S608 - constant columns
