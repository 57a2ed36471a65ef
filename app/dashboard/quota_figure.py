"""The chart of an integration's quota: what is left of each bucket, and the cone of where it leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from app.dashboard.figures import P50, P95, P99, Figure, layout, note_at, typed
from app.dashboard.wording import epoch_ms
from metrics.model import Window
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.series import QuotaSeries

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash")
COLORS: Final = (P95, P50, P99, "#c7821c", "#b76aa5")
LEADS: Final = frozenset({ForecastState.RUNS_OUT, ForecastState.LASTS_PAST_RESET, ForecastState.LASTS_WINDOW})
AHEAD: Final = 0.6
"""How much of the window's length is shown of the future at most."""


def quota_figure(several: Sequence[QuotaSeries], forecasts: Sequence[QuotaForecast], window: Window) -> Figure:
    """Share left of each bucket in %, and for those with a forecast what will be left until their reset."""
    traces, notes, end = [], [], window.end
    for i, series in enumerate(several):
        color = COLORS[i % len(COLORS)]
        traces.append(_left(series, color, DASHES[i % len(DASHES)]))
        told = _told(forecasts, series)
        if told is None:
            continue
        until = min(told.reset.at or window.end + window.length, window.end + window.length * AHEAD)
        end = max(end, until)
        traces += _cone(told, until, color)
        if told.reset.at is not None and told.reset.at <= window.end + window.length * AHEAD:
            notes.append(note_at(told.reset.at, f"{told.bucket} resets", row=i, leftward=True))
    return {"data": traces, "layout": layout(Window(window.start, end), "% left", notes=notes, top=104)}


def _told(forecasts: Sequence[QuotaForecast], series: QuotaSeries) -> QuotaForecast | None:
    """The forecast of that bucket, where it leads somewhere."""
    level = series.level
    fits = (told for told in forecasts if told.bucket == level.bucket and level.credential in told.credentials)
    told = next(fits, None)
    drawn = told is not None and told.state in LEADS and told.burn is not None and told.left is not None
    return told if drawn else None


def _left(series: QuotaSeries, color: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": series.level.bucket,
        "x": typed(series.t_ms, "f8"),
        "y": typed(series.left * 100),
        "line": {"width": 1.8, "color": color, "dash": dash},
        "hovertemplate": f"{series.level.bucket} %{{y:.1f}} % left<extra></extra>",
    }


def _cone(told: QuotaForecast, until: datetime, color: str) -> list[dict[str, Any]]:
    if told.burn is None or told.observed_at is None or not told.remaining or not told.left:
        return []
    size = told.remaining / told.left
    quick, likely, slow = (
        _line(told, per_h / size, until) for per_h in (told.burn.high, told.burn.per_h, max(told.burn.low, 0.0))
    )
    cone = [*quick, *reversed(slow)]
    about = {"type": "scatter", "mode": "lines", "legendgroup": told.bucket, "showlegend": False, "hoverinfo": "skip"}
    return [
        about | _points(cone) | {"fill": "toself", "fillcolor": color + "2e", "line": {"width": 0}, "name": "bounds"},
        about | _points(likely) | {"line": {"width": 1.4, "color": color, "dash": "dot"}, "name": "forecast"},
    ]


def _line(told: QuotaForecast, share_per_h: float, until: datetime) -> list[tuple[int, float]]:
    """From what is left now, straight down to nothing or to what is left then; (epoch ms, %)."""
    begins, left = told.observed_at or until, told.left or 0.0
    hours = (until - begins) / timedelta(hours=1)
    points = [(epoch_ms(begins), left * 100)]
    if share_per_h > 0 and left / share_per_h < hours:
        points.append((epoch_ms(begins + timedelta(hours=left / share_per_h)), 0.0))
    last = min(1.0, max(0.0, left - share_per_h * hours))
    return [*points, (epoch_ms(until), last * 100)]


def _points(points: Sequence[tuple[int, float]]) -> dict[str, Any]:
    x, y = np.array(points, np.float64).T
    return {"x": typed(x, "f8"), "y": typed(y)}
