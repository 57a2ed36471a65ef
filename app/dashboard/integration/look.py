"""One look at an integration: which one, over which time, and what the store says of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from duckdb import DuckDBPyConnection

from app.dashboard.page import Visit
from app.dashboard.ranges import Range, chosen
from app.dashboard.view import FRESH_FOR, View
from config.model import Integration
from metrics.model import Window
from metrics.store.buckets import handy

T = TypeVar("T")
_KEPT: Final = ("compare", "normal")
"""What an address of this page may hold beside the range."""
_STEADY: Final = timedelta(minutes=2)
_JUST_NOW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """An answer, and the window that it is about."""

    window: Window
    answer: T


@dataclass(frozen=True, slots=True)
class Look:
    """What every panel of the page is drawn from."""

    view: View
    declared: Integration
    range: Range
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """The integration's."""
        return self.declared.name

    @property
    def at(self) -> datetime:
        """Now."""
        return self.view.now()

    @property
    def fresh_for(self) -> timedelta:
        """How old an answer about this range may be: nobody sees a second in a month."""
        if self.range.end is not None:
            return _STEADY
        return max(FRESH_FOR, min(self.range.length / 5000, _STEADY))

    @property
    def ends_now(self) -> bool:
        """Whether what comes next belongs to what is shown."""
        return self.range.end is None or self.range.end > self.at - _JUST_NOW

    @property
    def zone(self) -> str:
        """Whose clock the integration's normal goes by."""
        return self.declared.thresholds.time_zone or self.view.config.settings.hub.timezone

    def bucket(self, window: Window) -> timedelta:
        """How finely charts cut it: as finely as there is room for, and so that a bucket holds two runs, for finer
        ones would make a line of dots."""
        return handy(window, 2 * min((one.every for one in self.declared.workflows), default=timedelta(0)))

    def ask(
        self,
        what: Hashable,
        question: Callable[[DuckDBPyConnection, Window], T],
        fresh_for: timedelta | None = None,
        *,
        back: timedelta = timedelta(0),
    ) -> Seen[T]:
        """What the store says of the range, or of the same stretch so much earlier; shared by all who look."""

        def work(con: DuckDBPyConnection) -> Seen[T]:
            shown = self.range.window(self.view.now())
            window = Window(shown.start - back, shown.end - back)
            return Seen(window, question(con, window))

        key = ("integration", what, self.name, self.range, back, self.view.config.version)
        return self.view.ask(key, work, fresh_for or self.fresh_for)

    def address(self, **changed: str) -> str:
        """This page as it is looked at, but for what is changed; an empty text takes it out."""
        kept = {name: self.query[name] for name in _KEPT if name in self.query} | changed
        others = {name: value for name, value in kept.items() if value}
        return self.range.address(f"/integration/{self.name}", **others)


def look_at(view: View, visit: Visit) -> Look | None:
    """What the address means; None when there is no such integration."""
    declared = view.config.integration(visit.path.get("name", ""))
    return None if declared is None else Look(view, declared, chosen(visit.query), visit.query)
