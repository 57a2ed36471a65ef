"""03:00, in a real browser: from the link in the page to the cause, the evidence, and the recovery seen live."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from chromium import chromium
from leadline_processes import Demo, eventually
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


def test_from_the_alerts_link_to_the_evidence_and_the_recovery(demo: Demo, page: Page) -> None:
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if _is_foreign(request.url) else None)
    eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
    demo.fault("hubspot", "error-rate=1")
    try:
        [alert] = eventually(lambda: demo.received("pagerduty"), what="the page")
        page.goto(alert["links"][0]["href"])
        expect(page.get_by_text("contact-roundtrip DOWN").first).to_be_visible(timeout=20_000)
        expect(page.get_by_text("the vendor", exact=False).first).to_be_visible()
        evidence = alert["payload"]["custom_details"]["Evidence"].split(", ")[0]
        page.get_by_role("link", name=evidence).first.click()
        expect(page.get_by_text(evidence, exact=True)).to_be_visible()
        expect(page.get_by_text("authorization: [redacted]")).to_be_visible()
    finally:
        demo.fault("hubspot", "clear")
    page.goto(demo.url)
    expect(page.get_by_text("1 down")).to_be_visible(timeout=20_000)
    # No reload from here on: the page itself must say that it is over.
    expect(page.get_by_text("1 down")).to_be_hidden(timeout=120_000)
    assert foreign == []


def _is_foreign(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"
