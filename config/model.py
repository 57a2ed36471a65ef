"""What an operator can declare, as frozen types.

Every model refuses unknown keys. Text fields may hold references (`${env:NAME}`, `${env:NAME:-default}`,
`${file:/path}`); they stay unresolved here, so that a `Config` can be hashed, printed and sent to a prober
without carrying a secret. `config.secrets.resolve` turns them into text on the machine that needs them.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from config.alerting import Alerting, Channel, Confirmation, Route
from config.damping import Flapping, Storm
from config.declared import Declared, PluginSpec
from config.escalation import Escalation, Level
from config.hours import Hours, QuietHours
from config.lifecycle import AcceptedChange, LifecycleDate
from config.limits import Limit
from config.maintenance import DeclaredSilence, Maintenance
from config.objective import BudgetWindow, CalendarWindow, Flow, Objective, Period, Sli
from config.public_page import PublicPage
from config.quota import QuotaPolicy, QuotaReset
from config.reports import Reports, Weekly
from config.requests import BodyMatch, Expect, FilePart, GraphQl, Repeat, Request, Retry, Until, When
from config.scalars import Count, Duration, HttpVersion, Name, WireText
from config.sign_in import Oidc, SignIn
from config.status_page import StatusPage
from config.targets import Targets
from config.thresholds import Sensitivity, Thresholds

# Declared elsewhere in this package, and part of the same language.
__all__ = [
    "AcceptedChange",
    "Alerting",
    "BodyMatch",
    "BudgetWindow",
    "CalendarWindow",
    "Channel",
    "Confirmation",
    "Declared",
    "DeclaredSilence",
    "Escalation",
    "Expect",
    "FilePart",
    "Flapping",
    "Flow",
    "GraphQl",
    "Hours",
    "Level",
    "LifecycleDate",
    "Limit",
    "Maintenance",
    "Objective",
    "Oidc",
    "Period",
    "PluginSpec",
    "PublicPage",
    "QuietHours",
    "QuotaPolicy",
    "QuotaReset",
    "Repeat",
    "Reports",
    "Request",
    "Retry",
    "Route",
    "Sensitivity",
    "SignIn",
    "Sli",
    "StatusPage",
    "Storm",
    "Targets",
    "Thresholds",
    "Until",
    "Weekly",
]

Environment = Literal["production", "sandbox"]
"""Which side of a vendor: its credentials and its data are never those of the other."""


class ImpactTier(StrEnum):
    """How much a broken integration hurts; picks the alert route."""

    CRITICAL = "critical"
    IMPORTANT = "important"
    MINOR = "minor"


class Recorded(Declared):
    """A number in the answer that is kept as a series, and what it is expected to be."""

    source: str = Field(alias="from", description="JSONPath of the number.")
    at_least: float | None = Field(None, allow_inf_nan=False, description="Less than this is out of range.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="More than this is out of range.")
    unit: str = Field("", max_length=20, description="What it counts, for people.")

    def is_within(self, value: float) -> bool:
        """Whether the number is what is expected; always, where nothing is."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


def _recorded(value: object) -> object:
    """A bare JSONPath is short for a number of which nothing is expected."""
    if isinstance(value, (dict, Recorded)):
        return value
    if not isinstance(value, str):
        raise ValueError("write a JSONPath such as $.score, or {from: $.score, at_least: 6}")  # noqa: TRY004 - pydantic
    return {"from": value}


RecordedValue = Annotated[
    Recorded,
    BeforeValidator(_recorded),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\$"},
                {
                    "type": "object",
                    "properties": {
                        "from": {"type": "string", "pattern": r"^\$"},
                        "at_least": {"type": "number"},
                        "at_most": {"type": "number"},
                        "unit": {"type": "string", "maxLength": 20},
                    },
                    "required": ["from"],
                    "additionalProperties": False,
                },
            ],
            "examples": ["$.score"],
        }
    ),
]


class Step(Declared):
    """One request of a workflow."""

    name: str = Field(min_length=1, max_length=80, description="What people read; unique in its workflow.")
    request: Request = Field(description="What is sent.")
    expect: Expect = Field(Expect(), description="What a good answer looks like.")
    when: When = Field(None, description="An {{expression}}; the step is sent only if it is true.")
    capture: dict[Name, str] = Field(
        {}, description="Variable → JSONPath, header:Name, cookie:Name, regex:…, xpath:…, status or url."
    )
    until: Until | None = Field(None, description="Repeat the request until this holds.")
    repeat: Repeat | None = Field(None, description="Go on with the next page while there is one.")
    always: bool = Field(False, description="Runs even after a failure (clean-up); never counts in the run's duration.")
    retry: Retry = Field(Retry(), description="What to do when the request fails.")
    record: dict[Name, RecordedValue] = Field(
        {}, description="Value name → JSONPath of a number to keep, or that with the range it is expected in."
    )
    integration: Name | None = Field(
        None, description="Another integration to send it to, with that one's address, credential and quota."
    )
    shape: Literal["watch", "ignore"] = Field(
        "watch", description="Whether a lasting change in the shape of its JSON answers is looked for."
    )


