"""What axe-core finds on every page: WCAG 2.2 A and AA, as a wide dark page and as a light one on a phone.

`python -m pytest tests/browser/test_accessible.py` prints a row a page with `-s`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext

from app.dashboard.pages import PAGES

pytestmark = pytest.mark.slow

AXE: Final = Path(__file__).parents[1] / "independent" / "node_modules" / "axe-core" / "axe.min.js"
_ASK: Final = """async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"],
  });
  return found.violations.map((one) => ({
    id: one.id, impact: one.impact, help: one.help, where: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200)),
  }));
}"""
_SCREENS: Final = {"wide dark": (1440, 900, "dark"), "phone light": (390, 844, "light")}
_READY: Final = "() => document.querySelector('main > *') && !document.querySelector('.skeleton')"


@pytest.fixture(scope="module", params=list(_SCREENS))
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser of that size and scheme that has axe-core in every page."""
    width, height, scheme = _SCREENS[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    context.add_init_script(path=AXE)
    yield context
    context.close()


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_axe_finds_nothing_on_the_page(screen: BrowserContext, site: Any, path: str) -> None:
    page = screen.new_page()
    page.goto(site.url + site.address(path))
    page.wait_for_function(_READY)
    found = page.evaluate(_ASK)
    page.close()
    assert found == [], "\n".join(f"{one['impact']} {one['id']}: {one['help']} {one['where']}" for one in found)
