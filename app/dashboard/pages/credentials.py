"""What ends one day: credentials, certificates, versions. Each section is a function of its own in `SECTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dash import html
from dash.development.base_component import Component

from app.dashboard.changes import announcements_panel, shapes_panel
from app.dashboard.credentials import certificates_panel, choices, credentials_panel, headline
from app.dashboard.elements import empty_state
from app.dashboard.narrowing import Narrowed
from app.dashboard.page import Visit
from app.dashboard.strip import banners
from app.dashboard.view import View

SECTIONS: Final[tuple[Callable[[View, Narrowed], Component], ...]] = (
    credentials_panel,
    lambda view, _: announcements_panel(view),
    lambda view, _: shapes_panel(view),
    certificates_panel,
)
"""In the order in which they stand on the page. Each says itself what there is where there is nothing."""


def render(view: View, visit: Visit) -> Component:
    """What needs somebody first, then everything; `q`, `need` and the numbers of pages in the address narrow it."""
    narrowed = Narrowed.of("/credentials", visit.query, ("page", "certificates"))
    head = html.Div([html.H1("Credentials and versions"), *headline(view)], className="headline")
    if not view.config.integrations:
        text = "Credentials stand here with their age and end once an integration is declared."
        return html.Div([*banners(view), head, empty_state("Nothing is declared yet", text)], className="stack")
    sections = [section(view, narrowed) for section in SECTIONS]
    return html.Div([*banners(view), head, choices(view, narrowed), *sections], className="stack")
