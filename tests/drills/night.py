"""A night in injected time: the hub's real parts (store, ingest, evaluation, engine, delivery) against real receivers.

Everything but the weather is real: runs are stored by the ingest, judged by the evaluation, turned into messages by the
engine, and sent over HTTP and SMTP. A night goes on where its store ends, so that it can be killed at any instant.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self
from uuid import UUID, uuid5

import httpx
import plain_http

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.engine import Engine
from app.wiring import load_config
from config.model import Config
from metrics.evaluation import evaluate
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from probes.model import Batch, Failure, FailureKind, Outcome, Run
from tests.drills.installation import CONFIG

BEGIN: Final = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
STEP: Final = timedelta(seconds=15)
"""EVERY is a multiple of it."""
EVERY: Final = timedelta(minutes=1)
_REGIONS: Final = ("local", "eu")
_SPACE: Final = UUID("7a1d5b8e-2f3c-4b6a-9d0e-5c4f3a2b1d0e")
_ALERTS: Final = """
routes:
  - {urgent: [pager, sms], degraded: [slack, mail], report: [backup]}
self_test: {enabled: false}
confirm: {prober_silent_after: 30m}
"""
_BACKUP: Final = '  - {name: backup, kind: webhook, url: "${env:HTTP_TARGET_URL}"}\n'

Weather = Callable[[str, float], bool]
"""Whether a vendor is down at that minute of the night."""


def night_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """The drills' configuration with a probe a minute, and one channel more to fall back to."""
    made = folder / "night"
    if not made.exists():
        shutil.copytree(CONFIG, made)
        defaults = (made / "defaults.yaml").read_text()
        (made / "defaults.yaml").write_text(defaults.replace("every: 4s, timeout: 4s", "every: 60s, timeout: 10s"))
        channels = (made / "alerts.yaml").read_text().partition("routes:")[0]
        (made / "alerts.yaml").write_text(channels + _BACKUP + _ALERTS)
    return load_config(made, {**environ, "EU_TOKEN": "unused"})


class Night:
    """One process's part of a night."""

    def __init__(
        self, folder: Path, config: Config, environ: Mapping[str, str], weather: Weather, client: httpx.AsyncClient
    ) -> None:
        self.config = config
        self.store = Store.open(folder / "night.duckdb")
        self._weather = weather
        self._ingest = Ingest(self.store, flush_after_s=0.0)
        self._engine = Engine(self.store)
        self.now = self.store.read(_latest) or BEGIN
        senders = build_senders(self.config, environ, client)
        self.deliverer = Deliverer(
            self.store, senders, clock=lambda: self.now, link="http://127.0.0.1:8050", jitter=lambda: 1.0
        )
        self.deliverer.adopt(self.config, senders, {})

    async def __aenter__(self) -> Self:
        await self.deliverer.take_over()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ingest.close()
        self.store.close()

    @property
    def minute(self) -> float:
        """Of the night."""
        return (self.now - BEGIN) / timedelta(minutes=1)

    async def step(self, length: timedelta = STEP) -> None:
        """A part of a minute: what is measured meanwhile, one judgement, and whatever is due to be told."""
        self.now += length
        if (self.now - BEGIN) % EVERY == timedelta(0):
            await asyncio.to_thread(self._measure)
        await asyncio.to_thread(self._judge)
        await self.deliverer.deliver_due()

    def _measure(self) -> None:
        number = int((self.now - BEGIN) / EVERY)
        size = len(self.config.integrations)
        for region in _REGIONS:
            runs = tuple(self._run(one.name, one.workflows[0].name, region) for one in self.config.integrations)
            batch = Batch(f"prober-{region}", region, (number - 1) * size + 1, runs)
            self._ingest.submit(batch, self.now).result(timeout=60)

    def _run(self, name: str, workflow: str, region: str) -> Run:
        down = self._weather(name, self.minute)
        return Run(
            # The same run again has the same name: a night that goes on may measure its last minute twice.
            run_id=uuid5(_SPACE, f"{name}/{region}/{self.now}"),
            region=region,
            integration=name,
            workflow=workflow,
            scheduled_at=self.now,
            started_at=self.now,
            duration_ms=80.0,
            outcome=Outcome.FAILED if down else Outcome.PASSED,
            config_version=self.config.version,
            failure=Failure(FailureKind.STATUS_5XX, "503 Service Unavailable") if down else None,
            failed_step="create" if down else None,
            every_s=60.0,
        )

    def _judge(self) -> None:
        evaluation = self.store.read(lambda con: evaluate(con, self.config, self.now))
        self._engine.apply(evaluation, self.config).result(timeout=60)


def _latest(con: object) -> datetime | None:
    row = con.execute("SELECT max(started_at) FROM runs").fetchone()  # type: ignore[attr-defined]
    return row[0].astimezone(UTC) if row and row[0] else None


def client() -> httpx.AsyncClient:
    """For receivers on loopback."""
    return httpx.AsyncClient(verify=plain_http.TRUSTS_NOBODY, trust_env=False)
