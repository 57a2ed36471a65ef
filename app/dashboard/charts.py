"""Where a figure meets the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.figures import GRAPH_CONFIG, Figure


def chart(
    name: str, figure: Figure | None, *, height: str = "17rem", empty: str = "No data in this window"
) -> Component:
    """A chart, or words where there is nothing to draw: an empty grid would look like zero."""
    if figure is None or not figure["data"]:
        return html.Div(empty, className="chart-empty", id=name)
    image: Any = {"toImageButtonOptions": {"format": "png", "filename": f"leadline-{name}", "scale": 2}}
    graph = dcc.Graph(
        id={"chart": name}, figure=figure, config=GRAPH_CONFIG | image, style={"height": height}, responsive=True
    )
    return html.Div(graph, id=name, className="chart")


def keep_zoom(figure: Figure, seen: Mapping[str, Any] | None) -> Figure:
    """The figure with the range of time that its viewer had zoomed into, as the chart last reported it.

    Dash's Graph forgets a zoom when its figure changes, whatever plotly's `uirevision` says.
    """
    start, end = (seen or {}).get("xaxis.range[0]"), (seen or {}).get("xaxis.range[1]")
    if start is None or end is None:
        return figure
    axis = figure["layout"]["xaxis"] | {"range": [start, end], "autorange": False}
    return {**figure, "layout": figure["layout"] | {"xaxis": axis}}