StateValue = str | int | float | bool | None


class EachWorkflow(Declared):
    """One item of a workflow's `for_each`: what it has of its own."""

    name: Name = Field(description="Put behind the workflow's name.")
    variables: dict[Name, WireText] = Field({}, description="Merged over the workflow's.")
    every: Duration | None = Field(None, description="Instead of the workflow's.")
    timeout: Duration | None = Field(None, description="Instead of the workflow's.")
    regions: tuple[Name, ...] | None = Field(None, description="Instead of the workflow's.")


class Workflow(Declared):
    """A scheduled sequence of steps."""

    name: Name = Field(description="Unique in its integration.")
    every: Duration = Field("60s", validate_default=True, description="How often it runs.")
    timeout: Duration = Field("20s", validate_default=True, description="How long one run may take; at most `every`.")
    regions: tuple[Name, ...] = Field(("local",), description="Where it runs from; each is listed in leadline.yaml.")
    state: dict[Name, StateValue] = Field(
        {}, description="Variable kept between runs → its first value; a good run's capture of that name replaces it."
    )
    variables: dict[Name, WireText] = Field({}, description="Variable → text, over the integration's.")
    namespaces: dict[Name, str] = Field(
        {}, description="Prefix → XML namespace, for XPaths; soap and soap12 are known."
    )
    thresholds: Thresholds | None = Field(None, description="Learned limits, instead of the integration's.")
    cookies: bool = Field(True, description="Keep cookies within a run, and send each back to the host that set it.")
    for_each: tuple[EachWorkflow, ...] = Field(
        (), description="One workflow <name>-<item> for each, with the item's keys over these."
    )
    steps: tuple[Step, ...] = Field(min_length=1, description="Run in order; the first failure ends the run.")


class Circuit(Declared):
    """When to stop asking an integration that fails, and how often to try again."""

    after: Count = Field(5, description="Confirmed failures in a row, over all workflows in a region, to open it.")
    retry_every: Duration = Field(
        "60s", validate_default=True, description="How often one run is let through while it is open."
    )


class Tls(Declared):
    """Whom to trust, and how to identify ourselves. Files are on the machine that probes."""

    ca_file: str | None = Field(None, description="PEM file of the authority to trust instead of the system's.")
    client_certificate: str | None = Field(
        None, description="PEM file of our own certificate, and those between it and its authority, for mutual TLS."
    )
    client_key: str | None = Field(
        None, description="PEM file of its private key. Default: the key stands in the certificate's file."
    )
    client_key_password: str | None = Field(None, description="Opens an encrypted key (a reference).")
    server_name: str | None = Field(
        None, description="Name to ask base_url's host for (SNI), and to expect in its certificate. Default: the host."
    )


class EachIntegration(Declared):
    """One item of an integration's `for_each`: an account, or a side of the vendor."""

    name: Name = Field(description="Put behind the integration's name.")
    title: str | None = Field(None, description="Default: the integration's, with the item's name.")
    tier: ImpactTier | None = Field(None, description="Instead of the integration's.")
    flows: tuple[Name, ...] | None = Field(None, description="Instead of the integration's.")
    owner: str | None = Field(None, description="Instead of the integration's.")
    runbook: str | None = Field(None, description="Instead of the integration's.")
    environment: Environment | None = Field(None, description="Instead of the integration's.")
    base_url: str | None = Field(None, description="Instead of the integration's.")
    auth: dict[str, Any] = Field({}, description="Merged over the integration's; of another kind: instead of it.")
    quota: QuotaPolicy | None = Field(None, description="Merged over the integration's.")
    tls: Tls | None = Field(None, description="Merged over the integration's.")
    headers: dict[str, WireText] = Field({}, description="Merged over the integration's.")
    variables: dict[Name, WireText] = Field({}, description="Merged over the integration's.")


