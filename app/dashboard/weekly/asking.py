"""The review of a week, made once for everybody who looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.reports.document import Document, Kind
from alerts.reports.weekly import weekly_review
from alerts.reports.weeks import NotAWeekError, Week
from alerts.store.reports import made_report
from app.dashboard.view import View

_GOES_ON: Final = timedelta(minutes=5)
_OVER: Final = timedelta(hours=1)
HERE: Final = "http://leadline"
"""Stands for this hub in links, which the page makes relative."""


def week_of(view: View, text: str) -> Week:
    """The week that an address names; without a name the last one that is over. Raises NotAWeekError."""
    return Week.named(text) if text else this_week(view).before


def this_week(view: View) -> Week:
    """The one that goes on where the hub is."""
    return Week.of(view.now(), ZoneInfo(view.config.settings.hub.timezone))


def review(view: View, week: Week) -> Document:
    """As it was sent, or else as of now; raises FutureWeekError."""

    def work() -> Document:
        made = view.ask(("made", week.name), lambda con: made_report(con, f"{Kind.WEEKLY}/{week.name}"))
        return made or weekly_review(view.sources(HERE), week)

    fresh_for = _GOES_ON if week >= this_week(view) else _OVER
    return view.shared(("review", week.name, view.config.version), work, fresh_for)


__all__ = ["HERE", "NotAWeekError", "review", "this_week", "week_of"]
