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

    WORKFLOW_DOWN = "workflow_down"
    BURN_RATE = "burn_rate"
    THROTTLED = "throttled"
    UNSTABLE = "unstable"
    QUOTA_LOW = "quota_low"
    PROBER_SILENT = "prober_silent"
    CHANNEL_BROKEN = "channel_broken"


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
    """Integration name, `region:NAME`, `prober:ID` or `channel:NAME`."""
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


class Action(StrEnum):
    """What a channel is asked to do."""

    TRIGGER = "trigger"
    UPDATE = "update"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Notification:
    """One outbox row as a channel sees it. `receipt` is what the channel's first delivery for this incident returned
    (a Slack message timestamp, for one), so that later ones can edit it."""

    notification_id: int
    incident: Incident
    tier: Tier
    action: Action
    channel: str
    created_at: datetime
    link: str
    budget_left: float | None = None
    receipt: dict[str, str] = field(default_factory=dict)


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
