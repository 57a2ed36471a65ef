"""Makes the reports that are owed: after each urgent incident, and once a week. Each is made once, restarts or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from alerts.model import Incident, IncidentState
from alerts.reports.document import Document, Kind
from alerts.reports.incident import incident_report
from alerts.reports.sources import Sources
from alerts.reports.weekly import weekly_review
from alerts.reports.weeks import Week, due
from alerts.routing import report_channels
from alerts.store.incidents import incident
from alerts.store.report_files import report_id_of
from alerts.store.reports import (
    Owed,
    due_reports,
    has_been,
    keep_made,
    made_report,
    note_failed,
    note_owed,
    overtaken,
    owes,
    want,
)
from app.datadir import write_private
from app.hub.drawing import DrawingError, drawn
from app.hub.state import HubState
from metrics.store.failures import StoreError
from metrics.store.outcomes import first_measured

log = structlog.get_logger(__name__)

EVERY_S: Final = 5.0
FILES: Final = ("html", "pdf", "md", "json")
"""What lies in the folder of reports."""
SENT: Final = frozenset({"pdf", "md"})
"""Of those, what messages carry."""

Draw = Callable[[Document, tuple[str, ...], Path | None], dict[str, bytes]]
"""A document and formats → the files of these; raises DrawingError."""


class Reporter:
    """For one hub. `folder` is where the files go, `link` the address that messages lead to."""

    def __init__(self, state: HubState, folder: Path, link: str, draw: Draw = drawn) -> None:
        self._state = state
        self._draw = draw
        self._folder = folder
        self._link = link.rstrip("/")

    def once(self) -> None:
        """One round: writes down what is owed, and makes what is due. What cannot be made holds nothing else up."""
        state, now = self._state, self._state.clock()
        if state.store.read(lambda con: owes(con, now)):
            state.store.write(lambda con: note_owed(con, now)).result()
        self._want_weekly()
        for owed in state.store.read(lambda con: due_reports(con, now)):
            if state.stopping.is_set():
                return
            self._make_safely(owed)

    def incident_document(self, incident_id: str) -> Document:
        """The report as it was sent; where none was, or the incident goes on, as things stand. Raises
        UnknownIncidentError."""
        found = self._state.store.read(lambda con: incident(con, incident_id))
        if found is not None and found.state is IncidentState.RESOLVED:
            report_id = report_id_of(found)
            made = self._state.store.read(lambda con: made_report(con, report_id))
            if made is not None:
                return made
        return incident_report(self._sources(), incident_id)

    def weekly_document(self, week: Week) -> Document:
        """The same of a week; raises FutureWeekError."""
        made = self._state.store.read(lambda con: made_report(con, f"{Kind.WEEKLY}/{week.name}"))
        return made or weekly_review(self._sources(), week)

    def this_week(self) -> Week:
        """The one that goes on."""
        return Week.of(self._state.clock(), self._sources().zone)

    def file(self, document: Document, form: str) -> bytes:
        """The document in one format; raises DrawingError."""
        return self._draw(document, (form,), self._cache())[form]

    def _want_weekly(self) -> None:
        config, now = self._state.config, self._state.clock()
        weekly = config.alerting.reports.weekly
        if weekly is None:
            return
        week, at = due(weekly, config.settings.hub.timezone, now)
        report_id = f"{Kind.WEEKLY}/{week.name}"
        if self._state.store.read(lambda con: has_been(con, report_id)):
            return
        first, end = self._state.store.read(first_measured), week.window(self._sources().zone).end
        # Who began to measure after that week has nothing to review, and a mail that says so helps nobody. Elsewhere it
        # may be Monday already, and the week not over here.
        if first is not None and first < end <= now:
            owed = Owed(report_id, Kind.WEEKLY, week.name, at)
            self._state.store.write(lambda con: want(con, owed)).result()

    def _make_safely(self, owed: Owed) -> None:
        try:
            self._make(owed)
        except Exception as err:  # the loop's edge: one report that cannot be made must not stop the others
            known = isinstance(err, (StoreError, DrawingError, OSError))
            said = str(err) if known else type(err).__name__
            problem, now = " ".join(said.split())[:300], self._state.clock()
            self._state.store.write(lambda con: note_failed(con, owed, problem, now)).result()
            log.warning(
                "report.failed", report=owed.report_id, attempt=owed.attempts + 1, why=problem, exc_info=not known
            )

    def _make(self, owed: Owed) -> None:
        channels: tuple[str, ...]
        if owed.kind is Kind.WEEKLY:
            weekly = self._state.config.alerting.reports.weekly
            document, channels = weekly_review(self._sources(), Week.named(owed.subject)), ()
            channels = weekly.channels if weekly else ()
        else:
            about = self._still_over(owed)
            if about is None:
                self._state.store.write(lambda con: overtaken(con, owed, self._state.clock())).result()
                return
            document = incident_report(self._sources(), owed.subject)
            channels = report_channels(about, self._state.config, about.resolved_at or owed.wanted_at)
        files = self._draw(document, (*FILES, "mail"), self._cache())
        self._write(document, files)
        kept = {name: content for name, content in files.items() if name in SENT or name.startswith("mail")}
        now = self._state.clock()
        if self._state.store.write(lambda con: keep_made(con, owed, document, kept, channels, now)).result():
            log.info("report.made", report=owed.report_id, channels=list(channels))

    def _still_over(self, owed: Owed) -> Incident | None:
        found = self._state.store.read(lambda con: incident(con, owed.subject))
        is_it = found is not None and found.state is IncidentState.RESOLVED and report_id_of(found) == owed.report_id
        return found if is_it else None

    def _write(self, document: Document, files: dict[str, bytes]) -> None:
        for form in FILES:
            write_private(self._folder / f"{document.file_name}.{form}", files[form])

    def _sources(self) -> Sources:
        state = self._state
        return Sources(state.store, state.config, state.clock(), self._link, state.learned)

    def _cache(self) -> Path:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder / ".letters"
