"""What the hub's parts share while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.inbound import Ear
from alerts.self_tests import SelfTests
from app.pulse import Pulse
from config.model import Config
from config.windows import Entries, Span
from metrics.forecasting import ForecastMemo
from metrics.learning import LearnedLimits
from metrics.model import Evaluation
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.slices import SliceMemo

if TYPE_CHECKING:
    from app.hub.reporting import Reporter


@dataclass(frozen=True, slots=True)
class CalendarStanding:
    """What the calendar of a maintenance window says. `source` is its address as written: it may be a reference."""

    source: str
    entries: tuple[Span, ...] = ()
    asked_at: datetime | None = None
    read_at: datetime | None = None
    """When it could last be read; the entries are as of then."""
    problem: str = ""
    """Why it could not be read when it was asked last; empty when it could."""


@dataclass(slots=True)
class HubState:
    """The running hub. Fields are replaced whole, never changed in place, so readers need no lock.

    `config_problem` says why the newest files on disk are not the configuration in use; None when they are.
    """

    store: Store
    ingest: Ingest
    clock: Callable[[], datetime]
    started_at: datetime
    config: Config
    compiled: str
    tokens: dict[str, str]
    """Region → SHA-256 of its prober's bearer token."""
    config_problem: str | None = None
    evaluation: Evaluation | None = None
    last_error: str | None = None
    """What stopped the latest evaluation, for the health endpoint; None when it went well."""
    store_problem: str | None = None
    """What stopped the latest round of forgetting and sealing; None when it went well."""
    ingested_runs: int = 0
    rolled_at: datetime | None = None
    """When the latest round of rolling up began that did not give way to runs that were waiting."""
    slices: SliceMemo = field(default_factory=SliceMemo)
    """What evaluations need not read again."""
    forecasts: ForecastMemo = field(default_factory=ForecastMemo)
    """The quota forecasts of this minute."""
    calendars: Mapping[str, CalendarStanding] = field(default_factory=dict)
    """Maintenance window → what its calendar says."""
    learned: LearnedLimits = field(init=False)
    learned_share: float = 0.0
    """How much of the history was learned from since the start, 0 … 1."""
    self_tests: SelfTests | None = None
    """Of the channels; None until they are built."""
    ears: Mapping[tuple[str, str], Ear] = field(default_factory=dict)
    """(kind, name) of each channel whose receiver may tell us what was done there."""
    reporter: Reporter | None = None
    """Makes reports; None until the hub knows its address."""
    pulse: Pulse = field(default_factory=Pulse)
    """Tells open pages that something changed."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def entries(self) -> Entries:
        """What the calendars of maintenance windows say now."""
        return {name: standing.entries for name, standing in self.calendars.items()}

    def __post_init__(self) -> None:
        self.learned = LearnedLimits(self.store)
