"""The first view in a Chromium: how long until the page stands, and how many bytes came over the wire for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.benchmarks.processes import ROOT

TARGET_MS: Final = 1_500
TARGET_KB: Final = 1_000
_STANDS: Final = """() => {
    const page = document.querySelector('#page');
    return page && !page.querySelector('[data-skeleton]') && page.textContent.length > 200;
}"""
_PATIENCE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class First:
    """Milliseconds and kilobytes of the first view of the overview: without a cache, and again with one."""

    empty_ms: float
    empty_kb: float
    again_ms: float
    again_kb: float

    @property
    def rows(self) -> tuple[tuple[str, float, str, int], ...]:
        """What, how much, its unit and the target."""
        return (
            ("first view in Chromium, empty cache", self.empty_ms, "ms", TARGET_MS),
            ("the same, second load", self.again_ms, "ms", TARGET_MS),
            ("bytes of the first view, compressed, empty cache", self.empty_kb, "kB", 4 * TARGET_KB),
            ("bytes of the second load", self.again_kb, "kB", TARGET_KB),
        )


def first_views(url: str) -> First | None:
    """None where there is no Chromium."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    try:
        from chromium import chromium, chromium_on_path
    except ImportError:
        return None
    if chromium_on_path() is None:
        return None
    with chromium() as browser, _context(browser) as context:
        empty = _load(context, url)
        # Again in the same context: its cache is what a viewer's browser has kept.
        return First(*empty, *min(_load(context, url) for _ in range(3)))


@contextmanager
def _context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


def _load(context: Any, url: str) -> tuple[float, float]:
    page, came = context.new_page(), [0.0]

    def finished(event: dict[str, Any]) -> None:
        came[0] += event["encodedDataLength"]

    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", finished)
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(_STANDS, timeout=_PATIENCE_MS)
    took = (time.perf_counter() - started) * 1000
    page.wait_for_timeout(1_500)
    page.close()
    return took, came[0] / 1000
