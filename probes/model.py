"""What one measurement is: the types that a prober produces and ships.

All instants are aware UTC datetimes, all durations milliseconds (float). Nothing here holds a secret: evidence is
redacted before it becomes an `Evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Outcome(StrEnum):
    """How a run or a step ended."""

    PASSED = "passed"
    UNSTABLE = "unstable"
    """Passed, but only after a retry."""
    FAILED = "failed"
    THROTTLED = "throttled"
    """The vendor limits us: never its unavailability."""
    SKIPPED = "skipped"
    TAINTED = "tainted"
    """Measured while the prober itself was too slow: the prober's own fault."""


class FailureKind(StrEnum):
    """What kind of failure it was."""

    DNS = "dns"
    CONNECT = "connect"
    PROXY = "proxy"
    """Our own proxy was not reached, or refused."""
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    BODY = "body"
    """Unreadable, truncated or corrupt."""
    STATUS_4XX = "status_4xx"
    STATUS_5XX = "status_5xx"
    AUTH = "auth"
    THROTTLED = "throttled"
    VENDOR_ERROR = "vendor_error"
    """A failure reported inside a 2xx answer."""
    SCHEMA = "schema"
    ASSERTION = "assertion"
    CAPTURE = "capture"
    DEADLINE = "deadline"
    """The workflow's own timeout."""
    DEPENDENCY = "dependency"
    """An earlier step failed, so this one never ran."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step or a run is not good. `message` is for people and holds no secret."""

    kind: FailureKind
    message: str
    retryable: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Phases of one attempt, in milliseconds; None where the phase did not happen (a reused connection) or not end.

    `wait` is request fully written → first byte of the response; `ttfb` is start of the attempt → first byte, with
    name look-up, connect and TLS in it, as browsers and curl define it; `total` is start → last byte. Decoding,
    parsing and assertions are in none of them.
    """

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    send_ms: float | None = None
    wait_ms: float | None = None
    ttfb_ms: float | None = None
    download_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """One expectation, held against what came; both sides as redacted text."""

    subject: str
    expected: str
    actual: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was sent and what came back at a failed attempt, redacted; the body's first 8 KiB."""

    evidence_id: str
    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str | None
    status: int | None
    response_headers: dict[str, str]
    response_body: str | None
    vendor_request_ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """One bucket of one vendor's quota at one instant, in the normal form for all vendors.

    `unit`: requests, points, tokens, credits, percent, concurrency, bytes. `window_kind`: fixed, rolling, leaky, clock,
    calendar. `source`: header, body, usage_endpoint, declared. A figure that the vendor did not report is None.
    """

    vendor: str
    credential: str
    bucket: str
    unit: str
    observed_at: datetime
    source: str
    limit: float | None = None
    used: float | None = None
    remaining: float | None = None
    window_s: float | None = None
    window_kind: str = "fixed"
    timezone: str | None = None
    reset_at: datetime | None = None
    restore_rate: float | None = None
    integration: str | None = None
    """Whose quota it is; None: that of the run's own integration."""


class ChangeKind(StrEnum):
    """What a vendor says will become of the API that was asked."""

    DEPRECATION = "deprecation"
    SUNSET = "sunset"
    FALL_FORWARD = "fall_forward"
    """Another version answers than the one that was asked for."""


@dataclass(frozen=True, slots=True)
class ChangeSignal:
    """A vendor's word, in the answer to one step, that its API changes or ends."""

    kind: ChangeKind
    source: str
    """The response header that says so, in lower case."""
    what: str = ""
    """The vendor's words, or the versions; for people, redacted."""
    at: datetime | None = None
    """When it is deprecated or ends; None where the vendor names no date."""
    link: str | None = None
    step: str = ""
    integration: str | None = None
    """Whose API it is; None: that of the run's own integration."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which paths a JSON answer has and of which types, without any value.

    `paths`: normalised path (`$.results[*].id`) → its types in alphabetical order, joined by `|`. `request` is a digest
    of the request as declared: answers to another request are not to be compared. Not `complete`: a cap was reached,
    so that a path which is missing may be there.
    """

    shape_id: str
    request: str
    paths: dict[str, str]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of a verified chain. Names as RFC 4514 writes them (`CN=api.example.com,O=Example`)."""

    subject: str
    issuer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StepResult:
    """One attempt at one step. A retry is a result of its own with the next `attempt`."""

    name: str
    position: int
    attempt: int
    cleanup: bool
    started_at: datetime
    outcome: Outcome
    timings: Timings = Timings()
    failure: Failure | None = None
    method: str = ""
    url: str = ""
    status: int | None = None
    http_version: str | None = None
    remote_address: str | None = None
    response_bytes: int | None = None
    tls_version: str | None = None
    certificate_expires_at: datetime | None = None
    assertions: tuple[Assertion, ...] = ()
    captured: dict[str, str] = field(default_factory=dict)
    """Variable → redacted text."""
    vendor_request_ids: dict[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None
    integration: str | None = None
    """Which one it was sent to; None: the run's own."""
    certificate_chain: tuple[Certificate, ...] = ()
    """The server's own first, its root last; only on the first row of a run that a connection with it was made for."""
    unreachable_addresses: tuple[str, ...] = ()
    """Addresses tried before `remote_address`, each with the reason why it was not that one."""
    shape_id: str | None = None
    """The shape of the JSON that came; None where it was not looked at."""


