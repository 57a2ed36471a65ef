"""Every quota of every vendor: what is left, how fast it goes, when it runs out and by whose clock, our own share."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import empty_state
from app.dashboard.narrowing import Narrowed
from app.dashboard.page import Visit
from app.dashboard.quotas import all_quotas_panel, quota_choices, scarcity_words
from app.dashboard.strip import banners
from app.dashboard.view import View


def render(view: View, visit: Visit) -> Component:
    """The bucket that runs out first stands first; `q`, `need` and `page` of the address narrow it."""
    evaluation = view.hub.evaluation
    forecasts = evaluation.forecasts if evaluation is not None else ()
    head = html.Div([html.H1("Quotas"), html.Span(scarcity_words(forecasts), className="note")], className="headline")
    if not view.config.integrations:
        text = "What vendors grant, and when it is used up, stands here once an integration is declared."
        return html.Div([*banners(view), head, empty_state("Nothing is declared yet", text)], className="stack")
    narrowed = Narrowed.of("/quotas", visit.query, ("page",))
    choices = [quota_choices(forecasts, narrowed)] if forecasts else []
    parts = [head, *choices, all_quotas_panel(forecasts, view.now(), narrowed)]
    return html.Div([*banners(view), *parts], className="stack")
