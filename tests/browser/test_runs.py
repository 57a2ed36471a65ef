"""The runs explorer and the run's page, as somebody at night walks through them."""

from __future__ import annotations

import os
from typing import Any

import pytest

pytestmark = pytest.mark.slow
FOUND = "() => /^[0-9,]+ runs? /.test(document.querySelector('.runs-summary [role=status]').innerText + ' ')"
ROWS = ".runs-grid .ag-center-cols-container .ag-row"


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_runs_are_filtered_sorted_shared_and_opened_by_key(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    assert not page.evaluate("performance.getEntriesByType('resource').some((r) => r.name.includes('ag_grid'))")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_selector(ROWS)
    page.wait_for_function(FOUND)
    shot(page, "runs-dark")
    page.click(".chip:has-text('failed')")
    page.wait_for_function("() => document.querySelectorAll('.runs-grid .ag-row').length && !document.querySelector('.runs-grid').innerText.includes('passed')")
    assert page.url.endswith("/runs?outcome=failed")
    page.click(".ag-header-cell[col-id=duration_ms]")
    page.wait_for_function("() => location.search.includes('sort=-duration_ms')")
