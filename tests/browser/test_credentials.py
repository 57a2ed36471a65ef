from __future__ import annotations

import os
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_what_runs_out_is_a_key_press_away_worst_first_with_its_remedy(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_selector("h1:has-text('Credentials and versions')")
    rows = page.locator("section.panel:has(h2:has-text('Credentials')) tbody tr")
    states = [rows.nth(i).locator(".mark .word").inner_text() for i in range(rows.count())]
    assert states == ["re-consent needed", "overdue", "rotate soon", "ok"]
    assert "leadline auth login hubspot" in rows.first.inner_text()
    assert "1 not working" in page.inner_text(".headline")


def test_certificates_stand_beside_them_soonest_end_first(visitor: Any) -> None:
    page = visitor.open("/credentials")
    rows = page.locator("section.panel:has(h2:has-text('Certificates')) tbody tr")
    rows.first.wait_for()
    assert [rows.nth(i).locator(".mark .word").inner_text() for i in range(rows.count())] == ["renew", "renew", "ok"]
    assert "klaviyo.example.com" in rows.first.inner_text()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_itself_never_scrolls_sideways(visitor: Any, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 900})
    page = visitor.open("/credentials")
    page.wait_for_selector("tbody tr")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/credentials-{width}.png", full_page=True)
        page.emulate_media(color_scheme="light")
        page.screenshot(path=f"{folder}/credentials-{width}-light.png", full_page=True)
