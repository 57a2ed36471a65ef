"""What the measurements mean: windows, indicators, budgets and what one evaluation saw.

Instants are aware UTC datetimes, latencies milliseconds, shares 0…1. A figure without data is None, never 0 or 1.
Percentiles are nearest rank: the smallest sample that at least p % of the samples do not exceed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from config.model import Objective, Recorded
from config.scalars import format_duration
from metrics.baseline.series import SeriesKey
from metrics.changing import ShapeFinding, VendorSignal
from metrics.lifetimes import HostCertificate, TrackedCredential
from metrics.operating import HubLoad, LimitStanding, Unreported, Usual
from metrics.quota.model import QuotaForecast, QuotaLevel
from probes.model import FailureKind, Leftovers, OpenCircuit, Outcome


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time, `start` ≤ t < `end`."""

    start: datetime
    end: datetime

    @classmethod
    def last(cls, length: timedelta, now: datetime) -> Window:
        """The window of that length that ends at `now`."""
        return cls(now - length, now)

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Latency:
    """Nearest-rank percentiles in milliseconds over `n` successful attempts; all None when n is 0."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    exact: bool = True
    """False when the percentiles come out of roll-ups: within 1 % of nearest rank. Count and maximum always are."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Separate error series, each a share of `requests`; None when there were none."""

    requests: int
    client_errors: float | None
    server_errors: float | None
    throttled: float | None
    network: float | None
    correctness: float | None


@dataclass(frozen=True, slots=True)
class Availability:
    """Slices of the schedule: `share` is good ÷ measured time, `coverage` measured ÷ expected; None without data."""

    good: int
    bad: int
    expected: int
    share: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what the schedule promised was measured, whatever it showed."""

    window: Window
    integration: str
    workflow: str | None
    """None: all of them together."""
    region: str | None
    """None: all of them together."""
    measured: int
    """Slices that were decided by a run that says something about the vendor."""
    expected: int
    """Slices of the schedules, from the first measured one of each series on."""
    measured_ms: int
    expected_ms: int

    @property
    def share(self) -> float | None:
        """Measured ÷ expected time; None when nothing was expected."""
        return self.measured_ms / self.expected_ms if self.expected_ms else None


class SliceCount(NamedTuple):
    """Good and bad slices inside one window, counted and weighed by their length (whole milliseconds).

    Counts say how many samples there are; every share is one of time, so that a slice of a minute weighs as much as
    the four slices of 15 s that a faster schedule would have cut it into.
    """

    good: int
    bad: int
    expected: int
    good_ms: int
    bad_ms: int
    expected_ms: int
    simulated: int = 0
    """How many of the good and bad ones come from simulated history."""
    about: int = 0
    """How many were held against a threshold that was not declared when they were rolled up, and whose raw rows are
    gone: each as if it had taken up to 1 % more or less."""

    @property
    def exact(self) -> bool:
        """Whether no count is about right only."""
        return not self.about

    @property
    def share(self) -> float | None:
        """Good ÷ measured time; None when nothing was measured."""
        measured = self.good_ms + self.bad_ms
        return self.good_ms / measured if measured else None

    @property
    def coverage(self) -> float | None:
        """Measured ÷ expected time; None when nothing was expected."""
        return (self.good_ms + self.bad_ms) / self.expected_ms if self.expected_ms else None


@dataclass(frozen=True, slots=True)
class BurnPair:
    """One row of the burn-window table: fires when both windows burn at `factor` or more."""

    severity: str
    long: timedelta
    short: timedelta
    factor: float


class Burn(NamedTuple):
    """What one pair saw. Burn = bad ÷ expected time ÷ (1 − target); None without expected slices."""

    pair: BurnPair
    long_burn: float | None
    short_burn: float | None
    bad_in_long: int
    firing: bool


class ObjectiveStatus(NamedTuple):
    """One objective over its window: the SLI, how much of it was measured, the budget and its burn.

    The window of a calendar objective is the part of it that is over; its budget is for the whole of it.
    """

    integration: str
    objective: Objective
    window: Window
    sli: float | None
    """good ÷ measured time."""
    good: int
    bad: int
    expected: int
    coverage: float | None
    budget_left: float | None
    """1 = untouched, 0 = spent, negative = overspent; share of the bad time that the target allows."""
    burns: tuple[Burn, ...]
    simulated: int = 0
    """How many of the slices are simulated history."""
    exact: bool = True
    """False where slices of its window are about right only: see `SliceCount.about`."""
    resets_at: datetime | None = None
    """When a calendar window ends and its budget is full again; None for a rolling one."""
    exhausted_in: timedelta | None = None
    """How long the budget lasts at the earliest, at the pace of the last `pace_over`: 0 when it is spent, None when it
    lasts until the reset, or for as long as a rolling window is."""
    pace_over: timedelta | None = None
    """Over which time the pace was taken; None when nothing was expected in it."""

    @property
    def key(self) -> str:
        """Stable within the integration, e.g. `latency<200ms@95%/30d`."""
        return objective_key(self.objective)


def flow_subject(flow: str) -> str:
    """What stands in the place of an integration where a business flow as a whole is meant."""
    return f"flow:{flow}"


def objective_key(objective: Objective) -> str:
    """What tells an objective from the others of its integration, for people and for alerts."""
    limit = f"<{objective.threshold.total_seconds() * 1000:g}ms" if objective.threshold else ""
    limit += "".join(
        f"{sign}{edge:g}" for sign, edge in (("≥", objective.at_least), ("≤", objective.at_most)) if edge is not None
    )
    scope = f"{objective.workflow}:" if objective.workflow else ""
    name = f"{objective.sli}({objective.value})" if objective.value else str(objective.sli)
    sliced = f"/{format_duration(objective.slice)}" if objective.slice else ""
    span = objective.window
    length = f"{span.total_seconds() / 86400:g}d" if isinstance(span, timedelta) else str(span)
    return f"{scope}{name}{limit}{sliced}@{objective.target * 100:.10g}%/{length}"


class State(StrEnum):
    """How an integration stands, worst first."""

    DOWN = "down"
    DEGRADED = "degraded"
    THROTTLED = "throttled"
    UNSTABLE = "unstable"
    UP = "up"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class RegionVerdict:
    """The latest runs of one workflow from one region, newest streak only (tainted and skipped runs left out)."""

    region: str
    last_run_at: datetime
    last_outcome: Outcome
    failing: int
    """Consecutive failed runs up to now; 0 when the last one was not `failed`."""
    good: int
    """Consecutive passed, unstable or throttled runs up to now."""
    throttled: int
    """Consecutive throttled runs up to now."""
    failing_since: datetime | None = None
    failed_step: str | None = None
    kind: FailureKind | None = None
    message: str | None = None
    status: int | None = None
    run_id: str | None = None
    evidence_id: str | None = None
    failed_integration: str | None = None
    """The other integration that the newest failure happened in; None: the workflow's own."""
    latest: tuple[Outcome, ...] = ()
    """How the latest measured runs ended, newest first, at most 20."""

    @property
    def unlimited(self) -> int:
        """Consecutive runs up to now that were not throttled."""
        past = self.latest or (self.last_outcome,)
        return next((n for n, outcome in enumerate(past) if outcome is Outcome.THROTTLED), len(past))


