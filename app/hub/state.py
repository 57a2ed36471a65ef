"""What the hub's parts share while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from alerts.self_tests import SelfTests
from config.model import Config
from metrics.forecasting import ForecastMemo
from metrics.learning import LearnedLimits
from metrics.model import Evaluation
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.slices import SliceMemo


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
    learned: LearnedLimits = field(init=False)
    learned_share: float = 0.0
    """How much of the history was learned from since the start, 0 … 1."""
    self_tests: SelfTests | None = None
    """Of the channels; None until they are built."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.learned = LearnedLimits(self.store)
