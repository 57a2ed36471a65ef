"""The integration's page: a first screen at once, and panels that stand on their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from plotly.utils import PlotlyJSONEncoder

from alerts.store.config_versions import note_config
from alerts.store.reported_changes import ReportedChange, report_change
from app.dashboard.integration import PANELS, _content, placeholders
from app.dashboard.integration.annotations import Annotation, annotations_of, draw, listed
from app.dashboard.integration.budget import Line, burn_down, burn_down_figure
from app.dashboard.integration.first import header, incidents
from app.dashboard.integration.hours import said, week_figure
from app.dashboard.integration.latency import WEEK, latencies, latency_panel
from app.dashboard.integration.look import Look, look_at
from app.dashboard.integration.panel import Drawn, Panel, shape, updates
from app.dashboard.integration.regions import Region, region_figure
from app.dashboard.normal import thinned
from app.dashboard.page import Visit
from app.dashboard.pages import integration
from app.dashboard.view import View
from metrics.changing import VendorSignal
from metrics.model import Latency, Window
from metrics.series import HourOfWeek, LatencySeries
from metrics.state import Recovery
from metrics.store.database import ReadTimeout
from metrics.store.lag import lag_series
from metrics.store.phases import phase_series
from probes.model import ChangeKind

HOUR = timedelta(hours=1)
PAST = {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T14:00:00Z"}


def text(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def column(typed: dict[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(typed["bdata"]), typed["dtype"])


def look(world: Any, name: str = "hubspot", **query: str) -> Look:
    found = look_at(world.view, Visit({"name": name}, query))
    assert found is not None
    return found


def page(world: Any, name: str = "hubspot", **query: str) -> str:
    return text(integration.render(world.view, Visit({"name": name}, query)))


def nodes(content: Any) -> Iterator[dict[str, Any]]:
    def walk(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            yield node
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for child in children:
            yield from walk(child)

    yield from walk(json.loads(text(content)))


@pytest.mark.parametrize("key", PANELS)
@pytest.mark.parametrize("name", ["hubspot", "github"])
@pytest.mark.parametrize(
    "query", [{}, {"range": "28d"}, {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T14:00:00Z"}]
)
def test_every_panel_can_be_drawn_with_and_without_data_over_any_range(
    world: Any, key: str, name: str, query: dict[str, str]
) -> None:
    shown = text(PANELS[key].draw(look(world, name, **query)))
    assert PANELS[key].title in shown
    assert "NaN" not in shown


def test_the_first_screen_asks_for_no_panel_and_keeps_a_place_for_each(world: Any) -> None:
    drawn = integration.render(world.view, Visit({"name": "hubspot"}, {}))
    graphs = [
        node["id"]["chart"] for node in nodes(drawn) if isinstance(node.get("id"), dict) and "chart" in node["id"]
    ]
    assert graphs == ["latency-chart"]
    assert [key for key, _ in placeholders(look(world))] == ["errors", "phases", "runs", "budget", "quota", "hours"]
    assert text(drawn).count('"type": "Panel"') == 6


def test_a_panel_that_fails_says_so_itself(world: Any) -> None:
    def broken(_: Look) -> Any:
        raise ZeroDivisionError

    def slow(_: Look) -> Any:
        raise ReadTimeout("stopped after 10 s")

    assert "This panel failed (ZeroDivisionError)" in text(Drawn("Odd", 9, broken).content(look(world)))
    assert "took too long: stopped after 10 s" in text(Drawn("Odd", 9, slow).content(look(world)))


def test_a_panel_is_refreshed_in_place_as_long_as_its_shape_is_the_same(world: Any) -> None:
    first, again = (PANELS["phases"].content(look(world, range=length)) for length in ("1h", "6h"))
    assert shape(first) == shape(again) != []
    names = [name for name, _ in updates(again)]
    assert {"chart": "phase-chart"} in names
    assert "live-note-phases" in names
    assert shape(PANELS["runs"].content(look(world))) == []


def test_nobody_draws_a_panel_of_another_page_or_of_none(world: Any) -> None:
    assert _content(world.view, "errors", "/integration/hubspot", "?range=1h") is not None
    assert _content(world.view, "errors", "/integration/nobody", "") is None
    assert _content(world.view, "errors", "/", "") is None
    assert _content(world.view, "nonsense", "/integration/hubspot", "") is None


def test_an_absolute_range_stays_and_offers_to_see_what_lies_around_it(world: Any) -> None:
    shown = page(world, **PAST)
    assert "zoom out" in shown
    assert "from=2026-11-22T12%3A30%3A00Z&to=2026-11-22T14%3A30%3A00Z" in shown
    assert "zoom out" not in page(world)


def test_the_chart_is_held_against_the_week_before_when_the_address_says_so(world: Any) -> None:
    assert "a week before" not in text(latency_panel(look(world), ()))
    held = text(latency_panel(look(world, compare="week"), ()))
    assert "P95 a week before: no data" in held
    assert "compare=week" in page(world)
    both = latencies(look(world)), latencies(look(world), WEEK)
    assert both[0].window.start - both[1].window.start == WEEK


def test_links_keep_what_is_compared(world: Any) -> None:
    assert "/integration/hubspot?range=7d&compare=week" in page(world, compare="week")
    assert look(world, compare="week", range="6h").address(compare="") == "/integration/hubspot?range=6h"


def test_a_chart_is_told_in_a_sentence_and_as_a_table(world: Any) -> None:
    shown = text(latency_panel(look(world, range="1h"), ()))
    assert "P95 was " in shown
    assert "as a table" in shown
    assert '"aria-describedby": "live-said-latency-chart"' in shown


def test_a_change_of_the_configuration_is_drawn_where_it_concerns_the_integration(made: ModuleType) -> None:
    config = made.world_config(names=("hubspot", "salesforce"))
    world = made.build_world(config, outage=False, history=timedelta(minutes=20))
    hubspot = config.integrations[0].model_copy(update={"owner": "somebody else"})
    changed = config.model_copy(
        update={"version": "feedfacefeedface", "integrations": (hubspot, config.integrations[1])}
    )
    world.store.write(lambda con: note_config(con, changed, world.now - timedelta(minutes=5))).result()
    window = Window.last(HOUR, world.now)
    try:
        (found,) = annotations_of(world.view, "hubspot", window)
        assert annotations_of(world.view, "salesforce", window) == []
        assert annotations_of(world.view, "hubspot", Window.last(HOUR, world.now - HOUR)) == []
    finally:
        world.store.close()
    assert (found.at, found.kind) == (world.now - timedelta(minutes=5), "configuration")
    assert found.text == "configuration feedface (was 7c1e9a40): hubspot"


def test_what_a_vendor_announces_stands_where_it_was_first_heard(world: Any, made: ModuleType) -> None:
    heard = made.NOW - timedelta(minutes=30)
    signal = VendorSignal(
        "hubspot", "roundtrip", "read it back", ChangeKind.DEPRECATION, "deprecation", "hubspot", "v1 is deprecated",
        None, None, "local", "0b6f2c1e", heard, made.NOW,
    )  # fmt: skip
    status = replace(world.status, evaluation=replace(world.evaluation, signals=(signal,)))
    view = View(world.store, config=lambda: world.config, clock=lambda: world.now, hub=lambda: status)
    (found,) = annotations_of(view, "hubspot", Window.last(HOUR, made.NOW))
    assert (found.at, found.kind, found.link) == (heard, "vendor", "/run/0b6f2c1e")


def test_what_people_report_stands_with_its_own_sign_and_who_says_so(made: ModuleType) -> None:
    world = made.build_world(made.world_config(names=("hubspot", "github")), outage=False, history=timedelta(minutes=9))
    at = world.now - timedelta(minutes=5)
    reported = ReportedChange(at, "mapper 4.2", "deploy", "ada", ("hubspot",), link="https://ci.example.com/42")
    world.store.write(lambda con: report_change(con, reported, world.now)).result()
    try:
        (found,) = annotations_of(world.view, "hubspot", Window.last(HOUR, world.now))
        assert annotations_of(world.view, "github", Window.last(HOUR, world.now)) == []
    finally:
        world.store.close()
    assert (found.at, found.text) == (at, "deploy “mapper 4.2”, says ada")
    words = text(listed([found]))
    assert "■" in words
    assert "https://ci.example.com/42" in words


def test_one_that_is_well_again_says_so_in_its_head(world: Any) -> None:
    seen = look(world)
    standing = world.view.standing("hubspot")
    assert "recovered" not in text(header(seen, standing))
    well = replace(standing, recovery=Recovery(world.now - timedelta(minutes=12), HOUR, 0.14))
    assert "recovered 12 min ago · budget burnt 14 %" in text(header(seen, well))


def test_changes_are_signs_at_the_upper_edge_and_words_below() -> None:
    at = datetime(2026, 11, 22, 14, tzinfo=UTC)
    found = [Annotation(at + n * HOUR, kind, f"what {n}") for n, kind in enumerate(["reported", "vendor"] * 4)]
    figure: dict[str, Any] = {"data": [], "layout": {"yaxis": {"range": [0, 100]}, "shapes": []}}
    draw(figure, found)
    (trace,) = figure["data"]
    assert trace["marker"]["symbol"][:2] == ["square", "triangle-down"]
    assert len(figure["layout"]["shapes"]) == 8
    words = text(listed(found))
    assert words.index("what 7") < words.index("what 3")
    assert "and 2 earlier" in words


def test_a_budget_burns_down_to_what_the_evaluation_says_is_left(world: Any) -> None:
    seen = burn_down(look(world))
    availability = next(one for one in seen.spent if one.objective.sli == "availability")
    status = next(one for one in world.evaluation.objectives if one.integration == "hubspot")
    assert availability.left is not None
    assert availability.left == pytest.approx(status.budget_left)
    content = PANELS["budget"].draw(look(world))
    (graph,) = [node for node in nodes(content) if "figure" in node]
    lines = {trace["name"]: column(trace["y"]) for trace in graph["figure"]["data"]}
    line = lines[availability.key]
    assert line[0] == pytest.approx(100)
    assert line[-1] == pytest.approx(availability.left * 100, rel=1e-4)
    assert (np.diff(line) <= 1e-3).all()
    assert "of 14.4 ×" in text(content)


def test_a_budget_that_is_overspent_goes_below_its_line() -> None:
    line = Line("availability@99.9%/30d", np.array([0.0, 3.6e6]), np.array([1.0, -0.5]))
    layout = burn_down_figure([line])["layout"]
    assert layout["yaxis"]["range"][0] < -50
    assert layout["shapes"][0]["y0"] == 0


def test_each_region_is_a_line_with_its_name_at_its_end_and_names_do_not_touch() -> None:
    t = np.arange(3, dtype=np.float64)

    def region(name: str, p95: list[float]) -> Region:
        one = np.array(p95)
        series = LatencySeries(timedelta(minutes=5), t, t + 10, one / 2, one, one * 2, one)
        return Region(name, Latency(30, 50.0, 100.0, 200.0, 300.0), series)

    window = Window.last(HOUR, datetime(2026, 11, 22, tzinfo=UTC))
    figure = region_figure([region("eu", [90, 100, 100]), region("us", [90, 90, np.nan])], window)
    assert [trace["name"] for trace in figure["data"]] == ["eu · n 30", "us · n 30"]
    assert len({trace["line"]["dash"] for trace in figure["data"]}) == 2
    ends = {note["text"]: note["y"] for note in figure["layout"]["annotations"]}
    assert ends["us"] == 90
    assert ends["eu"] >= 99


def test_the_week_shows_no_data_as_a_gap_and_outlines_the_hour_that_it_is() -> None:
    now = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    p95 = np.full((7, 24), np.nan)
    p95[0, 8], p95[4, 17] = 120.0, 480.0
    seen = HourOfWeek("Europe/Berlin", Window.last(timedelta(days=28), now), np.nan_to_num(p95) / 10, p95, p95)
    figure = week_figure(seen, now)
    cells = column(figure["data"][0]["z"]).reshape(7, 24)
    assert np.isfinite(cells).sum() == 2
    # A Sunday night in UTC is a Monday morning in Berlin.
    assert (figure["layout"]["shapes"][0]["x0"], figure["layout"]["shapes"][0]["y0"]) == (-0.5, -0.5)
    assert said(seen).startswith("Slowest is Fri 17:00 (P95 480 ms, n 48), quickest Mon 08:00 (P95 120 ms, n 12).")
    assert "166 of 168 hours have no data" in said(seen)


def test_a_panel_of_the_past_is_asked_again_more_rarely(world: Any) -> None:
    now, past = (PANELS["errors"].placeholder("errors", look(world, **query)) for query in ({"range": "1h"}, PAST))
    assert isinstance(now, Panel)
    assert (now.every, past.every) == (10_000, 300_000)  # type: ignore[attr-defined]


def test_the_latest_runs_lead_to_all_of_them(world: Any) -> None:
    shown = text(PANELS["runs"].draw(look(world)))
    assert "/runs?integration=hubspot" in shown
    assert shown.count("/run/") == 12


def test_the_sync_lag_of_each_workflow_has_its_count_and_its_percentiles_per_bucket(world: Any) -> None:
    window = Window.last(HOUR, world.now)

    def stored(con: Any) -> Any:
        return con.execute(
            "SELECT count(*), min(value), max(value) FROM recorded_values "
            "WHERE integration = 'hubspot' AND name = 'sync_lag_ms' AND started_at >= ? AND started_at < ?",
            [window.start, window.end],
        ).fetchone()

    (series,) = world.store.read(lambda con: lag_series(con, "hubspot", window))
    n, low, high = world.store.read(stored)
    known = np.isfinite(series.p95)
    assert (series.workflow, series.n.sum()) == ("roundtrip", n)
    assert (series.p50[known] <= series.p95[known]).all()
    assert low <= np.nanmin(series.p50) <= np.nanmax(series.p95) <= high
    assert (series.n[~known] == 0).all()
    assert world.store.read(lambda con: lag_series(con, "github", window)) == ()


def test_incidents_are_drawn_in_the_time_in_which_they_were_open(world: Any) -> None:
    (now,) = incidents(look(world, range="1h"))
    assert now.subject == "hubspot"
    assert incidents(look(world, **PAST)) == ()
    assert {one.subject for one in incidents(look(world, "salesforce"))} <= {"salesforce"}


def test_where_the_time_goes_has_what_it_takes_to_send_as_far_as_raw_rows_answer(world: Any) -> None:
    series = world.store.read(lambda con: phase_series(con, "hubspot", Window.last(HOUR, world.now)))
    assert series.send is not None
    assert np.nanmax(series.send) == pytest.approx(0.3, rel=0.01)


def test_a_line_has_no_more_points_than_a_chart_has_room_for_and_keeps_its_peaks() -> None:
    value = np.full(8064, 100.0)
    value[4000], value[:600] = 900.0, np.nan
    t_ms, shown = thinned(np.arange(8064.0), value)
    assert len(t_ms) == len(shown) <= 800
    assert np.nanmax(shown) == 900
    assert np.isnan(shown[:54]).all()
    assert thinned(t_ms, shown)[1] is shown
