"""The panels of an incident's page: what broke, what it hits, how far off normal, what the vendor says, who was told,
and its course."""

from __future__ import annotations

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from alerts.model import AtRisk, BlastRadius, Condition, Incident, IncidentEvent, Tier
from alerts.radius_words import AT_RISK, sentences
from alerts.status_pages.model import Health, Notice
from alerts.status_pages.standing import VendorStatus, spoken
from alerts.store.told import Told
from app.dashboard import wording
from app.dashboard.elements import ago, budget_bar, mark, pairs, panel, run_link, table, when
from app.dashboard.incident_view import IncidentDetail
from app.dashboard.normal import amount, series_words, standing_mark, worst_first
from app.dashboard.view import View
from metrics.learning.band import Standing as Learned
from metrics.model import State

_MOST: Final = 6
HEALTH_STATE: Final = {
    Health.OPERATIONAL: State.UP,
    Health.MAINTENANCE: State.UNSTABLE,
    Health.DEGRADED: State.DEGRADED,
    Health.PARTIAL_OUTAGE: State.DOWN,
    Health.MAJOR_OUTAGE: State.DOWN,
    Health.UNKNOWN: State.NO_DATA,
}
SIGNS: Final = {
    "first_failure": "first failure",
    "vendor_status": "vendor",
    "config_changed": "configuration",
    "resolved_by_hand": "resolved by hand",
    "escalated_to": "escalated to",
    "unsent": "not delivered yet",
}
"""Kinds of events that read better in other words."""
_LOUD: Final = frozenset({"opened", "reopened", "escalated", "resolved", "resolved_by_hand", "undelivered", "unsent"})
_OUTBOX_WORDS: Final = {
    "due": "waiting",
    "claimed": "being sent",
    "sent": "delivered",
    "dead": "given up",
    "superseded": "overtaken by a newer one",
}


_UNHEARD: Final = frozenset({"due", "claimed", "dead"})


def broke(incident: Incident) -> Component:
    """Every condition with its evidence; of an incident that is over, what held last."""
    over = incident.resolved_at is not None
    lines = [html.Li(_condition(one, over=over)) for one in incident.conditions]
    empty = html.P("Nothing holds any more.", className="empty-note")
    return panel("What broke", html.Ul(lines, className="facts-list") if lines else empty)


def hits(radius: BlastRadius | None, incident: Incident) -> Component:
    """Flows and owners hit, promises at risk, what still works."""
    told = sentences(radius) if radius is not None else ()
    rows: dict[str, Any] = {"Owner": incident.owner} if incident.owner else {}
    # Promises have bars of their own below.
    rows |= {label: text for label, text in told if label != AT_RISK}
    if not told:
        rows["Flows hit"] = html.Span("none that is declared", className="none")
    body: list[Any] = [pairs(rows)]
    if radius is not None and radius.at_risk:
        body.append(html.Ul([_at_risk(one) for one in radius.at_risk[:_MOST]], className="facts-list at-risk"))
    return panel(
        "What it hits", *body, note="as of the latest evaluation" if incident.resolved_at is None else "at its end"
    )


def against_normal(view: View, incident: Incident) -> Component:
    """The series of what is in trouble, the worst first; nothing where nothing is learned, or it is over."""
    if incident.resolved_at is not None:
        return html.Div(hidden=True)
    troubled = {c.workflow for c in incident.conditions if c.workflow}
    known = [one for one in view.normals(incident.integration) if one.usual is not None]
    about = [one for one in known if one.monitor.key.workflow in troubled] or known
    if not about:
        return html.Div(hidden=True)
    rows = [_series(one) for one in sorted(about, key=worst_first)[:_MOST]]
    head = ("state", "series", "now", "usually at this hour", "limit")
    return panel(
        "Against normal", table(head, rows, numeric=(2, 3, 4), cards=True), note="75th percentile of each 5 min"
    )


def vendor_says(detail: IncidentDetail) -> Component:
    """The vendor's own word, or why there is none."""
    if not detail.declares_page:
        return html.Div(hidden=True)
    status = detail.vendor
    if status is None:
        words = html.P("Not asked yet; it is within a few seconds of the hub's start.", className="empty-note")
        return panel("The vendor says", words)
    body: list[Any] = [_standing(status)]
    body += [_notice(one) for one in status.notices[:3]]
    if status.problem:
        body.append(html.P(f"Its status page cannot be read just now: {status.problem}", className="note"))
    if status.missing:
        body.append(html.P(f"The page has no component {', '.join(status.missing)}.", className="note"))
    return panel("The vendor says", *body, note=_asked(status))


