"""An incident as the person woken at 03:00 needs it: what, since when, whose fault, what it breaks, the evidence."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from alerts.model import Blame, Condition, Incident, IncidentState
from app.dashboard import wording
from app.dashboard.elements import TIER_STATE, ago, integration_link, mark, run_link

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


def incident_card(incident: Incident, *, most: int = 9) -> Component:
    """Everything there is to know at a glance, with links to the evidence; at most `most` conditions in full."""
    open_now = incident.state is not IncidentState.RESOLVED
    tone = f"s-{TIER_STATE[incident.tier].value}" if open_now else "s-up"
    return html.Article(
        [
            html.Div([_state(incident), _subject(incident), _since(incident)], className="line"),
            html.Div(incident.title, className="title"),
            _blame(incident.conditions),
            _conditions(incident.conditions, most),
            html.Div(_links(incident), className="line note"),
        ],
        className=f"incident {tone}",
        id=f"incident-{incident.incident_id}",
    )


def incident_line(incident: Incident) -> Component:
    """The same in one line, for what can wait behind what is urgent."""
    worst = incident.conditions[0] if incident.conditions else None
    blame = worst.blame if worst else Blame.UNKNOWN
    parts: list[Any] = [_state(incident), _subject(incident), html.Span(incident.title, className="title")]
    parts.append(html.Span(BLAMES[blame], className="note") if blame is not Blame.UNKNOWN else None)
    parts += [html.Span(part) if part == " · " else part for part in (_evidence(worst)[1:2] if worst else [])]
    parts.append(html.Span(["for ", ago(incident.opened_at, "")], className="since"))
    parts.append(html.A("timeline", href=f"/incidents#incident-{incident.incident_id}"))
    return html.Div(parts, className="line")


def _state(incident: Incident) -> Component:
    word = incident.tier.value
    if incident.state is IncidentState.ACKNOWLEDGED:
        word = f"{word} · acknowledged by {incident.acknowledged_by or 'somebody'}"
    if incident.state is IncidentState.RESOLVED:
        word = f"{word} · resolved"
    return mark(TIER_STATE[incident.tier], word)


def _subject(incident: Incident) -> Component:
    if ":" in incident.integration:
        return html.Span(incident.subject.replace(":", " "))
    return integration_link(incident.integration)


def _since(incident: Incident) -> Component:
    if incident.resolved_at is not None:
        lasted = wording.lasting(incident.resolved_at - incident.opened_at)
        text: list[Any] = [f"{wording.moment(incident.opened_at)}, lasted {lasted}"]
    else:
        text = ["for ", ago(incident.opened_at, ""), f" · since {wording.moment(incident.opened_at)}"]
    return html.Span(text, className="since")


def _blame(conditions: tuple[Condition, ...]) -> Component:
    known = [c for c in conditions if c.blame is not Blame.UNKNOWN] or list(conditions)
    if not known:
        return html.Div(hidden=True)
    reason = f": {known[0].blame_reason}" if known[0].blame_reason else ""
    lead = "Cause " if known[0].blame is Blame.UNKNOWN else "Points to "
    return html.Div([lead, html.Span(BLAMES[known[0].blame], className="blame"), reason])


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
    parts.append(html.A("timeline", href=f"/incidents#incident-{incident.incident_id}"))
    return parts
