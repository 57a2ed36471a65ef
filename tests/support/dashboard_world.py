"""A small world to look at: declared integrations, a day of runs in a real store, an outage, probers, an evaluation."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.engine import Engine
from app.dashboard.view import HubStatus, View
from config.model import (
    Config,
    ImpactTier,
    Integration,
    Objective,
    Request,
    Sli,
    Step,
    Workflow,
)
from metrics.evaluation import evaluate
from metrics.model import Evaluation
from metrics.store.credentials import record_credentials
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from metrics.store.probers import record_heartbeat
from probes.model import (
    Assertion,
    Batch,
    CredentialLife,
    Evidence,
    Failure,
    FailureKind,
    Heartbeat,
    Outcome,
    QuotaReading,
    Run,
    StepResult,
    Timings,
)

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
VENDORS = (
    # name, title, vendor, tier, flows, usual wait in ms
    ("hubspot", "HubSpot CRM", "hubspot", ImpactTier.CRITICAL, ("lead-routing",), 120),
    ("salesforce", "Salesforce", "salesforce", ImpactTier.CRITICAL, ("lead-routing", "quotes"), 170),
    ("marketo", "Marketo Engage", "marketo", ImpactTier.IMPORTANT, ("nurture",), 165),
    ("google-ads", "Google Ads", "google_ads", ImpactTier.IMPORTANT, ("bidding",), 180),
    ("meta-capi", "Meta Conversions API", "meta", ImpactTier.IMPORTANT, ("attribution",), 95),
    ("shopify", "Shopify", "shopify", ImpactTier.CRITICAL, ("checkout",), 140),
    ("klaviyo", "Klaviyo", "klaviyo", ImpactTier.MINOR, ("newsletter",), 160),
    ("github", "GitHub", "github", ImpactTier.MINOR, (), 80),
    ("zendesk", "Zendesk", "generic", ImpactTier.MINOR, ("support",), 130),
)


def integration(
    name: str, title: str, vendor: str, tier: ImpactTier, flows: tuple[str, ...], *, every: str = "60s"
) -> Integration:
    """Two steps, four objectives."""
    return Integration.model_validate(
        {
            "integration": name,
            "title": title,
            "vendor": vendor,
            "tier": tier,
            "flows": flows,
            "owner": "growth-integrations",
            "runbook": f"https://runbooks.example.com/{name}",
            "base_url": f"https://{name}.example.com",
            "objectives": (
                Objective(sli=Sli.AVAILABILITY, target="99.9%", window="30d"),
                Objective(sli=Sli.LATENCY, target="95%", threshold="400ms", window="30d"),
                Objective(sli=Sli.TTFB, target="95%", threshold="300ms", window="30d"),
                Objective(sli=Sli.SERVER_ERRORS, target="99.9%", window="30d"),
            ),
            "workflows": (
                Workflow(
                    name="roundtrip",
                    every=every,
                    steps=(
                        Step(name="create contact", request=Request(method="POST", path="/contacts")),
                        Step(name="read it back", request=Request(path="/contacts/{{id}}")),
                    ),
                ),
            ),
        }
    )


def world_config(every: str = "60s", *, names: tuple[str, ...] | None = None) -> Config:
    """Everything in `VENDORS`, or the named ones."""
    chosen = [v for v in VENDORS if names is None or v[0] in names]
    return Config(
        root=Path("monitoring"),
        version="7c1e9a40b2d3f5a6",
        integrations=tuple(integration(*v[:5], every=every) for v in chosen),
    )


@dataclass
class Maker:
    """Makes runs that look like those of one integration."""

    declared: Integration
    wait_ms: float
    every: timedelta
    seed: int = 7

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.declared.name}{self.seed}")

    def runs(self, start: datetime, end: datetime, *, simulated_until: datetime | None = None) -> Iterator[Run]:
        """One good run per interval, with a daily rhythm and a rare slow or unlucky one."""
        at = start
        while at < end:
            simulated = simulated_until is not None and at < simulated_until
            roll = self._random.random()
            if roll < 0.0002:
                yield self.run(at, simulated=simulated, failure=SERVER_ERROR)
            elif roll < 0.001:
                yield self.run(at, simulated=simulated, failure=THROTTLED)
            else:
                yield self.run(at, simulated=simulated)
            at += self.every

    def run(self, at: datetime, *, simulated: bool = False, failure: Failure | None = None, factor: float = 1.0) -> Run:
        """One run at that instant."""
        outcome = Outcome.PASSED
        if failure is not None:
            outcome = Outcome.THROTTLED if failure.kind is FailureKind.THROTTLED else Outcome.FAILED
        first = self._step(0, "create contact", "POST", at, factor, None)
        second_at = at + timedelta(milliseconds=(first.timings.total_ms or 0) + 4)
        second = self._step(1, "read it back", "GET", second_at, factor, failure)
        return Run(
            run_id=uuid.UUID(int=self._random.getrandbits(128), version=4),
            region="local",
            integration=self.declared.name,
            workflow="roundtrip",
            scheduled_at=at,
            started_at=at,
            duration_ms=(second_at - at).total_seconds() * 1000 + (second.timings.total_ms or 0),
            outcome=outcome,
            config_version="7c1e9a40b2d3f5a6",
            failure=failure,
            failed_step=None if failure is None else "read it back",
            loop_lag_ms=0.8,
            simulated=simulated,
            steps=(first, second),
            quota=self._quota(at) if at.minute % 10 == 0 else (),
            values={"sync_lag_ms": 800.0 + self._random.random() * 400},
            every_s=self.every.total_seconds(),
        )

    def _step(
        self, position: int, name: str, method: str, at: datetime, factor: float, failure: Failure | None
    ) -> StepResult:
        rhythm = 1 + 0.35 * math.sin((at.hour + at.minute / 60 - 9) / 24 * 2 * math.pi)
        wait = self.wait_ms * rhythm * factor * math.exp(self._random.gauss(0, 0.18))
        if self._random.random() < 0.01:
            wait *= 2.6
        fresh = position == 0
        phases = (3.0, 14.0, 21.0) if fresh else (0.0, 0.0, 0.0)
        ttfb, download = sum(phases) + wait + 0.3, 4 + self._random.random() * 3
        status = {None: 200, FailureKind.THROTTLED: 429}.get(failure.kind if failure else None, 503)
        return StepResult(
            name=name,
            position=position,
            attempt=1,
            cleanup=False,
            started_at=at,
            outcome=Outcome.PASSED if failure is None else Outcome.FAILED if status == 503 else Outcome.THROTTLED,
            timings=Timings(
                dns_ms=phases[0] if fresh else None,
                connect_ms=phases[1] if fresh else None,
                tls_ms=phases[2] if fresh else None,
                send_ms=0.3,
                wait_ms=wait,
                ttfb_ms=ttfb,
                download_ms=download,
                total_ms=ttfb + download,
            ),
            failure=failure,
            method=method,
            url=f"https://{self.declared.name}.example.com/contacts",
            status=status,
            http_version="HTTP/1.1",
            remote_address="203.0.113.7:443",
            response_bytes=931,
            tls_version="TLSv1.3",
            assertions=(
                Assertion("status", "2xx", str(status), status == 200),
                Assertion("$.properties.email", "probe+8f2@example.com", "probe+8f2@example.com", True),
            ),
            captured={"contact_id": "51"} if position == 0 else {},
            vendor_request_ids={"x-request-id": "req-4f21c0", "cf-ray": "8e1d02c55f0a-FRA"},
            evidence=None if failure is None else self._evidence(at, method, status),
        )

    def _evidence(self, at: datetime, method: str, status: int) -> Evidence:
        return Evidence(
            evidence_id=f"ev-{self.declared.name}-{at:%H%M%S}-{self._random.getrandbits(24):06x}",
            method=method,
            url=f"https://{self.declared.name}.example.com/contacts/51",
            request_headers={"Authorization": "[redacted]", "X-Request-Id": "4bf92f3577b34da6"},
            request_body=None,
            status=status,
            response_headers={"Content-Type": "application/json", "Retry-After": "30", "x-request-id": "req-4f21c0"},
            response_body='{"status":"error","message":"Service temporarily unavailable","category":"SERVER_ERROR"}',
            vendor_request_ids={"x-request-id": "req-4f21c0"},
        )

    def _quota(self, at: datetime) -> tuple[QuotaReading, ...]:
        if self.declared.vendor in {"google_ads", "generic"}:
            return ()
        day = (at - at.replace(hour=0, minute=0, second=0)).total_seconds() / 86400
        burn = {"marketo": 0.93, "salesforce": 0.7}.get(self.declared.name, 0.35)
        tomorrow = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        daily = QuotaReading(
            self.declared.vendor, "main", "daily", "requests", at, "header",
            limit=50_000, used=50_000 * day * burn, remaining=50_000 * (1 - day * burn), window_s=86400,
            window_kind="calendar", reset_at=tomorrow,
        )  # fmt: skip
        burst = QuotaReading(
            self.declared.vendor, "main", "burst", "requests", at, "header", limit=100, remaining=88, window_s=10
        )
        return daily, burst


SERVER_ERROR = Failure(FailureKind.STATUS_5XX, "503 Service Unavailable from GET /contacts/51", retryable=True)
THROTTLED = Failure(FailureKind.THROTTLED, "429 Too Many Requests, Retry-After 30 s", retryable=True, retry_after_s=30)


@dataclass
class World:
    """A store with measurements in it and the view on it; `now` stands still."""

    store: Store
    config: Config
    now: datetime
    evaluation: Evaluation | None
    view: View
    status: HubStatus

    def failed_run(self) -> str:
        """Any failed run's id."""
        row = self.store.read(
            lambda con: con.execute(
                "SELECT run_id FROM runs WHERE outcome = 'failed' ORDER BY started_at DESC LIMIT 1"
            ).fetchone()
        )
        assert row is not None
        return str(row[0])


