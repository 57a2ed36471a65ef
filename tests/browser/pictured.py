"""Pictures of pages: which there are, in which sizes and schemes, and when a page is ready to be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plain_http
import pyarrow as pa
from chromium import PATIENCE_MS
from playwright.sync_api import Browser, BrowserContext, Page

from app.dashboard.pages import PAGES

SCHEMES: Final = ("dark", "light")
_TALLEST: Final = 9000
_SETTLED: Final = """() => {
  const seen = (one) => { const box = one.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; };
  const waiting = ".skeleton, [data-dash-is-loading=true], .lazy[aria-busy=true], .runs-grid.waiting, .ag-row-loading";
  return document.querySelector("main > :not([data-skeleton])")
    && ![...document.querySelectorAll(waiting)].some(seen)
    && [...document.querySelectorAll(".dash-graph")].filter(seen).every((chart) => chart.querySelector(".main-svg"));
}"""
"""What stands below the screen is asked for when it is looked at, so it is not waited for."""


@dataclass(frozen=True, slots=True)
class Size:
    """A screen. `whole` takes the page to its end, else what the screen shows."""

    name: str
    width: int
    height: int
    whole: bool = True


SIZES: Final = (Size("wide", 1440, 900), Size("wall", 3840, 2160, whole=False), Size("phone", 390, 844))


@dataclass(frozen=True, slots=True)
class World:
    """A hub to take pictures of. `values` are the varying parts of addresses; a page that lacks one is left out."""

    name: str
    url: str
    values: Mapping[str, str]

    def addresses(self) -> dict[str, str]:
        """Name of each page → where it is."""
        found = {}
        for page in PAGES:
            names = re.findall(r"\{(\w+)\}", page.path)
            if all(name in self.values for name in names):
                name = page.path.strip("/").split("/")[0] or "overview"
                found[name] = re.sub(r"\{(\w+)\}", lambda part: self.values[part.group(1)], page.path)
        return found


def values_of(url: str) -> dict[str, str]:
    """An integration in trouble (else the first), its newest incident, failed run and evidence, where there are any."""
    status = plain_http.get(f"{url}/api/v1/status", timeout=30).json()
    integrations = sorted(status["integrations"], key=lambda one: one["state"] != "down")
    found = {"name": integrations[0]["name"]} if integrations else {}
    incidents = [one["id"] for one in status["incidents"]]
    if incidents:
        found["incident_id"] = incidents[0]
    for key, sql in _NEWEST.items():
        newest = _first(url, sql)
        if newest is not None:
            found[key] = newest
    return found


_NEWEST: Final = {
    "run_id": "SELECT run_id FROM runs ORDER BY outcome = 'failed' DESC, started_at DESC LIMIT 1",
    "evidence_id": "SELECT evidence_id FROM runs WHERE evidence_id IS NOT NULL ORDER BY started_at DESC LIMIT 1",
}


def _first(url: str, sql: str) -> str | None:
    answer = plain_http.post(f"{url}/api/v1/sql", json={"sql": sql}, timeout=60).raise_for_status()
    rows = pa.ipc.open_stream(answer.content).read_all().to_pylist()
    return str(next(iter(rows[0].values()))) if rows else None


def contexts(browser: Browser, sizes: Sequence[Size] = SIZES) -> Iterator[tuple[Size, str, BrowserContext]]:
    """One browser context for each size and scheme."""
    for size in sizes:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": size.width, "height": size.height},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            context.set_default_timeout(PATIENCE_MS)
            yield size, scheme, context
            context.close()


def take(page: Page, address: str, size: Size, file: Path) -> None:
    """One picture, once nothing is being loaded any more: a page that refreshes is never idle."""
    page.set_viewport_size({"width": size.width, "height": size.height})
    page.goto(address)
    settle(page)
    if size.whole:
        # As high as the page, so that what is only drawn when it is looked at is drawn.
        height = page.evaluate("() => document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size.width, "height": max(size.height, min(height, _TALLEST))})
        settle(page)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)


def settle(page: Page) -> None:
    """Waits until the page and its charts are drawn."""
    page.wait_for_function(_SETTLED)
    page.wait_for_timeout(600)  # charts draw themselves in a frame or two after their figures have come
    page.wait_for_function(_SETTLED)
