"""Charts as plain dictionaries for plotly.js: typed arrays, x as epoch milliseconds, colours left to the style sheet.

Text, grid and axis colours come from `assets/leadline.css`, so one figure serves both themes. Traces keep at least
3:1 against both surfaces and stay apart for colour-blind eyes; every series is also named, dashed or stacked in order.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from app.dashboard.wording import epoch_ms
from metrics.model import Window
from metrics.series import Column, ErrorSeries, LatencySeries, PhaseSeries

Figure = dict[str, Any]

GRAPH_CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": [
        "toImage",
        "sendChartToCloud",
        "sendDataToCloud",
        "lasso2d",
        "select2d",
        "autoScale2d",
        "zoomIn2d",
        "zoomOut2d",
    ],
    "displayModeBar": "hover",
    "responsive": True,
    "showTips": False,
}
P50: Final = "#2b9a83"
P95: Final = "#3a86c8"
P99: Final = "#9a7fd6"
LIMIT: Final = "#cf4b3f"
ERRORS: Final = (
    ("server_errors", "5xx", "#cf4b3f"),
    ("client_errors", "4xx", "#c7821c"),
    ("network", "network", "#7a8b99"),
    ("correctness", "wrong answer", "#b76aa5"),
    ("throttled", "throttled", "#7d6fd6"),
)
PHASES: Final = (
    ("dns", "DNS", "#8d7fd1"),
    ("connect", "connect", "#d28b26"),
    ("tls", "TLS", "#b76aa5"),
    ("send", "send", "#7a8b99"),
    ("wait", "wait", "#3a86c8"),
    ("download", "download", "#2b9a83"),
)
_INK: Final = "#7a8b99"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time to shade; `end` None means until now."""

    start: datetime
    end: datetime | None
    label: str


def typed(column: Column, dtype: str = "f4") -> dict[str, str]:
    """A column as plotly.js reads it without parsing numbers; NaN is a gap."""
    return {"dtype": dtype, "bdata": base64.b64encode(np.ascontiguousarray(column, dtype=dtype).tobytes()).decode()}


def latency_figure(
    series: LatencySeries, window: Window, *, threshold_ms: float | None = None, incidents: Iterable[Span] = ()
) -> Figure:
    """P50, P95 and P99 per bucket; the objective as a dashed line, incidents and simulated history shaded."""
    x = typed(series.t_ms, "f8")
    counts = typed(series.n)
    traces = [
        _line("P50", x, series.p50, P50, counts, width=1.5),
        _line("P95", x, series.p95, P95, counts, width=2.2),
        _line("P99", x, series.p99, P99, counts, width=1.5, dash="dot"),
    ]
    shapes, notes = _incident_shapes(incidents, window)
    simulated_shapes, simulated_notes = _simulated(series.simulated_until, window)
    shapes, notes = simulated_shapes + shapes, simulated_notes + notes
    if threshold_ms is not None:
        shapes.append(limit_shape(threshold_ms))
        notes.append(limit_note(threshold_ms))
    top = _ceiling((series.p99, series.p95), threshold_ms)
    return {"data": traces, "layout": layout(window, "ms", shapes=shapes, notes=notes, top=top)}


def error_figure(series: ErrorSeries, window: Window, simulated_until: datetime | None = None) -> Figure:
    """Failed requests per bucket by class, stacked."""
    x = typed(series.t_ms, "f8")
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": x,
            "y": typed(getattr(series, key)),
            "marker": {"color": color, "line": {"width": 0}},
            "hovertemplate": f"%{{y:,.0f}} {name}<extra></extra>",
        }
        for key, name, color in ERRORS
        if np.nansum(getattr(series, key)) > 0
    ]
    shapes, notes = _simulated(simulated_until, window)
    frame = layout(window, "requests", shapes=shapes, notes=notes)
    frame.update(barmode="stack", bargap=0.12)
    # One error among none must not make an axis of fifths.
    frame["yaxis"]["autorangeoptions"] = {"include": [0, 4]}
    return {"data": traces, "layout": frame}


def phase_figure(series: PhaseSeries, window: Window, simulated_until: datetime | None = None) -> Figure:
    """Median milliseconds of each phase per bucket, stacked as areas."""
    x = typed(series.t_ms, "f8")
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": x,
            "y": typed(getattr(series, key)),
            "stackgroup": "phases",
            "line": {"width": 0.6, "color": color},
            "fillcolor": color + "b0",
            "hovertemplate": f"{name} %{{y:,.1f}} ms<extra></extra>",
        }
        for key, name, color in PHASES
        if getattr(series, key) is not None and np.isfinite(getattr(series, key)).any()
    ]
    shapes, notes = _simulated(simulated_until, window)
    return {"data": traces, "layout": layout(window, "ms", shapes=shapes, notes=notes)}


