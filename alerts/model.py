"""Whether anyone should hear of it: conditions, incidents, transitions, notifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


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
    STORM = "storm"
    UNUSUAL = "unusual"
    THRESHOLD = "threshold"
    THROTTLED = "throttled"
    UNSTABLE = "unstable"
    QUOTA_FORECAST = "quota_forecast"
    QUOTA_LOW = "quota_low"
    RECORDED_VALUE = "recorded_value"
    PROBER_SILENT = "prober_silent"
    NO_DATA = "no_data"
    CHANNEL_BROKEN = "channel_broken"
    HUB_OVERLOADED = "hub_overloaded"
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
class Extent:
    """How far a storm reaches."""

    members: tuple[str, ...]
    """The integrations that it consists of now."""
    most: int
    """How many it consisted of at most."""
    few_since: datetime | None = None
    """Since when only a few are left of it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong now. `key` is stable while it lasts; `subject` is the incident it belongs to."""

    key: str
    rule: Rule
    tier: Tier
    subject: str
    """Integration name, `changes:NAME` of it, `flow:NAME`, `region:NAME`, `prober:ID`, `channel:NAME`,
    `storm:vendors` or `hub:self`."""
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
    extent: Extent | None = None
    """How far a storm reaches; None for any other condition."""


CONFIGURATION: Final = "config"
"""Subject of a change of the monitoring's own configuration. It is told of, and never an incident."""


def changes_subject(integration: str) -> str:
    """Subject of what is announced or slowly changes: an incident of its own, because it stays open for weeks, and the
    next outage of the integration must not wait for its end."""
    return f"changes:{integration}"


def integration_of(subject: str) -> str:
    """The integration that a subject is about; any other subject stays as it is."""
    return subject.removeprefix("changes:")


@dataclass(frozen=True, slots=True)
class HitFlow:
    """A business flow that an incident hits. `others`: integrations of other owners in it, each with its owner."""

    name: str
    how: str
    """stopped, affected or at risk."""
    owner: str = ""
    """Of the flow as a whole, where it has one."""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A promise that is being broken: of whom, which one, and what is left of its budget (1 = all, negative = over)."""

    subject: str
    objective: str
    budget_left: float | None


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What an incident hits and what still works, as found at its latest change."""

    flows: tuple[HitFlow, ...] = ()
    fails: tuple[str, ...] = ()
    """Workflows that are down."""
    works: tuple[str, ...] = ()
    """Workflows of the same integration that pass."""
    at_risk: tuple[AtRisk, ...] = ()


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
    blast_radius: BlastRadius | None = None
    """None before the first evaluation that looked at it."""

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
    UNMUTED = "unmuted"
    """Nothing but that people may hear of it now."""
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
    """One line of an incident's timeline; docs/incidents.md lists the kinds."""

    incident_id: str
    at: datetime
    kind: str
    note: str
    who: str = ""


class MutedBy(StrEnum):
    """Why a message is withheld."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    QUIET_HOURS = "quiet_hours"
    STORM = "storm"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True)
class Muting:
    """Why nobody, or not everybody, is told of an incident now. `words`: by what, for people, on one line."""

    reason: MutedBy
    words: str
    until: datetime | None = None
    """When it is to end, where that is known."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody's word that incidents of a kind need not be told for a while.

    `match`: property → patterns, any of which will do; every property has to hold, and there is at least one. In force
    from `starts_at` up to, but not including, `ends_at`, or until somebody ended it.
    """

    match: dict[str, tuple[str, ...]]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    silence_id: str = ""
    """Empty for one that is yet to be added."""
    created_at: datetime | None = None
    """None for one of `alerts.yaml`."""
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def until(self) -> datetime:
        """When it is, or was, over."""
        return min(self.ends_at, self.ended_at) if self.ended_at else self.ends_at

    def is_in_force(self, at: datetime) -> bool:
        """Whether it mutes at that instant."""
        return self.starts_at <= at < self.until


@dataclass(frozen=True, slots=True)
class ChannelFault:
    """A channel that does not work. `for_good`: it refused a message or its self-test for good, or for 24 hours; else
    everything has failed since then, and it may still come back by itself."""

    channel: str
    since: datetime
    problem: str
    for_good: bool = True


class Action(StrEnum):
    """What a channel is asked to do."""

    TRIGGER = "trigger"
    UPDATE = "update"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    CHANGE = "change"
    """Nothing is wrong: something was changed that may explain what breaks next."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report as channels send it. Every text is plain, and may hold vendors' words."""

    title: str
    summary: str
    """Its first sentences."""
    link: str
    """Where the hub shows it."""
    file_name: str
    """Of attachments, without their ending."""
    text: str = field(repr=False)
    """All of it, as Markdown."""
    html: str = field(repr=False)
    """All of it, for mail programs; pictures by their Content-ID, which is their name in `pictures`."""
    pdf: bytes = field(repr=False)
    pictures: dict[str, bytes] = field(default_factory=dict, repr=False)
    """PNG, by name."""


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
    report: Report | None = None
    """Of the report tier: what was made to be sent."""
    sent_at: datetime | None = None
    """When this attempt was made."""
    page: str = ""
    """Address of the incident's own page; empty where it has none."""
    note: str = ""
    """Why it is told now, where that is not a change of the incident: a level that nobody acknowledged, a reminder."""

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
