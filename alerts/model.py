"""Whether anyone should hear of it: conditions, incidents, transitions, notifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Tier(StrEnum):
    """How loudly people are told."""

    URGENT = "urgent"
    DEGRADED = "degraded"
    REPORT = "report"

    @property
    def rank(self) -> int:
        """Higher is louder."""
        return {Tier.URGENT: 2, Tier.DEGRADED: 1, Tier.REPORT: 0}[self]


class Rule(StrEnum):
    """Why a condition holds."""

    REGION_DOWN = "region_down"
    WORKFLOW_DOWN = "workflow_down"
    BURN_RATE = "burn_rate"
    UNUSUAL = "unusual"
    THROTTLED = "throttled"
    UNSTABLE = "unstable"
    QUOTA_FORECAST = "quota_forecast"
    QUOTA_LOW = "quota_low"
    RECORDED_VALUE = "recorded_value"
    PROBER_SILENT = "prober_silent"
    CHANNEL_BROKEN = "channel_broken"
    API_LIFECYCLE = "api_lifecycle"
    CREDENTIAL_DUE = "credential_due"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    SHAPE_DRIFT = "shape_drift"


class Blame(StrEnum):
    """Whose fault it looks like."""

    OURS = "ours"
    NETWORK = "network"
    CREDENTIAL = "credential"
    QUOTA = "quota"
    VENDOR = "vendor"
    VENDOR_CHANGE = "vendor_change"
    PROBER = "prober"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong now. `key` is stable while it lasts; `subject` is the incident it belongs to."""

    key: str
    rule: Rule
    tier: Tier
    subject: str
    """Integration name, `changes:NAME` of it, `flow:NAME`, `region:NAME`, `prober:ID` or `channel:NAME`."""
    since: datetime
    summary: str
    """One line for people: what broke, with numbers."""
    blame: Blame = Blame.UNKNOWN
    blame_reason: str = ""
    workflow: str | None = None
    step: str | None = None
    region_count: str | None = None
    evidence_ids: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    title: str = ""
    """What an incident is called whose worst condition this is."""
    regions: tuple[str, ...] = ()
    """The regions that have to recover before it is over."""
    note: str = ""
    """Why it still holds although the latest figures do not say so."""
    seen_by: str | None = None
    """The integration whose workflow saw it, where that is not the subject: it has steps against two."""


def changes_subject(integration: str) -> str:
    """Subject of what is announced or slowly changes: an incident of its own, because it stays open for weeks, and the
    next outage of the integration must not wait for its end."""
    return f"changes:{integration}"


def integration_of(subject: str) -> str:
    """The integration that a subject is about; any other subject stays as it is."""
    return subject.removeprefix("changes:")


class IncidentState(StrEnum):
    """Life of an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Incident:
    """One outage of one subject; `dedup_key` is what every channel gets, from trigger to resolve."""

    incident_id: str
    subject: str
    tier: Tier
    """The loudest tier it has reached; never goes down."""
    state: IncidentState
    opened_at: datetime
    conditions: tuple[Condition, ...]
    title: str
    flows: tuple[str, ...] = ()
    owner: str = ""
    runbook: str | None = None
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    reopened: int = 0
    """How often it came back within the flap window after it had been resolved."""
    told_until: datetime | None = None
    """End of its latest urgent trouble: burn windows that reach back before this instant bring no news."""
    resolved_by: str | None = None
    """Who called it over by hand; None where it ended by itself."""
    dismissed: tuple[Condition, ...] = ()
    """What held when somebody called it over, and has held ever since: it opens nothing until it was gone."""

    @property
    def integration(self) -> str:
        """The integration that it is about; for any other subject a name that no integration has."""
        return integration_of(self.subject)

    @property
    def dedup_key(self) -> str:
        """Stable for the life of the incident, unique among incidents."""
        return f"leadline/{self.subject}/{self.incident_id}"


class TransitionKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    ESCALATED = "escalated"
    UPDATED = "updated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of one incident, decided by the policy and written with its messages in one transaction."""

    kind: TransitionKind
    incident: Incident
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of an incident's timeline. `kind`: opened, reopened, escalated, updated, resolved, acknowledged,
    comment, undelivered."""

    incident_id: str
    at: datetime
    kind: str
    note: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class ChannelFault:
    """A channel whose latest delivery failed for good."""

    channel: str
    since: datetime
    problem: str


class Action(StrEnum):
    """What a channel is asked to do."""

    TRIGGER = "trigger"
    UPDATE = "update"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    CHANGE = "change"
    """Nothing is wrong: something was changed that may explain what breaks next."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One outbox row as a channel sees it. `receipt` is what the channel's deliveries for this incident returned so far
    (a Slack message timestamp, for one), so that later ones can edit it and a retry repeats nothing that got through.

    `tier` is that of the route which chose the channel; how bad it is says `incident.tier`.
    """

    notification_id: int
    incident: Incident
    tier: Tier
    action: Action
    channel: str
    created_at: datetime
    link: str
    budget_left: float | None = None
    receipt: dict[str, str] = field(default_factory=dict)
    timeline: tuple[IncidentEvent, ...] = ()
    """Filled for the report tier only."""
    sent_at: datetime | None = None
    """When this attempt was made."""
    page: str = ""
    """Address of the incident's own page; empty where it has none."""

    @property
    def address(self) -> str:
        """Where one click leads: the incident's page, or else the dashboard's."""
        return self.page or self.link


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try at telling somebody. `answer` is redacted and short."""

    notification_id: int
    channel: str
    attempt: int
    at: datetime
    duration_ms: float
    ok: bool
    permanent: bool
    status: int | None
    answer: str