def has_points(*columns: Column) -> bool:
    """Whether there is anything to draw: a chart of nothing is said in words instead."""
    return any(np.isfinite(column).any() for column in columns)


def _line(
    name: str, x: dict[str, str], y: Column, color: str, counts: dict[str, str], *, width: float, dash: str = "solid"
) -> dict[str, Any]:
    finite = np.isfinite(y)
    # A lone point between two gaps has no line to it and would vanish.
    alone = finite & ~np.roll(finite, 1) & ~np.roll(finite, -1)
    return {
        "type": "scatter",
        "mode": "lines+markers" if alone.any() else "lines",
        "name": name,
        "x": x,
        "y": typed(y),
        "customdata": counts,
        "connectgaps": False,
        "line": {"width": width, "color": color, "dash": dash},
        "marker": {"size": typed(np.where(alone, 4.0, 0.0)), "color": color},
        "hovertemplate": f"{name} %{{y:,.1f}} ms (n %{{customdata:,.0f}})<extra></extra>",
    }


def _incident_shapes(spans: Iterable[Span], window: Window) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shapes, notes = [], []
    for span in spans:
        start, end = max(span.start, window.start), min(span.end or window.end, window.end)
        if start >= end:
            continue
        shapes.append(_rectangle(start, end, "rgba(207,75,63,0.16)", "rgba(207,75,63,0.55)"))
        notes.append(note_at(start, f"▲ {span.label}", row=1, leftward=start > window.start + window.length * 0.6))
    return shapes, notes


def _simulated(until: datetime | None, window: Window) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if until is None or until <= window.start:
        return [], []
    end = min(until, window.end)
    text = f"simulated history until {until.astimezone(UTC).strftime('%d %b %H:%M').lstrip('0')} UTC"
    return [_rectangle(window.start, end, "rgba(122,139,153,0.10)", "rgba(122,139,153,0.0)")], [
        note_at(window.start, text)
    ]


def _rectangle(start: datetime, end: datetime, fill: str, edge: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": epoch_ms(start),
        "x1": epoch_ms(end),
        "y0": 0,
        "y1": 1,
        "fillcolor": fill,
        "line": {"width": 1, "color": edge},
        "layer": "below",
    }


def note_at(at: datetime, text: str, *, row: int = 0, leftward: bool = False) -> dict[str, Any]:
    """A word at the upper edge of a chart, beside that instant."""
    return {
        "x": epoch_ms(at),
        "xref": "x",
        "xanchor": "right" if leftward else "left",
        "y": 1 - 0.07 * row,
        "yref": "paper",
        "yanchor": "top",
        "text": text,
        "showarrow": False,
        "font": {"size": 11, "color": _INK},
    }


def limit_shape(threshold_ms: float) -> dict[str, Any]:
    """What is promised, as a dashed line."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": threshold_ms,
        "y1": threshold_ms,
        "line": {"color": LIMIT, "width": 1.4, "dash": "dash"},
    }


def limit_note(threshold_ms: float) -> dict[str, Any]:
    """What that line is."""
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": threshold_ms,
        "yanchor": "bottom",
        "text": f"objective {threshold_ms:g} ms",
        "showarrow": False,
        "font": {"size": 11, "color": LIMIT},
    }


def _ceiling(columns: Iterable[Column], threshold_ms: float | None) -> float | None:
    """A top that keeps the objective in sight and does not let one spike flatten everything else."""
    finite = [column[np.isfinite(column)] for column in columns]
    values = np.concatenate(finite)
    if not values.size:
        return None
    top = float(np.max(values))
    if values.size >= 20:
        top = min(top, float(np.quantile(values, 0.97)) * 1.7)
    return max(top, threshold_ms or 0.0) * 1.12


def layout(
    window: Window,
    unit: str,
    *,
    shapes: list[dict[str, Any]] | None = None,
    notes: list[dict[str, Any]] | None = None,
    top: float | None = None,
) -> dict[str, Any]:
    """Axes, legend and hover of a chart over that window; `top` fixes the upper end of the y axis."""
    y: dict[str, Any] = {
        "rangemode": "tozero",
        "ticksuffix": f" {unit}" if unit == "ms" else "",
        "title": {"text": "" if unit == "ms" else unit, "font": {"size": 11}},
        "zeroline": False,
        "nticks": 6,
        "fixedrange": True,
        "automargin": True,
        "separatethousands": True,
    }
    if top is not None:
        y["range"] = [0, top]
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "color": _INK},
        "margin": {"l": 8, "r": 10, "t": 30, "b": 30},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {
            "type": "date",
            "range": [epoch_ms(window.start), epoch_ms(window.end)],
            "showgrid": False,
            "hoverformat": "%a %d %b %H:%M UTC",
            "nticks": 7,
            "tickangle": 0,
        },
        "yaxis": y,
        "shapes": shapes or [],
        "annotations": notes or [],
        "showlegend": True,
    }
