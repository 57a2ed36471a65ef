"""Where a figure meets the page."""

from __future__ import annotations

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
    return dcc.Graph(
        id=name,
        figure=figure,
        config=GRAPH_CONFIG | image,
        style={"height": height},
        className="chart",
        responsive=True,
    )
