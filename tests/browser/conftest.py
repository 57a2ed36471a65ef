"""A real Chromium, and a real server with a real store behind it."""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from chromium import PATIENCE_MS, chromium
from playwright.sync_api import Browser, Page
from sign_in_world import World as SignInWorld

from app.hub.server import create_app
from app.hub.state import HubState
from app.pulse import Pulse
from config.model import Hub
from metrics.store.ingest import Ingest

SUPPORT = Path(__file__).parents[1] / "support" / "dashboard_world.py"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module, so that its event loop does not outlive it."""
    with chromium() as launched:
        yield launched


@dataclass
class Site:
    """A served dashboard, and the world behind it."""

    url: str
    world: Any
    made: Any
    pulse: Pulse

    def address(self, path: str) -> str:
        """A page's path with something of this world in place of its varying parts."""
        return re.sub(r"\{(\w+)\}", lambda part: self._value(part.group(1)), path)

    def _value(self, name: str) -> str:
        if name == "run_id":
            return str(self.world.failed_run())
        if name == "incident_id":
            return str(self.world.view.overview().incidents[0].incident_id)
        if name == "evidence_id":
            ask = "SELECT evidence_id FROM evidence LIMIT 1"
            return str(self.world.store.read(lambda con: con.execute(ask).fetchone())[0])
        return {"name": "hubspot"}.get(name, "lead-routing")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The small world as of now, with an outage, served by the hub's own server to whoever comes."""
    made = _load_world_module()
    now = datetime.now(UTC)
    config = made.world_config(names=("hubspot", "salesforce", "klaviyo", "github", "shopify"))
    world = made.build_world(config, now=now, history=timedelta(hours=3), simulated_until=now - timedelta(hours=1))
    # From here on the view's clock runs, as a hub's does.
    world.view._clock = world.view._shared._clock = lambda: datetime.now(UTC)
    world.view._hub = lambda: replace(world.status, evaluation=replace(world.evaluation, at=datetime.now(UTC)))
    state = HubState(world.store, Ingest(world.store), lambda: datetime.now(UTC), now, world.config, "", {})
    state.evaluation = world.evaluation
    server = create_app(state, world.view, SignInWorld(world.store, hub=Hub()).auth)
    runner = uvicorn.Server(uvicorn.Config(server, port=0, log_config=None, ws="websockets-sansio"))
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not runner.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = runner.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", world, made, state.pulse)
    runner.should_exit = True
    thread.join(10)
    state.ingest.close()
    world.store.close()


@dataclass
class Visitor:
    """A page in the browser that remembers what went wrong on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.page.wait_for_selector("main > :not([data-skeleton])", timeout=PATIENCE_MS)
        return self.page

    def watch(self) -> None:
        def asked(address: str) -> None:
            parts = urlsplit(address)
            if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
                self.foreign.append(address)

        self.page.on("request", lambda request: asked(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """A fresh visitor; the test fails when the console complained or a foreign host was asked."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    context.set_default_timeout(PATIENCE_MS)
    someone = Visitor(context.new_page(), site.url)
    someone.watch()
    yield someone
    context.close()
    assert someone.foreign == []
    assert someone.complaints == []


def _load_world_module() -> Any:
    if "dashboard_world" not in sys.modules:
        spec = importlib.util.spec_from_file_location("dashboard_world", SUPPORT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["dashboard_world"] = module
        spec.loader.exec_module(module)
    return sys.modules["dashboard_world"]
