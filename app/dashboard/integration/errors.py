"""How many requests went wrong, in which way, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import in_zone, panel, when
from app.dashboard.figures import ERRORS, error_figure
from app.dashboard.integration.latency import instant, latencies
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from metrics.model import Window
from metrics.series import ErrorSeries
from metrics.store.errors import error_series


def _draw(look: Look) -> Component:
    def question(con: DuckDBPyConnection, window: Window) -> ErrorSeries:
        return error_series(con, look.name, window, bucket=look.bucket(window), memo=look.view.memo)

    seen = look.ask("errors", question)
    series, total = seen.answer, int(np.nansum(seen.answer.requests))
    until = latencies(look).answer.simulated_until
    figure = error_figure(series, seen.window, until) if total else None
    empty = f"No errors in {total:,} requests" if total else "No request in this window"
    shown = chart("error-chart", figure, empty=empty, summary=_said(series, total), rows=_rows(series, total))
    span, bucket = wording.span(look.range.length), wording.span(series.bucket)
    note = f"failed requests by class · n {total:,} · {span} in {bucket} buckets"
    return panel("Errors", shown, note=in_zone(note), name="errors")


def _counted(series: ErrorSeries) -> list[tuple[str, int, Any]]:
    columns = [(name, getattr(series, key)) for key, name, _ in ERRORS]
    return [(name, int(np.nansum(column)), column) for name, column in columns if np.nansum(column) > 0]


def _said(series: ErrorSeries, total: int) -> str:
    told = [f"{count:,} {name}" for name, count, _ in _counted(series)]
    return f"Of {total:,} requests: {', '.join(told) or 'none went wrong'}."


def _rows(series: ErrorSeries, total: int) -> tuple[tuple[str, ...], list[Any]]:
    rows: list[Any] = [
        (
            name,
            f"{count:,}",
            wording.share(count / total if total else None),
            when(instant(series.t_ms[np.nanargmax(column)])),
            when(instant(series.t_ms[np.flatnonzero(column > 0)[-1]])),
        )
        for name, count, column in _counted(series)
    ]
    return ("class", "requests", "share", "most of them from", "last seen from"), rows


ERROR_PANEL = Drawn("Errors", 22, _draw, wide=False)