def build_world(
    config: Config,
    *,
    now: datetime = NOW,
    history: timedelta = timedelta(hours=2),
    every: timedelta = timedelta(seconds=60),
    outage: bool = True,
    simulated_until: datetime | None = None,
) -> World:
    """Measures everything over `history`; with `outage` HubSpot is down, Klaviyo throttled and Marketo slow."""
    store = Store.open(None)
    ingest = Ingest(store, flush_after_s=0.01)
    waits = {v[0]: float(v[5]) for v in VENDORS}
    number, futures = 1, []
    for declared in config.integrations:
        maker = Maker(declared, waits.get(declared.name, 150.0), every)
        trouble = timedelta(minutes=12) if outage else timedelta(0)
        runs = list(maker.runs(now - history, now - trouble, simulated_until=simulated_until))
        runs += [_troubled(maker, now - trouble + i * every) for i in range(int(trouble / every))]
        if declared.name == "github":
            runs = []
        if runs:
            futures.append(ingest.submit(Batch("prober-local-1", "local", number, tuple(runs)), now))
            number += len(runs)
    for future in futures:
        future.result()
    ingest.close()
    _heartbeats(store, now, outage=outage)
    _credentials(store, now, config)
    engine = Engine(store)
    # Two rounds, so that the incident is as old as the outage.
    for at in (now - timedelta(minutes=9), now):
        evaluation = store.read(lambda con, at=at: evaluate(con, config, at), timeout=timedelta(minutes=3))
        engine.apply(evaluation, config).result()
    status = HubStatus(started_at=now - timedelta(hours=3), evaluation=evaluation, ingested_runs=number - 1)
    view = View(store, config=lambda: config, clock=lambda: now, hub=lambda: status)
    return World(store, config, now, evaluation, view, status)


