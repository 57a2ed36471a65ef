"""What pages may ask: a few questions about the store, each answered at most once per two seconds for all viewers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Final, TypeVar

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Tier
from alerts.reports.sources import Sources
from alerts.status_pages.standing import StoredPage
from alerts.store import incidents, open_incidents
from alerts.store.status_pages import stored_pages
from app.dashboard.cache import Shared
from app.dashboard.incident_view import IncidentDetail, IncidentList, incident_detail, incident_list
from config.model import Config, Integration, Objective, Sli
from metrics.baseline.series import Monitor
from metrics.learning import LearnedLimits
from metrics.learning.band import Normal
from metrics.learning.band import Standing as Learned
from metrics.model import (
    Coverage,
    Evaluation,
    IntegrationSummary,
    Latency,
    ObjectiveStatus,
    Rates,
    RunRow,
    SliceCount,
    State,
    Window,
)
from metrics.quota.model import QuotaLevel
from metrics.series import ErrorSeries, LatencySeries, PhaseSeries, QuotaSeries, RecordedSeries
from metrics.state import integration_state
from metrics.store.coverage import coverage_by_integration
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.phases import phase_series
from metrics.store.quota import quota_levels, quota_series
from metrics.store.recorded import recorded_series
from metrics.store.runs import evidence, latest_runs, run
from metrics.store.scope import newest_simulated
from metrics.store.slices import slice_counts
from probes.model import Run

if TYPE_CHECKING:
    from app.hub.state import HubState

T = TypeVar("T")
FRESH_FOR: Final = timedelta(seconds=2)
_WHOLE: Final = timedelta(days=36500)
"""A bucket this long holds any window at once."""
_RUNS: Final = 30
_INCIDENTS: Final = 100


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


@dataclass(frozen=True, slots=True)
class Measured:
    """What an integration showed within one window."""

    window: Window
    latency: Latency
    ttfb_p95: float | None
    rates: Rates
    slices: SliceCount
    coverage: Coverage
    latencies: LatencySeries
    errors: ErrorSeries
    phases: PhaseSeries
    quotas: tuple[QuotaSeries, ...]
    recorded: tuple[RecordedSeries, ...] = ()


@dataclass(frozen=True, slots=True)
class IntegrationView:
    """Everything on an integration's page."""

    at: datetime
    standing: Standing
    measured: Measured
    incidents: tuple[Incident, ...]
    """Open ones, and resolved ones that touch the window."""
    runs: tuple[RunRow, ...]


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

    def now(self) -> datetime:
        """The instant that ages on the page are counted from."""
        return self._clock()

    def ask(self, key: Hashable, question: Callable[[DuckDBPyConnection], T], fresh_for: timedelta = FRESH_FOR) -> T:
        """The answer of the store, at most `fresh_for` old and asked once for all viewers; `key` names the question."""
        return self._shared.get(key, lambda: self._store.read(question), fresh_for)

    def shared(self, key: Hashable, work: Callable[[], T], fresh_for: timedelta) -> T:
        """What `work` makes, once for all viewers; for what asks the store by itself."""
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

    def integration(self, name: str, length: timedelta) -> IntegrationView | None:
        """One integration over its last `length`; None when it is not declared."""
        declared = self.config.integration(name)
        if declared is None:
            return None
        fresh_for = max(FRESH_FOR, min(length / 5000, timedelta(minutes=2)))
        measured = self._shared.get(
            ("measured", name, length, self.config.version), lambda: self._measured(declared, length), fresh_for
        )
        return self._shared.get(
            ("integration", name, length, self.config.version), lambda: self._integration(name, measured)
        )

    def normals(self, name: str) -> list[Learned]:
        """How the integration's latencies stand against what is normal at this hour; none before they are learned."""
        learned = self.hub.learned
        return learned.standings(name) if learned is not None else []

    def normal(self, monitor: Monitor, window: Window) -> Normal | None:
        """One of them over that time, and 24 hours ahead."""
        learned = self.hub.learned
        if learned is None:
            return None
        return self._shared.get(("normal", monitor.key, window.length), lambda: learned.normal(monitor, window))

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

    def _measured(self, declared: Integration, length: timedelta) -> Measured:
        name, window = declared.name, Window.last(length, self.now())
        availability = next((o for o in declared.objectives if o.sli is Sli.AVAILABILITY), _AVAILABILITY)

        def question(con: DuckDBPyConnection) -> Measured:
            whole = latency_series(con, name, window, bucket=_WHOLE, memo=self._store.memo)
            ttfb = [float(value) for value in whole.ttfb_p95 if isfinite(value)]
            return Measured(
                window=window,
                latency=latency(con, name, window, memo=self._store.memo),
                ttfb_p95=ttfb[0] if ttfb else None,
                rates=rates(con, name, window, memo=self._store.memo),
                slices=slice_counts(con, declared, availability, [window])[0],
                coverage=coverage_by_integration(con, [declared], [window])[0],
                latencies=latency_series(con, name, window, memo=self._store.memo),
                errors=error_series(con, name, window, memo=self._store.memo),
                phases=phase_series(con, name, window, memo=self._store.memo),
                quotas=quota_series(con, name, window),
                recorded=recorded_series(con, declared, window),
            )

        return self._store.read(question)

    def _integration(self, name: str, measured: Measured) -> IntegrationView | None:
        standing = next((s for s in self.overview().standings if s.declared.name == name), None)
        if standing is None:
            return None

        def question(con: DuckDBPyConnection) -> tuple[tuple[RunRow, ...], tuple[Incident, ...]]:
            return latest_runs(con, name, _RUNS), incidents(con, _INCIDENTS)

        runs, all_incidents = self._store.read(question)
        touching = tuple(
            incident
            for incident in all_incidents
            if incident.subject == name
            and (incident.resolved_at is None or incident.resolved_at > measured.window.start)
        )
        return IntegrationView(self.now(), standing, measured, touching, runs)


_AVAILABILITY: Final = Objective(sli=Sli.AVAILABILITY, target=0.999, window=timedelta(days=30))
