"""The runs explorer and the run's page, as somebody at night walks through them."""

from __future__ import annotations

import csv
import io
import os
from typing import Any

import pytest

pytestmark = pytest.mark.slow
COUNTED = "() => /^[0-9,]+ runs?/.test(document.querySelector('.runs-summary [role=status]').innerText)"
ROW = ".runs-grid .ag-center-cols-container .ag-row"
ONLY_FAILED = """() => {
  const marks = [...document.querySelectorAll(".runs-grid [col-id=outcome] .word")].map((one) => one.innerText);
  return marks.length > 5 && marks.every((word) => word === "failed");
}"""
LONGEST_FIRST = """() => {
  const took = [...document.querySelectorAll(".runs-grid .ag-center-cols-container .ag-row")]
    .sort((a, b) => a.getAttribute("row-index") - b.getAttribute("row-index"))
    .map((row) => row.querySelector("[col-id=duration_ms] .num"));
  const ms = took.map((cell) => parseFloat(cell ? cell.title : "x"));
  return ms.length > 5 && ms.every((one, i) => !i || one <= ms[i - 1]);
}"""
LOADED = "performance.getEntriesByType('resource').filter((one) => one.name.includes('ag_grid')).length"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_runs_are_found_sorted_shared_taken_along_and_opened_by_key(visitor: Any) -> None:
    page = visitor.open("/")
    page.wait_for_selector(".tile")
    assert page.evaluate(LOADED) == 0, "the grid's script is for its own page alone"
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_selector(ROW)
    page.wait_for_function(COUNTED)
    shot(page, "runs-dark")
    page.click(".runs .chip:has-text('failed')")
    page.wait_for_function(ONLY_FAILED)
    assert page.url.endswith("/runs?outcome=failed")
    page.click(".ag-header-cell[col-id=duration_ms]")
    page.wait_for_function(LONGEST_FIRST)
    page.wait_for_function(COUNTED)
    assert page.url.endswith("/runs?outcome=failed&sort=-duration_ms")
    shown = page.inner_text(".runs-summary b")
    with page.expect_download() as taken:
        page.click("text=Export CSV")
    assert taken.value.suggested_filename.startswith("leadline-runs_failed_")
    lines = list(csv.DictReader(io.StringIO(taken.value.path().read_text())))
    assert shown == f"{len(lines)} runs"
    assert {line["outcome"] for line in lines} == {"failed"}
    page.reload()
    page.wait_for_function(LONGEST_FIRST)
    page.go_back()
    page.wait_for_function("() => !location.search.includes('sort')")
    page.go_back()
    page.wait_for_function(
        "() => document.querySelectorAll('.runs-grid [col-id=outcome] .s-up').length > 0 && !location.search"
    )
    page.locator(f"{ROW} [col-id=outcome]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".waterfall")


def test_what_was_asked_for_stands_in_a_shared_address_and_nothing_found_is_said(visitor: Any) -> None:
    visitor.page.emulate_media(color_scheme="light")
    page = visitor.open("/runs?integration=hubspot&outcome=failed,throttled&blame=vendor&range=1h")
    page.wait_for_function(ONLY_FAILED)
    assert page.input_value("#search") == "hubspot"
    assert page.locator(".runs .chip[aria-pressed=true]").count() == 2
    shot(page, "runs-light")
    page.keyboard.press("/")
    page.keyboard.type("github")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=No run in this time meets all conditions")
    assert "integration=github" in page.url
    assert page.evaluate(SIDEWAYS) <= 0


def test_on_a_phone_runs_are_a_list_that_is_read_without_scrolling_sideways(visitor: Any) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.page.emulate_media(color_scheme="light")
    page = visitor.open("/runs?outcome=failed")
    page.wait_for_selector(".runs-list li")
    page.wait_for_function(COUNTED)
    assert page.evaluate(LOADED) == 0
    assert page.evaluate(SIDEWAYS) <= 0
    shot(page, "runs-phone")
    page.click(".runs-list li >> nth=0")
    page.wait_for_selector(".waterfall")
    assert page.evaluate(SIDEWAYS) <= 0
    shot(page, "run-phone")


def test_a_run_stands_beside_the_one_that_passed_with_words_for_the_vendor(visitor: Any, site: Any) -> None:
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(f"/run/{site.world.failed_run()}")
    page.wait_for_selector("h2:has-text('Beside the last one that passed')")
    shot(page, "run-dark")
    page.locator(".support .copy").nth(1).click()
    page.wait_for_selector(".support .copy:has-text('copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "hubspot.example.com/contacts" in text
    assert "req-4f21c0" in text
    assert "redacted" not in text
    page.click(".verdict a[href^='/incident/']")
    page.wait_for_selector("text=What broke")
