"""The integration's page as somebody uses it: panels come as they are looked at, and one zoom is everybody's."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.slow

PLOT = "document.querySelector('#{}-chart .js-plotly-plot')"
RANGE = PLOT + "._fullLayout.xaxis.range.map((at) => new Date(at).getTime())"


def drawn(page: Any, key: str) -> None:
    """Until that panel has its content."""
    page.wait_for_selector(f"[data-panel={key}][aria-busy=false]")


def test_panels_come_as_they_are_looked_at_and_all_of_them_for_print(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce")
    page.wait_for_selector("#latency-chart .main-svg")
    drawn(page, "errors")
    assert page.locator("[data-panel=hours] .skeleton").count() == 1
    page.locator("[data-panel=hours]").scroll_into_view_if_needed()
    page.wait_for_selector("#hours-chart .main-svg")
    # Its skeleton, of 20 rem, was as high once it is drawn: nothing below it has moved.
    page.wait_for_function("() => Math.abs(document.querySelector('[data-panel=hours]').offsetHeight - 300) < 60")
    page.emulate_media(media="print")
    page.wait_for_function("() => document.querySelectorAll('.skeleton').length === 0")
    page.emulate_media(media="screen")


def test_a_zoom_is_the_range_of_all_charts_and_of_the_address_and_can_be_gone_back_from(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce?range=1h&compare=week")
    page.wait_for_selector("#latency-chart .main-svg")
    assert "a week before" in page.inner_text("#latency-chart")
    box = page.locator("#latency-chart .nsewdrag").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 42, steps=4)
    page.mouse.up()
    page.wait_for_url("**from=*")
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["compare"] == ["week"]
    assert "range" not in asked
    page.wait_for_selector("text=zoom out")
    drawn(page, "phases")
    page.wait_for_selector("#phase-chart .main-svg")
    latency, phases = (page.evaluate(RANGE.format(name)) for name in ("latency", "phase"))
    assert latency == phases
    assert 16 * 60_000 < latency[1] - latency[0] < 20 * 60_000
    page.go_back()
    page.wait_for_selector(".ranges a.here:has-text('1 h')")
    page.wait_for_selector("#latency-chart .main-svg")
    page.wait_for_function(f"() => {{ const r = {RANGE.format('latency')}; return r[1] - r[0] === 3600000; }}")


def test_a_chart_can_be_read_as_a_table(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce?range=1h")
    page.wait_for_selector("#latency-chart .main-svg")
    page.click(".chart-box:has(#latency-chart) summary")
    assert page.locator("#live-rows-latency-chart tbody tr").count() > 3


def test_a_panel_is_refreshed_in_place_at_a_beat(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce?range=1h")
    page.wait_for_selector("#phase-chart .main-svg")
    page.evaluate(f"() => {{ {PLOT.format('phase')}.marked = true; }}")
    # A panel asks again ten seconds after it has asked: they are over at once.
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 60000; }")
    with page.expect_response(
        lambda answer: "_dash-update-component" in answer.url and "phase" in answer.request.post_data
    ):
        page.evaluate("() => window.dash_clientside.set_props('beat', { data: 1000003 })")
    page.wait_for_selector("#phase-chart .main-svg")
    assert page.evaluate(f"() => {PLOT.format('phase')}.marked") is True
