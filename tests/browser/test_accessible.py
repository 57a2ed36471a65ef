"""What axe-core finds on every page: WCAG 2.2 A and AA, as a wide dark page and as a light one on a phone.

`python -m pytest tests/browser/test_accessible.py` prints a row a page with `-s`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_core import AXE, broken_rules
from playwright.sync_api import Browser, BrowserContext

from app.dashboard.pages import PAGES

pytestmark = pytest.mark.slow

_SCREENS: Final = {"wide dark": (1440, 900, "dark"), "phone light": (390, 844, "light")}
_READY: Final = "() => document.querySelector('main > :not([data-skeleton])')"
_DRAWN: Final = """() => {
  window.leadline.drawAll();  // panels that would else be drawn when they are looked at
  return !document.querySelector('.skeleton, .runs-grid.waiting, [aria-busy=true]');
}"""


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
    page.wait_for_function(_DRAWN)
    found = broken_rules(page)
    page.close()
    assert not found, found
