"""What an operator can declare, as frozen types.

Every model refuses unknown keys. Text fields may hold references (`${env:NAME}`, `${env:NAME:-default}`,
`${file:/path}`); they stay unresolved here, so that a `Config` can be hashed, printed and sent to a prober
without carrying a secret. `config.secrets.resolve` turns them into text on the machine that needs them.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.scalars import Count, Duration, Name, ProbeBudget, Share, Status, WireText


class Declared(BaseModel):
    """Base of everything that comes from YAML: immutable, no unknown keys, values never echoed in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ImpactTier(StrEnum):
    """How much a broken integration hurts; picks the alert route."""

    CRITICAL = "critical"
    IMPORTANT = "important"
    MINOR = "minor"


class Sli(StrEnum):
    """What an objective is measured on."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    TTFB = "ttfb"
    SERVER_ERRORS = "server_errors"
    CLIENT_ERRORS = "client_errors"
    CORRECTNESS = "correctness"
    SYNC_LAG = "sync_lag"


class PluginSpec(BaseModel):
    """A plugin's kind and its raw options; the plugin itself decodes and validates them."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    kind: Name = Field(description="Which plugin; its options stand beside this key.")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but `kind`, as written."""
        return dict(self.__pydantic_extra__ or {})


class Request(Declared):
    """One HTTP request; `{{…}}` is rendered on the prober. At most one of json, form, body."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = Field("GET", description="The HTTP method.")
    path: str = Field("", description="Put behind base_url.")
    url: str | None = Field(None, description="An absolute address instead of base_url + path.")
    headers: dict[str, WireText] = Field(
        {}, description="Sent beside the integration's headers; the same name here wins."
    )
    query: dict[str, WireText] = Field({}, description="Put behind the address after ?, escaped.")
    json_body: Any = Field(None, alias="json", description="The body, sent as JSON.")
    form: dict[str, WireText] | None = Field(None, description="The body, sent as an HTML form.")
    body: str | None = Field(None, description="The body, sent as this text.")
    idempotent: bool | None = Field(
        None, description="May be sent again after a failure. Default: GET, HEAD, PUT and DELETE may."
    )
    timeout: Duration | None = Field(
        None, description="Longest that one attempt may take. Default: what is left of the workflow's, at most 30s."
    )


class BodyMatch(Declared):
    """Checks on the decoded text of the body."""

    contains: str | None = Field(None, description="Text that must be in the body.")
    matches: str | None = Field(None, description="A regular expression searched in the body.")


class Expect(Declared):
    """What a good answer looks like. JSONPath → expected value; `{{…}}` is rendered first.

    Expected values may be a literal (equality) or one of `{exists: bool}`, `{gt|ge|lt|le: number}`,
    `{matches: regex}`, `{type: name}`, `{length: n}`.
    """

    status: Status = Field(None, description="201, '2xx' or a list of them. Default: any 2xx.")
    headers: dict[str, WireText] = Field({}, description="Response header → its value.")
    json_paths: dict[str, Any] = Field({}, alias="json", description="JSONPath → expected value, or an operator.")
    json_schema: str | None = Field(None, alias="schema", description="A JSON Schema file beside the YAML.")
    body: BodyMatch | None = Field(None, description="Checks on the text of the body.")


class Until(Declared):
    """Repeat the step until this holds; the time it took is the SLI `sync_lag` (milliseconds)."""

    status: Status = Field(None, description="The status to wait for.")
    json_paths: dict[str, Any] = Field({}, alias="json", description="JSONPath → value to wait for, or an operator.")
    within: Duration = Field(description="How long to go on; after that the step has failed.")
    every: Duration = Field(description="The pause between two requests.")


class Retry(Declared):
    """Bounded retries, each a row of its own. Backoff 1 s, 2 s, 4 s… with full jitter; Retry-After wins."""

    attempts: int = Field(2, ge=1, le=5, description="Attempts in all; 1 switches retrying off.")
    backoff: Duration = Field(
        "1s", validate_default=True, description="The first pause; each next one is twice as long."
    )


class Step(Declared):
    """One request of a workflow."""

    name: str = Field(min_length=1, max_length=80, description="What people read; unique in its workflow.")
    request: Request = Field(description="What is sent.")
    expect: Expect = Field(Expect(), description="What a good answer looks like.")
    capture: dict[Name, str] = Field({}, description="Variable → JSONPath, or `header:Name`.")
    until: Until | None = Field(None, description="Repeat the request until this holds.")
    always: bool = Field(False, description="Runs even after a failure (clean-up); never counts in the run's duration.")
    retry: Retry = Field(Retry(), description="What to do when the request fails.")
    record: dict[Name, str] = Field({}, description="Value name → JSONPath of a number to keep.")


class Workflow(Declared):
    """A scheduled sequence of steps."""

    name: Name = Field(description="Unique in its integration.")
    every: Duration = Field("60s", validate_default=True, description="How often it runs.")
    timeout: Duration = Field("20s", validate_default=True, description="How long one run may take; at most `every`.")
    regions: tuple[Name, ...] = Field(("local",), description="Where it runs from; each is listed in leadline.yaml.")
    steps: tuple[Step, ...] = Field(min_length=1, description="Run in order; the first failure ends the run.")


class Objective(Declared):
    """A promise on an SLI, with the share of it that must hold within the window."""

    sli: Sli = Field(description="What is measured.")
    target: Share = Field(description="e.g. 99.9%; 100 % is refused, because it leaves no budget to burn.")
    window: Duration = Field("30d", validate_default=True, description="The time that the promise is for.")
    threshold: Duration | None = Field(None, description="For latency, ttfb and sync_lag: slower than this is bad.")
    workflow: Name | None = Field(None, description="Only this workflow; default: all of the integration.")
    page: bool = Field(True, description="False: a fast burn informs Slack instead of paging.")
    throttled_is_bad: bool = Field(False, description="Whether a throttled run costs budget.")


class QuotaPolicy(Declared):
    """What the probes leave to the business."""

    reserve: Share | None = Field(None, description="Probes skip themselves when less than this is left.")
    probe_budget: ProbeBudget | None = Field(None, description="e.g. '1% of daily': what the probes may use.")
    limits: dict[Name, int] = Field({}, description="Bucket → its limit, where the vendor does not report one.")
    usage: Request | None = Field(None, description="A usage endpoint, asked once per `usage_every`.")
    usage_every: Duration = Field("5m", validate_default=True, description="How often the usage endpoint is asked.")


class Tls(Declared):
    """Trust for private hosts."""

    ca_file: str | None = Field(None, description="PEM file of the authority to trust instead of the system's.")


class Integration(Declared):
    """One third-party API that the business depends on."""

    integration: Name = Field(description="Its name, unique over all files.")
    title: str = Field("", description="What people read; default: the name.")
    vendor: Name = Field("generic", description="Picks the verdict and quota presets.")
    tier: ImpactTier = Field(ImpactTier.IMPORTANT, description="How much a broken integration hurts; routes match it.")
    flows: tuple[Name, ...] = Field((), description="Business flows that break with it.")
    owner: str = Field("", description="Shown on every alert.")
    runbook: str | None = Field(None, description="Linked from every alert.")
    environment: Literal["production", "sandbox"] = Field(
        "production", description="Which side of the vendor; an address of the other side is refused."
    )
    base_url: str = Field(description="http:// or https://, without a query; each step's path is put behind it.")
    auth: PluginSpec = Field(PluginSpec(kind="none"), description="How requests are authorised.")
    quota: QuotaPolicy = Field(QuotaPolicy(), description="What the probes leave to the business.")
    objectives: tuple[Objective, ...] = Field((), description="The promises to keep, each with an error budget.")
    tls: Tls = Field(Tls(), description="Trust for private hosts.")
    headers: dict[str, WireText] = Field({}, description="Sent with every request.")
    workflows: tuple[Workflow, ...] = Field(min_length=1, description="What is probed.")

    @property
    def name(self) -> str:
        """The key that everything else refers to."""
        return self.integration

    @property
    def label(self) -> str:
        """What people read."""
        return self.title or self.integration


class Channel(PluginSpec):
    """A named way of telling people; `kind` picks the sender."""

    name: Name = Field(description="What routes call it.")


class Route(Declared):
    """Which channels hear of which tier; the first route whose matchers all hold is used."""

    match: dict[Literal["tier", "integration", "vendor", "flow", "owner", "environment"], str] = Field(
        {}, description="Property of the integration → value; all must hold. Empty: everything."
    )
    urgent: tuple[Name, ...] = Field((), description="Channels for what cannot wait.")
    degraded: tuple[Name, ...] = Field((), description="Channels for what can wait till morning.")
    report: tuple[Name, ...] = Field((), description="Channels for what is over, and for the weekly review.")


class Confirmation(Declared):
    """How sure we want to be before somebody is woken, and before it is called over."""

    failures: Count = Field(2, description="Consecutive failed runs that make a workflow down in a region.")
    recoveries: Count = Field(2, description="Consecutive good runs that end it.")
    quorum: Share = Field(
        0.5, description="More than this share of the reporting regions must agree.", validate_default=False
    )
    prober_silent_after: Duration = Field(
        "30s", validate_default=True, description="No word from a prober for this long is an alert."
    )
    min_bad_slices: Count = Field(
        3, description="Fewer bad slices than this in the long window never fire a burn alert."
    )


class Alerting(Declared):
    """`alerts.yaml`."""

    channels: tuple[Channel, ...] = Field((), description="Ways of telling people.")
    routes: tuple[Route, ...] = Field((), description="Who hears of what; the first that matches is used.")
    confirm: Confirmation = Field(Confirmation(), description="How sure to be before somebody is woken.")


class Region(Declared):
    """A place that probes run from."""

    name: Name = Field(description="What workflows call it.")
    token: str | None = Field(None, description="Bearer token of its prober (a reference); `local` gets its own.")


class Retention(Declared):
    """How long each class of data is kept."""

    raw: Duration = Field("35d", validate_default=True, description="Every run and step.")
    evidence: Duration = Field("14d", validate_default=True, description="Requests and answers of failed steps.")


class Hub(Declared):
    """`leadline.yaml`, section hub."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8050, ge=0, le=65535, description="0: any free one, which is printed.")
    public_url: str | None = Field(None, description="Used in links of alerts; default: the address it listens on.")
    timezone: str = Field("UTC", description="For days and hours on pages and in reports, such as Europe/Berlin.")
    read_timeout: Duration = Field("10s", validate_default=True, description="A page's query is stopped after this.")


class Settings(Declared):
    """`leadline.yaml`."""

    hub: Hub = Field(Hub(), description="The dashboard, the API and what is behind them.")
    regions: tuple[Region, ...] = Field((Region(name="local", token=None),), description="Where probes run from.")
    retention: Retention = Field(Retention(), description="How long each class of data is kept.")
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

    def integration(self, name: str) -> Integration | None:
        """The integration of that name, or None."""
        return next((i for i in self.integrations if i.name == name), None)
