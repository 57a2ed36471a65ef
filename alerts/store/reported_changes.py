"""What people and programs say that they changed: shown beside incidents and in charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from duckdb import DuckDBPyConnection

from alerts.store.audit import AuditRow, record
from metrics.model import Window

Kind = Literal["deploy", "config", "vendor", "other"]


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """One change. No `integrations`: it touches everything."""

    at: datetime
    title: str
    kind: Kind
    by: str
    integrations: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    link: str = ""
    change_id: str = ""

    def words_about(self, begin: datetime, *, link: bool = True) -> str:
        """What it was, and how long before, or after, that instant: `12 min before: deploy “4.2”`."""
        side, apart = ("before", begin - self.at) if self.at <= begin else ("after the beginning", self.at - begin)
        return f"{_length(apart)} {side}: {self.kind} “{self.title}”{f' ({self.link})' if link and self.link else ''}"


def report_change(con: DuckDBPyConnection, change: ReportedChange, now: datetime) -> ReportedChange:
    """Keeps it, with its line in the audit log, inside the caller's transaction; as it is kept."""
    row = con.execute("SELECT nextval('reported_change_ids')").fetchone()
    named = replace(change, change_id=f"c-{row[0] if row else 0}")
    con.execute(
        _INSERT,
        [
            named.change_id, named.at, named.title, named.kind, list(named.integrations), list(named.flows),
            named.link, named.by, now,
        ],
    )  # fmt: skip
    about = ", ".join(named.flows or named.integrations) or "everything"
    record(con, AuditRow(now, named.by, "change.report", named.change_id, f"{named.kind} “{named.title}” of {about}"))
    return named


def reported_changes(con: DuckDBPyConnection, integration: str, window: Window) -> tuple[ReportedChange, ...]:
    """Those that touch the integration, oldest first."""
    return _read(con, _OF_ONE, {"integration": integration, "start": window.start, "end": window.end})


def every_reported_change(con: DuckDBPyConnection, window: Window, limit: int = 100) -> tuple[ReportedChange, ...]:
    """Those of the window, newest first."""
    return _read(con, _ALL, {"start": window.start, "end": window.end, "limit": limit})


def _read(con: DuckDBPyConnection, sql: str, bounds: dict[str, Any]) -> tuple[ReportedChange, ...]:
    return tuple(_change(*row) for row in con.execute(sql, bounds).fetchall())


def _change(
    change_id: str, at: datetime, title: str, kind: Kind, names: Sequence[str], flows: Sequence[str], link: str, by: str
) -> ReportedChange:
    return ReportedChange(at.astimezone(UTC), title, kind, by, tuple(names), tuple(flows), link, change_id)


def _length(apart: timedelta) -> str:
    minutes = int(apart.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


_COLUMNS: Final = "change_id, happened_at, title, kind, integrations, flows, link, reported_by"
_INSERT: Final = f"INSERT INTO reported_changes ({_COLUMNS}, reported_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_WITHIN: Final = f"SELECT {_COLUMNS} FROM reported_changes WHERE happened_at >= $start AND happened_at < $end"  # noqa: S608
_OF_ONE: Final = f"""
{_WITHIN} AND (len(integrations) = 0 OR list_contains(integrations, $integration)) ORDER BY happened_at, change_id
"""
_ALL: Final = f"{_WITHIN} ORDER BY happened_at DESC, change_id DESC LIMIT $limit"
