"""A report's chart as the dashboard draws it: it can be zoomed, and its figures be read off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from alerts.reports.document import Band, Bars, Chart, Line
from app.dashboard.figures import ERRORS, P50, P95, P99, Figure, layout, note_at, typed
from metrics.model import Window
from metrics.series import Column

_LINES: Final = (P95, P50, P99, "#c7821c", "#b76aa5", "#7a8b99")
_SHADE: Final = "rgba(122,139,153,0.22)"


def chart_figure(chart: Chart) -> Figure | None:
    """None where nothing was measured."""
    if not chart.has_data:
        return None
    traces: list[dict[str, Any]] = []
    for band in chart.bands:
        traces += _band(band)
    traces += [_bars(one, ERRORS[place % len(ERRORS)][2], chart) for place, one in enumerate(chart.bars)]
    traces += [_line(one, _LINES[place % len(_LINES)], chart) for place, one in enumerate(chart.lines)]
    shapes = [_rectangle(span.start_ms, span.end_ms) for span in chart.spans]
    notes = [note_at(_at(span.start_ms), f"▲ {span.label}", row=1) for span in chart.spans]
    frame = layout(_window(chart), chart.unit, shapes=shapes, notes=notes)
    if chart.bars:
        frame.update(barmode="stack", bargap=0.12)
    return {"data": traces, "layout": frame}


def _window(chart: Chart) -> Window:
    times = [at for line in chart.lines for at in line.t_ms] + [at for bars in chart.bars for at in bars.t_ms]
    return Window(_at(min(times)), _at(max(times) + max(chart.bucket_ms, 1.0)))


def _line(line: Line, color: str, chart: Chart) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": line.label,
        "x": typed(_column(line.t_ms), "f8"),
        "y": typed(_column(line.values)),
        "connectgaps": False,
        "line": {"width": 2, "color": color, "dash": "dot" if line.dashed else "solid"},
        "hovertemplate": f"{line.label} %{{y:,.1f}} {chart.unit}<extra></extra>",
    }


def _bars(bars: Bars, color: str, chart: Chart) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": bars.label,
        "x": typed(_column(bars.t_ms), "f8"),
        "y": typed(_column(bars.values)),
        "marker": {"color": color, "line": {"width": 0}},
        "hovertemplate": f"%{{y:,.0f}} {bars.label} {chart.unit}<extra></extra>",
    }


def _band(band: Band) -> list[dict[str, Any]]:
    x = typed(_column(band.t_ms), "f8")
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    low = {**edge, "y": typed(_column(band.low)), "showlegend": False}
    high = {**edge, "y": typed(_column(band.high)), "name": band.label, "fill": "tonexty", "fillcolor": _SHADE}
    return [low, high]


def _rectangle(start_ms: float, end_ms: float) -> dict[str, Any]:
    return {
        "type": "rect", "xref": "x", "yref": "paper", "x0": start_ms, "x1": end_ms, "y0": 0, "y1": 1,
        "fillcolor": "rgba(207,75,63,0.16)", "line": {"width": 1, "color": "rgba(207,75,63,0.55)"}, "layer": "below",
    }  # fmt: skip


def _column(values: tuple[float | None, ...] | tuple[float, ...]) -> Column:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _at(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
