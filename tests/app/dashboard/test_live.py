from __future__ import annotations

from dash import dcc, html

from app.dashboard import live
from app.dashboard.elements import Tiles, panel


def page(tiles: list[str], text: str) -> html.Div:
    graph = dcc.Graph(id={"chart": "latency"}, figure={"data": tiles, "layout": {"xaxis": {}}})
    chart = panel("Latency", graph, note=f"n {text}", name="latency")
    return html.Div([html.P(text), Tiles(id="tiles", tiles=tiles), chart], className="stack")


def test_what_has_a_state_of_its_own_is_refreshed_by_property_and_the_rest_as_a_whole() -> None:
    updates = live.updates(page(["a"], "3"), {})
    found = {str(name): props for name, props in updates}
    assert found["tiles"] == {"tiles": ["a"]}
    assert found["{'chart': 'latency'}"]["figure"]["data"] == ["a"]
    assert found["live-note-latency"] == {"children": "n 3"}
    assert set(found) == {"part-0", "tiles", "{'chart': 'latency'}", "live-note-latency"}


def test_every_refreshed_component_is_on_the_page_that_was_drawn() -> None:
    drawn = live.in_parts(page(["a"], "3"))
    ids = [node.id for node in live._walk(drawn) if getattr(node, "id", None)]
    assert all(name in ids for name, _ in live.updates(page(["b"], "4"), {}))


def test_new_figures_keep_the_shape_and_a_new_chart_changes_it() -> None:
    assert live.shape(page(["a"], "3")) == live.shape(page(["b"], "4"))
    assert live.shape(page(["a"], "3")) != live.shape(html.Div([html.P("3")]))


def test_a_zoom_survives_a_refresh_until_it_is_taken_back() -> None:
    def axis(seen: dict[str, object]) -> object:
        updates = live.updates(page(["a"], "3"), {"latency": seen})
        return next(p["figure"] for name, p in updates if name == {"chart": "latency"})["layout"]["xaxis"]

    assert axis({"xaxis.range[0]": "2026-11-22 14:00", "xaxis.range[1]": "2026-11-22 14:10"}) == {
        "range": ["2026-11-22 14:00", "2026-11-22 14:10"],
        "autorange": False,
    }
    assert axis({"xaxis.autorange": True}) == {}


def test_what_stands_as_it_was_is_not_sent_again() -> None:
    before = live.digests(page(["a"], "3"))
    assert live.updates(page(["a"], "3"), {}, before) == []
    assert [name for name, _ in live.updates(page(["a"], "4"), {}, before)] == ["part-0", "live-note-latency"]


def test_a_zoom_alone_is_no_reason_to_draw_a_chart_anew() -> None:
    zoom = {"latency": {"xaxis.range[0]": "2026-11-22 14:00", "xaxis.range[1]": "2026-11-22 14:10"}}
    assert live.updates(page(["a"], "3"), zoom, live.digests(page(["a"], "3"))) == []
