"""Which integration needs me now?"""

from __future__ import annotations

from collections import Counter
from typing import Final

from dash import html
from dash.development.base_component import Component

from alerts.model import Tier
from app.dashboard import wording
from app.dashboard.elements import STATE_WORDS, Tiles, aria, empty_state, mark
from app.dashboard.incident_card import incident_card, incident_line
from app.dashboard.overview.drawn import drawn_tiles
from app.dashboard.overview.regions import TRIAGE
from app.dashboard.overview.runs_out import runs_out_section
from app.dashboard.overview.wall import wall_head
from app.dashboard.page import Visit
from app.dashboard.strip import banners, strip
from app.dashboard.view import Overview, View
from metrics.model import State

_MOST_CARDS: Final = 4
_MOST_LINES: Final = 6


def render(view: View, visit: Visit) -> Component:
    """What fires now, what runs out next, then every integration, worst first, and how the probers are."""
    overview, hub = view.overview(), view.hub
    if not overview.standings:
        return html.Div([*banners(view), _nothing_declared()], className="stack")
    if visit.query.get("wall"):
        parts = [*banners(view), wall_head(view, overview), _tiles(view, wall=True)]
        return html.Div(parts, className="stack wall")
    return html.Div(
        [
            *banners(view),
            _headline(overview),
            _firing(overview),
            _simulated_banner(overview),
            _no_runs_yet(overview),
            runs_out_section(view),
            strip(view, hub),
            _tiles(view),
        ],
        className="stack overview",
    )


def _tiles(view: View, *, wall: bool = False) -> Component:
    words = [[state.value, STATE_WORDS[state]] for state in TRIAGE]
    return Tiles(id="tiles", tiles=drawn_tiles(view), words=words, wall=wall)


def _headline(overview: Overview) -> Component:
    states = Counter(standing.state for standing in overview.standings)
    wrong = [state for state in TRIAGE if states[state] and state is not State.UP]
    total = len(overview.standings)
    if not wrong:
        text = f"All {wording.plural(total, 'integration')} up" if total > 1 else "The integration is up"
    else:
        needing = sum(states[state] for state in wrong)
        text = f"{needing} of {wording.plural(total, 'integration')} need{'s' if needing == 1 else ''} a look"
    marks = [mark(state, f"{states[state]} {STATE_WORDS[state]}") for state in TRIAGE if states[state]]
    wall = html.A("Wall", href="/?wall=1", className="to-wall", title="large type, page after page; key w, Esc leaves")
    return html.Div([html.H1(text), *marks, wall], className="headline")


def _firing(overview: Overview) -> Component:
    if not overview.incidents:
        return html.Div(hidden=True)
    ordered = sorted(overview.incidents, key=lambda i: (-i.tier.rank, i.opened_at))
    urgent = [i for i in ordered if i.tier is Tier.URGENT]
    later = [i for i in ordered if i.tier is not Tier.URGENT]
    cards = [incident_card(incident, most=3) for incident in urgent[:_MOST_CARDS]]
    lines = [incident_line(incident) for incident in [*urgent[_MOST_CARDS:], *later][:_MOST_LINES]]
    more = len(ordered) - len(cards) - len(lines)
    if more:
        lines.append(html.Div(html.A(f"{wording.plural(more, 'more incident')}", href="/incidents"), className="line"))
    parts = [html.Div(cards, className="incidents")] if cards else []
    parts += [html.Div(lines, className="incident-lines")] if lines else []
    return html.Section(parts, className="firing", **aria(label="What fires now"))


def _simulated_banner(overview: Overview) -> Component:
    until = overview.simulated_until
    if until is None:
        return html.Div(hidden=True)
    head = html.B(f"Simulated history until {wording.clock_time(until, overview.at)}")
    text = "counted in figures that reach back before it; tiles where it is say “incl. simulated”"
    return html.Div([head, html.Span(text)], className="banner simulated")


def _no_runs_yet(overview: Overview) -> Component:
    if any(standing.summary.last_run_at for standing in overview.standings):
        return html.Div(hidden=True)
    return empty_state(
        "No run has arrived yet",
        "The first results come within one interval of a prober's start. If none comes, see whether a prober runs "
        "and whether its secrets resolve:",
        "leadline doctor",
    )


def _nothing_declared() -> Component:
    return empty_state(
        "No integration is declared yet",
        "Write a starter set, edit it, check it, and start Leadline on it:",
        "leadline init monitoring\nleadline check monitoring\nleadline up monitoring",
    )
