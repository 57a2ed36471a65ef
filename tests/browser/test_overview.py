"""The overview in a real browser: groups and filters in the address, regions, the wall, a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

pytestmark = pytest.mark.slow

AWAKE = """() => {
  window.asked = 0;
  const refuse = () => { window.asked += 1; return Promise.reject(new DOMException("no", "NotAllowedError")); };
  Object.defineProperty(navigator, "wakeLock", { value: { request: refuse }, configurable: true });
}"""


@pytest.fixture
def abroad(site: Any) -> Iterator[None]:
    """Every integration runs from two regions; only HubSpot is down in one of them alone."""
    world, view = site.world, site.world.view
    before = view._config, view._hub

    def twice(verdict: Any) -> Any:
        well = (replace(region, region="eu", failing=0) for region in verdict.regions)
        return replace(verdict, regions=(*verdict.regions, *well))

    def moved(one: Any) -> Any:
        workflows = tuple(w.model_copy(update={"regions": ("eu", "local")}) for w in one.workflows)
        return one.model_copy(update={"workflows": workflows})

    config = world.config.model_copy(
        update={"integrations": tuple(map(moved, world.config.integrations)), "version": "abroad"}
    )
    hub = before[1]

    def status() -> Any:
        found = hub()
        seen = replace(found.evaluation, workflows=tuple(map(twice, world.evaluation.workflows)))
        return replace(found, evaluation=seen)

    view._config, view._hub = (lambda: config), status
    yield
    view._config, view._hub = before


def names(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".tile", "tiles => tiles.map(t => t.dataset.name)")
    return found


def groups(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".group", "all => all.map(g => g.getAttribute('aria-label'))")
    return found


def test_groups_and_filters_live_in_the_address_and_the_back_button_takes_them_back(visitor: Any) -> None:
    page = visitor.open("/?tier=critical")
    page.wait_for_selector(".tile")
    assert names(page) == ["hubspot", "salesforce", "shopify"]
    page.select_option("[data-filter=group]", "flow")
    page.wait_for_selector(".group")
    assert sorted(groups(page)) == ["checkout", "lead-routing", "quotes"]
    assert groups(page)[0] == "lead-routing"  # that of the worst
    assert "1 down" in page.inner_text(".group >> nth=0")
    assert "tier=critical" in page.url
    assert "group=flow" in page.url
    page.select_option("[data-filter=flow]", "quotes")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 1")
    assert names(page) == ["salesforce"]
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('.group').length === 3")
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('.group').length === 0")
    assert names(page) == ["hubspot", "salesforce", "shopify"]
    page.reload()
    page.wait_for_selector(".tile")
    assert names(page) == ["hubspot", "salesforce", "shopify"]


def test_regions_that_differ_are_shown_and_the_others_on_request(visitor: Any, abroad: None) -> None:
    page = visitor.open("/?matrix=")
    page.wait_for_selector(".matrix tbody tr")
    assert page.locator(".matrix tbody tr").count() == 1
    row = page.inner_text(".matrix tbody tr")
    assert "HubSpot CRM" in row
    assert "down" in row
    page.click(".matrix button")
    page.wait_for_function("() => document.querySelectorAll('.matrix tbody tr').length === 5")
    assert "matrix=all" in page.url
    page.fill("#search", "shopify")
    page.wait_for_function("() => document.querySelectorAll('.matrix tbody tr').length === 1")


def test_a_wall_shows_what_fires_stays_awake_and_leaves_with_escape(visitor: Any, site: Any) -> None:
    page = visitor.page
    page.add_init_script(f"({AWAKE})()")
    page.set_viewport_size({"width": 3840, "height": 2160})
    visitor.open("/?tier=critical")
    page.wait_for_selector(".tile")
    page.keyboard.press("w")
    page.wait_for_selector(".wall-tile")
    assert "wall=1" in page.url
    assert page.locator(".wall-tile").count() == 3
    assert page.locator(".wall-tile").first.get_attribute("data-name") == "hubspot"
    assert not page.is_visible("#nav")
    assert page.evaluate("() => window.asked") >= 1
    letters = "selector => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize)"
    assert page.evaluate(letters, ".wall-count b") > 250
    assert page.evaluate(letters, ".wall-name") > 65
    assert "live" in page.inner_text("#wall-beat")
    assert page.inner_text(".wall-count b") == str(len(site.world.view.overview().incidents))
    assert page.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("() => window.asked") >= 2
    page.keyboard.press("Escape")
    page.wait_for_selector(".tile")
    assert "wall" not in page.url
    assert "tier=critical" in page.url
    assert page.is_visible("#nav")


def test_on_a_phone_what_fires_comes_first_then_the_tiles_in_one_column(visitor: Any) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    tops = {name: page.locator(name).first.bounding_box()["y"] for name in (".firing", ".tile", ".runs-out", ".strip")}
    assert sorted(tops, key=lambda name: tops[name]) == [".firing", ".tile", ".runs-out", ".strip"]
    assert len(set(page.eval_on_selector_all(".tile", "all => all.map(t => t.getBoundingClientRect().left)"))) == 1
    wide = page.eval_on_selector_all("main *", "all => Math.max(...all.map(e => e.getBoundingClientRect().right))")
    assert wide <= 390
