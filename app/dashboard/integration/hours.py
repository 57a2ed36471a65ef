"""What is normal at which hour of the week, on the clock that the integration's normal goes by."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import panel
from app.dashboard.figures import Figure
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from metrics.series import Column, HourOfWeek
from metrics.store.weeks import hour_of_week

WEEKS: Final = 4
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FRESH_FOR: Final = timedelta(minutes=15)
_CIVIDIS: Final = [
    [0.0, "#00224e"], [0.17, "#2a3f6d"], [0.33, "#575d6d"], [0.5, "#7d7c78"], [0.67, "#a59c74"], [0.83, "#d2c060"],
    [1.0, "#fee838"],
]  # fmt: skip
"""Dark is quick and bright is slow, for every kind of eye."""
_HERE: Final = "#cf4b3f"


def _draw(look: Look) -> Component:
    zone = ZoneInfo(look.zone)

    def question(con: DuckDBPyConnection) -> HourOfWeek:
        return hour_of_week(con, look.name, WEEKS, zone, look.view.now(), memo=look.view.memo)

    key = ("hour of week", look.name, look.zone, look.view.config.version)
    seen = look.view.ask(key, question, _FRESH_FOR)
    n = int(seen.n.sum())
    figure = week_figure(seen, look.at) if n else None
    shown = chart(
        "hours-chart", figure, height="15rem", empty="No data in 4 weeks", summary=said(seen), rows=_rows(seen)
    )
    note = f"P95 in ms by weekday and hour · last {WEEKS} weeks · n {n:,} · clock of {look.zone} · outlined: now"
    return panel("Normal by hour of the week", shown, note=note, name="hours")


def week_figure(seen: HourOfWeek, now: datetime) -> Figure:
    """Seven rows of 24 hours; an hour without data has no colour."""
    here = now.astimezone(ZoneInfo(seen.zone))
    trace = {
        "type": "heatmap",
        "z": _grid(seen.p95),
        "customdata": _grid(seen.n),
        "x": list(range(24)),
        "y": list(DAYS),
        "colorscale": _CIVIDIS,
        "xgap": 1.5,
        "ygap": 1.5,
        "hoverongaps": False,
        "hovertemplate": "%{y} %{x}:00: P95 %{z:,.0f} ms (n %{customdata:,.0f})<extra></extra>",
        "colorbar": {"thickness": 10, "outlinewidth": 0, "ticksuffix": " ms", "nticks": 5},
    }
    ticks = list(range(0, 24, 3))
    frame = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "color": "#7a8b99"},
        "margin": {"l": 8, "r": 8, "t": 6, "b": 24},
        "xaxis": {
            "tickvals": ticks, "ticktext": [f"{hour:02d}" for hour in ticks], "showgrid": False, "fixedrange": True,
            "zeroline": False,
        },
        "yaxis": {
            "autorange": "reversed", "showgrid": False, "fixedrange": True, "automargin": True, "zeroline": False,
        },
        "shapes": [_outline(here.hour, here.weekday())],
    }  # fmt: skip
    return {"data": [trace], "layout": frame}


def _grid(cells: Column) -> dict[str, str]:
    """Seven by 24 as plotly.js reads it without parsing."""
    packed = np.ascontiguousarray(cells, dtype="f4").tobytes()
    return {"dtype": "f4", "bdata": base64.b64encode(packed).decode(), "shape": "7, 24"}


def _outline(hour: int, day: int) -> dict[str, Any]:
    edges = {"x0": hour - 0.5, "x1": hour + 0.5, "y0": day - 0.5, "y1": day + 0.5}
    return {"type": "rect", **edges, "line": {"color": _HERE, "width": 2}}


def said(seen: HourOfWeek) -> str:
    """The slowest and the quickest hour, and how many hold nothing."""
    known = np.argwhere(np.isfinite(seen.p95))
    if not len(known):
        return "No data."
    slow, quick = (np.unravel_index(find(seen.p95), seen.p95.shape) for find in (np.nanargmax, np.nanargmin))
    empty = 7 * 24 - len(known)
    none = f" {empty} of 168 hours have no data." if empty else ""
    return f"Slowest is {_cell(seen, slow)}, quickest {_cell(seen, quick)}.{none}"


def _cell(seen: HourOfWeek, place: Any) -> str:
    day, hour = (int(part) for part in place)
    p95 = wording.milliseconds(float(seen.p95[day, hour]))
    return f"{DAYS[day]} {hour:02d}:00 (P95 {p95}, n {seen.n[day, hour]:,.0f})"


def _rows(seen: HourOfWeek) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    rows = [
        (day, *(f"{value:,.0f}" if np.isfinite(value) else wording.NONE for value in seen.p95[place]))
        for place, day in enumerate(DAYS)
    ]
    return ("P95 in ms", *(f"{hour:02d}" for hour in range(24))), rows


HOUR_PANEL = Drawn("Normal by hour of the week", 20, _draw)
