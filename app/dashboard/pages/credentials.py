"""What ends one day: credentials, certificates, versions. Each section is a function of its own in `SECTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dash import html
from dash.development.base_component import Component

from app.dashboard.changes import announcements_panel, shapes_panel
from app.dashboard.credentials import certificates_panel, credentials_panel, headline
from app.dashboard.elements import empty_state
from app.dashboard.page import Visit
from app.dashboard.strip import banners
from app.dashboard.view import View

SECTIONS: Final[tuple[Callable[[View], Component], ...]] = (
    credentials_panel,
    announcements_panel,
    shapes_panel,
    certificates_panel,
)
"""In the order in which they stand on the page. Each says itself what there is where there is nothing."""


def render(view: View, _: Visit) -> Component:
    """What needs somebody first, then everything."""
    head = html.Div([html.H1("Credentials and versions"), *headline(view)], className="headline")
    if not view.config.integrations:
        text = "Credentials stand here with their age and end once an integration is declared."
        return html.Div([*banners(view), head, empty_state("Nothing is declared yet", text)], className="stack")
    return html.Div([*banners(view), head, *[section(view) for section in SECTIONS]], className="stack")