@dataclass(frozen=True, slots=True)
class WorkflowVerdict:
    """One workflow in every region that reported lately."""

    integration: str
    workflow: str
    every: timedelta
    regions: tuple[RegionVerdict, ...]


@dataclass(frozen=True, slots=True)
class ProberVerdict:
    """A prober as the hub last heard of it."""

    prober_id: str
    region: str
    last_seen: datetime
    started_at: datetime
    version: str
    loop_lag_ms: float
    outbox_depth: int
    config_version: str | None
    runs_missed: int
    previous_stop: str
    problem: str | None
    cursor: int
    silent: bool
    circuits: tuple[OpenCircuit, ...] = ()
    leftovers: tuple[Leftovers, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedLevel:
    """The newest number that runs of one workflow from one region recorded under a name, and how it has stood."""

    integration: str
    workflow: str
    name: str
    region: str
    recorded: Recorded
    """What is expected of it."""
    value: float
    at: datetime
    outside: int
    """Numbers in a row up to now that were out of range."""
    within: int
    """Numbers in a row up to now that were within it."""
    outside_since: datetime | None = None
    run_id: str | None = None


class LearnedState(StrEnum):
    """What a learned limit says of a series."""

    FIRING = "firing"
    GOOD = "good"
    ACCEPTED = "accepted"
    """What it was under alert for is normal from here on."""


class LearnedVerdict(NamedTuple):
    """A series against what is normal for it at this hour."""

    key: SeriesKey
    state: LearnedState
    at: datetime
    """End of the bucket that it is about."""
    since: datetime
    """End of the bucket that the alert began with; `at` where there is none."""
    seen: float
    usual: float
    limit: float
    unit: str
    n: int
    """Measurements that `seen` is made of."""
    words: str
    window: timedelta | None = None
    """Of failures: the shortest that tells of it, and ends at `at`."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything one evaluation at `at` saw; input of the alert policy."""

    at: datetime
    workflows: tuple[WorkflowVerdict, ...]
    objectives: tuple[ObjectiveStatus, ...]
    probers: tuple[ProberVerdict, ...]
    quotas: tuple[QuotaLevel, ...] = ()
    forecasts: tuple[QuotaForecast, ...] = ()
    recorded: tuple[RecordedLevel, ...] = ()
    signals: tuple[VendorSignal, ...] = ()
    drift: tuple[ShapeFinding, ...] = ()
    credentials: tuple[TrackedCredential, ...] = ()
    certificates: tuple[HostCertificate, ...] = ()
    learned: tuple[LearnedVerdict, ...] | None = None
    """The series that are off what is normal for them; None while that is still being learned."""
    limits: tuple[LimitStanding, ...] = ()
    unreported: tuple[Unreported, ...] = ()
    load: HubLoad | None = None
    """None where there is no hub to tell."""
    usual: tuple[Usual, ...] = ()
    """What is normal for what fails, or is beyond a static limit."""


@dataclass(frozen=True, slots=True)
class IntegrationSummary:
    """One tile of the overview. Latency is that of the last 24 h, `normal_p95_ms` what this hour of day usually shows
    (median of that hour's P95 over the last 14 days, today left out)."""

    integration: str
    last_run_at: datetime | None
    last_outcome: Outcome | None
    runs_24h: int
    latency_24h: Latency
    latency_1h: Latency
    normal_p95_ms: float | None
    normal_days: int
    rates_24h: Rates
    availability_30d: Availability
    sparkline_p95: tuple[float | None, ...]
    """P95 of each clock hour of the last 24, oldest first; the last one as far as it has come."""
    simulated_share_24h: float | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of a list of runs."""

    run_id: str
    integration: str
    workflow: str
    region: str
    started_at: datetime
    duration_ms: float
    outcome: Outcome
    attempt: int
    failed_step: str | None
    failure_kind: FailureKind | None
    failure_message: str | None
    evidence_id: str | None
    simulated: bool
    skip_reason: str | None = None
    failed_status: int | None = None
