"""A hub that people sign in at, on a real store, with a clock that a test moves and real but cheap argon2."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from alerts.store.audit import audit_log
from app.hub.actor import Role
from app.hub.asking import Desk
from app.hub.auth.accounts_api import accounts_router, sessions_router
from app.hub.auth.gate import Gate
from app.hub.auth.own_sessions_router import own_sessions_router
from app.hub.auth.pages_router import pages_router
from app.hub.auth.passwords import Costs
from app.hub.auth.provider_router import provider_router
from app.hub.auth.setup import Auth, Foundation, set_up
from app.hub.problems import answer_problems
from app.hub.silences_api import silences_router
from app.hub.state import HubState
from config.model import Config, Hub
from metrics.store.database import Store
from metrics.store.ingest import Ingest

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CHEAP = Costs(rounds=1, memory_kib=64, lanes=1)
PASSWORD = "correct horse battery"
KEY = "the key of the data directory"
OWN = {"Origin": "http://hub"}


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """A hub in parts. `hub` is its section of the configuration, which a test may replace."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    hub: Hub = field(default_factory=lambda: Hub.model_validate({"sign_in": {}}))
    provider: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    environ: dict[str, str] = field(default_factory=lambda: {"OIDC_SECRET": "s3cret"})
    exposed: bool = False
    _auth: Auth | None = None

    @property
    def auth(self) -> Auth:
        if self._auth is None:
            self._auth = self.restarted()
        return self._auth

    def restarted(self) -> Auth:
        """Sign-in as another process would find it in the store."""
        more = {"key": KEY, "exposed": self.exposed, "costs": CHEAP}
        return set_up(Foundation(self.store, self.clock, lambda: self.hub, self.environ, self.provider, **more))  # type: ignore[arg-type]

    def app(self) -> FastAPI:
        """What has to do with sign-in, and one route that changes something."""
        config = Config(root=Path("monitoring"), version="v1", integrations=())
        state = HubState(self.store, Ingest(self.store), self.clock, START, config, "", {})
        app, silences = FastAPI(), silences_router(state, Desk(self.store))
        pages = (pages_router(self.auth), provider_router(self.auth), own_sessions_router(self.auth))
        routers = (*pages, accounts_router(self.auth), sessions_router(self.auth), silences)
        for router in routers:
            app.include_router(router)
        answer_problems(app, routers)
        app.add_middleware(Gate, callers=self.auth.callers, look_every_s=0.01)
        return app

    def browser(self, address: str = "198.51.100.7") -> httpx.AsyncClient:
        """Keeps cookies, as a browser does."""
        transport = httpx.ASGITransport(self.app(), client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://hub")

    @asynccontextmanager
    async def signed_in(self, name: str = "ada", role: str = "responder") -> AsyncIterator[httpx.AsyncClient]:
        """A browser of somebody who has just signed in."""
        if self.auth.accounts.account(name) is None:
            await self.auth.accounts.add(name, Role(role), PASSWORD, "root")
        async with self.browser() as browser:
            answer = await browser.post("/sign-in", data={"name": name, "password": PASSWORD}, headers=OWN)
            assert answer.status_code == 303, answer.text
            yield browser

    def audit(self) -> list[tuple[str, str, str]]:
        """Who, what, about what; the latest first."""
        return [(row.who, row.action, row.detail) for row in self.store.read(audit_log)]
