"""A small world to judge: two integrations in two regions, and a hand that changes what was seen."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import pytest_asyncio

from alerts.model import (
    Action,
    Blame,
    Condition,
    Incident,
    IncidentState,
    Notification,
    Report,
    Rule,
    Tier,
)
from alerts.policy import judge, refreshed, transitions
from alerts.scene import Known
from config.model import Alerting, Channel, Config, Confirmation, Integration, Objective, Route, Sli
from metrics.baseline.series import Measure, SeriesKey
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
from metrics.quota.model import QuotaLevel
from metrics.store.database import Store
from probes.model import FailureKind, Outcome

T0 = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAGE_FAST = BurnPair("page", timedelta(hours=1), timedelta(minutes=5), 14.4)
TICKET_SLOW = BurnPair("ticket", timedelta(days=3), timedelta(hours=6), 1.0)


def integration(name: str, *, regions: tuple[str, ...] = ("local",), **more: Any) -> Integration:
    steps = [{"name": "create", "request": {"path": "/x"}}]
    workflows = [{"name": "roundtrip", "regions": regions, "steps": steps}]
    return Integration.model_validate(
        {"integration": name, "base_url": "https://api.example.com", "workflows": workflows, **more}
    )


def channels(*names: str) -> tuple[Channel, ...]:
    return tuple(Channel.model_validate({"name": name, "kind": "webhook"}) for name in names)


DEFAULT_ROUTE = Route(urgent=("pager", "sms"), degraded=("slack",), report=("mail",))


class World:
    """Builders for everything that the policy reads; `at` minutes are minutes after T0."""

    T0 = T0
    page_fast = PAGE_FAST
    ticket_slow = TICKET_SLOW

    def config(
        self, *integrations: Integration, routes: tuple[Route, ...] = (DEFAULT_ROUTE,), **confirm: Any
    ) -> Config:
        found = integrations or (self.hubspot(),)
        return Config(
            root=Path("/etc/leadline"),
            version="v1",
            integrations=found,
            alerting=Alerting(
                channels=channels("pager", "sms", "slack", "mail"), routes=routes, confirm=Confirmation(**confirm)
            ),
        )

    def hubspot(self, **more: Any) -> Integration:
        return integration("hubspot", title="HubSpot", flows=["lead-routing"], owner="growth", **more)

    def integration(self, name: str, **more: Any) -> Integration:
        return integration(name, **more)

    def region(self, at: float = 0, *, region: str = "local", failing: int = 0, **more: Any) -> RegionVerdict:
        """Failing `failing` times in a row (a run a minute), or passing."""
        last = T0 + at * MINUTE
        failed: dict[str, Any] = {}
        if failing:
            failed = {
                "failing_since": last - (failing - 1) * MINUTE,
                "failed_step": "create",
                "kind": FailureKind.STATUS_5XX,
                "message": "503 Service Unavailable",
                "status": 503,
                "run_id": f"run-{region}",
                "evidence_id": f"ev-{region}",
            }
        return RegionVerdict(
            **{
                "region": region,
                "last_run_at": last,
                "last_outcome": Outcome.FAILED if failing else Outcome.PASSED,
                "failing": failing,
                "good": 0 if failing else 10,
                "throttled": 0,
                **failed,
                **more,
            }
        )

    def workflow(self, *regions: RegionVerdict, name: str = "hubspot") -> WorkflowVerdict:
        return WorkflowVerdict(name, "roundtrip", MINUTE, regions)

    def burning(
        self, *pairs: BurnPair, firing: bool = True, name: str = "hubspot", objective: Objective | None = None
    ) -> ObjectiveStatus:
        return ObjectiveStatus(
            integration=name,
            objective=objective or Objective(sli=Sli.AVAILABILITY, target=0.999),
            window=Window.last(timedelta(days=30), T0),
            sli=0.992,
            good=992,
            bad=8,
            expected=1000,
            coverage=1.0,
            budget_left=0.41,
            burns=tuple(Burn(pair, 20.0 if firing else 0.0, 20.0 if firing else 0.0, 8, firing) for pair in pairs),
        )

    def quota(self, left: float | None, at: float = 0, **more: Any) -> QuotaLevel:
        level = QuotaLevel(
            integration="hubspot", vendor="hubspot", credential="app", bucket="daily", unit="requests", limit=1000.0,
            used=None, remaining=None if left is None else left * 1000, left=left, window_kind="calendar",
            window_s=86400.0, reset_at=None, source="header", observed_at=T0 + at * MINUTE,
        )  # fmt: skip
        return replace(level, **more)

    def slow(self, name: str = "hubspot", at: float = 0, **more: Any) -> LearnedVerdict:
        """Its step is above its limit since then; `more` replaces parts of the series' key or of the verdict."""
        key = SeriesKey(name, "roundtrip", "local", "create", Measure.TOTAL, 300)
        key = key._replace(**{part: more.pop(part) for part in SeriesKey._fields if part in more})
        since = T0 + at * MINUTE
        words = "412 ms (75th percentile of 5 in 5 min); 03:00 is usually 110 ms, limit 180 ms"
        verdict = LearnedVerdict(key, LearnedState.FIRING, since, since, 412.0, 110.0, 180.0, "ms", 5, words)
        return verdict._replace(**more)

    def prober(self, *, silent: bool, problem: str | None = None) -> ProberVerdict:
        return ProberVerdict(
            prober_id="p1", region="local", last_seen=T0, started_at=T0, version="1", loop_lag_ms=0.0,
            outbox_depth=0, config_version="v1", runs_missed=0, previous_stop="clean", problem=problem, cursor=1,
            silent=silent,
        )  # fmt: skip

    def seen(self, at: float = 0, *found: WorkflowVerdict | ObjectiveStatus | ProberVerdict | QuotaLevel) -> Evaluation:
        """An evaluation `at` minutes after T0."""

        def of(kind: type) -> tuple[Any, ...]:
            return tuple(item for item in found if isinstance(item, kind))

        return Evaluation(T0 + at * MINUTE, of(WorkflowVerdict), of(ObjectiveStatus), of(ProberVerdict), of(QuotaLevel))

    def ledger(self) -> Ledger:
        return Ledger()

    def condition(self, **more: Any) -> Condition:
        known: dict[str, Any] = {
            "key": "hubspot/workflow_down/roundtrip",
            "rule": Rule.WORKFLOW_DOWN,
            "tier": Tier.URGENT,
            "subject": "hubspot",
            "since": T0,
            "summary": "create → 503",
            "blame": Blame.VENDOR,
            "blame_reason": "the vendor's servers report an error of their own, seen from local",
            "workflow": "contact-roundtrip",
            "step": "create",
            "region_count": "1/1",
            "evidence_ids": ("ev-1",),
            "run_ids": ("run-1",),
            "title": "HubSpot contact-roundtrip DOWN",
            "regions": ("local",),
        }
        return Condition(**{**known, **more})

    def incident(self, *held: Condition, **more: Any) -> Incident:
        found = held or (self.condition(),)
        known: dict[str, Any] = {
            "incident_id": "20261122-030000-hubspot",
            "subject": found[0].subject,
            "tier": found[0].tier,
            "state": IncidentState.OPEN,
            "opened_at": T0,
            "conditions": found,
            "title": found[0].title,
            "flows": ("lead-routing",),
            "owner": "growth",
            "runbook": "https://wiki.example.com/hubspot",
        }
        return Incident(**{**known, **more})

    def notification(self, action: Action = Action.TRIGGER, **more: Any) -> Notification:
        resolved = (
            {"state": IncidentState.RESOLVED, "resolved_at": T0 + 12 * MINUTE} if action is Action.RESOLVE else {}
        )
        known: dict[str, Any] = {
            "notification_id": 7,
            "incident": self.incident(**resolved),
            "tier": Tier.URGENT,
            "action": action,
            "channel": "ops",
            "created_at": T0 + 4 * MINUTE,
            "link": "https://leadline.example.com/integration/hubspot",
            "budget_left": 0.41,
            "sent_at": T0 + 5 * MINUTE,
        }
        if more.get("tier") is Tier.REPORT:
            known["report"] = self.report()
        return Notification(**{**known, **more})

    def report(self, **more: Any) -> Report:
        """What the renderers make, in small."""
        known: dict[str, Any] = {
            "title": "Post-incident report: HubSpot contact-roundtrip DOWN, 12 min",
            "summary": "HubSpot contact-roundtrip DOWN: open for 12 min.",
            "link": "https://leadline.example.com/reports/incident/20261122-030000-hubspot",
            "file_name": "incident-20261122-030000-hubspot",
            "text": "# Post-incident report: HubSpot contact-roundtrip DOWN, 12 min\n",
            "html": '<html><body><h1>Post-incident report</h1><img src="cid:chart-1.png"></body></html>',
            "pdf": b"%PDF-1.4 ...",
            "pictures": {"chart-1.png": b"\x89PNG"},
        }
        return Report(**{**known, **more})


