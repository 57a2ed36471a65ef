"""Each series against what is normal for it in this hour, with the day to come."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import panel
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from app.dashboard.normal import normal_panel


def _draw(look: Look) -> Component:
    window = look.range.window(look.at)
    drawn = normal_panel(look.view, look.name, window, look.query, look.range)
    if getattr(drawn, "hidden", False):
        return panel("Against normal", html.P("Nothing is learned here yet.", className="empty-note"))
    return drawn


def _learns(look: Look) -> bool:
    return bool(look.view.normals(look.name))


NORMAL_PANEL = Drawn("Against normal", 30, _draw, applies=_learns)
