"""The run that left a piece of evidence; alerts link here."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import empty_state
from app.dashboard.page import Visit
from app.dashboard.pages.run import run_page
from app.dashboard.view import View


def render(view: View, visit: Visit) -> Component:
    """The run's page, or why there is none."""
    wanted = visit.path["evidence_id"]
    found = view.run_of_evidence(wanted)
    if found is None:
        text = [
            f"{wanted} has expired or never was. The incident's timeline is kept longer. ",
            html.A("All incidents", href="/incidents"),
        ]
        return empty_state("No such evidence", text)
    return run_page(view, found, highlight=wanted)


def knows(view: View, visit: Visit) -> bool:
    """Whether the evidence is still there."""
    return view.run_of_evidence(visit.path["evidence_id"]) is not None
