"""One incident, for whoever is woken by it: what broke, whose fault it is, what it hits, and what can be done here."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from alerts.model import Incident, IncidentState
from app.dashboard import wording
from app.dashboard.elements import IncidentActs, ago, empty_state, when
from app.dashboard.incident_card import blame_sentence, state_mark, subject_link
from app.dashboard.incident_facts import against_normal, broke, course, hits, told, vendor_says
from app.dashboard.incident_view import IncidentDetail, radius_now
from app.dashboard.page import Visit
from app.dashboard.view import View

MORNING: Final = time(8, 0)
"""Until when `till tomorrow` silences, in the hub's time zone."""


def render(view: View, visit: Visit) -> Component:
    """The incident of the address, or that there is none."""
    wanted = visit.path["incident_id"]
    detail = view.incident(wanted)
    if detail is None:
        text = [f"{wanted} is unknown here. ", html.A("All incidents", href="/incidents")]
        return empty_state("No such incident", text)
    incident = detail.incident
    radius = radius_now(incident, view.config, view.hub.evaluation)
    parts = [
        _header(detail),
        _verdict(incident),
        IncidentActs(id="acts", incident=acts(incident, view.now(), view.config.settings.hub.timezone)),
        _muted(detail),
        html.Div([broke(incident), hits(radius, incident)], className="two"),
        html.Div([against_normal(view, incident), vendor_says(detail)], className="two"),
        html.Div([told(detail), course(detail.events)], className="two"),
    ]
    return html.Div(parts, className="stack incident-page")


def knows(view: View, visit: Visit) -> bool:
    """Whether there is such an incident."""
    return view.incident(visit.path["incident_id"]) is not None


def acts(incident: Incident, now: datetime, time_zone: str) -> dict[str, Any]:
    """What the buttons need to know."""
    morning = _morning(now, time_zone)
    return {
        "id": incident.incident_id,
        "title": incident.title,
        "state": incident.state.value,
        "by": incident.acknowledged_by or "",
        "subject": incident.subject,
        "morning": morning.astimezone(UTC).isoformat(),
        "morningWords": f"till {morning:%a %H:%M} {morning:%Z}",
    }


def _morning(now: datetime, time_zone: str) -> datetime:
    """Tomorrow's, where the hub's people are."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), MORNING, zone)


def _header(detail: IncidentDetail) -> Component:
    incident = detail.incident
    crumbs: list[Any] = [html.A("Incidents", href="/incidents"), " · ", subject_link(incident)]
    title = html.Div([html.H1(incident.title), state_mark(incident)], className="title-row")
    return html.Div([html.Div(crumbs, className="crumbs"), title, html.Div(_facts(detail), className="meta")])


def _facts(detail: IncidentDetail) -> list[Any]:
    incident = detail.incident
    begin = min((c.since for c in incident.conditions), default=incident.opened_at)
    facts: list[Any] = [html.Span(["since ", html.B(when(begin)), " · ", ago(begin)])]
    if incident.resolved_at is not None:
        lasted = wording.lasting(incident.resolved_at - incident.opened_at)
        by = f" by {incident.resolved_by}" if incident.resolved_by else ""
        words: list[Any] = ["over ", html.B(when(incident.resolved_at)), f"{by}, after {lasted}"]
        facts = [html.Span(["since ", html.B(when(begin))]), html.Span(words)]
    if incident.acknowledged_by:
        taken: list[Any] = ["acknowledged by ", html.B(incident.acknowledged_by), " ", ago(incident.acknowledged_at)]
        facts.append(html.Span(taken))
    elif incident.state is IncidentState.OPEN:
        facts.append(html.Span(html.B("nobody has acknowledged it")))
    if incident.reopened:
        facts.append(html.Span(["came back ", html.B(f"× {incident.reopened}")]))
    if incident.runbook:
        facts.append(_runbook(incident.runbook))
    if not detail.is_open:
        facts.append(html.A("post-incident report", href=f"/reports/incident/{incident.incident_id}", target="_blank"))
    facts.append(html.Span(incident.incident_id, className="mono wrap"))
    return facts


def _runbook(address: str) -> Component:
    """A link only where a browser can open it; a runbook may be named in words."""
    if address.startswith(("https://", "http://")):
        return html.A("runbook", href=address, target="_blank", rel="noreferrer", className="runbook")
    return html.Span(f"runbook: {address}")


def _verdict(incident: Incident) -> Component:
    tone = "up" if incident.state is IncidentState.RESOLVED else "down" if incident.tier == "urgent" else "degraded"
    return html.Div(html.P(blame_sentence(incident.conditions)), className=f"verdict s-{tone}")


def _muted(detail: IncidentDetail) -> Component:
    row = detail.muted
    if row is None:
        return html.Div(hidden=True)
    until = [" until ", when(row.muting.until)] if row.muting.until else []
    held = f"; {wording.plural(row.withheld, 'change')} not told" if row.withheld else ""
    words = html.Div([html.B("Muted"), f" by {row.muting.words}", *until, f"{held}."])
    return html.Div(words, className="banner s-throttled")
