"""An integration's page: a first screen that is drawn at once, and panels that are asked for as they are looked at."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, html, no_update, set_props
from dash.development.base_component import Component

from app.dashboard.integration.budget import BUDGET_PANEL
from app.dashboard.integration.errors import ERROR_PANEL
from app.dashboard.integration.hours import HOUR_PANEL
from app.dashboard.integration.lag import LAG_PANEL
from app.dashboard.integration.look import Look, look_at
from app.dashboard.integration.normals import NORMAL_PANEL
from app.dashboard.integration.panel import Drawn, shape, updates
from app.dashboard.integration.phases import PHASE_PANEL
from app.dashboard.integration.quota import QUOTA_PANEL
from app.dashboard.integration.recorded import RECORDED_PANEL
from app.dashboard.integration.regions import REGION_PANEL
from app.dashboard.integration.runs import RUN_PANEL
from app.dashboard.page import Page, Visit, find
from app.dashboard.view import View

PANELS: Final[dict[str, Drawn]] = {
    "errors": ERROR_PANEL,
    "phases": PHASE_PANEL,
    "runs": RUN_PANEL,
    "budget": BUDGET_PANEL,
    "normal": NORMAL_PANEL,
    "regions": REGION_PANEL,
    "lag": LAG_PANEL,
    "quota": QUOTA_PANEL,
    "recorded": RECORDED_PANEL,
    "hours": HOUR_PANEL,
}
"""Key → panel, in the order of the page: what says why comes before what says how it was."""


def register_panels(app: Dash, view: View) -> None:
    """Each panel is a callback of its own: it is asked when it comes near to what is seen, and again at a beat."""

    @app.callback(
        Output({"panel": MATCH}, "children"),
        Output({"panel": MATCH}, "shape"),
        Input({"panel": MATCH}, "asked"),
        State({"panel": MATCH}, "id"),
        State({"panel": MATCH}, "shape"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    async def draw(asked: Any, panel: dict[str, str], drawn: Any, pathname: str | None, search: str | None) -> Any:
        found = await asyncio.to_thread(_content, view, panel["panel"], pathname or "", search or "")
        if found is None:
            return no_update, no_update
        shaped = shape(found)
        if not shaped or shaped != drawn:
            return found, shaped
        for component, props in updates(found):
            set_props(component, props)
        return no_update, no_update

    on_client: Any = app.clientside_callback  # Dash's types do not say so yet.
    on_client(ClientsideFunction("integration", "beat"), Input("beat", "data"))
    on_client(
        ClientsideFunction("integration", "zoomed"),
        Input({"chart": ALL}, "relayoutData"),
        State({"chart": ALL}, "id"),
        prevent_initial_call=True,
    )


def placeholders(look: Look) -> list[tuple[str, Drawn]]:
    """The panels that have a place on that integration's page, in order."""
    return [(key, one) for key, one in PANELS.items() if one.applies(look)]


def _content(view: View, key: str, pathname: str, search: str) -> Component | None:
    """None when somebody has gone elsewhere meanwhile, or there is no such panel."""
    found = find(_PAGES, pathname, search)
    look = None if found is None else look_at(view, found[1])
    return PANELS[key].content(look) if look is not None and key in PANELS else None


def _nothing(view: View, visit: Visit) -> Component:
    return html.Div()


_PAGES: Final = (Page("/integration/{name}", "Integration", _nothing),)
"""The address alone: the page itself needs this package."""
