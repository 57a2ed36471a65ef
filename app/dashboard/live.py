"""Refreshing a page in place, so that a search box keeps its focus and a chart its zoom.

Dash mounts everything anew below whatever children it is given. So a page is cut into its top-level parts. A part
that holds something with a state of its own (the tiles, a chart) is refreshed property by property: those, and what is
marked by an id that begins with `live-`. Any other part is refreshed as a whole.

What stands as it was is not sent: each refreshed component costs the browser a round over all that is on the page,
and what is left alone keeps the keyboard, its scrolling and what is open in it. What is drawn anew under the keyboard
is put right by `assets/redraw.js`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from dash import html
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.charts import keep_zoom

STATEFUL: Final = {
    "Tiles": "tiles",
    "Graph": "figure",
    "IncidentActs": "incident",
    "RangeBar": "range",
    "Panel": "title",
}
"""Type of component → the property that carries its data."""
MARKED: Final = "live-"

Name = str | dict[str, str]
Shape = list[list[Name]]
Seen = Sequence[str]


def in_parts(page: Component) -> Component:
    """The same page, each top-level part in a container that can be refreshed by its id."""
    parts = [html.Div(part, id=_name(i), className="part") for i, part in enumerate(_children(page))]
    return html.Div(parts, className=getattr(page, "className", None))


def shape(page: Component) -> Shape:
    """What must be the same for a refresh in place: the parts, and what in them has a state of its own."""
    return [[node.id for node in _refreshed(part)] for part in _children(page)]


def updates(
    page: Component, zooms: Mapping[str, Mapping[str, Any] | None], seen: Seen = (), fresh: Seen = ()
) -> list[tuple[Name, dict[str, Any]]]:
    """Component ids and the properties that bring a page of the same shape up to date; `zooms` is what each chart last
    reported of its axes, by the chart's name. What was `seen` by its digest is left out; `fresh` are the page's own."""
    news = fresh or digests(page)
    found: list[tuple[Name, dict[str, Any]]] = []
    for i, (name, prop, value) in enumerate(_current(page)):
        if i < len(seen) and seen[i] == news[i]:
            continue
        zoom = zooms.get(name["chart"]) if isinstance(name, dict) and prop == "figure" else None
        found.append((name, {prop: keep_zoom(value, zoom) if zoom else value}))
    return found


def digests(page: Component) -> Seen:
    """One short word for the content of each thing that would be refreshed, in the page's order."""
    return [_digest(value) for _, _, value in _current(page)]


def _current(page: Component) -> Iterator[tuple[Name, str, Any]]:
    for i, part in enumerate(_children(page)):
        nodes = _refreshed(part)
        if not nodes:
            yield _name(i), "children", part
        for node in nodes:
            prop = STATEFUL.get(node._type, "children")
            yield node.id, prop, getattr(node, prop, None)


def _digest(value: Any) -> str:
    return blake2b(json.dumps(value, cls=PlotlyJSONEncoder).encode(), digest_size=6).hexdigest()


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
