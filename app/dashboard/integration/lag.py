"""How long it takes until what was done at one end can be seen at the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import in_zone, panel
from app.dashboard.figures import Figure, has_points, layout, limit_note, limit_shape, typed
from app.dashboard.integration.latency import clock
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from app.dashboard.integration.regions import LOOKS
from config.model import Sli
from metrics.model import Window
from metrics.series import LagSeries
from metrics.store.lag import lag_series


def _waits(look: Look) -> bool:
    return any(step.until is not None for workflow in look.declared.workflows for step in workflow.steps)


def _draw(look: Look) -> Component:
    seen = look.ask("lag", lambda con, window: lag_series(con, look.name, window, look.bucket(window)))
    known = [one for one in seen.answer if has_points(one.p95)]
    figure = lag_figure(known, seen.window, _promised_ms(look)) if known else None
    n = sum(int(one.n.sum()) for one in known)
    bucket = f" in {wording.span(known[0].bucket)} buckets" if known else ""
    note = f"ms until it could be seen at the other end · n {n:,} · {wording.span(look.range.length)}{bucket}"
    shown = chart("lag-chart", figure, height="15rem", summary=_said(known), empty="No sync lag in this window")
    return panel("Sync lag", shown, note=in_zone(note), name="lag")


def _promised_ms(look: Look) -> float | None:
    promised = (one.threshold for one in look.declared.objectives if one.sli is Sli.SYNC_LAG and one.threshold)
    threshold = next(promised, None)
    return None if threshold is None else threshold.total_seconds() * 1000


def lag_figure(several: Sequence[LagSeries], window: Window, promised_ms: float | None) -> Figure:
    """P95 of each workflow, with its P50 as a thin line, and what is promised."""
    traces: list[dict[str, Any]] = []
    for place, one in enumerate(several):
        color, dash = LOOKS[place % len(LOOKS)]
        traces += [_line(one, "P95", one.p95, {"width": 2, "color": color, "dash": dash})]
        traces += [_line(one, "P50", one.p50, {"width": 1, "color": color, "dash": dash})]
    shapes = [] if promised_ms is None else [limit_shape(promised_ms)]
    notes = [] if promised_ms is None else [limit_note(promised_ms)]
    top = max(promised_ms or 0.0, *(float(np.nanmax(one.p95)) for one in several)) * 1.12
    return {"data": traces, "layout": layout(window, "ms", shapes=shapes, notes=notes, top=top)}


def _line(one: LagSeries, name: str, column: Any, ink: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{one.workflow} {name}",
        "x": typed(one.t_ms, "f8"),
        "y": typed(column),
        "customdata": typed(one.n),
        "connectgaps": False,
        "line": ink,
        "hovertemplate": f"{one.workflow} {name} %{{y:,.0f}} ms (n %{{customdata:,.0f}})<extra></extra>",
    }


def _said(known: Sequence[LagSeries]) -> str:
    told = []
    for one in known:
        top = int(np.nanargmax(one.p95))
        told.append(
            f"{one.workflow}: P95 at most {wording.milliseconds(float(one.p95[top]))} at {clock(one.t_ms[top])}"
        )
    return "; ".join(told) + "." if told else "No data."


LAG_PANEL = Drawn("Sync lag", 20, _draw, applies=_waits)
