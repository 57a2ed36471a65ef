"""Buttons that open the dialog of `assets/acts.js`: it asks before anything is done, and says what came of it."""

from __future__ import annotations

import json
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard.acting import may_act
from app.dashboard.elements import data
from app.dashboard.view import View
from app.hub.actor import actor


def act_button(view: View, act: str, words: str, /, *, primary: bool = False, **what: Any) -> Component:
    """Opens the dialog for `act`; `what` is what it is about. Nothing for those who may not act."""
    if not may_act(view):
        return html.Span(hidden=True)
    about = json.dumps({name: value for name, value in {**what, "as": actor().name}.items() if value})
    attributes = data(**{"act-open": act, "what": about})
    return html.Button(words, type="button", className=f"act-open{' primary' if primary else ''}", **attributes)


def run_now(
    view: View, integration: str, workflow: str | None = None, region: str | None = None, words: str = "Run now"
) -> Component:
    """Runs a workflow at once, outside the timetable; without a name, every workflow, or from every region. The result
    is linked on the page it was asked from, without a reload."""
    return act_button(view, "run", words, integration=integration, workflow=workflow, region=region)
