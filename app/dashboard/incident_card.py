"""An incident as the person woken at 03:00 needs it: what, since when, whose fault, what it breaks, the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from alerts.model import Blame, Condition, Incident, IncidentState
from app.dashboard import wording
from app.dashboard.elements import TIER_STATE, ago, integration_link, mark, run_link, when
from app.dashboard.incident_view import begin_of
from metrics.model import State

BLAMES = {
    Blame.OURS: "our side",
    Blame.NETWORK: "our network",
    Blame.CREDENTIAL: "our credential",
    Blame.QUOTA: "our quota",
    Blame.VENDOR: "the vendor",
    Blame.VENDOR_CHANGE: "a change at the vendor",
    Blame.PROBER: "the prober",
    Blame.UNKNOWN: "not known yet",
}


def incident_card(incident: Incident, *, most: int = 9, acts: Sequence[Component] = ()) -> Component:
    """Everything there is to know at a glance, with links to the evidence; at most `most` conditions in full.
    `acts` are buttons."""
    open_now = incident.state is not IncidentState.RESOLVED
    tone = f"s-{TIER_STATE[incident.tier].value}" if open_now else "s-up"
    return html.Article(
        [
            html.Div([state_mark(incident), subject_link(incident), _since(incident)], className="line"),
            html.A(incident.title, href=incident_page(incident), className="title"),
            html.Div(blame_sentence(incident.conditions)) if incident.conditions else html.Div(hidden=True),
            _conditions(incident.conditions, most),
            html.Div(_links(incident), className="line note"),
            *([html.Div(acts, className="act-row")] if acts else []),
        ],
        className=f"incident {tone}",
        id=f"incident-{incident.incident_id}",
    )


def incident_line(incident: Incident) -> Component:
    """The same in one line, for what can wait behind what is urgent."""
    worst = incident.conditions[0] if incident.conditions else None
    blame = worst.blame if worst else Blame.UNKNOWN
    title = html.A(incident.title, href=incident_page(incident), className="title")
    parts: list[Any] = [state_mark(incident), subject_link(incident), title]
    parts.append(html.Span(BLAMES[blame], className="note") if blame is not Blame.UNKNOWN else None)
    parts += [html.Span(part) if part == " · " else part for part in (_evidence(worst)[1:2] if worst else [])]
    parts.append(html.Span(["for ", ago(begin_of(incident), "")], className="since"))
    return html.Div(parts, className="line")


def incident_page(incident: Incident) -> str:
    """Where all of it stands."""
    return f"/incident/{incident.incident_id}"


def state_mark(incident: Incident, *, short: bool = False) -> Component:
    """Its tier, and who has it or that it is over; `short` leaves the name out."""
    word = incident.tier.value
    if incident.state is IncidentState.ACKNOWLEDGED and short:
        word = f"{word} · acknowledged"
    elif incident.state is IncidentState.ACKNOWLEDGED:
        word = f"{word} · acknowledged by {incident.acknowledged_by or 'somebody'}"
    if incident.state is IncidentState.RESOLVED:
        word = f"{word} · resolved"
        return mark(State.UP, word)
    return mark(TIER_STATE[incident.tier], word)


def subject_link(incident: Incident) -> Component:
    """What it is about, as a link where that has a page."""
    if ":" in incident.integration:
        return html.Span(incident.subject.replace(":", " "))
    return integration_link(incident.integration)


def _since(incident: Incident) -> Component:
    if incident.resolved_at is not None:
        lasted = wording.lasting(incident.resolved_at - incident.opened_at)
        text: list[Any] = [when(incident.opened_at), f", lasted {lasted}"]
    else:
        begin = begin_of(incident)
        text = ["for ", ago(begin, ""), " · since ", when(begin)]
    return html.Span(text, className="since")


def blame_sentence(conditions: tuple[Condition, ...]) -> list[Any]:
    """Whose fault it looks like, with the reason."""
    known = [c for c in conditions if c.blame is not Blame.UNKNOWN] or list(conditions)
    if not known:
        return ["Nothing is wrong any more."]
    reason = f": {known[0].blame_reason}" if known[0].blame_reason else ""
    lead = "Cause " if known[0].blame is Blame.UNKNOWN else "Points to "
    return [lead, html.Span(BLAMES[known[0].blame], className="blame"), reason]


def _conditions(conditions: tuple[Condition, ...], most: int) -> Component:
    lines = [html.Li([condition.summary, *_evidence(condition)]) for condition in conditions[:most]]
    if len(conditions) > most:
        lines.append(html.Li(f"and {len(conditions) - most} more", className="note"))
    return html.Ul(lines)


def _evidence(condition: Condition) -> list[Any]:
    links: list[Any] = [html.A("evidence", href=f"/evidence/{name}") for name in condition.evidence_ids[:3]]
    if not links:
        links = [run_link(run_id, "run") for run_id in condition.run_ids[:3]]
    return [part for link in links for part in (" · ", link)]


def _links(incident: Incident) -> list[Any]:
    parts: list[Any] = []
    if incident.flows:
        parts.append(html.Span(["breaks ", html.B(", ".join(incident.flows))]))
    if incident.owner:
        parts.append(html.Span(f"owner {incident.owner}"))
    if incident.runbook:
        parts.append(html.A("runbook", href=incident.runbook, target="_blank", rel="noreferrer"))
    parts.append(html.A("all of it", href=incident_page(incident)))
    return parts
