"""What builders read: the store, the configuration, what is learned, and the hub's address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from config.model import Config
from metrics.learning import LearnedLimits
from metrics.store.database import Store

T = TypeVar("T")

READ_WITHIN: Final = timedelta(seconds=60)
"""For one question; a report asks many, so that none of them keeps pages and evaluations waiting."""


@dataclass(frozen=True, slots=True)
class Sources:
    """For one report, as of `now`. `link` is the hub's address, without a slash at its end."""

    store: Store
    config: Config
    now: datetime
    link: str = ""
    learned: LearnedLimits | None = None
    """None where nothing is learned: then charts have no band."""

    @property
    def zone(self) -> ZoneInfo:
        """Whose wall clock the report tells the time by."""
        return ZoneInfo(self.config.settings.hub.timezone)

    def ask(self, question: Callable[[DuckDBPyConnection], T]) -> T:
        """Raises ReadTimeout when the store takes too long."""
        return self.store.read(question, timeout=READ_WITHIN)

    def page(self, path: str) -> str:
        """The address of a page of the hub; empty where it has none."""
        return f"{self.link}{path}" if self.link else ""
