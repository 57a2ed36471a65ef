from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chromium import PATIENCE_MS

from app.dashboard.pages import PAGES
from app.pulse import Why

pytestmark = pytest.mark.slow


def drawn_after(page: Any, was: str | None) -> str:
    page.wait_for_function("was => document.querySelector('#heard').dataset.drawn !== was", arg=was)
    return str(page.get_attribute("#heard", "data-drawn"))


def is_heard(page: Any, kind: str) -> None:
    page.wait_for_function("kind => document.documentElement.dataset.live === kind", arg=kind)


@pytest.fixture
def broken_notifications(visitor: Any) -> None:
    """A phone's browser: it grants what is asked for, and then cannot do it."""
    visitor.page.add_init_script(
        """window.Notification = class {
          constructor() { throw new TypeError("Illegal constructor"); }
          static permission = "granted";
          static requestPermission() { return Promise.resolve("granted"); }
        };"""
    )


@pytest.mark.usefixtures("broken_notifications")
def test_a_page_is_live_by_its_line_else_by_its_interval_and_is_loud_when_neither_works(
    visitor: Any, site: Any
) -> None:
    page, lines = visitor.page, []
    page.clock.install()
    page.route_web_socket("**/api/v1/live", lambda line: (line.connect_to_server(), lines.append(line)))
    visitor.open("/credentials")
    is_heard(page, "open")
    beats = int(page.get_attribute("#heard", "data-beats"))
    site.pulse.beat(Why.ACTED)
    page.wait_for_function("was => Number(document.querySelector('#heard').dataset.beats) > was", arg=beats)
    assert page.title().startswith(f"({len(site.world.view.overview().incidents)}) Credentials")
    assert page.get_attribute("link[rel~=icon]", "href").startswith("data:image/png")
    page.keyboard.press("?")
    page.click("#notify button")
    page.wait_for_selector("#notify:has-text('cannot show notifications')")
    page.keyboard.press("Escape")
    page.route_web_socket("**/api/v1/live", lambda line: line.close())
    lines[-1].close()
    is_heard(page, "poll")
    drawn = page.get_attribute("#heard", "data-drawn")
    page.clock.fast_forward(6_000)
    drawn_after(page, drawn)
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.clock.fast_forward(30_000)
    page.clock.fast_forward(30_000)
    is_heard(page, "late")
    assert "not live since" in page.inner_text("#heard")
    assert page.title().startswith("not live")
    page.unroute("**/_dash-update-component*")
    page.clock.fast_forward(30_000)
    is_heard(page, "poll")
    visitor.complaints.clear()


