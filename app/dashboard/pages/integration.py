"""One integration: is it normal, since when not, which phase, which error, how much budget and quota is left?"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.changes import change_strip
from app.dashboard.elements import empty_state
from app.dashboard.held_back import held_back_strip
from app.dashboard.incident_card import incident_card
from app.dashboard.integration import placeholders
from app.dashboard.integration.first import header, incidents, key_figures, newest_runs, simulated_banner, times
from app.dashboard.integration.latency import latency_panel
from app.dashboard.integration.look import look_at
from app.dashboard.page import Visit
from app.dashboard.strip import banners
from app.dashboard.view import View


def render(view: View, visit: Visit) -> Component:
    """The first screen over the range that the address names; the panels below it are asked for one by one."""
    look = look_at(view, visit)
    standing = None if look is None else view.standing(look.name)
    if look is None or standing is None:
        known = f"{visit.path['name']} is not declared. It may have been renamed or taken out of the configuration. "
        return empty_state("No such integration", [known, html.A("All integrations", href="/")])
    evaluation = view.hub.evaluation
    return html.Div(
        [
            *banners(view),
            header(look, standing),
            times(look),
            *[incident_card(incident) for incident in standing.incidents],
            held_back_strip(evaluation, look.name, newest_runs(look)),
            change_strip(evaluation, look.declared, look.at),
            simulated_banner(look),
            key_figures(look, standing),
            latency_panel(look, incidents(look)),
            html.Div(
                [
                    html.Div(one.placeholder(key, look), className="wide-panel" if one.wide else "half-panel")
                    for key, one in placeholders(look)
                ],
                className="panels",
            ),
        ],
        className="stack",
    )


def knows(view: View, visit: Visit) -> bool:
    """Whether it is declared."""
    return view.config.integration(visit.path["name"]) is not None
