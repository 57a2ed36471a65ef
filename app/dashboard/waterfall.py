"""A run as a waterfall: each attempt at each step on one time axis, split into phases."""

from __future__ import annotations

from typing import Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import aria, outcome_mark
from probes.model import Run, StepResult, Timings

PHASES: Final = (
    ("dns", "DNS"),
    ("connect", "connect"),
    ("tls", "TLS"),
    ("send", "send"),
    ("wait", "wait"),
    ("download", "download"),
)


_WORDS: Final = dict(PHASES)


def phases(timings: Timings) -> list[tuple[str, float]]:
    """The phases that happened, in order, with their milliseconds."""
    found = [(name, getattr(timings, f"{name}_ms")) for name, _ in PHASES]
    return [(name, value) for name, value in found if value is not None]


def waterfall(run: Run) -> Component:
    """Bars in proportion to the run's whole length; exact figures on each, and in words for who cannot see them."""
    whole = max([_offset(run, step) + _length(step) for step in run.steps], default=0.0) or 1.0
    rows = [html.Div(_row(run, step, whole), className="waterfall-row") for step in run.steps]
    if not rows:
        return html.P("No step ran.", className="empty-note")
    keys = [html.Span([html.Span(className=f"key {name}"), words]) for name, words in PHASES]
    return html.Div([html.Div([_scale(whole), *rows], className="waterfall"), html.Div(keys, className="legend")])


def spoken(run: Run, step: StepResult) -> str:
    """A row in words: `read it back: failed; began after 38.2 ms, took 203.1 ms: wait 198.1 ms, download 5 ms`."""
    label = step.name if step.attempt == 1 else f"{step.name}, attempt {step.attempt}"
    split = ", ".join(f"{_WORDS[name]} {exact(value)}" for name, value in phases(step.timings))
    took = f"took {exact(_length(step))}{': ' if split else ''}{split}"
    return f"{label}: {step.outcome.value}; began after {exact(_offset(run, step))}, {took}"


def exact(value: float) -> str:
    """`203.114 ms`: to the microsecond, as it was measured."""
    return f"{value:,.3f}".rstrip("0").rstrip(".") + " ms"


def _scale(whole: float) -> Component:
    marks = [
        html.Span(wording.milliseconds(whole * share) if share else "0", style={"left": f"{share:.0%}"})
        for share in (0, 0.25, 0.5, 0.75)
    ]
    lane = html.Div(marks, className="lane scale", **aria(hidden="true"))
    return html.Div([html.Div(), lane, html.Div("in all", className="num note")], className="waterfall-row scale-row")


def _row(run: Run, step: StepResult, whole: float) -> list[Component]:
    at = _offset(run, step)
    bars = []
    for name, value in phases(step.timings):
        style = {"left": f"{at / whole * 100:.3f}%", "width": f"{value / whole * 100:.3f}%"}
        told = f"{_WORDS[name]} {exact(value)} ({exact(at)} – {exact(at + value)})"
        bars.append(html.Span(className=f"phase {name}", style=style, title=told))
        at += value
    label = step.name if step.attempt == 1 else f"{step.name} · attempt {step.attempt}"
    name_cell = html.Div([outcome_mark(step.outcome), " ", html.Span(label)], className="step-name", title=label)
    total = html.Div(wording.milliseconds(step.timings.total_ms), className="num", title=exact(_length(step)))
    lane = html.Div(bars, className="lane", role="img", **aria(label=spoken(run, step)))
    return [name_cell, lane, total]


def _offset(run: Run, step: StepResult) -> float:
    return max(0.0, (step.started_at - run.started_at).total_seconds() * 1000)


def _length(step: StepResult) -> float:
    return step.timings.total_ms or sum(value for _, value in phases(step.timings))
