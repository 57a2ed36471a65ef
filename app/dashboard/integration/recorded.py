"""Numbers that the runs recorded."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import panel
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from app.dashboard.recorded import recorded_panel
from metrics.store.recorded import recorded_series


def _draw(look: Look) -> Component:
    seen = look.ask("recorded", lambda con, window: recorded_series(con, look.declared, window))
    if not any(one.n for one in seen.answer):
        return panel("Recorded values", html.P("No number was recorded in this window.", className="empty-note"))
    return recorded_panel(seen.answer, seen.window)


def _records(look: Look) -> bool:
    steps = [step for workflow in look.declared.workflows for step in workflow.steps]
    return any(step.record or step.until is not None for step in steps)


RECORDED_PANEL = Drawn("Recorded values", 12, _draw, applies=_records)
