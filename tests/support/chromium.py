"""The Chromium that browser tests and screenshots use: the machine's own, else Playwright's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PATIENCE_MS: Final = 90_000.0
"""No test says how fast a page is: Playwright's own patience is short for a busy machine."""
expect.set_options(timeout=PATIENCE_MS)


def chromium_on_path() -> str | None:
    """The first Chromium that the machine offers, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless one. While it is open its event loop runs in this thread: no other test's may begin."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium_on_path(), args=arguments)
        yield browser
        browser.close()
