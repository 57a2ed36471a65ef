"""Every promise: kept or not, what is left of its budget, how fast that goes, and until when it lasts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import empty_state, panel
from app.dashboard.objectives_page.burn_down import burn_downs
from app.dashboard.objectives_page.choosing import PAGE, Choice, Promise, Standing, chosen, promises
from app.dashboard.objectives_page.drawing import filters, pages, rows
from app.dashboard.page import Visit
from app.dashboard.strip import banners
from app.dashboard.view import View

_NOTE = (
    "SLI = good ÷ measured slices, n of them · coverage = measured ÷ expected · burn 1 × spends the budget in exactly "
    "its window · lasts: until the reset, or at the earliest at the pace of the last hours"
)


def render(view: View, visit: Visit) -> Component:
    """`standing`, `tier`, `flow`, `owner` and `page` of the address choose."""
    evaluation = view.hub.evaluation
    found = promises(evaluation.objectives if evaluation else (), view.config)
    if not found:
        return html.Div([*banners(view), html.H1("Objectives"), _nothing(view)], className="stack")
    choice = Choice.of(visit.query)
    wanted = chosen(found, choice)
    choice = replace(choice, page=min(choice.page, max(0, (len(wanted) - 1) // PAGE)))
    shown = wanted[choice.page * PAGE : (choice.page + 1) * PAGE]
    courses = burn_downs(view, [one.status for one in shown])
    title = f"{len(wanted):,} of {wording.plural(len(found), 'objective')}, the worst first"
    parts = [_head(found), filters(found, choice), panel(title, rows(shown, courses), note=_NOTE)]
    return html.Div([*banners(view), *parts, pages(choice, len(wanted))], className="stack")


def _head(found: list[Promise]) -> Component:
    counts = Counter(one.standing for one in found)
    words = " · ".join(f"{counts[standing]:,} {standing.value}" for standing in Standing if counts[standing])
    return html.Div([html.H1("Objectives"), html.Span(words, className="note")], className="headline")


def _nothing(view: View) -> Component:
    if view.hub.evaluation is None and any(one.objectives for one in view.config.integrations):
        return empty_state("Not judged yet", "The first evaluation comes within seconds of the hub's start.")
    text = "An objective is a promise with a budget: add one to an integration's YAML, and check it."
    example = "objectives:\n  - {sli: availability, target: 99.9%, window: 30d}"
    return empty_state("No objective is declared", text, example)