def told(detail: IncidentDetail) -> Component:
    """Each channel with what it was told and what became of that, the latest last."""
    channels: dict[str, list[Told]] = {}
    for message in detail.messages:
        channels.setdefault(message.channel, []).append(message)
    rows = [
        html.Li([html.B(name), *[_message(one) for one in messages[-_MOST:]]]) for name, messages in channels.items()
    ]
    empty = html.P(_nobody(detail), className="empty-note")
    note = wording.plural(len(detail.messages), "message") if rows else ""
    return panel("Who was told", html.Ul(rows, className="facts-list") if rows else empty, note=note)


def course(events: tuple[IncidentEvent, ...]) -> Component:
    """The timeline, oldest first."""
    lines = [
        html.Li(
            [
                when(event.at),
                html.Span(
                    [html.B(SIGNS.get(event.kind, wording.spoken(event.kind))), f" {event.note}", *_who(event)],
                    className="loud" if event.kind in _LOUD else None,
                ),
            ],
            className=f"k-{event.kind}",
        )
        for event in events
    ]
    note = wording.plural(len(lines), "fact")
    return panel("Timeline", html.Ol(lines, className="timeline"), note=note)


def evidence_links(condition: Condition) -> list[Any]:
    """Links to the evidence, else to the runs."""
    links: list[Any] = [html.A(name, href=f"/evidence/{name}") for name in condition.evidence_ids[:3]]
    return links or [run_link(run_id, f"run {run_id[:8]}") for run_id in condition.run_ids[:3]]


def _at_risk(one: AtRisk) -> Component:
    left = [html.Span("budget left ", className="note"), budget_bar(one.budget_left)]
    return html.Li([html.Span(f"{one.objective} of {one.subject}"), html.Span(left)])


def _message(one: Told) -> Component:
    """The answer only where it says why nobody has heard yet."""
    what = "report" if one.tier is Tier.REPORT else str(one.action)
    tries = f" after {one.attempts} tries" if one.attempts > 1 else ""
    words = f"{what} {_OUTBOX_WORDS.get(one.state, one.state)}{tries} · "
    said = f" · {one.answer}" if one.answer and one.state in _UNHEARD else ""
    return html.Div([words, when(one.settled_at or one.written_at), said], className="actual-bad" if said else "note")


def _condition(one: Condition, *, over: bool) -> list[Any]:
    note = html.Span(f" [{one.note}]", className="note") if one.note and not over else None
    links = evidence_links(one)
    parts: list[Any] = [html.Div([html.B(one.title), note]), html.Div(one.summary, className="wrap")]
    regions = f"{one.region_count} regions · " if one.region_count else ""
    step = f"step {one.step} · " if one.step else ""
    meta: list[Any] = [f"{step}{regions}since ", when(one.since)]
    meta += [part for link in links for part in (" · ", link)]
    return [*parts, html.Div(meta, className="note")]


def _series(one: Learned) -> tuple[Any, ...]:
    figures = [amount(one, value) for value in (one.value, one.usual, one.limit)]
    return (standing_mark(one), html.Span(series_words(one), className="wrap"), *figures)


def _standing(status: VendorStatus) -> Component:
    word = "the page as a whole" if not status.exact else ", ".join(name for name, _ in status.components)
    said = f" “{status.description}”" if status.description else ""
    return html.Div([mark(HEALTH_STATE[status.indicator], spoken(status.indicator)), f" {word}{said}"])


def _notice(one: Notice) -> Component:
    title: Any = html.A(one.title, href=one.link, target="_blank", rel="noreferrer") if one.link else one.title
    latest = one.updates[0] if one.updates else None
    text = html.Div([f"{latest.text} (", when(latest.posted_at), ")"], className="note") if latest else None
    return html.Div([html.Div([html.B(title), f" · {one.state} · since ", when(one.started_at)]), text])


def _asked(status: VendorStatus) -> Any:
    return ["never read"] if status.read_at is None else ["read ", ago(status.read_at)]


def _who(event: IncidentEvent) -> list[str]:
    return [f" – {event.who}"] if event.who and event.who not in event.note else []


def _nobody(detail: IncidentDetail) -> str:
    if detail.muted is not None:
        return f"Nobody: {detail.muted.muting.words}."
    return "Nobody has been told: no route leads anywhere for it."
