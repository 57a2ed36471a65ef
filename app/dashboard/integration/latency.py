"""How long it takes: P50, P95 and P99 over what is normal, with the promise, the incidents and the changes drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from dash import html
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from alerts.model import Incident
from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import aria, in_zone, panel, when
from app.dashboard.figures import Figure, Span, has_points, latency_figure, typed
from app.dashboard.integration.annotations import annotations_of, draw, listed
from app.dashboard.integration.look import Look, Seen
from app.dashboard.normal import band_traces, main_series, series_words
from config.model import Sli
from metrics.model import Window
from metrics.series import LatencySeries
from metrics.store.latency import latency_series

WEEK: Final = timedelta(days=7)
_EARLIER: Final = "#b76aa5"
_ROWS: Final = 24


def latencies(look: Look, back: timedelta = timedelta(0)) -> Seen[LatencySeries]:
    """The percentiles of the range, or of the same stretch so much earlier."""

    def question(con: DuckDBPyConnection, window: Window) -> LatencySeries:
        return latency_series(con, look.name, window, bucket=look.bucket(window), memo=look.view.memo)

    return look.ask("latencies", question, back=back)


def latency_panel(look: Look, incidents: Sequence[Incident]) -> Component:
    """Part of what is drawn at once."""
    seen = latencies(look)
    series, window, changes = seen.answer, seen.window, annotations_of(look.view, look.name, seen.window)
    figure, usual = None, ""
    if has_points(series.p50, series.p95):
        spans = [Span(one.opened_at, one.resolved_at, one.title) for one in incidents]
        figure = latency_figure(series, window, threshold_ms=_promised_ms(look), incidents=spans)
        usual = _add_band(figure, look, window)
        _add_week(figure, look)
        draw(figure, changes)
    n = wording.samples("ms, successful attempts", int(series.n.sum()), exact=series.exact)
    note = f"{n} · {_stretch(look)} in {wording.span(series.bucket)} buckets"
    return panel(
        "Latency",
        html.Div(_week_link(look), className="panel-acts"),
        chart("latency-chart", figure, height="20rem", summary=said(series) + usual, rows=_rows(series)),
        listed(changes),
        note=in_zone(note),
        name="latency",
    )


def _stretch(look: Look) -> str:
    length = wording.span(look.range.length)
    return f"last {length}" if look.range.end is None else length


def _promised_ms(look: Look) -> float | None:
    promised = (one.threshold for one in look.declared.objectives if one.sli is Sli.LATENCY and one.threshold)
    threshold = next(promised, None)
    return None if threshold is None else threshold.total_seconds() * 1000


def _add_band(figure: Figure, look: Look, window: Window) -> str:
    """The normal of the integration's main series below its lines; what to say of it."""
    main = main_series(look.view, look.name, look.query)
    normal = look.view.normal(main.monitor, window) if main is not None else None
    if main is None or normal is None or not has_points(normal.past.usual):
        return ""
    figure["data"][:0] = band_traces(normal, window, f"normal, P75 of {series_words(main)}")
    return f" Drawn over what is normal for {series_words(main)}."


def _add_week(figure: Figure, look: Look) -> None:
    """The same stretch a week earlier, moved to where it can be compared."""
    if look.query.get("compare") != "week":
        return
    before = latencies(look, WEEK).answer
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "P95 a week before" if has_points(before.p95) else "P95 a week before: no data",
            "x": typed(before.t_ms + WEEK / timedelta(milliseconds=1), "f8"),
            "y": typed(before.p95),
            "customdata": typed(before.n),
            "connectgaps": False,
            "line": {"width": 1.8, "color": _EARLIER, "dash": "3px,3px"},
            "hovertemplate": "a week before %{y:,.1f} ms (n %{customdata:,.0f})<extra></extra>",
        }
    )


def _week_link(look: Look) -> Component:
    on = look.query.get("compare") == "week"
    return html.A(
        "compared with last week" if on else "compare with last week",
        href=look.address(compare="" if on else "week"),
        className="chip on" if on else "chip",
        **aria(current="true" if on else "false"),
    )


def said(series: LatencySeries) -> str:
    """The chart in words."""
    known = np.flatnonzero(np.isfinite(series.p95))
    if not known.size:
        return "No data."
    top, last = int(known[np.argmax(series.p95[known])]), int(known[-1])
    gaps = len(series.p95) - len(known)
    missing = f" {gaps} of {len(series.p95)} buckets have no data." if gaps else ""
    latest, highest = (wording.milliseconds(float(series.p95[place])) for place in (last, top))
    return f"P95 was {latest} at {clock(series.t_ms[last])}, at most {highest} at {clock(series.t_ms[top])}.{missing}"


def clock(t_ms: float) -> str:
    """A bucket's start, as words."""
    return instant(t_ms).strftime("%d %b %H:%M UTC").lstrip("0")


def instant(t_ms: float) -> datetime:
    """A bucket's start."""
    return datetime.fromtimestamp(float(t_ms) / 1000, UTC)


def _rows(series: LatencySeries) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The newest buckets that hold anything."""
    known = np.flatnonzero(series.n)[-_ROWS:][::-1]
    columns = (series.p50, series.p95, series.p99)
    rows = [
        (when(instant(series.t_ms[place])), *(_ms(column[place]) for column in columns), f"{series.n[place]:,.0f}")
        for place in known
    ]
    return ("from", "P50", "P95", "P99", "n"), rows


def _ms(value: float) -> str:
    return wording.milliseconds(float(value) if np.isfinite(value) else None)