def test_a_hidden_tab_does_not_ask_and_asks_at_once_when_it_is_seen_again(visitor: Any, site: Any) -> None:
    page, asked = visitor.page, []
    page.clock.install()
    visitor.open("/")
    page.wait_for_selector(".tile")
    hide = """on => {
      Object.defineProperty(document, "hidden", { value: on, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    page.wait_for_timeout(300)
    page.on("request", lambda request: asked.append(request.url) if "_dash-update" in request.url else None)
    drawn = page.get_attribute("#heard", "data-drawn")
    site.pulse.beat(Why.ACTED)
    page.clock.fast_forward(40_000)
    page.wait_for_timeout(300)
    assert asked == []
    page.evaluate(hide, False)
    drawn_after(page, drawn)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/integration/unknown", "/run/unknown", "/incident/unknown", "/evidence/x"]
)
def test_an_address_that_leads_nowhere_says_so_and_where_to_go(visitor: Any, path: str) -> None:
    answer = visitor.page.goto(visitor.url + path)
    assert answer.status == 404
    visitor.page.wait_for_selector(".empty-state a[href]")
    visitor.complaints.clear()


def test_the_viewers_zone_is_kept_and_charts_follow_it(browser: Any, site: Any) -> None:
    context = browser.new_context(timezone_id="Asia/Kolkata", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(site.url + "/integration/salesforce?range=6h")
    page.wait_for_selector("#latency-chart .xtick")
    assert page.inner_text("#clock").endswith("UTC")
    page.click("#clock")
    page.wait_for_function("() => document.querySelector('#clock').innerText.includes('GMT+5:30')")
    plot = "document.querySelector('#latency-chart .js-plotly-plot')"
    minutes = f"() => {plot}.layout.xaxis.tickvals.map(at => new Date(at).getUTCMinutes())"
    assert set(page.evaluate(minutes)) == {30}
    assert "Asia/" in page.inner_text(".panel:has(#latency-chart) header .note")
    page.reload()
    page.wait_for_selector("#latency-chart .xtick")
    assert "GMT+5:30" in page.inner_text("#clock")
    page.hover("#latency-chart .nsewdrag", position={"x": 700, "y": 60})
    page.wait_for_selector("#latency-chart .hoverlayer:has-text('GMT+5:30')")
    context.close()


def test_the_zones_clock_is_right_on_the_days_it_is_put_forward_and_back(browser: Any, site: Any) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(site.url + "/system")
    page.wait_for_selector("#clock")
    page.click("#clock")
    zone = "at => [window.leadlineZone.clock(Date.parse(at)), window.leadlineZone.offset(Date.parse(at)) / 3600000]"
    assert page.evaluate(zone, "2026-03-29T00:59:59Z") == ["01:59:59 CET", 1]
    assert page.evaluate(zone, "2026-03-29T01:00:00Z") == ["03:00:00 CEST", 2]
    assert page.evaluate(zone, "2026-10-25T00:30:00Z") == ["02:30:00 CEST", 2]
    assert page.evaluate(zone, "2026-10-25T01:30:00Z") == ["02:30:00 CET", 1]
    back = "wall => new Date(window.leadlineZone.instant(Date.parse(wall + 'Z'))).toISOString()"
    assert page.evaluate(back, "2026-07-01T12:00:00") == "2026-07-01T10:00:00.000Z"
    context.close()


def test_a_chart_is_kept_as_png_and_svg_and_paper_is_light_without_controls(visitor: Any) -> None:
    page = visitor.open("/integration/salesforce")
    page.wait_for_selector("#latency-chart .main-svg")
    for name in ("png", "svg"):
        with page.expect_download() as kept:
            page.click(f"[data-save={name}][data-chart=latency-chart]")
        assert kept.value.suggested_filename == f"leadline-latency-chart.{name}"
        start = kept.value.path().read_bytes()[:4]
        assert start == (b"\x89PNG" if name == "png" else b"<svg")
    page.emulate_media(media="print")
    assert page.is_hidden("header.top")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_by_keyboard_alone_focus_survives_escape_an_act_and_a_redraw(visitor: Any, site: Any) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    found = next(one for one in site.world.view.overview().incidents if one.subject == "hubspot")
    page = visitor.open(f"/incident/{found.incident_id}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("[data-act=comment]")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_selector(".act-form")
    page.keyboard.press("Escape")
    page.focus("[data-act=acknowledge]")
    page.keyboard.press("Enter")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    page.wait_for_selector(".title-row:has-text('acknowledged by ada')")
    page.wait_for_function("() => document.activeElement.matches('.act-row button')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".act-form")
    page.keyboard.press("Escape")
    link = "a[href='/evidence/" + page.get_attribute("a[href^='/evidence/']", "href").rsplit("/", 1)[1] + "']"
    page.focus(link)
    drawn = page.get_attribute("#heard", "data-drawn")
    site.pulse.beat(Why.ACTED)
    drawn_after(page, drawn)
    page.wait_for_function("link => document.activeElement.matches(link)", arg=link)


def test_no_page_scrolls_sideways_on_a_phone(visitor: Any, site: Any) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    wide = {}
    for one in PAGES:
        page = visitor.open(site.address(one.path))
        wide[one.path] = page.evaluate("() => document.documentElement.scrollWidth")
        assert page.is_visible("#nav a.here") or not one.nav
    assert max(wide.values()) <= 390, wide


def test_nothing_that_stands_moves_while_the_first_page_comes_and_charts_bring_their_own_script(visitor: Any) -> None:
    page, scripts = visitor.page, []
    page.on("request", lambda request: scripts.append(urlsplit(request.url).path))
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => { window.moved += e.value; }))"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    visitor.open("/system")
    page.wait_for_selector("main .stack:not(.skeleton)")
    assert page.evaluate("window.moved") < 0.1
    assert not [path for path in scripts if "plotly" in path or "ag_grid" in path]


RANGE = {
    "path": "/integration/salesforce", "others": {"region": "eu"}, "links": [], "live": True, "back": "/",
    "later": None, "start": 1795478400000, "end": 1795482000000, "earlier": "/",
}  # fmt: skip
MOUNT = """range => {
  const host = document.createElement("div");
  document.getElementById("page").append(host);
  ReactDOM.createRoot(host).render(React.createElement(window.leadline.RangeBar, { id: "range-bar", range }));
}"""


def test_any_range_can_be_asked_for_in_the_viewers_zone_and_the_back_button_leaves_it(browser: Any, site: Any) -> None:
    context = browser.new_context(timezone_id="Asia/Kolkata")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(site.url + "/system")
    page.wait_for_selector("main .stack:not(.skeleton)")
    page.click("#clock")
    page.evaluate(MOUNT, RANGE)
    page.click("#range-bar button:has-text('from')")
    assert page.evaluate("document.activeElement.type") == "datetime-local"
    page.fill("#range-bar label:has-text('From') input", "2026-11-23T10:00")
    page.fill("#range-bar label:has-text('To') input", "2026-11-23T09:00")
    assert page.is_disabled("#range-bar form button")
    page.fill("#range-bar label:has-text('To') input", "2026-11-23T11:30")
    page.click("#range-bar form button")
    page.wait_for_url("**/integration/salesforce?**")
    assert parse_qs(urlsplit(page.url).query) == {
        "from": ["2026-11-23T04:30:00Z"],
        "to": ["2026-11-23T06:00:00Z"],
        "region": ["eu"],
    }
    page.go_back()
    page.wait_for_url("**/system")
    context.close()
