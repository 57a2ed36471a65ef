"""Every run there was: filtered, sorted, opened, taken along."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import empty_state
from app.dashboard.page import Visit
from app.dashboard.runs.grid import RunsExplorer, script_address
from app.dashboard.runs.words import words
from app.dashboard.view import View


def render(view: View, _: Visit) -> Component:
    """The explorer; what the address asks for is asked by the browser, block by block."""
    if not view.config.integrations:
        text = "Runs stand here once an integration is declared and a prober has measured it."
        return empty_state("No runs yet", text, "leadline init")
    explorer = RunsExplorer(id="runs", words=words(view.config), script=script_address())
    return html.Div([html.H1("Runs"), explorer], className="stack runs-page")
