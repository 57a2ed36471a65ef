"""A run as a waterfall: each attempt at each step on one time axis, split into phases."""

from __future__ import annotations

from typing import Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import outcome_mark
from probes.model import Run, StepResult, Timings

PHASES: Final = (
    ("dns", "DNS"),
    ("connect", "connect"),
    ("tls", "TLS"),
    ("send", "send"),
    ("wait", "wait"),
    ("download", "download"),
)


def phases(timings: Timings) -> list[tuple[str, float]]:
    """The phases that happened, in order, with their milliseconds."""
    found = [(name, getattr(timings, f"{name}_ms")) for name, _ in PHASES]
    return [(name, value) for name, value in found if value is not None]


def waterfall(run: Run) -> Component:
    """Bars in proportion to the run's whole length."""
    whole = max([_offset(run, step) + _length(step) for step in run.steps], default=0.0) or 1.0
    rows = [html.Div(_row(run, step, whole), className="waterfall-row") for step in run.steps]
    if not rows:
        return html.P("No step ran.", className="empty-note")
    keys = [html.Span([html.Span(className=f"key {name}"), words]) for name, words in PHASES]
    return html.Div([html.Div(rows, className="waterfall"), html.Div(keys, className="legend")])


def _row(run: Run, step: StepResult, whole: float) -> list[Component]:
    at = _offset(run, step)
    bars = []
    for name, value in phases(step.timings):
        style = {"left": f"{at / whole * 100:.3f}%", "width": f"{value / whole * 100:.3f}%"}
        bars.append(html.Span(className=f"phase {name}", style=style, title=f"{name} {wording.milliseconds(value)}"))
        at += value
    label = step.name if step.attempt == 1 else f"{step.name} · attempt {step.attempt}"
    name_cell = html.Div([outcome_mark(step.outcome), " ", html.Span(label)], className="step-name", title=label)
    total = html.Div(wording.milliseconds(step.timings.total_ms), className="num")
    return [name_cell, html.Div(bars, className="lane"), total]


def _offset(run: Run, step: StepResult) -> float:
    return max(0.0, (step.started_at - run.started_at).total_seconds() * 1000)


def _length(step: StepResult) -> float:
    return step.timings.total_ms or sum(value for _, value in phases(step.timings))
