"""Vendors' status pages: what they said last, and what they wrote under their notices."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from alerts.model import IncidentEvent
from alerts.status_pages.changes import changes, ended
from alerts.status_pages.model import RESOLVED, Health, Notice, NoticeUpdate, PageReading
from alerts.status_pages.standing import StoredPage, VendorStatus, concerns, standing
from alerts.store.incidents import add_event
from alerts.store.rows import utc, utc_or_none
from config.model import Config

_PAGE: Final = "page, kind, address, asked_at, read_at, problem, indicator, description, etag, modified"
_WANTED: Final = "($all OR list_contains($pages::VARCHAR[], page))"


def stored_pages(con: DuckDBPyConnection, only: Collection[str] | None = None) -> dict[str, StoredPage]:
    """Pages that were ever asked, by their address as configured, with the notices that are open: all, or those."""
    wanted = {"all": only is None, "pages": list(only or ())}
    rows = con.execute(f"SELECT {_PAGE} FROM status_pages WHERE {_WANTED} ORDER BY page", wanted).fetchall()  # noqa: S608 - constant parts
    components: dict[str, list[tuple[str, Health]]] = {}
    for page, name, health in con.execute(
        f"SELECT page, component, health FROM status_components WHERE {_WANTED} ORDER BY rowid",  # noqa: S608
        wanted,
    ).fetchall():
        components.setdefault(page, []).append((name, Health(health)))
    notices = _open_notices(con)
    return {row[0]: _stored(row, components.get(row[0], ()), notices.get(row[0], ())) for row in rows}


def asked_pages(con: DuckDBPyConnection) -> dict[str, StoredPage]:
    """The same, without components and notices: when each was asked, and with which validators."""
    rows = con.execute(f"SELECT {_PAGE} FROM status_pages").fetchall()  # noqa: S608 - constant columns
    return {row[0]: _stored(row, (), ()) for row in rows}


def vendor_statuses(
    con: DuckDBPyConnection, config: Config, only: Collection[str] | None = None
) -> dict[str, VendorStatus]:
    """What the vendor says of each integration (or of those) that declares a status page, once that was asked."""
    declared = [
        (one.name, one.status_page)
        for one in config.integrations
        if one.status_page is not None and (only is None or one.name in only)
    ]
    if not declared:
        return {}
    pages = stored_pages(con, {page.url for _, page in declared})
    return {name: standing(name, page.components, pages[page.url]) for name, page in declared if page.url in pages}


def _stored(row: tuple[Any, ...], components: Sequence[tuple[str, Health]], notices: Sequence[Notice]) -> StoredPage:
    return StoredPage(
        page=row[0],
        kind=row[1],
        address=row[2],
        asked_at=utc(row[3]),
        read_at=utc_or_none(row[4]),
        problem=row[5],
        indicator=Health(row[6]),
        description=row[7],
        components=tuple(components),
        notices=tuple(notices),
        etag=row[8],
        modified=row[9],
    )


def save_problem(con: DuckDBPyConnection, page: str, kind: str, address: str, at: datetime, problem: str) -> None:
    """The page could not be read; what it said before stays."""
    _save(con, [page, kind, address, at, None, problem, str(Health.UNKNOWN), "", "", ""], keep_reading=True)


def save_unchanged(con: DuckDBPyConnection, page: str, at: datetime) -> None:
    """The page says what it said before."""
    con.execute("UPDATE status_pages SET asked_at = $at, read_at = $at, problem = '' WHERE page = $page",
                {"at": at, "page": page})  # fmt: skip


def save_reading(
    con: DuckDBPyConnection,
    looked: StoredPage,
    reading: PageReading,
    users: Mapping[str, Sequence[str]],
) -> int:
    """What the page says now, with a line in the timeline of every open incident that it is about; how many lines.

    `looked` says which page, when, and its validators; `users` are the integrations that watch it, with the
    components that each uses.
    """
    at = looked.asked_at
    before = stored_pages(con, {looked.page}).get(looked.page)
    row = [looked.page, looked.kind, looked.address, at, at, "", str(reading.indicator), reading.description]
    _save(con, [*row, looked.etag, looked.modified], keep_reading=False)
    _save_components(con, looked.page, reading, dict(before.components) if before else {}, at)
    for notice in reading.notices:
        _save_notice(con, looked.page, notice, at)
    for notice in ended(before, reading):
        con.execute(
            "UPDATE status_notices SET ended_at = ?, state = ? WHERE page = ? AND notice_id = ? AND ended_at IS NULL",
            [at, RESOLVED, looked.page, notice.notice_id],
        )
    return _tell(con, looked, reading, before, users)


def forget_notices(con: DuckDBPyConnection, before: datetime) -> int:
    """Drops notices that ended before that instant, with what was written under them; how many."""
    gone = con.execute("DELETE FROM status_notices WHERE ended_at < ?", [before]).fetchone()
    con.execute(
        "DELETE FROM status_updates AS u WHERE NOT EXISTS "
        "(SELECT 1 FROM status_notices AS n WHERE n.page = u.page AND n.notice_id = u.notice_id)"
    )
    return int(gone[0]) if gone else 0


def _save(con: DuckDBPyConnection, values: list[Any], *, keep_reading: bool) -> None:
    names = ("kind", "address", "asked_at", "problem") if keep_reading else tuple(_PAGE.split(", ")[1:])
    changed = ", ".join(f"{name} = excluded.{name}" for name in names)
    marks = ", ".join("?" for _ in values)
    con.execute(
        f"INSERT INTO status_pages ({_PAGE}) VALUES ({marks}) ON CONFLICT (page) DO UPDATE SET {changed}",  # noqa: S608 - constant columns
        values,
    )


def _save_components(
    con: DuckDBPyConnection, page: str, reading: PageReading, before: Mapping[str, Health], at: datetime
) -> None:
    now = dict(reading.components)
    if now == before:
        return
    since = {
        name: utc(start)
        for name, start in con.execute(
            "SELECT component, since FROM status_components WHERE page = ?", [page]
        ).fetchall()
    }
    con.execute("DELETE FROM status_components WHERE page = ?", [page])
    starts = [since[name] if before.get(name) is health else at for name, health in now.items()]
    con.execute(
        "INSERT INTO status_components SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::TIMESTAMPTZ[])",
        [page, list(now), [str(health) for health in now.values()], starts],
    )


def _save_notice(con: DuckDBPyConnection, page: str, notice: Notice, at: datetime) -> None:
    """A notice that was over when it was first seen is history, and not kept."""
    known = con.execute(
        "UPDATE status_notices SET title = ?, state = ?, impact = ?, link = ?, components = ?, "
        "ended_at = CASE WHEN ? THEN coalesce(ended_at, ?) END WHERE page = ? AND notice_id = ? RETURNING 1",
        [notice.title, notice.state, str(notice.impact), notice.link, json.dumps(notice.components),
         notice.is_over, at, page, notice.notice_id],
    ).fetchone()  # fmt: skip
    if known is None:
        if notice.is_over:
            return
        con.execute(
            "INSERT INTO status_notices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            [page, notice.notice_id, notice.title, notice.state, str(notice.impact), notice.link,
             json.dumps(notice.components), notice.started_at, at],
        )  # fmt: skip
    for update in notice.updates:
        _save_update(con, page, notice.notice_id, update, at)


def _save_update(con: DuckDBPyConnection, page: str, notice_id: str, update: NoticeUpdate, at: datetime) -> None:
    con.execute(
        "INSERT INTO status_updates SELECT $page, $notice, $posted, $state, $said, $at WHERE NOT EXISTS "
        "(SELECT 1 FROM status_updates WHERE page = $page AND notice_id = $notice AND posted_at = $posted"
        " AND state = $state)",
        {"page": page, "notice": notice_id, "posted": update.posted_at, "state": update.state, "said": update.text,
         "at": at},
    )  # fmt: skip


def _tell(
    con: DuckDBPyConnection,
    looked: StoredPage,
    reading: PageReading,
    before: StoredPage | None,
    users: Mapping[str, Sequence[str]],
) -> int:
    found = changes(before, reading)
    if not found:
        return 0
    open_now = con.execute("SELECT incident_id, subject FROM incidents WHERE state <> 'resolved'").fetchall()
    told = 0
    for incident_id, subject in open_now:
        about = [one for one in found if subject in users and concerns(one.components, users[subject])]
        for one in about:
            add_event(con, IncidentEvent(incident_id, looked.asked_at, "vendor_status", one.note))
        told += len(about)
    return told


def _open_notices(con: DuckDBPyConnection) -> dict[str, list[Notice]]:
    rows = con.execute(
        "SELECT page, notice_id, title, state, impact, started_at, link, components FROM status_notices "
        "WHERE ended_at IS NULL ORDER BY started_at DESC, notice_id"
    ).fetchall()
    written = con.execute(
        "SELECT u.page, u.notice_id, u.posted_at, u.state, u.said FROM status_updates AS u "
        "JOIN status_notices AS n ON n.page = u.page AND n.notice_id = u.notice_id "
        "WHERE n.ended_at IS NULL ORDER BY u.posted_at DESC, u.rowid DESC"
    ).fetchall()
    updates: dict[tuple[str, str], list[NoticeUpdate]] = {}
    for page, name, at, state, said in written:
        updates.setdefault((page, name), []).append(NoticeUpdate(utc(at), state, said))
    found: dict[str, list[Notice]] = {}
    for page, name, title, state, impact, started, address, components in rows:
        about = tuple(updates.get((page, name), ()))
        notice = Notice(name, title, state, Health(impact), utc(started), address, tuple(json.loads(components)), about)
        found.setdefault(page, []).append(notice)
    return found


def notices_during(
    con: DuckDBPyConnection, page: str, start: datetime, end: datetime, around: timedelta = timedelta(0)
) -> tuple[Notice, ...]:
    """Notices of the page that touched the time between the two instants, oldest first; for reports."""
    rows = con.execute(
        "SELECT notice_id, title, state, impact, started_at, link, components FROM status_notices "
        "WHERE page = ? AND started_at <= ? AND coalesce(ended_at, ?) >= ? ORDER BY started_at, notice_id",
        [page, end + around, end, start - around],
    ).fetchall()
    return tuple(Notice(r[0], r[1], r[2], Health(r[3]), utc(r[4]), r[5], tuple(json.loads(r[6]))) for r in rows)