class Integration(Declared):
    """One third-party API that the business depends on."""

    integration: Name = Field(description="Its name, unique over all files.")
    title: str = Field("", description="What people read; default: the name.")
    vendor: Name = Field("generic", description="Picks the verdict and quota presets.")
    tier: ImpactTier = Field(ImpactTier.IMPORTANT, description="How much a broken integration hurts; routes match it.")
    flows: tuple[Name, ...] = Field((), description="Business flows that break with it.")
    owner: str = Field("", description="Shown on every alert.")
    runbook: str | None = Field(None, description="Linked from every alert.")
    environment: Environment = Field(
        "production", description="Which side of the vendor; an address of the other side is refused."
    )
    base_url: str = Field(description="http:// or https://, without a query; each step's path is put behind it.")
    status_page: StatusPage | None = Field(None, description="Where the vendor tells of its own health.")
    auth: PluginSpec = Field(PluginSpec(kind="none"), description="How requests are authorised.")
    quota: QuotaPolicy = Field(QuotaPolicy(), description="What the probes leave to the business.")
    circuit: Circuit = Field(Circuit(), description="When to stop asking while it fails.")
    objectives: tuple[Objective, ...] = Field((), description="The promises to keep, each with an error budget.")
    targets: Targets = Field(Targets(), description="Static targets, for an integration without objectives.")
    thresholds: Thresholds = Field(Thresholds(), description="Limits that are learned from history.")
    limits: tuple[Limit, ...] = Field((), description="Static limits: beyond one in m of n buckets is an alert.")
    tls: Tls = Field(Tls(), description="Whom to trust, and our own certificate.")
    http: HttpVersion = Field("1.1", description="HTTP version: 1.1, 2, or auto: what the server prefers of the two.")
    proxy: str | None = Field(
        None, description="http://user:password@host:port that requests go through; the credentials are references."
    )
    headers: dict[str, WireText] = Field({}, description="Sent with every request.")
    variables: dict[Name, WireText] = Field({}, description="Variable → text, made once per run, for every workflow.")
    for_each: tuple[EachIntegration, ...] = Field(
        (), description="One integration <name>-<item> for each, with the item's keys over these."
    )
    lifecycle: tuple[LifecycleDate, ...] = Field((), description="Dates on which parts of its API end.")
    accepted_changes: tuple[AcceptedChange, ...] = Field((), description="Changes of its API that need no alert.")
    workflows: tuple[Workflow, ...] = Field(min_length=1, description="What is probed.")

    @property
    def name(self) -> str:
        """The key that everything else refers to."""
        return self.integration

    @property
    def label(self) -> str:
        """What people read."""
        return self.title or self.integration


class Region(Declared):
    """A place that probes run from."""

    name: Name = Field(description="What workflows call it.")
    token: str | None = Field(None, description="Bearer token of its prober (a reference); `local` gets its own.")


class Retention(Declared):
    """How long each class of data is kept."""

    raw: Duration = Field("35d", validate_default=True, description="Every run and step.")
    evidence: Duration = Field("14d", validate_default=True, description="Requests and answers of failed steps.")
    rollup_5m: Duration = Field("14d", validate_default=True, description="Figures of five minutes.")
    rollup_1h: Duration = Field("400d", validate_default=True, description="Figures of an hour.")
    rollup_1d: Duration = Field("1826d", validate_default=True, description="Figures of a day.")
    seal_after: Duration = Field(
        "48h", validate_default=True, description="How long after its end a day (UTC) moves into its month's file."
    )


class Hub(Declared):
    """`leadline.yaml`, section hub."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8050, ge=0, le=65535, description="0: any free one, which is printed.")
    public_url: str | None = Field(None, description="Used in links of alerts; default: the address it listens on.")
    timezone: str = Field("UTC", description="For days and hours on pages and in reports, such as Europe/Berlin.")
    read_timeout: Duration = Field("10s", validate_default=True, description="A page's query is stopped after this.")
    sign_in: SignIn | None = Field(None, description="Who may look and act; needed for any address but loopback.")


class Settings(Declared):
    """`leadline.yaml`."""

    hub: Hub = Field(Hub(), description="The dashboard, the API and what is behind them.")
    regions: tuple[Region, ...] = Field((Region(name="local", token=None),), description="Where probes run from.")
    retention: Retention = Field(Retention(), description="How long each class of data is kept.")
    flows: tuple[Flow, ...] = Field((), description="Business flows that something is promised of as a whole.")
    public: tuple[PublicPage, ...] = Field((), description="Status pages that anybody may see without signing in.")
    sandbox: bool = Field(
        False,
        description="Start Leadline's vendor sandbox and give its addresses and credentials as ${env:…}.",
    )


class Config(BaseModel):
    """A whole, valid configuration. `version` is a hash of its content; it names no secret."""

    model_config = ConfigDict(frozen=True)

    root: Path
    version: str
    integrations: tuple[Integration, ...]
    alerting: Alerting = Alerting()
    settings: Settings = Settings()
    schemas: dict[str, Any] = Field({}, description="JSON Schema files by the path that a step names.")
    files: dict[str, str] = Field({}, description="Files to send, in base64, by the path that a step names.")

    def integration(self, name: str) -> Integration | None:
        """The integration of that name, or None."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Integration]:
        return {one.name: one for one in reversed(self.integrations)}

    def __copy__(self) -> Self:
        """Without what was looked up: the copy may get other integrations."""
        copied = super().__copy__()
        copied.__dict__.pop("_by_name", None)
        return copied

    def flow(self, name: str) -> Flow | None:
        """The flow of that name that something is promised of, or None."""
        return next((flow for flow in self.settings.flows if flow.name == name), None)

    def members(self, flow: Flow) -> tuple[Integration, ...]:
        """The integrations that the flow breaks with."""
        return tuple(one for one in self.integrations if flow.name in one.flows)
