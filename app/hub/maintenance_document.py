"""Maintenance windows as the API shows them: what is open, what comes next, what is wrong with their calendars."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from app.hub.state import CalendarStanding, HubState
from config.maintenance import Maintenance
from config.windows import OpenWindow, Timetable

_AHEAD: Final = timedelta(days=8)


def maintenance_documents(state: HubState) -> list[dict[str, Any]]:
    """Every window that is declared, in its order; instants in UTC, None where there is none."""
    now = state.clock()
    timetable = Timetable.of(state.config, state.entries())
    found = timetable.between(now, now + _AHEAD)
    return [_document(window, found, state.calendars.get(window.name), now) for window in timetable.windows]


def _document(
    window: Maintenance, found: tuple[OpenWindow, ...], calendar: CalendarStanding | None, now: datetime
) -> dict[str, Any]:
    own = [one.span for one in found if one.window.name == window.name]
    open_now = max((span for span in own if span.holds(now)), key=lambda span: span.end, default=None)
    coming = next((span for span in own if span.start > now), None)
    return {
        "name": window.name,
        "match": {key: list(patterns) for key, patterns in window.match.items()},
        "slo": window.slo,
        "open_until": open_now.end.isoformat() if open_now else None,
        "next_from": coming.start.isoformat() if coming else None,
        "next_until": coming.end.isoformat() if coming else None,
        "calendar_read_at": calendar.read_at.isoformat() if calendar and calendar.read_at else None,
        "calendar_problem": (calendar.problem or None) if calendar else None,
    }
