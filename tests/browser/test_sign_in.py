"""Signing in, in a real browser and without a script; the live page ends with its session; the page for strangers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dashboard_world as made
import httpx
import plain_http
import pytest
import uvicorn
from axe_core import AXE, broken_rules
from chromium import PATIENCE_MS
from playwright.sync_api import Browser, BrowserContext, Page
from sign_in_world import CHEAP, KEY, PASSWORD

from app.hub.auth.setup import Foundation, set_up
from app.hub.server import create_app
from app.hub.state import HubState
from config.model import Config, Hub
from metrics.store.ingest import Ingest

TURNED_AWAY = "401 (Unauthorized)"
"""What a browser says of a wrong password."""


@dataclass
class Hubbed:
    """A whole hub with sign-in, served."""

    url: str

    def admin(self, path: str, **body: str) -> None:
        """As a command on the hub's machine does."""
        headers = {"Authorization": f"Bearer {KEY}"}
        plain_http.post(f"{self.url}/api/v1{path}", json={**body, "author": "root"}, headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hubbed]:
    now = datetime.now(UTC)
    declared = made.world_config(names=("hubspot", "salesforce", "klaviyo", "github"))
    config = _with_sign_in(declared)
    world = made.build_world(config, now=now, history=timedelta(hours=3))
    world.view._clock = lambda: datetime.now(UTC)
    state = HubState(world.store, Ingest(world.store), lambda: datetime.now(UTC), now, config, "", {})
    state.evaluation = world.evaluation
    auth = set_up(
        Foundation(world.store, state.clock, lambda: config.settings.hub, {}, httpx.AsyncClient(), key=KEY, costs=CHEAP)
    )
    runner = uvicorn.Server(uvicorn.Config(create_app(state, world.view, auth), port=0, log_config=None))
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not runner.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = runner.servers[0].sockets[0].getsockname()[1]
    served = Hubbed(f"http://127.0.0.1:{port}")
    for name, role in (("ada", "responder"), ("vera", "viewer")):
        served.admin("/users", name=name, role=role, password=PASSWORD)
    yield served
    runner.should_exit = True
    thread.join(10)
    state.ingest.close()
    world.store.close()


def _with_sign_in(declared: Config) -> Config:
    """The small world, with sign-in and a page for strangers."""
    flows = {"hubspot": ("lead-routing",), "salesforce": ("lead-routing",), "github": ("lead-routing",)}
    public = {
        "flow": "lead-routing",
        "title": "Acme services",
        "integrations": {"hubspot": "Contact forms", "salesforce": "Orders", "github": "Downloads"},
    }
    settings = declared.settings.model_validate(
        {"hub": Hub.model_validate({"sign_in": {}}), "public": [public]}, by_name=True
    )
    changed = [one.model_copy(update={"flows": flows.get(one.name, ())}) for one in declared.integrations]
    return declared.model_copy(update={"settings": settings, "integrations": tuple(changed)})


def context_of(browser: Browser, **more: Any) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", **more)
    context.set_default_timeout(PATIENCE_MS)
    return context


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.slow
def test_from_a_link_in_an_alert_over_sign_in_to_the_page_and_out_again(browser: Browser, hub: Hubbed) -> None:
    context = context_of(browser)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{hub.url}/incidents?state=open")
    assert "/sign-in" in page.url
    sign_in(page, "ada", "not the password")
    page.wait_for_selector("[role=alert]")
    assert page.get_by_label("Name").input_value() == "ada"
    sign_in(page, "ada")
    page.wait_for_url(f"{hub.url}/incidents?state=open")
    page.wait_for_selector("main > *")
    assert page.get_by_role("link", name="ada").is_visible()
    assert [said for said in complaints if TURNED_AWAY not in said] == []
    # What is live ends with the session: the page goes to sign-in by itself, and comes back to where it was.
    hub.admin("/users/ada/revoke")
    page.wait_for_url("**/sign-in?next=%2Fincidents%3Fstate%3Dopen")
    sign_in(page, "ada")
    page.wait_for_url(f"{hub.url}/incidents?state=open")
    page.goto(f"{hub.url}/my-sessions")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out").wait_for()
    context.close()


@pytest.mark.slow
def test_sign_in_and_the_status_page_work_without_a_script_and_leak_nothing(browser: Browser, hub: Hubbed) -> None:
    context = context_of(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{hub.url}/my-sessions")
    sign_in(page, "vera")
    assert page.get_by_role("heading", name="My sessions").is_visible()
    page.goto(f"{hub.url}/status/lead-routing")
    words = page.locator("main").inner_text()
    assert "Contact forms" in words
    assert "hubspot" not in page.content().lower()
    assert page.locator(".days").first.get_attribute("aria-label")
    context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_where_nobody_is_signed_in(hub: Hubbed, browser: Browser, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    context.add_init_script(path=AXE)
    page = context.new_page()
    found = []
    for path in ("/sign-in", "/status/lead-routing"):
        page.goto(hub.url + path)
        found.append(broken_rules(page))
    context.close()
    assert found == ["", ""]
