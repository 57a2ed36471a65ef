"""What pages may ask: a few questions about the store, each answered at most once per two seconds for all viewers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Tier
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
    RunRow,
    State,
    Window,
)
from metrics.quota.model import QuotaLevel
from metrics.state import integration_state
from metrics.store.database import Store
from metrics.store.memo import Memo
from metrics.store.overview import integration_summaries
from metrics.store.quota import quota_levels
from metrics.store.runs import evidence, latest_runs, run
from metrics.store.scope import newest_simulated
from probes.model import Run

if TYPE_CHECKING:
    from app.hub.state import HubState

T = TypeVar("T")
FRESH_FOR: Final = timedelta(seconds=2)


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

    def last_passed(self, failed: Run) -> RunRow | None:
        """The newest passed run of the same workflow and region before that one, among the latest few."""

        def question(con: DuckDBPyConnection) -> RunRow | None:
            rows = latest_runs(con, failed.integration, 200, workflow=failed.workflow, region=failed.region)
            good = (row for row in rows if row.outcome == "passed" and row.started_at < failed.started_at)
            return next(good, None)

        return self._shared.get(("passed", str(failed.run_id)), lambda: self._store.read(question))

    def _overview(self) -> Overview:
        now, config = self.now(), self.config
        names = [declared.name for declared in config.integrations]

        def question(
            con: DuckDBPyConnection,
        ) -> tuple[tuple[IntegrationSummary, ...], tuple[Incident, ...], tuple[QuotaLevel, ...]]:
            return integration_summaries(con, names, now, self._store.memo), open_incidents(con), quota_levels(con, now)

        summaries, current, quotas = self._store.read(question)
        by_name = {summary.integration: summary for summary in summaries}
        standings = tuple(
            self._standing(declared, by_name[declared.name], current, quotas) for declared in config.integrations
        )
        return Overview(now, standings, current, self._simulated_until())

    def _simulated_until(self) -> datetime | None:
        def work() -> datetime | None:
            return self._store.read(newest_simulated)

        return self._shared.get("simulated", work, timedelta(minutes=1))

    def _standing(
        self,
        declared: Integration,
        summary: IntegrationSummary,
        current: tuple[Incident, ...],
        quotas: tuple[QuotaLevel, ...],
    ) -> Standing:
        evaluation, name = self.hub.evaluation, declared.name
        state = State.NO_DATA
        if evaluation is not None:
            state = integration_state(name, evaluation, self.config.alerting.confirm)
        return Standing(
            declared=declared,
            state=state,
            summary=summary,
            objectives=tuple(o for o in (evaluation.objectives if evaluation else ()) if o.integration == name),
            quotas=tuple(level for level in quotas if level.integration == name),
            incidents=tuple(incident for incident in current if incident.subject == name),
        )