@dataclass(slots=True)
class Ledger:
    """The memory that the store keeps in production, for tests of the pure policy."""

    open: dict[str, Incident]
    resolved: list[Incident]
    pending: Mapping[str, datetime]

    def __init__(self) -> None:
        self.open = {}
        self.resolved = []
        self.pending = {}

    def apply(self, evaluation: Evaluation, config: Config) -> list[Any]:
        """One round; returns the transitions."""
        known = Known(tuple(self.open.values()), tuple(self.resolved), pending=self.pending)
        judged = judge(evaluation, config, known)
        found, self.pending = judged.conditions, judged.pending
        changes = transitions(found, known.open, evaluation, config, known.recent)
        for change in changes:
            incident = change.incident
            if incident.state is IncidentState.RESOLVED:
                del self.open[incident.subject]
                self.resolved = [i for i in self.resolved if i.incident_id != incident.incident_id] + [incident]
            else:
                self.open[incident.subject] = incident
                self.resolved = [i for i in self.resolved if i.incident_id != incident.incident_id]
        for incident in refreshed(found, known.open, evaluation.at, config.alerting.flapping):
            self.open[incident.subject] = incident
        return list(changes)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    opened = Store.open(store_path)
    yield opened
    opened.close()


@dataclass(frozen=True, slots=True)
class Posted:
    """One request as a server got it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


class HttpDouble:
    """A real HTTP server on loopback that answers as told and remembers what came."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answer: Callable[[Posted], tuple[int, str, dict[str, str]]] = lambda _: (200, "ok", {})
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.gate.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def answers(self, status: int, body: str = "", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, body, named)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            posted = Posted(head[0].split(" ")[1], headers, body)
            self.posted.append(posted)
            await self.gate.wait()
            status, text, more = self.answer(posted)
            extra = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            raw = text.encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(raw)
            await writer.drain()
        finally:
            writer.close()


