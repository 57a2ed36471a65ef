"""Where the time of a good answer goes: name, connection, encryption, sending, waiting, reading."""

from __future__ import annotations

import numpy as np
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import in_zone, panel
from app.dashboard.figures import PHASES, has_points, phase_figure
from app.dashboard.integration.latency import latencies
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from metrics.model import Window
from metrics.series import Column, PhaseSeries
from metrics.store.phases import phase_series

_LATELY = 0.1
"""The end of the window that is held against the whole of it."""


def _draw(look: Look) -> Component:
    def question(con: DuckDBPyConnection, window: Window) -> PhaseSeries:
        return phase_series(con, look.name, window, bucket=look.bucket(window), memo=look.view.memo)

    seen = look.ask("phases", question)
    series, figure = seen.answer, None
    if has_points(series.wait, series.connect, series.download):
        figure = phase_figure(series, seen.window, latencies(look).answer.simulated_until)
    rows = [(name, *_figures(column)) for name, column in _known(series)]
    head = ("phase", "usually", "of late", "at most")
    span, bucket = wording.span(look.range.length), wording.span(series.bucket)
    note = (
        f"{series.statistic} ms of each phase where it happened · n {series.n.sum():,.0f} · {span} in {bucket} buckets"
    )
    shown = chart("phase-chart", figure, summary=_said(series), rows=(head, rows))
    return panel("Where the time goes", shown, note=in_zone(note), name="phases")


def _known(series: PhaseSeries) -> list[tuple[str, Column]]:
    columns = ((name, getattr(series, key)) for key, name, _ in PHASES)
    return [(name, column) for name, column in columns if column is not None and np.isfinite(column).any()]


def _figures(column: Column) -> tuple[str, str, str]:
    known = column[np.isfinite(column)]
    late = known[-max(1, int(len(known) * _LATELY)) :]
    parts = (float(np.median(known)), float(np.median(late)), float(known.max()))
    return tuple(wording.milliseconds(value) for value in parts)  # type: ignore[return-value]


def _said(series: PhaseSeries) -> str:
    known = [(float(np.nanmedian(column)), name) for name, column in _known(series)]
    if not known:
        return "No data."
    most, name = max(known)
    return f"Most of the time goes into {name}: {wording.milliseconds(most)} in the middle of the buckets."


PHASE_PANEL = Drawn("Where the time goes", 22, _draw, wide=False)
