"""Every incident: what is open first, then what is over, a page at a time, filtered by state and tier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from alerts.model import Incident, IncidentState, Tier
from app.dashboard import wording
from app.dashboard.elements import aria, empty_state, panel, table, when
from app.dashboard.incident_card import BLAMES, incident_card, state_mark, subject_link
from app.dashboard.incident_view import PAGE, IncidentList
from app.dashboard.page import Visit
from app.dashboard.view import View

STATES: Final[Mapping[str, tuple[IncidentState, ...]]] = {
    "open": (IncidentState.OPEN, IncidentState.ACKNOWLEDGED),
    "unacknowledged": (IncidentState.OPEN,),
    "acknowledged": (IncidentState.ACKNOWLEDGED,),
    "resolved": (IncidentState.RESOLVED,),
}
TIERS: Final[Mapping[str, tuple[Tier, ...]]] = {"urgent": (Tier.URGENT,), "degraded": (Tier.DEGRADED,)}
_CARDS: Final = 12
"""Open incidents shown in full; the others as lines of the table."""


def render(view: View, visit: Visit) -> Component:
    """`state`, `tier` and `page` of the address choose; anything else they say means all, and the first page."""
    state, tier = visit.query.get("state", ""), visit.query.get("tier", "")
    page = min(int(text), 10_000) if (text := visit.query.get("page", "")).isascii() and text.isdigit() else 0
    found = view.incidents(STATES.get(state, ()), TIERS.get(tier, ()), page)
    head = _head(found)
    if not found.counts:
        calm = empty_state("No incident so far", "When something breaks, it stands here with its cause and timeline.")
        return html.Div([head, calm], className="stack")
    current = [one for one in found.incidents if one.state is not IncidentState.RESOLVED]
    rows = [*current[_CARDS:], *(one for one in found.incidents if one.state is IncidentState.RESOLVED)]
    cards = html.Div([incident_card(one) for one in current[:_CARDS]], className="incidents")
    parts = [head, _filters(found, state, tier), cards if current else html.Div(hidden=True)]
    parts.append(_table(rows, _range(found, page)) if rows or not current else html.Div(hidden=True))
    return html.Div([*parts, _pages(found, state, tier, page)], className="stack")


def _head(found: IncidentList) -> Component:
    current, urgent = found.count(STATES["open"]), found.count(STATES["open"], TIERS["urgent"])
    taken = found.count(STATES["acknowledged"])
    words = f"{current} open ({urgent} urgent, {taken} acknowledged) · {found.count(STATES['resolved']):,} resolved"
    return html.Div([html.H1("Incidents"), html.Span(words, className="note")], className="headline")


def _filters(found: IncidentList, state: str, tier: str) -> Component:
    chosen_tiers, chosen_states = TIERS.get(tier, ()), STATES.get(state, ())
    states = [_chip("all", "state", "", state, tier, found.count((), chosen_tiers))]
    states += [_chip(name, "state", name, state, tier, found.count(of, chosen_tiers)) for name, of in STATES.items()]
    tiers = [_chip("every tier", "tier", "", state, tier, found.count(chosen_states))]
    tiers += [_chip(name, "tier", name, state, tier, found.count(chosen_states, of)) for name, of in TIERS.items()]
    groups = [
        html.Div(states, className="chips", role="group", **aria(label="State")),
        html.Div(tiers, className="chips", role="group", **aria(label="Tier")),
    ]
    return html.Div(groups, className="filters")


def _chip(words: str, key: str, value: str, state: str, tier: str, count: int) -> Component:
    wanted = {"state": state, "tier": tier, key: value}
    here = {"state": state, "tier": tier}[key] == value
    return html.A(
        [words, html.B(f"{count:,}")],
        href=_address(wanted["state"], wanted["tier"], 0),
        className="chip on" if here else "chip",
        **(aria(current="true") if here else {}),
    )


def _address(state: str, tier: str, page: int) -> str:
    query = {name: value for name, value in (("state", state), ("tier", tier), ("page", str(page or ""))) if value}
    return f"/incidents?{urlencode(query)}" if query else "/incidents"


def _range(found: IncidentList, page: int) -> str:
    first = page * PAGE + 1
    return f"{first:,} to {first + len(found.incidents) - 1:,}" if found.incidents else ""


def _table(rows: list[Incident], note: str) -> Component:
    head = ("state", "incident", "subject", "since", "lasted", "points to", "acknowledged by", "back")
    return panel(
        "Open and resolved" if any(one.resolved_at is None for one in rows) else "Resolved",
        table(head, [_row(one) for one in rows], numeric=(7,), empty="None of this kind."),
        note=note,
    )


def _row(one: Incident) -> tuple[Any, ...]:
    worst = one.conditions[0] if one.conditions else None
    return (
        state_mark(one, short=True),
        html.A(one.title, href=f"/incident/{one.incident_id}"),
        subject_link(one),
        when(one.opened_at),
        wording.lasting(one.resolved_at - one.opened_at) if one.resolved_at else "goes on",
        BLAMES[worst.blame] if worst else wording.NONE,
        one.acknowledged_by or wording.NONE,
        f"× {one.reopened}" if one.reopened else "",
    )


def _pages(found: IncidentList, state: str, tier: str, page: int) -> Component:
    links: list[Component] = []
    if page:
        links.append(html.A("← newer", href=_address(state, tier, page - 1)))
    if found.has_more:
        links.append(html.A("older →", href=_address(state, tier, page + 1)))
    return html.Nav(links, className="pages", **aria(label="Pages of incidents")) if links else html.Div(hidden=True)
