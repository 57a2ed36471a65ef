"""The hub keeps up with the calendars of maintenance windows, and has the last good copy when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.datadir import DataDirectory
from app.hub.calendars import CalendarReader
from app.hub.maintenance_document import maintenance_documents
from app.hub.state import HubState
from config.model import Alerting

ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261122T020000Z\r\nDTEND:20261122T040000Z\r\n"
    "SUMMARY:Database move\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@dataclass
class Page:
    """A real server on loopback that answers with what it is told to."""

    status: int = 200
    body: bytes = ICS.encode()
    headers: str = ""
    asked: int = 0
    url: str = ""
    _server: asyncio.Server | None = field(default=None, repr=False)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/vendor.ics"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        head = (
            f"HTTP/1.1 {self.status} X\r\n{self.headers}Content-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def page() -> AsyncIterator[Page]:
    found = Page()
    await found.start()
    yield found
    await found.stop()


@dataclass
class Desk:
    """A hub's state with one window, and readers on one data directory."""

    state: HubState
    data: DataDirectory
    client: httpx.AsyncClient

    def declare(self, calendar: str, **more: object) -> None:
        window = {
            "name": "vendor",
            "match": {"vendor": "hubspot"},
            "calendar": calendar,
            "private_address": True,
            **more,
        }
        alerting = Alerting.model_validate({"maintenance": [window]})
        self.state.config = self.state.config.model_copy(update={"alerting": alerting, "root": self.data.root})

    def reader(self) -> CalendarReader:
        return CalendarReader(self.state, self.data, {"ICS_URL": "http://127.0.0.1:1/x"}, self.client)

    def later(self, minutes: float) -> None:
        now: datetime = self.state.clock() + timedelta(minutes=minutes)
        self.state.clock = lambda: now

    @property
    def problem(self) -> str:
        return self.state.calendars["vendor"].problem

    @property
    def summaries(self) -> list[str]:
        return [span.summary for span in self.state.entries()["vendor"]]


@pytest_asyncio.fixture
async def desk(state: HubState, tmp_path: Path) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Desk(state, DataDirectory(tmp_path), client)


async def test_it_is_asked_kept_and_shown(desk: Desk, page: Page) -> None:
    desk.declare(page.url)
    assert await desk.reader().round() == 1
    assert (desk.summaries, desk.problem) == (["Database move"], "")
    (shown,) = maintenance_documents(desk.state)
    assert (shown["open_until"], shown["calendar_problem"]) == ("2026-11-22T04:00:00+00:00", None)
    assert page.url not in str(shown)


async def test_it_is_asked_as_often_as_declared(desk: Desk, page: Page) -> None:
    desk.declare(page.url, poll_every="30m")
    reader = desk.reader()
    for minutes, asked in ((0, 1), (29, 1), (1, 2), (1, 2)):
        desk.later(minutes)
        await reader.round()
        assert page.asked == asked


async def test_a_hub_that_starts_while_the_server_is_away_has_the_last_good_copy(desk: Desk, page: Page) -> None:
    desk.declare(page.url)
    await desk.reader().round()
    await page.stop()
    desk.state.calendars = {}
    after = desk.reader()
    after.restore()
    assert (desk.summaries, desk.problem) == (["Database move"], "")
    await after.round()
    assert (desk.summaries, desk.problem) == (["Database move"], "cannot be reached (ConnectError)")
    (shown,) = maintenance_documents(desk.state)
    assert shown["calendar_problem"] == "cannot be reached (ConnectError)"
    assert shown["calendar_read_at"] is not None


BREAKS: dict[str, tuple[dict[str, object], str]] = {
    "an error": ({"status": 503}, "answered HTTP 503"),
    "a redirect": (
        {"status": 302, "headers": "Location: http://169.254.169.254/\r\n"},
        "redirects (HTTP 302) to another place",
    ),
    "a page to sign in on": ({"body": b"<html>"}, "no ICS calendar"),
    "too much": ({"body": b"x" * (2 * 1024 * 1024 + 1)}, "more than 2 MiB"),
}


@pytest.mark.parametrize("case", BREAKS)
async def test_what_cannot_be_used_changes_nothing_and_is_said(desk: Desk, page: Page, case: str) -> None:
    desk.declare(page.url)
    reader = desk.reader()
    await reader.round()
    broken, said = BREAKS[case]
    for name, value in broken.items():
        setattr(page, name, value)
    desk.later(20)
    await reader.round()
    assert desk.summaries == ["Database move"]
    assert said in desk.problem


async def test_a_private_address_is_asked_only_if_declared(desk: Desk, page: Page) -> None:
    desk.declare(page.url, private_address=False)
    await desk.reader().round()
    assert page.asked == 0
    assert desk.problem == "refused, because its name leads to a private address"


async def test_a_file_beside_the_configuration_will_do(desk: Desk) -> None:
    (desk.data.root / "vendor.ics").write_text(ICS)
    desk.declare("vendor.ics")
    await desk.reader().round()
    assert desk.summaries == ["Database move"]
    desk.declare("missing.ics")
    await desk.reader().round()
    assert (desk.summaries, desk.problem) == ([], "No such file or directory")


async def test_an_address_may_be_a_secret_and_is_shown_nowhere(desk: Desk) -> None:
    desk.declare("${env:ICS_URL}")
    await desk.reader().round()
    assert desk.problem == "cannot be reached (ConnectError)"
    assert "127.0.0.1" not in str(desk.state.calendars) + str(maintenance_documents(desk.state))


async def test_a_copy_that_nothing_declares_any_more_is_taken_away(desk: Desk, page: Page) -> None:
    desk.declare(page.url)
    await desk.reader().round()
    (copy,) = (desk.data.root / "calendars").iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    desk.state.config = desk.state.config.model_copy(update={"alerting": Alerting()})
    desk.reader().restore()
    assert not copy.exists()
    assert desk.state.entries() == {}
