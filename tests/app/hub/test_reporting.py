"""Every report that is owed is made once and reaches its readers, whatever happens to the hub meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.reports.document import Document
from alerts.reports.rendering import render
from alerts.store import outbox, resolve, timeline
from alerts.store.reports import reports
from app.hub.asking import Desk
from app.hub.drawing import DrawingError, drawn
from app.hub.problems import answer_problems
from app.hub.reporting import Reporter
from app.hub.reports_api import reports_router
from app.hub.state import HubState
from app.sandbox import start
from config.compiled import dump
from config.model import Config, Weekly
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from tests.support.report_world import INCIDENT, MINUTE, OVER, T0, live_through, report_config

LINK = "https://leadline.example.com"
MAIL = {"name": "mail", "kind": "email", "host": "127.0.0.1", "port": "${env:SMTP_PORT}", "starttls": False,
        "from_address": "leadline@example.com", "to": ["ops@example.com"]}  # fmt: skip
SLACK = {"name": "slack", "kind": "slack", "bot_token": "${env:SLACK_BOT_TOKEN}", "channel": "${env:SLACK_CHANNEL}",
         "url": "${env:SLACK_URL}/api"}  # fmt: skip
WEEKLY = Weekly.model_validate({"on": "mon 07:00", "channels": ["mail"]})
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def light(document: Document, formats: tuple[str, ...], _: Path | None) -> dict[str, bytes]:
    """As fast as can be: every format in the words of Markdown."""
    names = [name for form in formats for name in (("mail.html",) if form == "mail" else (form,))]
    return dict.fromkeys(names, render(document, ("md",))["md"])


@dataclass
class Hub:
    """A hub's state and its reporter, as often as it is started."""

    store: Store
    folder: Path
    config: Config
    now: datetime = OVER + MINUTE

    def state(self) -> HubState:
        ingest = Ingest(self.store)
        ingest.close()
        return HubState(
            self.store, ingest, clock=lambda: self.now, started_at=self.now, config=self.config,
            compiled=dump(self.config), tokens={},
        )  # fmt: skip

    def reporter(self, draw: Any = light) -> Reporter:
        return Reporter(self.state(), self.folder, LINK, draw)

    def states(self) -> list[tuple[str, str]]:
        return [(row.report_id, row.state) for row in self.store.read(reports)]

    def sent(self) -> list[tuple[str, str]]:
        return [(r.incident_id, r.channel) for r in reversed(self.store.read(outbox)) if str(r.tier) == "report"]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.store.read(lambda con: timeline(con, INCIDENT))]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an outage that is over."""
    path = tmp_path_factory.mktemp("lived") / "leadline.duckdb"
    store = Store.open(path)
    live_through(store, report_config())
    store.close()
    return path


@pytest.fixture
def hub(lived: Path, tmp_path: Path) -> Iterator[Hub]:
    path = tmp_path / "leadline.duckdb"
    path.write_bytes(lived.read_bytes())
    store = Store.open(path)
    made = Hub(store, tmp_path / "reports", report_config(weekly=WEEKLY))
    yield made
    made.store.close()


def test_an_outage_that_is_over_gets_one_report_over_any_number_of_restarts(hub: Hub) -> None:
    for _ in range(3):
        hub.reporter().once()
    assert [s for s in hub.states() if s[0].startswith("incident")] == [(f"incident/{INCIDENT}", "made")]
    assert [pair for pair in hub.sent() if pair[0] == INCIDENT] == [(INCIDENT, "mail"), (INCIDENT, "slack")]
    assert hub.kinds().count("reported") == 1
    names = sorted(path.name for path in hub.folder.iterdir() if INCIDENT in path.name)
    assert names == [f"incident-{INCIDENT}.{form}" for form in ("html", "json", "md", "pdf")]


def test_a_hub_that_dies_while_it_makes_a_report_makes_it_when_it_is_back(hub: Hub) -> None:
    def dies(*_: Any) -> dict[str, bytes]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.reporter(dies).once()
    assert hub.sent() == []
    path = hub.store.path
    hub.store.close()
    hub.store = Store.open(path)
    hub.reporter().once()
    assert (f"incident/{INCIDENT}", "made") in hub.states()


def test_a_report_that_cannot_be_drawn_is_tried_again_and_said_once(hub: Hub) -> None:
    def fails(*_: Any) -> dict[str, bytes]:
        raise DrawingError("no letters")

    for minutes in (0, 0.5, 2, 4):
        hub.now = OVER + (1 + minutes) * MINUTE
        hub.reporter(fails).once()
    row = next(r for r in hub.store.read(reports) if r.subject == INCIDENT)
    assert (row.state, row.attempts, row.problem) == ("due", 3, "no letters")
    assert hub.kinds().count("report_failed") == 1
    hub.now += timedelta(hours=1)
    hub.reporter().once()
    assert (f"incident/{INCIDENT}", "made") in hub.states()


def test_what_is_called_over_by_hand_is_reported_like_the_rest(tmp_path: Path) -> None:
    store, config = Store.open(tmp_path / "leadline.duckdb"), report_config()
    live_through(store, config, until=T0 + 6 * MINUTE)
    resolve(store, INCIDENT, "ada", T0 + 7 * MINUTE).result()
    made = Hub(store, tmp_path / "reports", config, T0 + 8 * MINUTE)
    made.reporter().once()
    assert made.states() == [(f"incident/{INCIDENT}", "made")]
    store.close()


def test_an_outage_that_came_back_as_less_before_its_report_was_made_is_reported_at_its_end(hub: Hub) -> None:
    def change(words: str) -> None:
        hub.store.write(lambda con: con.execute(f"UPDATE incidents SET {words}")).result()  # noqa: S608 - ours

    change("tier = 'degraded', reopened = 1")
    hub.reporter().once()
    assert (f"incident/{INCIDENT}/1", "made") in hub.states()
    change("reopened = 2")
    hub.reporter().once()
    assert (f"incident/{INCIDENT}/2", "made") not in hub.states()


def test_what_is_open_or_not_urgent_or_long_over_is_not_reported(hub: Hub) -> None:
    hub.now = OVER + timedelta(days=2)
    hub.reporter().once()
    assert [s for s in hub.states() if s[0].startswith("incident")] == []


def test_the_weekly_review_is_sent_once_and_late_where_the_hub_was_down(hub: Hub) -> None:
    hub.now = MONDAY - timedelta(seconds=1)
    hub.reporter().once()
    assert not any(report_id.startswith("weekly/2026-W47") for report_id, _ in hub.states())
    hub.now = MONDAY + timedelta(days=2, hours=5)
    for _ in range(2):
        hub.reporter().once()
    assert hub.states()[0] == ("weekly/2026-W47", "made")
    assert [pair for pair in hub.sent() if pair[0] == "2026-W47"] == [("2026-W47", "mail")]


def test_who_began_to_measure_after_a_week_gets_no_review_of_it(tmp_path: Path) -> None:
    with_nothing = Hub(Store.open(None), tmp_path / "reports", report_config(weekly=WEEKLY), MONDAY)
    with_nothing.reporter().once()
    assert with_nothing.states() == []
    with_nothing.store.close()


@pytest.mark.slow
async def test_a_report_reaches_mail_with_its_pdf_and_slack_with_a_link(hub: Hub, tmp_path: Path) -> None:
    async with await start(tmp_path / "sandbox", latency_scale=0.0) as sandbox, httpx.AsyncClient() as client:
        hub.config = report_config(MAIL, SLACK)
        senders = build_senders(hub.config, sandbox.environment, client)
        for _ in range(2):
            hub.reporter(drawn).once()
            deliverer = Deliverer(hub.store, senders, clock=lambda: hub.now + MINUTE, link=LINK)
            await deliverer.deliver_due()
        (mail,) = sandbox.receivers["smtp"].inbox.messages()
        assert mail.content["subject"] == "Post-incident report: HubSpot CRM roundtrip DOWN, 11 min"
        posted = [m["text"] for m in sandbox.receivers["slack"].messages.values()]  # type: ignore[attr-defined]
        assert [text for text in posted if text.startswith("Post-incident report")] == [mail.content["subject"]]
    pdf = (hub.folder / f"incident-{INCIDENT}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"<svg" in (hub.folder / f"incident-{INCIDENT}.html").read_bytes()


@pytest.fixture
async def api(hub: Hub) -> Any:
    state = hub.state()
    state.reporter = Reporter(state, hub.folder, LINK, light)
    server = FastAPI()
    router = reports_router(state, Desk(hub.store))
    server.include_router(router)
    answer_problems(server, [router])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://hub") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/reports/weekly?week=2026-W52", 400, "2026-W52 has not begun; it is 2026-W47 now"),
        ("/api/v1/reports/weekly?week=soon", 400, "write it as 2026-W47"),
        ("/api/v1/reports/incident/nothing", 404, "no such incident"),
        ("/reports/incident/%3Cscript%3E", 404, "no such incident"),
        ("/api/v1/reports/weekly?format=docx", 422, "format"),
    ],
)
async def test_what_cannot_be_reported_is_said(api: httpx.AsyncClient, path: str, status: int, said: str) -> None:
    answer = await api.get(path)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)


async def test_a_report_is_served_in_every_format_and_may_do_nothing(api: httpx.AsyncClient) -> None:
    for form, kind in (("html", "text/html"), ("pdf", "application/pdf"), ("md", "text/markdown")):
        answer = await api.get(f"/reports/incident/{INCIDENT}", params={"format": form})
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert answer.headers["content-disposition"] == f'inline; filename="incident-{INCIDENT}.{form}"'


async def test_the_page_shows_the_report_as_it_was_sent(hub: Hub, api: httpx.AsyncClient) -> None:
    hub.reporter().once()
    hub.now += timedelta(days=3)
    answer = await api.get(f"/reports/incident/{INCIDENT}", params={"format": "md"})
    assert "Made by Leadline at 2026-11-17 03:12:00 UTC" in answer.text
    listed = (await api.get("/api/v1/reports")).json()["reports"]
    assert (listed[-1]["subject"], listed[-1]["state"]) == (INCIDENT, "made")


def test_drawing_takes_no_secret_along_and_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    document = hub.reporter().incident_document(INCIDENT)
    broken = replace(document, time_zone="Nowhere/Atall")
    with pytest.raises(DrawingError, match="Nowhere/Atall"):
        drawn(broken, ("html",))
    files = drawn(document, ("json",))
    assert json.loads(files["json"])["version"] == 1
