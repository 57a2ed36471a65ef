"""What pages may ask: a few questions about the store, each answered at most once per two seconds for all viewers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Tier
from alerts.reports.sources import Sources
from alerts.status_pages.standing import StoredPage
from alerts.store import open_incidents
from alerts.store.status_pages import stored_pages
from app.dashboard.cache import Shared
from app.dashboard.incident_view import IncidentDetail, IncidentList, incident_detail, incident_list
from config.model import Config, Integration
from metrics.baseline.series import Monitor
from metrics.learning import LearnedLimits
from metrics.learning.band import Normal
from metrics.learning.band import Standing as Learned
from metrics.model import (
    Evaluation,
    IntegrationSummary,
    ObjectiveStatus,
    State,
    Window,
)
from metrics.quota.model import QuotaLevel
from metrics.state import Recovery, States
from metrics.store.database import Store
from metrics.store.memo import Memo
from metrics.store.overview import integration_summaries
from metrics.store.runs import evidence, run
from metrics.store.scope import newest_simulated
from probes.model import Run

if TYPE_CHECKING:
    from app.hub.state import HubState

T = TypeVar("T")
FRESH_FOR: Final = timedelta(seconds=2)
_MEASURED_FOR: Final = timedelta(seconds=8)
"""Figures over an hour and more are good for so long: every other refresh of a page."""


@dataclass(frozen=True, slots=True)
class HubStatus:
    """The hub as its dashboard sees it. `evaluation` is None until the first one has finished."""

    started_at: datetime
    evaluation: Evaluation | None = None
    config_problem: str | None = None
    last_error: str | None = None
    store_problem: str | None = None
    ingested_runs: int = 0
    learned: LearnedLimits | None = None
    """None where nobody learns."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One integration on the overview: what is declared, how it stands, what it measured."""

    declared: Integration
    state: State
    summary: IntegrationSummary
    objectives: tuple[ObjectiveStatus, ...]
    quotas: tuple[QuotaLevel, ...]
    incidents: tuple[Incident, ...]
    recovery: Recovery | None = None
    """Of one that is well again, while a burn-rate window still remembers that it was not."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first page, as of `at`."""

    at: datetime
    standings: tuple[Standing, ...]
    incidents: tuple[Incident, ...]
    simulated_until: datetime | None = None
    """End of the simulated history that the store holds; None when all of it was measured."""


