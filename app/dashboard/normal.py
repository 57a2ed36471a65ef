"""Latencies of an integration against what is normal for them at this hour, with the 24 hours to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import aria, in_zone, mark, panel, table
from app.dashboard.figures import LIMIT, P95, Figure, has_points, layout, typed
from app.dashboard.ranges import Range
from app.dashboard.view import View
from app.dashboard.wording import epoch_ms
from metrics.baseline.series import HOUR_S, Measure
from metrics.learning.band import AHEAD_H, Band, Normal
from metrics.learning.band import Standing as Learned
from metrics.model import State, Window
from metrics.series import Column

_BAND: Final = "#2b9a83"
_MOST: Final = 800
"""Points of a line."""
_SHOWN: Final = 6
"""Rows of the table, and the chosen one; the rest is said."""


def normal_panel(view: View, name: str, window: Window, query: Mapping[str, str], chosen: Range) -> Component:
    """Which series are off, and the chosen one against its band; nothing at all where nothing is learned."""
    standings = sorted(view.normals(name), key=worst_first)
    known = [one for one in standings if one.usual is not None]
    if not standings:
        return html.Div(hidden=True)
    if not known:
        words = "What is normal is learned from the first hours on: nothing is known yet."
        return panel("Against normal", html.P(words, className="chart-empty"), name="normal")
    wanted = query.get("normal", "")
    shown = next((one for one in known if _name(one) == wanted), known[0])
    normal = view.normal(shown.monitor, window)
    figure = None
    if normal is not None and has_points(normal.buckets.value, normal.past.usual):
        figure = normal_figure(normal, Window(window.start, window.end + timedelta(hours=AHEAD_H)), _unit(shown))
    bucket = timedelta(seconds=shown.monitor.key.bucket_s)
    note = f"75th percentile of each {wording.span(bucket)} · {wording.span(window.length)} and 24 h ahead"
    said = f"{series_words(shown)}: {_sentence(shown)}."
    return panel(
        "Against normal",
        html.P([html.B(series_words(shown)), " ", _sentence(shown)], className="meta", id="live-normal-said"),
        chart("normal-chart", figure, height="16rem", summary=said),
        html.Div(_table(known, shown, name, chosen), id="live-normal-table"),
        note=in_zone(note),
        name="normal",
    )


def main_series(view: View, name: str, query: Mapping[str, str]) -> Learned | None:
    """The series whose normal stands for the integration's: the chosen one, or that step which is the furthest off."""
    known = [one for one in view.normals(name) if one.usual is not None and one.monitor.key.measure == Measure.TOTAL]
    wanted = query.get("normal", "")
    return next((one for one in known if _name(one) == wanted), min(known, key=worst_first, default=None))


def band_traces(normal: Normal, window: Window, name: str) -> list[dict[str, Any]]:
    """From usual to limit in that window, as a background for other lines."""
    whole = _joined(normal.past, normal.ahead)
    shown = (whole.t_ms < epoch_ms(window.end)) & (whole.t_ms >= epoch_ms(window.start) - HOUR_S * 1000)
    if not shown.any():
        return []
    x = np.append(whole.t_ms[shown], min(epoch_ms(window.end), whole.t_ms[shown][-1] + HOUR_S * 1000))
    usual, limit = (np.append(column[shown], column[shown][-1:]) for column in (whole.usual, whole.limit))
    about = {"type": "scatter", "mode": "lines", "x": typed(x, "f8"), "legendgroup": "normal"}
    edge = {"shape": "hv", "width": 0.8, "color": _BAND}
    return [
        about | {
            "y": typed(usual), "line": edge, "showlegend": False, "name": "usual",
            "hovertemplate": "usual %{y:,.0f} ms<extra></extra>",
        },
        about | {
            "y": typed(limit), "line": {**edge, "dash": "dash"}, "fill": "tonexty", "name": name,
            "fillcolor": "rgba(43,154,131,0.13)", "hovertemplate": "limit of normal %{y:,.0f} ms<extra></extra>",
        },
    ]  # fmt: skip


