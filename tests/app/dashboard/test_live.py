from __future__ import annotations

from dash import dcc, html

from app.dashboard import live
from app.dashboard.elements import Tiles, panel


def page(tiles: list[str], text: str) -> html.Div:
    chart = panel("Latency", dcc.Graph(id="latency-chart", figure={"data": tiles}), note=f"n {text}", name="latency")
    return html.Div([html.P(text), Tiles(id="tiles", tiles=tiles), chart], className="stack")


def test_what_has_a_state_of_its_own_is_refreshed_by_property_and_the_rest_as_a_whole() -> None:
    found = live.updates(page(["a"], "3"))
    assert found["tiles"] == {"tiles": ["a"]}
    assert found["latency-chart"] == {"figure": {"data": ["a"]}}
    assert found["live-note-latency"] == {"children": "n 3"}
    assert set(found) == {"part-0", "tiles", "latency-chart", "live-note-latency"}


def test_every_refreshed_component_is_on_the_page_that_was_drawn() -> None:
    drawn = live.in_parts(page(["a"], "3"))
    ids = {node.id for node in live._walk(drawn) if getattr(node, "id", None)}
    assert set(live.updates(page(["b"], "4"))) <= ids


def test_new_figures_keep_the_shape_and_a_new_chart_changes_it() -> None:
    assert live.shape(page(["a"], "3")) == live.shape(page(["b"], "4"))
    assert live.shape(page(["a"], "3")) != live.shape(html.Div([html.P("3")]))
