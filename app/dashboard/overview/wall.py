"""The overview on a screen at the wall: nothing to click, readable from five metres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from alerts.model import Incident, Tier
from app.dashboard import wording
from app.dashboard.elements import STATE_WORDS, Beat, Clock, ago, aria, mark
from app.dashboard.overview.regions import TRIAGE
from app.dashboard.strip import STALE_S
from app.dashboard.view import Overview, View
from metrics.model import State

_MOST: Final = 3


def wall_head(view: View, overview: Overview) -> Component:
    """How much fires, the loudest of it, how many are in which state, the clock, and whether all this is live."""
    evaluation = view.hub.evaluation
    states = Counter(standing.state for standing in overview.standings)
    marks = [mark(state, f"{states[state]} {STATE_WORDS[state]}") for state in TRIAGE if states[state]]
    silent = [prober.region for prober in (evaluation.probers if evaluation else ()) if prober.silent]
    marks += [mark(State.DOWN, f"prober {region} silent") for region in silent]
    at = wording.epoch_ms(evaluation.at) if evaluation else None
    clock = html.Div([Clock(id="wall-clock"), Beat(id="wall-beat", at=at, late=STALE_S * 1000)], className="wall-time")
    return html.Section(
        [_count(overview.incidents), _loudest(overview.incidents), html.Div(marks, className="wall-states"), clock],
        className="wall-head",
        **aria(label="What fires now"),
    )


def _count(current: Sequence[Incident]) -> Component:
    urgent = sum(incident.tier is Tier.URGENT for incident in current)
    tone = State.DOWN if urgent else State.DEGRADED if current else State.UP
    words = f"firing, {urgent} urgent" if urgent else "firing" if current else "nothing fires"
    parts = [html.B(f"{len(current):,}"), mark(tone, words)]
    return html.Div(parts, className=f"wall-count s-{tone.value}")


def _loudest(current: Sequence[Incident]) -> Component:
    ordered = sorted(current, key=lambda i: (-i.tier.rank, i.opened_at))
    lines: list[Any] = [
        html.Li([html.B(incident.title), html.Span(["for ", ago(incident.opened_at, "")])])
        for incident in ordered[:_MOST]
    ]
    more = len(ordered) - len(lines)
    if more:
        lines.append(html.Li(html.Span(f"and {more} more")))
    return html.Ul(lines, className="wall-loudest")