def normal_figure(normal: Normal, window: Window, unit: str) -> Figure:
    """What was measured, over the band from usual to the limit; the band goes on for what is still to come."""
    whole = _joined(normal.past, normal.ahead)
    x = typed(whole.t_ms, "f8")
    t_ms, value = thinned(normal.buckets.t_ms, normal.buckets.value)
    step = {"shape": "hv", "width": 1}
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "name": "usual", "x": x, "y": typed(whole.usual),
            "line": {**step, "color": _BAND}, "hovertemplate": f"usual %{{y:,.1f}} {unit}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "name": "limit", "x": x, "y": typed(whole.limit),
            "line": {**step, "color": LIMIT, "dash": "dash"}, "fill": "tonexty", "fillcolor": "rgba(43,154,131,0.14)",
            "hovertemplate": f"limit %{{y:,.1f}} {unit}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "name": "measured", "x": typed(t_ms, "f8"), "y": typed(value),
            "line": {"width": 1.6, "color": P95}, "connectgaps": False,
            "hovertemplate": f"measured %{{y:,.1f}} {unit}<extra></extra>",
        },
    ]  # fmt: skip
    return {"data": traces, "layout": layout(window, unit)}


def thinned(t_ms: Column, value: Column) -> tuple[Column, Column]:
    """At most as many points as a chart has room for: the highest of those that fall together, for trouble must not
    vanish; NaN where none of them is known."""
    each = -(-len(value) // _MOST)
    if each <= 1:
        return t_ms, value
    whole = np.append(value, np.full(-len(value) % each, np.nan)).reshape(-1, each)
    return t_ms[::each], np.fmax.reduce(whole, axis=1)


def _joined(past: Band, ahead: Band) -> Band:
    last = past.t_ms[-1] if len(past.t_ms) else -np.inf
    later = ahead.t_ms > last
    pairs = ((past.t_ms, ahead.t_ms), (past.usual, ahead.usual), (past.limit, ahead.limit))
    return Band(*(np.concatenate([one, other[later]]) for one, other in pairs))


def _table(known: Sequence[Learned], shown: Learned, name: str, chosen: Range) -> Component:
    head = ("series", "state", "now", "usually at this hour", "limit", "learned from")
    listed = [one for place, one in enumerate(known) if place < _SHOWN or one is shown]
    rows = [_row(one, one is shown, name, chosen) for one in listed]
    return html.Div([table(head, rows, numeric=(2, 3, 4)), *_more(known[_SHOWN:], shown)])


def _more(rest: Sequence[Learned], shown: Learned) -> list[Component]:
    left = [one for one in rest if one is not shown]
    off = sum(one.firing for one in left)
    told = f"{off} of them above {'its limit' if off == 1 else 'their limits'}" if off else "all within their limits"
    return [html.P(f"and {len(left)} more, {told}", className="meta")] if left else []


def _row(one: Learned, is_shown: bool, name: str, chosen: Range) -> tuple[Any, ...]:
    address = chosen.address(f"/integration/{name}", normal=_name(one))
    link = html.A(series_words(one), href=address, **(aria(current="true") if is_shown else {}))
    figures = (amount(one, figure) for figure in (one.value, one.usual, one.limit))
    return (link, standing_mark(one), *figures, f"{one.hours} h · {one.kind}")


def _sentence(one: Learned) -> str:
    now = "nothing measured just now" if one.value is None else amount(one, one.value)
    return f"{now}; usually {amount(one, one.usual)} at this hour, limit {amount(one, one.limit)}"


def standing_mark(one: Learned) -> Component:
    """Whether it is within its limit; a single value above it is not yet above for long enough to fire."""
    if one.firing:
        return mark(State.DEGRADED, "above its limit")
    if one.value is not None and one.limit is not None and one.value > one.limit:
        return mark(State.UNSTABLE, "above, not for long")
    return mark(State.UP, "within") if one.value is not None else mark(State.NO_DATA, "no data")


def series_words(one: Learned) -> str:
    """`contact-roundtrip / create · local`."""
    key = one.monitor.key
    measure = " to first byte" if key.measure == Measure.TTFB else ""
    return f"{key.workflow} / {key.subject}{measure} · {key.region}"


def _name(one: Learned) -> str:
    key = one.monitor.key
    return "/".join((key.workflow, key.region, key.subject, key.measure))


def amount(one: Learned, figure: float | None) -> str:
    """A figure of the series in its unit; a dash without data."""
    if figure is None:
        return wording.NONE
    return wording.milliseconds(figure) if _unit(one) == "ms" else f"{figure:.4g}"


def _unit(one: Learned) -> str:
    """A recorded value says its unit in its name, if it has one."""
    key = one.monitor.key
    return "ms" if key.measure != Measure.RECORDED or key.subject.endswith("_ms") else ""


def worst_first(one: Learned) -> tuple[bool, bool, float]:
    """Sorts what is off before what is not, and the furthest off first."""
    share = one.value / one.limit if one.value and one.limit else 0.0
    return not one.firing, one.monitor.key.measure == Measure.TTFB, -share