class View:
    """Read access for pages. Methods may be called from any thread and raise `ReadTimeout` at the store's limit."""

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        clock: Callable[[], datetime],
        hub: Callable[[], HubStatus],
        fresh_for: timedelta = FRESH_FOR,
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._hub = hub
        self._shared = Shared(clock, fresh_for)

    @classmethod
    def of_hub(cls, state: HubState) -> View:
        """The view that a running hub offers."""

        def hub() -> HubStatus:
            return HubStatus(
                started_at=state.started_at,
                evaluation=state.evaluation,
                config_problem=state.config_problem,
                last_error=state.last_error,
                store_problem=state.store_problem,
                ingested_runs=state.ingested_runs,
                learned=state.learned,
            )

        return cls(state.store, config=lambda: state.config, clock=state.clock, hub=hub)

    @property
    def config(self) -> Config:
        """The configuration in use."""
        return self._config()

    @property
    def hub(self) -> HubStatus:
        """The hub's own state, never from a cache."""
        return self._hub()

    @property
    def memo(self) -> Memo:
        """What closed buckets amount to, for questions that take it."""
        return self._store.memo

    def now(self) -> datetime:
        """The instant that ages on the page are counted from."""
        return self._clock()

    def ask(self, key: Hashable, question: Callable[[DuckDBPyConnection], T], fresh_for: timedelta = FRESH_FOR) -> T:
        """The answer of the store, at most `fresh_for` old and asked once for all viewers; `key` names the question."""
        return self._shared.get(key, lambda: self._store.read(question), fresh_for)

    def forget(self) -> None:
        """Whoever asks next is answered anew."""
        self._shared.forget()

    def shared(self, key: Hashable, work: Callable[[], T], fresh_for: timedelta = FRESH_FOR) -> T:
        """The same of anything that takes long to work out."""
        return self._shared.get(key, work, fresh_for)

    def sources(self, link: str) -> Sources:
        """What reports are made of, as of now; `link` is the hub's address in them."""
        return Sources(self._store, self.config, self.now(), link, self.hub.learned)

    def overview(self) -> Overview:
        """How every integration stands."""
        return self._shared.get(("overview", self.config.version), self._overview)

    def incidents(self, states: tuple[IncidentState, ...], tiers: tuple[Tier, ...], page: int) -> IncidentList:
        """A page of incidents of any of these states and tiers (none: of all), open ones first."""

        def work() -> IncidentList:
            return self._store.read(lambda con: incident_list(con, states, tiers, page))

        return self._shared.get(("incidents", states, tiers, page), work)

    def incident(self, incident_id: str) -> IncidentDetail | None:
        """One whole incident, never from the cache: whoever acted on it wants to see what came of it."""
        config = self.config
        return self._store.read(lambda con: incident_detail(con, incident_id, config))

    def status_pages(self) -> tuple[StoredPage, ...]:
        """The status pages that are declared, as far as they were asked."""
        declared = {one.status_page.url for one in self.config.integrations if one.status_page is not None}
        found = self._shared.get("status pages", lambda: self._store.read(stored_pages))
        return tuple(page for name, page in found.items() if name in declared)

    def standing(self, name: str) -> Standing | None:
        """How one of them stands; None when it is not declared."""
        return next((one for one in self.overview().standings if one.declared.name == name), None)

    def normals(self, name: str) -> list[Learned]:
        """How the integration's latencies stand against what is normal at this hour; none before they are learned."""
        learned = self.hub.learned
        return learned.standings(name) if learned is not None else []

    def normal(self, monitor: Monitor, window: Window) -> Normal | None:
        """One of them over that time, and 24 hours ahead."""
        learned = self.hub.learned
        if learned is None:
            return None
        minute = int(window.end.timestamp()) // 60
        return self._shared.get(("normal", monitor.key, window.length, minute), lambda: learned.normal(monitor, window))

    def run(self, run_id: str) -> Run | None:
        """One whole run, or None."""
        return self._shared.get(("run", run_id), lambda: self._store.read(lambda con: run(con, run_id)))

    def run_of_evidence(self, evidence_id: str) -> Run | None:
        """The run whose step left that evidence; None when there is none or it has expired."""

        def question(con: DuckDBPyConnection) -> Run | None:
            found = evidence(con, evidence_id)
            return run(con, found[0].run_id) if found else None

        return self._store.read(question)

    def _overview(self) -> Overview:
        now, config = self.now(), self.config
        current, summaries = self._store.read(open_incidents), self._summaries()
        standings = standings_of(config, self.hub.evaluation, summaries, current)
        return Overview(now, standings, current, self._simulated_until())

    def _summaries(self) -> tuple[IntegrationSummary, ...]:
        names = [declared.name for declared in self.config.integrations]

        def work() -> tuple[IntegrationSummary, ...]:
            now, memo = self.now(), self._store.memo
            return self._store.read(lambda con: integration_summaries(con, names, now, memo))

        return self._shared.get(("summaries", self.config.version), work, _MEASURED_FOR)

    def _simulated_until(self) -> datetime | None:
        def work() -> datetime | None:
            return self._store.read(newest_simulated)

        return self._shared.get("simulated", work, timedelta(minutes=1))


def standings_of(
    config: Config,
    evaluation: Evaluation | None,
    summaries: tuple[IntegrationSummary, ...],
    current: tuple[Incident, ...],
) -> tuple[Standing, ...]:
    """How each integration stands, in the order of the configuration that the summaries have too."""
    states = States(evaluation, config.alerting.confirm) if evaluation is not None else None
    objectives = _by(evaluation.objectives if evaluation else (), lambda one: one.integration)
    quotas = _by(evaluation.quotas if evaluation else (), lambda one: one.integration)
    incidents = _by(current, lambda one: one.subject)
    return tuple(
        Standing(
            declared=declared,
            state=states.of(declared.name) if states is not None else State.NO_DATA,
            summary=summary,
            objectives=tuple(objectives.get(declared.name, ())),
            quotas=tuple(quotas.get(declared.name, ())),
            incidents=tuple(incidents.get(declared.name, ())),
            recovery=states.recovery(declared.name) if states is not None else None,
        )
        for declared, summary in zip(config.integrations, summaries, strict=True)
    )


def _by(found: Iterable[T], of: Callable[[T], str]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for one in found:
        grouped[of(one)].append(one)
    return grouped
