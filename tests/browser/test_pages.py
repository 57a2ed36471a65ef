from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_the_overview_shows_what_fires_and_a_tile_per_integration(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    assert page.locator(".tile").count() == 5
    assert page.locator(".tile").first.get_attribute("data-name") == "hubspot"
    assert "Points to the vendor" in page.inner_text(".incident")
    assert "prober eu silent" in page.inner_text(".strip")
    assert "Simulated history until" in page.inner_text(".banner.simulated")


def test_the_night_path_leads_from_the_overview_to_the_evidence_in_two_clicks(visitor: Any) -> None:
    page = visitor.open("/")
    page.click(".incident a:has-text('evidence')")
    page.wait_for_selector(".evidence")
    assert "503" in page.inner_text(".verdict")
    assert "[redacted]" in page.inner_text(".evidence")
    assert "Service temporarily unavailable" in page.inner_text(".evidence")
    page.go_back()
    page.wait_for_selector(".tile")


def test_a_tile_leads_to_charts_and_the_range_stays_in_the_address(visitor: Any) -> None:
    page = visitor.open("/")
    page.click(".tile[data-name=salesforce]")
    page.wait_for_selector("#latency-chart .main-svg")
    assert page.locator("#latency-chart .scatterlayer .trace").count() == 3
    page.click(".ranges a:has-text('1 h')")
    page.wait_for_url("**/integration/salesforce?range=1h")
    page.wait_for_selector(".kpis >> text=1 h · n")
    page.reload()
    page.wait_for_selector(".ranges a.here:has-text('1 h')")


def test_a_chart_offers_no_upload(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce")
    page.wait_for_selector("#latency-chart .main-svg")
    page.hover("#latency-chart")
    titles = page.eval_on_selector_all("#latency-chart .modebar-btn", "bs => bs.map(b => b.dataset.title)")
    assert titles
    assert not [title for title in titles if title and ("share" in title.lower() or "cloud" in title.lower())]


def test_search_and_filters_narrow_the_tiles_and_live_in_the_address(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    page.keyboard.press("/")
    page.keyboard.type("checkout")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 1")
    assert "q=checkout" in page.url
    page.fill("#search", "")
    page.click(".chip:has-text('down')")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 1")
    assert "state=down" in page.url


def test_the_theme_follows_the_system_until_somebody_chooses(visitor: Any) -> None:
    page = visitor.open("/")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    page.click("#theme")
    page.click("#theme")
    assert page.evaluate(theme) == "light"
    page.reload()
    page.wait_for_selector(".tile")
    assert page.evaluate(theme) == "light"


def test_keys_move_about_and_explain_themselves(visitor: Any) -> None:
    page = visitor.open("/integration/hubspot")
    page.wait_for_selector(".js-plotly-plot")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_selector(".tile")
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#help", state="hidden")


@pytest.mark.parametrize("path", ["/", "/integration/hubspot", "/incidents", "/system"])
@pytest.mark.parametrize("width", [390, 1440, 3840])
def test_no_page_scrolls_sideways(visitor: Any, path: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 900})
    page = visitor.open(path)
    page.wait_for_selector("main .stack")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_page_draws_itself_anew_while_one_types(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    drawn = page.get_attribute("#heard", "data-drawn")
    page.fill("#search", "hubspot")
    page.wait_for_function("was => document.querySelector('#heard').dataset.drawn !== was", arg=drawn)
    assert page.input_value("#search") == "hubspot"
    assert page.evaluate("document.activeElement.id") == "search"
    assert page.locator(".tile").count() == 1
