"""Reports as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import Incident, Report
from alerts.reports.document import Document, Kind, from_json

PICTURE: Final = "mail/"
"""What the names of a mail's pictures begin with."""
WEEKLY_SUBJECT: Final = "weekly:review"
"""Subject of what stands in an incident's place where a message is about a week."""


def report_id_of(about: Incident) -> str:
    """Which report tells of an incident (or of a week) as it was when a message about it was written."""
    kind = Kind.WEEKLY if about.subject == WEEKLY_SUBJECT else Kind.INCIDENT
    return f"{kind}/{about.incident_id}" + (f"/{about.reopened}" if about.reopened else "")


def report_of(con: DuckDBPyConnection, about: Incident, link: str) -> Report | None:
    """What is to be sent of it; None where it was not made, or its files are no longer kept. `link` is the hub's."""
    report_id = report_id_of(about)
    row = con.execute("SELECT document FROM reports WHERE report_id = ? AND state = 'made'", [report_id]).fetchone()
    files = files_of(con, report_id)
    if row is None or not {"md", "mail.html", "pdf"} <= files.keys():
        return None
    return sendable(from_json(row[0]), files, link)


def sendable(document: Document, files: Mapping[str, bytes], link: str) -> Report:
    """A document with its files, as channels take it."""
    return Report(
        title=document.title,
        summary=" ".join(document.summary),
        link=f"{link}{path_of(document.kind, document.key)}",
        file_name=document.file_name,
        text=files["md"].decode(),
        html=files["mail.html"].decode(),
        pdf=files["pdf"],
        pictures={name.removeprefix(PICTURE): png for name, png in files.items() if name.startswith(PICTURE)},
    )


def path_of(kind: Kind, key: str) -> str:
    """Where the hub shows a report: `/reports/incident/20261122-030000-hubspot`."""
    return f"/reports/{kind}/{key}"


def files_of(con: DuckDBPyConnection, report_id: str) -> dict[str, bytes]:
    """By name; empty when they are no longer kept."""
    rows = con.execute("SELECT name, content FROM report_files WHERE report_id = ?", [report_id]).fetchall()
    return {name: bytes(content) for name, content in rows}
