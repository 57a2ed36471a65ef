"""The scenes that the samples in the documentation are made of: a small company, and what goes wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from alerts.model import Silence
from alerts.store import acknowledge, open_incidents
from alerts.store.silences import add_silence
from config.escalation import Escalation
from config.model import Alerting, Channel, Config, Integration, Objective, Route, Sli
from metrics.baseline.series import Measure, SeriesKey
from metrics.lifetimes import TrackedCredential
from metrics.model import (
    Burn,
    BurnPair,
    Evaluation,
    LearnedState,
    LearnedVerdict,
    ObjectiveStatus,
    ProberVerdict,
    RegionVerdict,
    Window,
    WorkflowVerdict,
)
from metrics.operating import HubLoad, Unreported
from metrics.quota.model import ForecastState, QuotaForecast, Reset, ResetSource
from metrics.store.database import Store
from probes.model import CredentialLife, FailureKind, Outcome

T0: Final = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
REGIONS: Final = ("eu", "us")
OTHERS: Final = ("github", "google-ads", "intercom", "klaviyo", "marketo", "meta", "salesforce", "segment", "shopify",
                 "stripe", "zendesk")  # fmt: skip
VERSION: Final = "5f1c0de4a7b29c31"
FAST: Final = BurnPair("page", timedelta(hours=1), timedelta(minutes=5), 14.4)
OUTAGE: Final = {
    "kind": FailureKind.STATUS_5XX, "status": 503, "message": "503 Service Unavailable", "failed_step": "create"
}  # fmt: skip

Act = Callable[[Store, datetime], object]


@dataclass(frozen=True, slots=True)
class Step:
    """What is seen at an instant, or done then; `label` names what is told because of it."""

    label: str
    minutes: float
    seen: Evaluation | None = None
    act: Act | None = None
    config: Config | None = None
    faults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Receiver → what is wrong with it from now on."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A story in a few steps."""

    name: str
    title: str
    steps: tuple[Step, ...]


def at(minutes: float) -> datetime:
    """Minutes after three in the morning."""
    return T0 + minutes * MINUTE


def company(*more: Integration) -> Config:
    """HubSpot with a flow, and eleven others. PagerDuty and SMS hear of what cannot wait, the others of everything."""
    hubspot = _integration(
        "hubspot", title="HubSpot", flows=["lead-routing"], owner="growth", tier="critical",
        runbook="https://wiki.example.com/hubspot",
        objectives=[{"sli": "availability", "target": "99.9%"}],
    )  # fmt: skip
    loud, quiet = tuple(CHANNELS)[:2], tuple(CHANNELS)[2:]
    return Config(
        root=Path("/etc/leadline"),
        version=VERSION,
        integrations=(hubspot, *(_integration(name) for name in OTHERS), *more),
        alerting=Alerting(
            channels=tuple(Channel.model_validate({"name": name, **options}) for name, options in CHANNELS.items()),
            routes=(Route(urgent=loud, degraded=quiet),),
        ),
    )


CHANNELS: Final[dict[str, dict[str, Any]]] = {
    "oncall": {"kind": "pagerduty", "routing_key": "${env:PAGERDUTY_ROUTING_KEY}", "url": "${env:PAGERDUTY_URL}",
               "change_events": True},
    "sms": {"kind": "twilio_sms", "account_sid": "${env:TWILIO_ACCOUNT_SID}", "auth_token": "${env:TWILIO_AUTH_TOKEN}",
            "from_number": "+15005550006", "to": ["+15005550001"], "url": "${env:TWILIO_URL}"},
    "slack": {"kind": "slack", "bot_token": "${env:SLACK_BOT_TOKEN}", "channel": "#integrations",
              "url": "${env:SLACK_URL}", "signing_secret": "${env:SLACK_BOT_TOKEN}"},
    "teams": {"kind": "teams", "webhook_url": "${env:TEAMS_WEBHOOK_URL}"},
    "mail": {"kind": "email", "host": "${env:SMTP_HOST}", "port": "${env:SMTP_PORT}", "starttls": False,
             "from_address": "leadline@example.com", "to": ["oncall@example.com"]},
    "alertmanager": {"kind": "alertmanager", "urls": ["${env:ALERTMANAGER_URL}"], "username": "leadline",
                     "password": "${env:ALERTMANAGER_PASSWORD}"},
    "webhook": {"kind": "webhook", "url": "${env:HTTP_TARGET_URL}", "secret": "${env:HTTP_TARGET_TOKEN}"},
}  # fmt: skip
"""Apprise is left out: it sends the plain text of the mail."""


