"""Refreshing a page in place, so that a search box keeps its focus and a chart its zoom.

Dash mounts everything anew below whatever children it is given. So a page is cut into its top-level parts. A part
that holds something with a state of its own (the tiles, a chart) is refreshed property by property: those, and what is
marked by an id that begins with `live-`. Any other part is refreshed as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard.charts import keep_zoom

STATEFUL: Final = {
    "Tiles": "tiles",
    "Graph": "figure",
    "IncidentActs": "incident",
    "AddressField": "value",
    "RunsExplorer": "words",
}
"""Type of component → the property that carries its data."""
MARKED: Final = "live-"

Name = str | dict[str, str]
Shape = list[list[Name]]


def in_parts(page: Component) -> Component:
    """The same page, each top-level part in a container that can be refreshed by its id."""
    parts = [html.Div(part, id=_name(i), className="part") for i, part in enumerate(_children(page))]
    return html.Div(parts, className=getattr(page, "className", None))


def shape(page: Component) -> Shape:
    """What must be the same for a refresh in place: the parts, and what in them has a state of its own."""
    return [[node.id for node in _refreshed(part)] for part in _children(page)]


def updates(page: Component, zooms: Mapping[str, Mapping[str, Any] | None]) -> list[tuple[Name, dict[str, Any]]]:
    """Component ids and the properties that bring a page of the same shape up to date; `zooms` is what each chart last
    reported of its axes, by the chart's name."""
    found: list[tuple[Name, dict[str, Any]]] = []
    for i, part in enumerate(_children(page)):
        nodes = _refreshed(part)
        if not nodes:
            found.append((_name(i), {"children": part}))
        for node in nodes:
            prop = STATEFUL.get(node._type, "children")
            value = getattr(node, prop, None)
            if prop == "figure":
                value = keep_zoom(node.figure, zooms.get(node.id["chart"]))
            found.append((node.id, {prop: value}))
    return found


def _name(index: int) -> str:
    return f"part-{index}"


def _refreshed(part: Any) -> list[Any]:
    """What to refresh inside the part; empty when the whole part may be drawn anew."""
    named = [node for node in _walk(part) if getattr(node, "id", None)]
    if not any(node._type in STATEFUL for node in named):
        return []
    return [node for node in named if node._type in STATEFUL or str(node.id).startswith(MARKED)]


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, Component):
        yield node
        for child in _children(node):
            yield from _walk(child)


def _children(node: Component) -> list[Any]:
    children = getattr(node, "children", None)
    if children is None:
        return []
    return list(children) if isinstance(children, (list, tuple)) else [children]
