"""What is open, what was resolved lately, what happened in each, and who was told."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from alerts.model import IncidentState
from app.dashboard import wording
from app.dashboard.elements import empty_state, panel, table
from app.dashboard.incident_card import incident_card
from app.dashboard.page import Visit
from app.dashboard.view import IncidentView, View


def render(view: View, _: Visit) -> Component:
    """Open incidents first, then the latest resolved."""
    all_incidents = view.incidents()
    current = [i for i in all_incidents if i.incident.state is not IncidentState.RESOLVED]
    past = [i for i in all_incidents if i.incident.state is IncidentState.RESOLVED]
    head = html.Div(
        [html.H1("Incidents"), html.Span(f"{len(current)} open, {len(past)} latest resolved", className="note")],
        className="headline",
    )
    if not all_incidents:
        calm = empty_state("No incident so far", "When something breaks, it stands here with its cause and timeline.")
        return html.Div([head, calm], className="stack")
    return html.Div([head, *[_incident(one) for one in (*current, *past)]], className="stack")


def _incident(one: IncidentView) -> Component:
    return html.Section([incident_card(one.incident), html.Div([_timeline(one), _told(one)], className="two")])


def _timeline(one: IncidentView) -> Component:
    lines = [
        html.Li(
            [
                html.Span(wording.moment(event.at), className="when"),
                html.Span([html.B(event.kind), f" {event.note}", f" – {event.who}" if event.who else ""]),
            ]
        )
        for event in one.events
    ]
    return panel(
        "Timeline",
        html.Ul(lines, className="timeline"),
        note=wording.plural(len(lines), "entry") if len(lines) == 1 else f"{len(lines)} entries",
    )


def _told(one: IncidentView) -> Component:
    rows = [
        (
            wording.moment(attempt.at),
            attempt.channel,
            "delivered" if attempt.ok else "refused" if attempt.permanent else "failed, will be retried",
            attempt.status or wording.NONE,
            wording.milliseconds(attempt.duration_ms),
            attempt.answer,
        )
        for attempt in one.told
    ]
    head = ("at", "channel", "delivery", "status", "took", "answer")
    return panel("Who was told", table(head, rows, numeric=(3, 4), empty="Nobody has been told yet."))
