"""Where a figure meets the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.elements import aria, data, table
from app.dashboard.figures import GRAPH_CONFIG, Figure


def chart(
    name: str,
    figure: Figure | None,
    *,
    height: str = "17rem",
    empty: str = "No data in this window",
    summary: str = "",
    rows: tuple[Iterable[str], Iterable[Sequence[Any]]] | None = None,
) -> Component:
    """A chart, or words where there is nothing to draw: an empty grid would look like zero.

    `summary` says in a sentence what it shows, for whoever does not see it; `rows` (head, rows) are its figures.
    """
    if figure is None or not figure["data"]:
        return html.Div(empty, className="chart-empty", id=name)
    config: Any = GRAPH_CONFIG
    graph = dcc.Graph(id={"chart": name}, figure=figure, config=config, style={"height": height}, responsive=True)
    said: dict[str, Any] = {"role": "figure", **aria(describedby=f"live-said-{name}")} if summary else {}
    parts: list[Component] = [html.Div(graph, id=name, className="chart", **said)]
    if summary:
        parts.append(html.P(summary, id=f"live-said-{name}", className="sr"))
    return html.Div([*parts, _foot(name, rows)], className="chart-box")


def _foot(name: str, rows: tuple[Iterable[str], Iterable[Sequence[Any]]] | None) -> Component:
    """The chart to take away, and its figures as a table."""
    saves = [
        html.Button(
            kind.upper(), className="link", **data(save=kind, chart=name), **aria(label=f"Save this chart as {kind}")
        )
        for kind in ("png", "svg")
    ]
    if rows is None:
        return html.Div(saves, className="chart-foot")
    head, body = rows
    shown = html.Div(table(head, body), id=f"live-rows-{name}")
    return html.Div([html.Details([html.Summary("as a table"), shown]), *saves], className="chart-foot")


def keep_zoom(figure: Figure, seen: Mapping[str, Any] | None) -> Figure:
    """The figure with the range of time that its viewer had zoomed into, as the chart last reported it.

    Dash's Graph forgets a zoom when its figure changes, whatever plotly's `uirevision` says.
    """
    start, end = (seen or {}).get("xaxis.range[0]"), (seen or {}).get("xaxis.range[1]")
    if start is None or end is None:
        return figure
    axis = figure["layout"]["xaxis"] | {"range": [start, end], "autorange": False}
    return {**figure, "layout": figure["layout"] | {"xaxis": axis}}