def _troubled(maker: Maker, at: datetime) -> Run:
    name = maker.declared.name
    if name == "hubspot":
        return maker.run(at, failure=SERVER_ERROR)
    if name == "klaviyo":
        return maker.run(at, failure=THROTTLED)
    return maker.run(at, factor=3.0 if name == "marketo" else 1.0)


def _credentials(store: Store, now: datetime, config: Config) -> None:
    """As probers tell of them: one of each kind of trouble, if all integrations are there, and certificates."""
    day = timedelta(days=1)
    told = {
        "hubspot": CredentialLife(
            "hubspot", "hubspot-app", "oauth2_authorization_code", enrolled=True, enrolled_at=now - 130 * day,
            refused_at=now - timedelta(minutes=12), failed_at=now - timedelta(minutes=12), last_ok_at=now - day,
            failure="no token (HTTP 400): invalid_grant; re-consent needed, because the refresh token is expired",
        ),
        "salesforce": CredentialLife(
            "salesforce", "oauth2_client_credentials:3f2a91c0", "oauth2_client_credentials",
            rotated_on=(now - 81 * day).date(), rotate_due_at=now + 9 * day, last_ok_at=now - timedelta(minutes=1),
            access_expires_at=now + timedelta(minutes=41),
        ),
        "klaviyo": CredentialLife(
            "klaviyo", "api_key:77d0f1aa", "api_key", rotated_on=(now - 95 * day).date(), rotate_due_at=now - 5 * day,
            last_ok_at=now - timedelta(minutes=1),
        ),
        "github": CredentialLife("github", "bearer:01c9e2aa", "bearer", last_ok_at=now - timedelta(seconds=40)),
    }  # fmt: skip
    lives = [told[one.name] for one in config.integrations if one.name in told]
    record_credentials(store, "local", lives, now).result()
    if not lives:
        return
    shown = [("hubspot", 12.0), ("salesforce", 74.0), ("klaviyo", 2.2)]
    rows = [(name, f"{name}.example.com", now + left * day, now - 60 * day, now) for name, left in shown]
    store.write(
        lambda con: con.executemany("INSERT INTO certificates VALUES (?, 'local', ?, ?, ?, ?, NULL)", rows)
    ).result()


def _heartbeats(store: Store, now: datetime, *, outage: bool) -> None:
    def beat(prober_id: str, region: str, sent_at: datetime, **more: object) -> None:
        heartbeat = Heartbeat(
            prober_id,
            region,
            "0.1.0",
            now - timedelta(hours=3),
            sent_at,
            0.9,
            0,
            "7c1e9a40b2d3f5a6",
            **more,  # type: ignore[arg-type]
        )
        record_heartbeat(store, heartbeat, sent_at).result()

    beat("prober-local-1", "local", now - timedelta(seconds=3), previous_stop="unclean" if outage else "clean")
    if outage:
        beat("prober-eu-1", "eu", now - timedelta(minutes=7))
