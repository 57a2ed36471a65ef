"""What is left of each error budget, how it was spent, and how fast it goes against what would alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import panel
from app.dashboard.figures import LIMIT, Figure, layout, typed
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from app.dashboard.integration.regions import LOOKS
from app.dashboard.objectives import flow_objectives, objectives_table
from app.dashboard.wording import epoch_ms
from metrics.calendars import budget_window
from metrics.model import ObjectiveStatus, Window
from metrics.spending import Spent, spending

STRETCHES: Final = 90
_HOUR: Final = timedelta(hours=1)
_FRESH_FOR: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class BurnDown:
    """The budgets over their windows up to `at`; every line is cut at the same instants."""

    at: datetime
    edges: tuple[datetime, ...]
    spent: tuple[Spent, ...]


def _draw(look: Look) -> Component:
    evaluation = look.view.hub.evaluation
    own = tuple(one for one in (evaluation.objectives if evaluation else ()) if one.integration == look.name)
    statuses = (*own, *flow_objectives(evaluation, look.declared.flows))
    if not statuses:
        return panel("Objectives and budgets", objectives_table(()))
    seen = burn_down(look)
    lines = [line for line in (_left(seen, one) for one in seen.spent) if line is not None]
    figure = burn_down_figure(lines) if lines else None
    shown = chart("budget-chart", figure, height="14rem", summary=_said(own), empty="No data in the budgets' windows")
    note = (
        "budget left over each objective's own window · burn 1 × spends the budget in that window · it alerts when "
        "both windows of a pair burn at the factor · lasts: until the reset, or at the pace of the last hours"
    )
    return panel("Objectives and budgets", shown, objectives_table(statuses), note=note, name="budget")


def burn_down(look: Look) -> BurnDown:
    """How much of each budget went in each of some ninety stretches of the longest window."""
    config, name = look.view.config, look.name

    def question(con: DuckDBPyConnection) -> BurnDown:
        at = look.view.now()
        starts = [budget_window(one, at).start for one in look.declared.objectives]
        start = min(starts, default=at - timedelta(days=30))
        edges = _edges(start, at)
        stretches = [Window(begin, end) for begin, end in pairwise(edges)]
        return BurnDown(at, edges, spending(con, config, stretches, at, {name}))

    return look.view.ask(("burn down", name, config.version), question, _FRESH_FOR)


def _edges(start: datetime, at: datetime) -> tuple[datetime, ...]:
    """Whole hours, for roll-ups know them; cutting one in two would ask all of its raw rows."""
    last = at.replace(minute=0, second=0, microsecond=0)
    every = -(-(at - start) // (_HOUR * STRETCHES)) * _HOUR
    count = -(-(last - start) // every)
    whole = [last - every * place for place in range(count, -1, -1)]
    return (*(edge for edge in whole if edge < at), at)


@dataclass(frozen=True, slots=True)
class Line:
    """What was left of one budget at each instant, as a share."""

    name: str
    t_ms: Any
    left: Any


def _left(seen: BurnDown, spent: Spent) -> Line | None:
    """Backwards from what is left now: each stretch gives back what it took."""
    if spent.left is None:
        return None
    begun = budget_window(spent.objective, seen.at).start
    took = np.array([spent.share(place) or 0.0 for place in range(len(spent.within))])
    left = spent.left + np.append(np.cumsum(took[::-1])[::-1], 0.0)
    own = np.array([edge >= begun for edge in seen.edges])
    t_ms = np.array([epoch_ms(edge) for edge in seen.edges], np.float64)
    return Line(spent.key, t_ms[own], left[own])


def burn_down_figure(lines: Sequence[Line]) -> Figure:
    """Share left in % of each budget; below zero it is overspent."""
    traces = [_trace(line, *LOOKS[place % len(LOOKS)]) for place, line in enumerate(lines)]
    first, last = (edge(find(line.t_ms) for line in lines) for edge, find in ((min, np.min), (max, np.max)))
    lowest = min(float(np.min(line.left)) for line in lines) * 100
    window = Window(_instant(first), _instant(last))
    frame = layout(window, "% left", shapes=[_spent_line()] if lowest < 5 else [], top=104)
    frame["yaxis"]["range"] = [min(0.0, max(lowest * 1.05, -200.0)), 104]
    return {"data": traces, "layout": frame}


def _trace(line: Line, color: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": line.name,
        "x": typed(line.t_ms, "f8"),
        "y": typed(line.left * 100),
        "line": {"width": 2, "color": color, "dash": dash},
        "hovertemplate": f"{line.name} %{{y:.1f}} %<extra></extra>",
    }


def _instant(t_ms: float) -> datetime:
    return datetime.fromtimestamp(float(t_ms) / 1000, UTC)


def _spent_line() -> dict[str, Any]:
    ink = {"color": LIMIT, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": ink}


def _said(statuses: Sequence[ObjectiveStatus]) -> str:
    told = [f"{one.key}: {wording.share(one.budget_left, 0)} left" for one in statuses if one.budget_left is not None]
    return "; ".join(told) + "." if told else "No data."


BUDGET_PANEL = Drawn("Objectives and budgets", 31, _draw)