def scenes() -> tuple[Scene, ...]:
    """Every story, in the order of the documentation."""
    return (
        _outage(), _slow(), _credential(), _throttled(), _quota(), _due(), _region(), _storm(), _silence(), _prober(),
        _no_data(), _hub(), _channel(), _escalation(), _flapping(), _configuration(),
    )  # fmt: skip


def _outage() -> Scene:
    burning = _objective(firing=True)
    return Scene("outage", "A vendor is down", (
        Step("first failure: nobody is told yet", 0, seen(0, *hubspot(0, failing=1), _objective())),
        Step("it is confirmed: the page", 4, seen(4, *hubspot(4, failing=5), _objective())),
        Step("its budget burns as well: an update, quietly", 7, seen(7, *hubspot(7, failing=8), burning)),
        Step("somebody takes it", 8, act=_take),
        Step("it is over", 12, seen(12, *hubspot(12), _objective())),
    ))  # fmt: skip


def _slow() -> Scene:
    key = SeriesKey("hubspot", "contact-roundtrip", "eu", "create", Measure.TOTAL, 300)
    words = "412 ms (75th percentile of 5 in 5 min); 03:00 is usually 110 ms, limit 180 ms"
    slow = LearnedVerdict(key, LearnedState.FIRING, T0, T0, 412.0, 110.0, 180.0, "ms", 5, words)
    return Scene("slow", "A vendor is slower than usual", (
        Step("it is told, and pages nobody", 5, replace(seen(5, *hubspot(5)), learned=(slow,))),
    ))  # fmt: skip


def _credential() -> Scene:
    revoked = {"kind": FailureKind.AUTH, "status": 401, "message": "401 Unauthorized", "failed_step": "create"}
    return Scene("credential", "Our credential is dead", (
        Step("the page", 2, seen(2, *hubspot(2, failing=3, **revoked))),
    ))  # fmt: skip


def _throttled() -> Scene:
    return Scene("throttled", "The vendor limits us", (
        Step("it is told, and pages nobody", 6, seen(6, *hubspot(6, throttled=6))),
    ))  # fmt: skip


def _quota() -> Scene:
    hour = timedelta(hours=1)
    forecast = QuotaForecast(
        key="hubspot:app:daily", vendor="hubspot", bucket="daily", unit="requests", integrations=("hubspot",),
        credentials=("app",), state=ForecastState.RUNS_OUT, limit=250_000.0, remaining=18_000.0, left=0.072,
        sentence="runs out at 05:40 UTC (between 05:10 and 06:20), 6 h 20 min before it is full again",
        window_kind="calendar", window_s=86400.0, reset=Reset(T0 + 9 * hour, ResetSource.PRESET),
        at=T0 + 2.66 * hour, earliest=T0 + 2.1 * hour, latest=T0 + 3.3 * hour, firm=True, observed_at=T0,
    )  # fmt: skip
    return Scene("quota", "A quota will run out", (
        Step("it is told before it is gone", 0, replace(seen(0, *hubspot(0)), forecasts=(forecast,))),
    ))  # fmt: skip


def _due() -> Scene:
    life = CredentialLife("hubspot", "probe-account", "bearer", rotate_due_at=T0 + timedelta(days=9))
    tracked = TrackedCredential("eu", T0, life)
    return Scene("credential-due", "A credential is to be rotated", (
        Step("it is told in time", 0, replace(seen(0, *hubspot(0)), credentials=(tracked,))),
    ))  # fmt: skip


