"""Who is signed in, in the head of every page."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.hub.actor import actor


def who() -> list[Component]:
    """A link to one's sessions, with the way out; nothing where nobody signs in."""
    here = actor()
    if not here.name:
        return []
    return [html.A(here.name, href="/my-sessions", className="who", title=f"{here.role}: my sessions, sign out")]
