"""A hub on a real socket, a clock that tests move, and runs to ship."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from config.model import Config
from probes import wire
from probes.agent.hub import HubClient
from probes.agent.mailbox import Mailbox
from probes.agent.outbox import Limits, Outbox
from probes.agent.problems import Problems
from probes.agent.settings import AgentSettings
from probes.model import Outcome, Run

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    status: int = 200
    content: object = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Close the connection instead of answering, after whatever the request did."""


class Listener:
    """A server on loopback whose connections end with it; `handler(reader, writer)` serves one connection."""

    def __init__(self, handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task] = set()
        self.url = ""

    async def start(self, port: int = 0) -> Listener:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._tasks.discard(task)


class HubDouble:
    """Speaks the hub's side of the contract over a real socket: keeps runs by number, answers with the cursor.

    `script` holds what to answer to the next batches instead (a Reply is given without storing anything, except that
    `cut` stores and then closes the connection). `accepts(run)` may refuse a batch that holds some run.
    """

    TOKEN = "a-prober-token"

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.stored: dict[str, dict[int, Run]] = {}
        self.cursors: dict[str, int] = {}
        self.batches: list[tuple[int, int]] = []
        self.heartbeats: list[dict] = []
        self.config_requests: list[dict[str, str]] = []
        self.document: dict | None = None
        self.accepts: Callable[[Run], bool] = lambda run: True
        self.max_body = wire.MAX_BODY_BYTES
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._listener = Listener(self._serve)

    @property
    def numbers(self) -> list[int]:
        """Every stored number, in order of number, over all probers."""
        return sorted(number for runs in self.stored.values() for number in runs)

    @property
    def run_ids(self) -> list[UUID]:
        return [run.run_id for runs in self.stored.values() for run in runs.values()]

    @property
    def url(self) -> str:
        return self._listener.url

    async def start(self) -> None:
        """On the same port as before, if it ran before."""
        await self._listener.start(int(self.url.rpartition(":")[2] or 0))

    async def stop(self) -> None:
        await self._listener.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            reply = self._answer(await _read_request(reader))
            if reply.cut:
                break
            writer.write(_http(reply))
            await writer.drain()

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.TOKEN}":
            return Reply(401, {"error": "unknown token"})
        path = request.path.partition("?")[0].removeprefix("/api/v1/prober")
        if path == "/batches":
            return self._batch(request)
        if path == "/heartbeat":
            self.heartbeats.append(json.loads(request.body))
            version = self.document["version"] if self.document else ""
            return Reply(200, {"config_version": version, "now": self.now().isoformat()})
        if path == "/config" and self.document is not None:
            self.config_requests.append(request.headers)
            if request.headers.get("if-none-match") == '"{}"'.format(self.document["version"]):
                return Reply(304)
            return Reply(200, self.document)
        return Reply(404, {"error": "no such thing"})

    def _batch(self, request: Request) -> Reply:
        scripted = self.script.popleft() if self.script else None
        if scripted is not None and not scripted.cut:
            return scripted
        body = gzip.decompress(request.body)
        if len(body) > self.max_body:
            return Reply(413, {"error": "too large"})
        batch = wire.parse_batch(body)
        if not all(map(self.accepts, batch.runs)):
            return Reply(422, {"error": "a run makes no sense"})
        self.batches.append((batch.first, batch.last))
        cursor = self.cursors.get(batch.prober_id, 0)
        mine = self.stored.setdefault(batch.prober_id, {})
        mine.update((n, r) for n, r in enumerate(batch.runs, batch.first) if n > cursor)
        self.cursors[batch.prober_id] = max(cursor, batch.last)
        return scripted or Reply(200, {"cursor": self.cursors[batch.prober_id]})


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


def _http(reply: Reply) -> bytes:
    body = b"" if reply.content is None else json.dumps(reply.content).encode()
    lines = [f"HTTP/1.1 {reply.status} Whatever", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.status != 304:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hub() -> AsyncIterator[HubDouble]:
    double = HubDouble()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
def make_run() -> Callable[..., Run]:
    def make(**changes: object) -> Run:
        fields: dict = {
            "run_id": uuid4(),
            "region": "local",
            "integration": "crm",
            "workflow": "roundtrip",
            "scheduled_at": NOON,
            "started_at": NOON,
            "duration_ms": 12.5,
            "outcome": Outcome.PASSED,
            "config_version": "v1",
        }
        return Run(**{**fields, **changes})

    return make


@pytest.fixture
def settings(tmp_path: Path, hub: HubDouble) -> AgentSettings:
    return AgentSettings(hub.url, "local", SecretStr(HubDouble.TOKEN), tmp_path / "data", {})


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture
async def client(settings: AgentSettings, clock: Clock, problems: Problems) -> AsyncIterator[HubClient]:
    client = HubClient(settings, clock, problems)
    yield client
    await client.close()


@pytest.fixture
async def mailbox(settings: AgentSettings, clock: Clock) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(lambda: Outbox(settings.file("sqlite"), "local", clock(), Limits()), clock)
    await mailbox.open()
    yield mailbox
    await mailbox.close(clean=True)


class FakeVendor:
    """Stands in for the engine where only the timetable or the outbox is tested: runs end when the test says so."""

    def __init__(self, make_run: Callable[..., Run]) -> None:
        self._make_run = make_run
        self.started: list[tuple[str, datetime, int]] = []
        self.outcome = Outcome.PASSED
        self.gate: asyncio.Event | None = None
        self.running = self.most_running = 0

    async def run(self, integration, workflow, *, region, config, scheduled_at, attempt=1) -> Run:
        self.started.append((f"{integration.name}/{workflow.name}", scheduled_at, attempt))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.running -= 1
        return self._make_run(
            integration=integration.name,
            workflow=workflow.name,
            region=region,
            config_version=config.version,
            scheduled_at=scheduled_at,
            attempt=attempt,
            outcome=self.outcome,
        )


@pytest.fixture
def vendor(make_run) -> FakeVendor:
    return FakeVendor(make_run)


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """A configuration of `{"crm/read": "60s", …}`; extra keys go into every integration."""

    def make(version: str = "v1", /, works: dict[str, str] | None = None, **extra: object) -> Config:
        by_integration: dict[str, list[dict]] = {}
        for key, every in (works or {"crm/read": "60s"}).items():
            name, _, workflow = key.partition("/")
            step = {"name": "get", "request": {"path": "/"}}
            by_integration.setdefault(name, []).append({"name": workflow, "every": every, "steps": [step]})
        integrations = [
            {"integration": name, "base_url": "http://127.0.0.1:9", "workflows": workflows, **extra}
            for name, workflows in by_integration.items()
        ]
        return Config.model_validate({"root": tmp_path, "version": version, "integrations": integrations})

    return make


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Wait until a condition on a real process or socket holds; fails after ten seconds."""

    async def wait(condition: Callable[[], object], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Listener]]]:
    """Starts a server on loopback for a handler of connections."""
    listeners: list[Listener] = []

    async def start(handler) -> Listener:
        listeners.append(await Listener(handler).start())
        return listeners[-1]

    yield start
    for listener in listeners:
        await listener.stop()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