def _region() -> Scene:
    cut = {"kind": FailureKind.DNS, "message": "no such host", "failed_step": "create", "status": None}
    lost = [_verdict(name, 3, {"eu": 3}, **cut) for name in ("hubspot", *OTHERS)]
    return Scene("region", "A region has lost its network", (
        Step("one page for all that it cannot reach", 3, seen(3, *lost)),
        Step("it is back", 8, seen(8, *(_verdict(name, 8, {}) for name in ("hubspot", *OTHERS)))),
    ))  # fmt: skip


def _storm() -> Scene:
    def all_of_them(minutes: float, failing: int) -> Evaluation:
        broken = {} if not failing else dict.fromkeys(REGIONS, failing)
        return seen(minutes, *(_verdict(name, minutes, broken, **OUTAGE) for name in ("hubspot", *OTHERS)))

    return Scene("storm", "Many vendors fail at once", (
        Step("they begin to fail: nobody is told yet", 1, all_of_them(1, 1)),
        Step("one page for all", 2, all_of_them(2, 2)),
        Step("they are back", 9, all_of_them(9, 0)),
    ))  # fmt: skip


def _silence() -> Scene:
    silence = Silence({"integration": ("hubspot",)}, at(0), at(60), "ada", "HubSpot moves its data centre")
    return Scene("silence", "A silence ends while it is still down", (
        Step("a silence for an hour begins", 0, act=lambda store, _: add_silence(store, silence)),
        Step("it breaks: recorded, and told to nobody", 10, seen(10, *hubspot(10, failing=3))),
        Step("the hour is over: told now, with its age", 61, seen(61, *hubspot(61, failing=54))),
    ))  # fmt: skip


def _no_data() -> Scene:
    missing = Unreported("hubspot", "contact-roundtrip", MINUTE, at(0), None, None, None)
    alive = _prober_seen(silent=False)
    return Scene("no-data", "A workflow has not been measured", (
        Step("it may still come", 30, replace(seen(30), probers=(alive,), unreported=(missing,))),
        Step("not measured is not passed", 45, replace(seen(45), probers=(alive,), unreported=(missing,))),
    ))  # fmt: skip


def _hub() -> Scene:
    load = HubLoad(waiting_rows=24_000, waiting_for=timedelta(seconds=95), since_last=timedelta(seconds=41))
    return Scene("hub", "The hub cannot keep up", (
        Step("it may catch up", 1, replace(seen(1, *hubspot(1)), load=load)),
        Step("what it says may be late", 6, replace(seen(6, *hubspot(6)), load=load)),
    ))  # fmt: skip


def _escalation() -> Scene:
    config = company()
    levels = {"name": "nobody-takes-it", "levels": [{"after": "10m", "channels": ["sms"]}]}
    lead = Route(urgent=("oncall",), escalation="nobody-takes-it", remind_every=timedelta(minutes=30))
    alerting = config.alerting.model_copy(
        update={"escalations": (Escalation.model_validate(levels),), "routes": (lead,)}
    )
    stern = config.model_copy(update={"alerting": alerting})
    return Scene("escalation", "Nobody takes it", (
        Step("the page", 2, seen(2, *hubspot(2, failing=3)), config=stern),
        Step("ten minutes later the next ones are told", 12, seen(12, *hubspot(12, failing=13))),
        Step("half an hour after that it is said again", 43, seen(43, *hubspot(43, failing=44))),
    ))  # fmt: skip


def _flapping() -> Scene:
    return Scene("flapping", "It comes and goes", (
        Step("down", 2, seen(2, *hubspot(2, failing=3))),
        Step("over", 5, seen(5, *hubspot(5))),
        Step("down again: the same incident", 9, seen(9, *hubspot(9, failing=3))),
    ))  # fmt: skip


def _prober() -> Scene:
    silent = _prober_seen(silent=True)
    return Scene("prober", "A prober is silent", (
        Step("what it watches is unknown, not down", 1, replace(seen(1, *hubspot(1)), probers=(silent,))),
    ))  # fmt: skip


