"""Acting on an incident in a real browser, on a wide screen and on a phone, with the keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.model import IncidentState
from alerts.store import audit_log, incident, open_incidents, outbox, timeline
from alerts.store.silences import silences

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
    drawn = page.inner_text("#live")
    page.wait_for_function("seen => document.getElementById('live').innerText !== seen", arg=drawn, timeout=15_000)
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
    now = site.made.datetime.now(site.made.UTC)
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


@pytest.fixture
def phone(browser: Any, site: Any, visitor: Any) -> Any:
    """The same visitor, on a phone, without a mouse."""
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    return visitor


def test_on_a_phone_by_keyboard_alone_it_is_acknowledged_given_back_and_resolved(phone: Any, site: Any) -> None:
    found = opened(site)
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
    assert all(row.state != "dead" for row in site.world.store.read(outbox))


def test_the_list_is_filtered_by_state_and_tier_in_its_address(visitor: Any) -> None:
    page = visitor.open("/incidents")
    page.click(".chip:has-text('degraded')")
    page.wait_for_url("**/incidents?tier=degraded")
    page.wait_for_selector(".chip.on:has-text('degraded')")
    assert page.locator(".incident.s-down").count() == 0
    page.click(".chip:has-text('resolved')")
    page.wait_for_url("**/incidents?state=resolved&tier=degraded")
