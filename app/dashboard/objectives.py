"""An integration's objectives as a table: SLI, coverage, budget, burn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import budget_bar, mark, panel, table
from metrics.model import Burn, ObjectiveStatus, State


def objectives_panel(objectives: Sequence[ObjectiveStatus]) -> Component:
    """One row per objective; burn is budget spent per window's length at this rate."""
    lengths = sorted({burn.pair.long for o in objectives for burn in o.burns})
    head = (
        "SLI",
        "target",
        "window",
        "measured",
        "coverage",
        "budget left",
        *(f"burn {wording.span(x)}" for x in lengths),
        "alert",
    )
    rows = [_row(status, lengths) for status in objectives]
    numeric = range(3, 5)
    note = "SLI = good ÷ measured slices · coverage = measured ÷ expected · burn 1 × spends the budget in its window"
    empty = "No objective is declared. Add `objectives` to this integration's YAML to have a budget."
    return panel("Objectives", table(head, rows, [*numeric, *range(6, 6 + len(lengths))], empty), note=note)


def _row(status: ObjectiveStatus, lengths: Sequence[timedelta]) -> tuple[Any, ...]:
    objective = status.objective
    limit = f" < {wording.span(objective.threshold)}" if objective.threshold else ""
    scope = f" · {objective.workflow}" if objective.workflow else ""
    name: list[Any] = [html.Span(f"{wording.spoken(objective.sli)}{limit}{scope}")]
    if status.simulated:
        share = status.simulated / max(1, status.good + status.bad)
        name.append(html.Span(f"{wording.share(share, 0)} simulated", className="sim", style={"marginLeft": "0.5rem"}))
    firing = [burn for burn in status.burns if burn.firing]
    return (
        html.Span(name),
        f"{objective.target * 100:.10g} %",
        wording.span(objective.window),
        measured(status),
        wording.share(status.coverage, 1),
        budget_bar(status.budget_left),
        *(_burn(status.burns, length) for length in lengths),
        _firing(firing),
    )


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
    burn = found[0]
    tone = "actual-bad" if burn.firing else None
    return html.Span(
        f"{burn.long_burn:.1f} ×",
        className=tone,
        title=f"fires at {burn.pair.factor:g} × with {wording.span(burn.pair.short)}",
    )


def _firing(firing: Sequence[Burn]) -> Component:
    if not firing:
        return mark(State.UP, "quiet")
    worst = max(firing, key=lambda burn: burn.pair.factor)
    return mark(
        State.DOWN if worst.pair.severity == "page" else State.DEGRADED,
        f"{worst.pair.severity} · {wording.span(worst.pair.long)}",
    )
