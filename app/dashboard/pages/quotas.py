"""Every quota of every vendor: what is left, how fast it goes, when it runs out and by whose clock, our own share."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import empty_state
from app.dashboard.page import Visit
from app.dashboard.quotas import all_quotas_panel, scarcity_words
from app.dashboard.strip import banners
from app.dashboard.view import View


def render(view: View, _: Visit) -> Component:
    """The bucket that runs out first stands first."""
    evaluation = view.hub.evaluation
    forecasts = evaluation.forecasts if evaluation is not None else ()
    head = html.Div([html.H1("Quotas"), html.Span(scarcity_words(forecasts), className="note")], className="headline")
    if not view.config.integrations:
        text = "What vendors grant, and when it is used up, stands here once an integration is declared."
        return html.Div([*banners(view), head, empty_state("Nothing is declared yet", text)], className="stack")
    return html.Div([*banners(view), head, all_quotas_panel(forecasts, view.now())], className="stack")