REQUESTED: Final = 0
"""The `attempt` of a run that somebody asked for, outside the timetable: it decides no slice and no streak."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one workflow from one region.

    `duration_ms` is the first step's start → the last non-cleanup step's end. `attempt` 2 is a confirmation run after
    a failed one, 0 one that was asked for. `failure` is that of the first step that decided the outcome,
    `failed_step` its name. `values` holds numbers the run measured beside latency (`sync_lag_ms`, anything under
    `record`).
    """

    run_id: UUID
    region: str
    integration: str
    workflow: str
    scheduled_at: datetime
    started_at: datetime
    duration_ms: float
    outcome: Outcome
    config_version: str
    attempt: int = 1
    failure: Failure | None = None
    failed_step: str | None = None
    loop_lag_ms: float = 0.0
    skip_reason: str | None = None
    simulated: bool = False
    steps: tuple[StepResult, ...] = ()
    quota: tuple[QuotaReading, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    every_s: float | None = None
    """Interval of the schedule that this run was part of, in seconds; expected slices are counted with it."""
    failed_integration: str | None = None
    """Where `failure` happened, if in another integration than the run's own: then this one is not to blame."""
    circuit_open: bool = False
    """The integration's circuit was open. A skipped run of this kind stands for a failure that is known (`failure` is
    the last one seen); any other is the one that was let through to see."""
    changes: tuple[ChangeSignal, ...] = ()
    """What the vendor said of its API's future; a signal that lasts is repeated every few minutes, not in every run."""
    shapes: tuple[Shape, ...] = ()
    """What the steps' `shape_id` stand for, where this prober has not said so lately."""

    @property
    def requested(self) -> bool:
        """Whether somebody asked for it; it then stands outside the timetable."""
        return self.attempt == REQUESTED

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Evidence of every failed attempt, in order."""
        return tuple(step.evidence for step in self.steps if step.evidence is not None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished runs on their way to the hub, numbered by the prober without gaps from `first`."""

    prober_id: str
    region: str
    first: int
    runs: tuple[Run, ...]

    @property
    def last(self) -> int:
        """Number of the last run in the batch."""
        return self.first + len(self.runs) - 1


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """An integration that this prober has stopped asking, but for one run at a time."""

    integration: str
    since: datetime
    failures: int
    """Confirmed ones in a row."""
    next_trial_at: datetime
    reason: str
    """The latest failure, for people."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What failed clean-ups of one workflow left behind at the vendor, counted."""

    integration: str
    workflow: str
    open: int
    """Still tried again."""
    given_up: int
    """To be cleaned up by hand."""


@dataclass(frozen=True, slots=True)
class CredentialLife:
    """How old one integration's credential is on this prober's machine, when it ends, and whether it works. Holds no
    secret and no account; None where nothing is known."""

    integration: str
    credential: str
    """Its label, as quota readings carry it."""
    kind: str
    """The auth method."""
    rotated_on: date | None = None
    rotate_due_at: datetime | None = None
    """When `rotate_every` is over."""
    enrolled: bool | None = None
    """Whether a person has consented here; None where nobody has to."""
    enrolled_at: datetime | None = None
    access_expires_at: datetime | None = None
    refresh_obtained_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    extended_by_use: bool = False
    """Each use moves `refresh_expires_at` on."""
    certificate_expires_at: datetime | None = None
    """End of the client certificate that it consists of."""
    refused_at: datetime | None = None
    """Since when the vendor takes the consent no more; None while it does."""
    last_ok_at: datetime | None = None
    """Start of the latest run that the vendor let in."""
    failed_at: datetime | None = None
    """When the vendor, or the way to a token, last turned it down."""
    failure: str | None = None
    """Why, for people; without a secret."""


class RequestState(StrEnum):
    """What became of a run that somebody asked for. The first and the last are the hub's words."""

    ASKED = "asked"
    RUNNING = "running"
    DECLINED = "declined"
    DONE = "done"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """What a prober says of one. `reason` says why it was declined, or what is special about the run."""

    request_id: str
    state: RequestState
    run_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A prober's own state, sent every few seconds; it also says when the prober cannot measure fairly."""

    prober_id: str
    region: str
    version: str
    started_at: datetime
    sent_at: datetime
    loop_lag_ms: float
    outbox_depth: int
    config_version: str | None
    runs_missed: int = 0
    """Runs the schedule could not start in time since the prober's start; they are coverage lost, never zeroes."""
    previous_stop: str = "clean"
    """`clean`, `unclean` (killed or crashed) or `first` (never ran before)."""
    problem: str | None = None
    """Why it cannot probe (a missing secret, for one), without the secret."""
    circuits: tuple[OpenCircuit, ...] = ()
    leftovers: tuple[Leftovers, ...] = ()
    credentials: tuple[CredentialLife, ...] | None = None
    """Every credential used from here; None: as last told."""
    answers: tuple[RequestAnswer, ...] = ()
    """Of runs that were asked for, what is news since the last heartbeat that got through."""
