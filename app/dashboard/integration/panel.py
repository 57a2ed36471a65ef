"""A panel of the page: where it stands before it is drawn, how it is drawn, and how it is refreshed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import _Own, panel
from app.dashboard.integration.look import Look
from metrics.store.database import ReadTimeout

log = structlog.get_logger(__name__)

_OFTEN: Final = timedelta(seconds=10)
_SELDOM: Final = timedelta(minutes=5)
_MARKED: Final = "live-"

Update = tuple[Any, dict[str, Any]]


class Panel(_Own):
    """A surface that asks for its content (`asked`) when it comes near to what is seen, when the page is printed, and
    again at a beat when `every` milliseconds are over. Until then it is a skeleton of that `height`, in rem."""

    _type = "Panel"
    _props = ("id", "name", "children", "title", "height", "every", "asked", "shape")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One panel, one module: its heading, how high it will be, and what it shows."""

    title: str
    height: float
    """Of its skeleton, in rem."""
    draw: Callable[[Look], Component]
    applies: Callable[[Look], bool] = lambda _: True
    """Whether it has a place on this integration's page, from what is declared alone."""
    wide: bool = True
    """Whether it takes the whole width; others stand two in a row."""

    def placeholder(self, key: str, look: Look) -> Panel:
        """What stands there until somebody looks at it."""
        every = _SELDOM if look.range.end is not None else max(_OFTEN, look.fresh_for)
        every_ms = every.total_seconds() * 1000
        return Panel(id={"panel": key}, name=key, title=self.title, height=self.height, every=every_ms)

    def content(self, look: Look) -> Component:
        """What it shows; where that fails, that it does, in its own place."""
        try:
            return self.draw(look)
        except ReadTimeout as err:
            return panel(self.title, _words(f"This took too long: {err}. Choose a shorter time range."))
        except Exception as err:
            log.exception("dashboard.panel_failed", panel=self.title, integration=look.name)
            words = f"This panel failed ({type(err).__name__}). The hub's log has the details; the others are sound."
            return panel(self.title, _words(words))


def shape(content: Component) -> list[Any]:
    """What must be the same for a refresh in place; empty where there is nothing that would lose a state of its own."""
    named = [node for node in _walk(content) if getattr(node, "id", None) is not None]
    if not any(node._type == "Graph" for node in named):
        return []
    return [node.id for node in named if _is_refreshed(node)]


def updates(content: Component) -> list[Update]:
    """Ids and properties that bring content of the same shape up to date."""
    found: list[Update] = []
    for node in _walk(content):
        if getattr(node, "id", None) is not None and _is_refreshed(node):
            name = "figure" if node._type == "Graph" else "children"
            found.append((node.id, {name: getattr(node, name, None)}))
    return found


def _is_refreshed(node: Any) -> bool:
    return node._type == "Graph" or str(node.id).startswith(_MARKED)


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, Component):
        yield node
        children = getattr(node, "children", None)
        for child in children if isinstance(children, (list, tuple)) else [children]:
            yield from _walk(child)


def _words(text: str) -> Component:
    return html.P(text, className="chart-empty", role="alert")