class SmtpDouble:
    """A small SMTP server on loopback; `refuse` maps a word of a command to its answer."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.refuse: dict[str, str] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to: list[str] = []
        writer.write(b"220 double ESMTP\r\n")
        while line := (await reader.readline()).decode().strip():
            refusal = next((answer for word, answer in self.refuse.items() if word in line), None)
            if refusal:
                writer.write(f"{refusal}\r\n".encode())
                continue
            if line.startswith("EHLO"):
                writer.write(b"250-double\r\n250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8\r\n")
            elif line.startswith("DATA"):
                writer.write(b"354 go\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append((to, message_from_bytes(raw[:-3], policy=policy.default)))
                to = []
                writer.write(b"250 queued\r\n")
            elif line == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                to += [line.split("<")[1].split(">")[0]] if line.startswith("RCPT") else []
                writer.write(b"235 ok\r\n" if line.startswith("AUTH") else b"250 ok\r\n")
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[HttpDouble]:
    double = HttpDouble()
    await double.start()
    yield double
    await double.stop()


@pytest_asyncio.fixture
async def post_office() -> AsyncIterator[SmtpDouble]:
    double = SmtpDouble()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture(scope="session")
def trust() -> ssl.SSLContext:
    """Made once, because parsing the authorities takes longer than a test."""
    return ssl.create_default_context()


@pytest_asyncio.fixture
async def client(trust: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=trust) as made:
        yield made
