"""Acting on an incident in a real browser, on a wide screen and on a phone, with the keyboard alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.channels import build_senders
from alerts.delivery import Deliverer
from alerts.model import Action, IncidentState, Tier
from alerts.routing import Message
from alerts.store import audit_log, incident, open_incidents, timeline
from alerts.store.outbox import enqueue
from alerts.store.silences import silences
from app.sandbox import start
from config.model import Alerting, Channel

pytestmark = pytest.mark.slow


def opened(site: Any) -> Any:
    """HubSpot's outage, as the store has it."""
    return next(one for one in site.world.store.read(open_incidents) if one.subject == "hubspot")


def stored(site: Any, incident_id: str) -> Any:
    return site.world.store.read(lambda con: incident(con, incident_id))


def test_the_page_says_at_a_glance_what_since_when_whose_and_what_it_hits(visitor: Any, site: Any) -> None:
    found = opened(site)
    page = visitor.open("/incidents")
    page.click(f".incident a.title:has-text('{found.title}')")
    page.wait_for_url(f"**/incident/{found.incident_id}")
    page.wait_for_selector(".acts")
    text = page.inner_text("main")
    for part in ("since", "nobody has acknowledged it", "Points to the vendor", "What broke", "lead-routing stopped",
                 "growth-integrations", "Timeline", "first failure", "confirmed", "runbook"):  # fmt: skip
        assert part in text
    assert page.locator(".facts-list a[href^='/evidence/']").count() > 0


def test_what_is_half_typed_survives_a_refresh_and_a_name_is_asked_for_once(visitor: Any, site: Any) -> None:
    found = opened(site)
    page = visitor.open(f"/incident/{found.incident_id}")
    page.click("[data-act=comment]")
    page.keyboard.type("the vendor's status")
    drawn = page.get_attribute("#heard", "data-drawn")
    page.wait_for_function("seen => document.getElementById('heard').dataset.drawn !== seen", arg=drawn)
    assert page.input_value(".act-form textarea") == "the vendor's status"
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.type(" page <b>says</b> so")
    assert page.is_disabled(".act-form .primary")
    page.fill(".act-form input", "ada")
    page.click(".act-form .primary")
    page.wait_for_selector(".act-done:has-text('Comment added.')")
    page.wait_for_selector(".timeline li:has-text('the vendor\\'s status page <b>says</b> so – ada')")
    last = site.world.store.read(lambda con: timeline(con, found.incident_id))[-1]
    assert (last.kind, last.who, last.note) == ("comment", "ada", "the vendor's status page <b>says</b> so")
    page.click("[data-act=comment]")
    assert "as ada" in page.inner_text(".act-form")
    assert page.locator(".act-form input").count() == 0


def test_a_silence_shows_what_it_would_mute_before_it_does(visitor: Any, site: Any) -> None:
    found = opened(site)
    page = visitor.open(f"/incident/{found.incident_id}")
    page.click("[data-act=silence]")
    page.wait_for_selector(f".preview:has-text('Would mute now: {found.title}')")
    assert "hubspot" in page.inner_text(".preview .note")
    page.click(".act-form .chip:has-text('4 h')")
    page.fill(".act-form textarea", "known, they are on it")
    page.fill(".act-form input", "ada")
    page.click(".act-form .primary")
    page.wait_for_selector(".act-done:has-text('Silenced until')")
    now = datetime.now(UTC)
    (made,) = site.world.store.read(lambda con: silences(con, now))
    assert (made.author, made.comment, made.match) == ("ada", "known, they are on it", {"subject": ("hubspot",)})
    assert 3.9 < (made.ends_at - now).total_seconds() / 3600 <= 4


def test_what_the_hub_refuses_is_said_and_nothing_is_lost(visitor: Any, site: Any) -> None:
    found = opened(site)
    page = visitor.open(f"/incident/{found.incident_id}")
    page.click("[data-act=comment]")
    page.fill(".act-form textarea", "  kept  ")
    page.fill(".act-form input", "ada")
    page.route("**/comment", lambda route: route.abort())
    page.click(".act-form .primary")
    page.wait_for_selector("[role=alert]:has-text('the hub does not answer')")
    assert page.input_value(".act-form textarea") == "  kept  "
    visitor.complaints.clear()


async def _deliver(site: Any, folder: Path) -> list[tuple[str, str]]:
    """Sends what the outbox holds to the sandbox's PagerDuty; every event, and what the incident is there now."""
    channel = Channel.model_validate(
        {"name": "on-call", "kind": "pagerduty", "routing_key": "${env:PAGERDUTY_ROUTING_KEY}",
         "url": "${env:PAGERDUTY_URL}/v2/enqueue"}
    )  # fmt: skip
    config = site.world.config.model_copy(update={"alerting": Alerting(channels=(channel,))})
    async with await start(folder, ports_from=None) as sandbox, httpx.AsyncClient(trust_env=False) as client:
        senders = build_senders(config, sandbox.environment, client)
        clock = lambda: datetime.now(UTC)  # noqa: E731 - the site's own
        await Deliverer(site.world.store, senders, clock=clock, link=site.url).deliver_due()
        came = sandbox.receivers["pagerduty"].inbox.messages()
        (now,) = sandbox.receivers["pagerduty"].board()
        return [(str(one.content["event_action"]), now["status"]) for one in came]


def pagerduty_heard(site: Any, folder: Path) -> list[tuple[str, str]]:
    """In a thread of its own, because the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _deliver(site, folder)).result()


@pytest.fixture
def phone(browser: Any, site: Any, visitor: Any) -> Any:
    """The same visitor, on a phone, without a mouse."""
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    return visitor


def test_on_a_phone_by_keyboard_alone_it_is_acknowledged_and_resolved_and_pagerduty_hears(
    phone: Any, site: Any, tmp_path: Path
) -> None:
    found, page_it = opened(site), Message("on-call", Tier.URGENT, Action.TRIGGER)
    site.world.store.write(lambda con: enqueue(con, found, page_it, datetime.now(UTC), None)).result()
    page = phone.open(f"/incident/{found.incident_id}")
    page.wait_for_selector(".acts")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.focus("[data-act=acknowledge]")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    page.wait_for_selector(".title-row:has-text('acknowledged by ada')")
    assert stored(site, found.incident_id).state is IncidentState.ACKNOWLEDGED
    assert page.locator("[data-act=acknowledge]").count() == 0
    page.focus("[data-act=resolve]")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator(".act-form").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_selector(".act-form")
    page.keyboard.press("Enter")
    page.wait_for_selector(".title-row:has-text('resolved')")
    over = stored(site, found.incident_id)
    assert (over.state, over.resolved_by) == (IncidentState.RESOLVED, "ada")
    acts = [row.action for row in site.world.store.read(audit_log) if row.subject == found.incident_id]
    assert acts[:2] == ["incident.resolve", "incident.acknowledge"]
    assert pagerduty_heard(site, tmp_path) == [
        ("trigger", "resolved"),
        ("acknowledge", "resolved"),
        ("resolve", "resolved"),
    ]


def test_the_list_is_filtered_by_state_and_tier_in_its_address(visitor: Any) -> None:
    page = visitor.open("/incidents")
    page.click(".chip:has-text('degraded')")
    page.wait_for_url("**/incidents?tier=degraded")
    page.wait_for_selector(".chip.on:has-text('degraded')")
    assert page.locator(".incident.s-down").count() == 0
    page.click(".chip:has-text('resolved')")
    page.wait_for_url("**/incidents?state=resolved&tier=degraded")