def _channel() -> Scene:
    return Scene("channel", "A channel is broken", (
        Step("the webhook's address is gone; the others tell", 6, seen(6, *hubspot(6, throttled=6)),
             faults={"http": {"status": 410}}),
        Step("the next evaluation tells of the channel, through the others", 7, seen(7, *hubspot(7, throttled=7))),
    ))  # fmt: skip


def _prober_seen(*, silent: bool) -> ProberVerdict:
    return ProberVerdict(
        prober_id="eu-1", region="eu", last_seen=T0, started_at=T0 - timedelta(hours=2), version="1", loop_lag_ms=0.0,
        outbox_depth=0, config_version=VERSION, runs_missed=0, previous_stop="clean", problem=None, cursor=1,
        silent=silent,
    )  # fmt: skip


def _configuration() -> Scene:
    later = company(_integration("twilio")).model_copy(update={"version": "c2a90b3f11d7e845"})
    return Scene("configuration", "The configuration changes", (
        Step("the first one is no change", 0, seen(0, *hubspot(0))),
        Step("the next one is a change event in PagerDuty", 5, seen(5, *hubspot(5)), config=later),
    ))  # fmt: skip


def seen(minutes: float, *found: WorkflowVerdict | ObjectiveStatus) -> Evaluation:
    """An evaluation of these."""
    workflows = tuple(one for one in found if isinstance(one, WorkflowVerdict))
    return Evaluation(at(minutes), workflows, tuple(o for o in found if isinstance(o, ObjectiveStatus)), ())


def hubspot(minutes: float, *, failing: int = 0, throttled: int = 0, **failure: Any) -> tuple[WorkflowVerdict, ...]:
    """Its workflow in both regions."""
    broken = dict.fromkeys(REGIONS, failing) if failing else {}
    return (_verdict("hubspot", minutes, broken, throttled, **(failure or OUTAGE)),)


def _take(store: Store, now: datetime) -> object:
    (incident,) = store.read(open_incidents)
    return acknowledge(store, incident.incident_id, "ada", now).result()


def _verdict(name: str, minutes: float, broken: dict[str, int], throttled: int = 0, **failure: Any) -> WorkflowVerdict:
    regions = tuple(_region_of(name, r, minutes, broken.get(r, 0), throttled, failure) for r in REGIONS)
    return WorkflowVerdict(name, _workflow(name), MINUTE, regions)


def _region_of(
    name: str, region: str, minutes: float, failing: int, throttled: int, failure: dict[str, Any]
) -> RegionVerdict:
    last = at(minutes)
    more = {} if not failing else {
        **failure, "failing_since": last - (failing - 1) * MINUTE, "run_id": f"0b6f2c1e-{region}-{name}",
        "evidence_id": f"ev-7f3a{len(name)}{region}",
    }  # fmt: skip
    good = 0 if failing or throttled else 10
    outcome = Outcome.FAILED if failing else Outcome.THROTTLED if throttled else Outcome.PASSED
    return RegionVerdict(
        region=region, last_run_at=last, last_outcome=outcome, failing=failing, good=good, throttled=throttled, **more
    )


def _objective(*, firing: bool = False) -> ObjectiveStatus:
    left, rate = (0.31, 62.0) if firing else (0.38, 0.0)
    return ObjectiveStatus(
        integration="hubspot", objective=Objective(sli=Sli.AVAILABILITY, target=0.999),
        window=Window.last(timedelta(days=30), T0), sli=0.9992, good=43_165, bad=35, expected=43_200, coverage=1.0,
        budget_left=left, burns=(Burn(FAST, rate, rate, 8 if firing else 0, firing),),
    )  # fmt: skip


def _workflow(name: str) -> str:
    return "contact-roundtrip" if name == "hubspot" else "roundtrip"


def _integration(name: str, **more: Any) -> Integration:
    step = {"name": "create", "request": {"path": "/x"}}
    workflows = [{"name": _workflow(name), "regions": REGIONS, "steps": [step]}]
    return Integration.model_validate(
        {"integration": name, "base_url": "https://api.example.com", "workflows": workflows, **more}
    )
