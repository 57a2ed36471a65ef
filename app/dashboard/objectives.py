"""An integration's objectives as a table: SLI, coverage, budget, burn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import budget_bar, mark, panel, table
from config.model import CalendarWindow
from config.objective import SLICE
from metrics.model import Burn, Evaluation, ObjectiveStatus, State, flow_subject

_EMPTY: Final = "No objective is declared. Add `objectives` to this integration's YAML to have a budget."


def objectives_panel(objectives: Sequence[ObjectiveStatus]) -> Component:
    """One row per objective, those of its flows last; burn is budget spent per window's length at this rate."""
    note = (
        "SLI = good ÷ measured slices · coverage = measured ÷ expected · burn 1 × spends the budget in its window · "
        "lasts: until the reset, or at the earliest at the pace of the last hours"
    )
    return panel("Objectives", objectives_table(objectives), note=note)


def objectives_table(objectives: Sequence[ObjectiveStatus], empty: str = _EMPTY) -> Component:
    """The same without a surface of its own."""
    lengths = sorted({burn.pair.long for o in objectives for burn in o.burns})
    head = (
        "SLI",
        "target",
        "window",
        "measured",
        "coverage",
        "budget left",
        "lasts",
        *(f"burn {wording.span(x)}" for x in lengths),
        "alert",
    )
    rows = [_row(status, lengths) for status in objectives]
    shown = table(head, rows, [*range(3, 5), *range(7, 7 + len(lengths))], empty)
    return html.Div(shown, id="live-objectives")


def flow_objectives(evaluation: Evaluation | None, flows: Sequence[str]) -> tuple[ObjectiveStatus, ...]:
    """What is promised of business flows as a whole."""
    subjects = {flow_subject(name) for name in flows}
    return tuple(status for status in (evaluation.objectives if evaluation else ()) if status.integration in subjects)


def _row(status: ObjectiveStatus, lengths: Sequence[timedelta]) -> tuple[Any, ...]:
    objective = status.objective
    name: list[Any] = [html.Span(_name(status))]
    if status.simulated:
        share = status.simulated / max(1, status.good + status.bad)
        name.append(html.Span(f"{wording.share(share, 0)} simulated", className="sim", style={"marginLeft": "0.5rem"}))
    firing = [burn for burn in status.burns if burn.firing]
    return (
        html.Span(name),
        f"{objective.target * 100:.10g} %",
        _window(status),
        measured(status),
        wording.share(status.coverage, 1),
        budget_bar(status.budget_left),
        lasting(status),
        *(_burn(status.burns, length) for length in lengths),
        _firing(firing, known=status.sli is not None),
    )


def _name(status: ObjectiveStatus) -> str:
    objective = status.objective
    flow = f"{wording.spoken(status.integration)}: " if status.integration.startswith("flow:") else ""
    limit = f" < {wording.span(objective.threshold)}" if objective.threshold else ""
    value = f" {objective.value}" if objective.value else ""
    edges = (("≥", objective.at_least), ("≤", objective.at_most))
    limit += "".join(f" {sign} {edge:g}" for sign, edge in edges if edge is not None)
    scope = f" · {objective.workflow}" if objective.workflow else ""
    sliced = f" · slices of {wording.span(objective.slice or SLICE)}" if objective.method == "time_slices" else ""
    return f"{flow}{wording.spoken(objective.sli)}{value}{limit}{scope}{sliced}"


def _window(status: ObjectiveStatus) -> str:
    """Its length, or which part of the calendar where."""
    window = status.objective.window
    if isinstance(window, CalendarWindow):
        return f"{window.calendar} · {window.time_zone}"
    return wording.span(window)


def lasting(status: ObjectiveStatus) -> Component:
    """How long the budget lasts, or when it is full again."""
    if status.budget_left is None or status.pace_over is None:
        return html.Span("no data", className="none")
    reset = f"full again {wording.moment(status.resets_at)}" if status.resets_at else None
    if status.exhausted_in is None:
        return html.Span("past the reset" if reset else "lasts", title=reset)
    if not status.exhausted_in:
        return html.Span("spent", className="actual-bad", title=reset)
    pace = f"at the pace of the last {wording.span(status.pace_over)}"
    title = f"{pace}; {reset}" if reset else pace
    return html.Span(wording.lasting(status.exhausted_in), className="actual-bad", title=title)


def measured(status: ObjectiveStatus) -> Component:
    """The SLI with its sample count."""
    if status.sli is None:
        return html.Span("no data", className="none")
    share = f"{'' if status.exact else '≈ '}{wording.share(status.sli, 3)}"
    return html.Span([share, html.Span(f"  n {status.good + status.bad:,}", className="note")])


def _burn(burns: Sequence[Burn], length: timedelta) -> Component:
    found = [burn for burn in burns if burn.pair.long == length]
    if not found or found[0].long_burn is None:
        return html.Span("no data", className="none")
    burn, factor, lately = found[0], found[0].pair.factor, found[0].long_burn or 0.0
    # The shorter window says whether it still goes on: both have to burn.
    both = min(lately, burn.short_burn or 0.0)
    fills = html.Span(html.Span(style={"width": f"{min(1.0, both / factor) * 100:.0f}%"}), className="track burn")
    short = "no data" if burn.short_burn is None else f"{burn.short_burn:.1f} ×"
    return html.Span(
        [html.Span(f"{lately:.1f} × of {factor:.3g} ×"), fills],
        className="burn actual-bad" if burn.firing else "burn",
        title=f"last {wording.span(burn.pair.short)}: {short}; fires when both windows burn at {factor:.3g} ×",
    )


def _firing(firing: Sequence[Burn], *, known: bool = True) -> Component:
    if not firing:
        return mark(State.UP, "quiet") if known else mark(State.NO_DATA, "no data")
    worst = max(firing, key=lambda burn: burn.pair.factor)
    return mark(
        State.DOWN if worst.pair.severity == "page" else State.DEGRADED,
        f"{worst.pair.severity} · {wording.span(worst.pair.long)}",
    )
