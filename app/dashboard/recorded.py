"""Numbers that an integration's runs recorded, each with its range, its course and its sample count."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import ago, mark, panel, table
from app.dashboard.figures import P95
from config.model import Recorded
from metrics.model import State, Window
from metrics.series import Column, RecordedSeries

_WIDTH: Final = 120
_HEIGHT: Final = 24


def recorded_panel(series: Sequence[RecordedSeries], window: Window) -> Component:
    """One row per value, workflow and region; nothing at all where nothing is recorded."""
    shown = [one for one in series if one.n]
    if not shown:
        return html.Div(hidden=True)
    head = ("value", "workflow", "region", "latest", "expected", "course", "lowest", "highest", "n", "recorded")
    rows = [_row(one) for one in shown]
    note = f"last number of each bucket · last {wording.span(window.length)}"
    return panel("Recorded values", table(head, rows, numeric=(3, 6, 7, 8)), note=note)


def _row(series: RecordedSeries) -> tuple[Any, ...]:
    latest = float(series.value[-1])
    return (
        html.B(spoken(series.name)),
        series.workflow,
        series.region,
        amount(latest, series.unit),
        _expected(series.recorded, latest),
        html.Img(src=sparkline(series.value), alt=_told(series), width=_WIDTH, height=_HEIGHT),
        amount(float(series.value.min()), series.unit),
        amount(float(series.value.max()), series.unit),
        f"{series.n:,}",
        ago(datetime.fromtimestamp(float(series.t_ms[-1]) / 1000, UTC)),
    )


def _expected(recorded: Recorded | None, latest: float) -> Any:
    words = range_words(recorded)
    if recorded is None or not words:
        return wording.NONE
    return mark(State.UP if recorded.is_within(latest) else State.DEGRADED, words)


def range_words(recorded: Recorded | None) -> str:
    """`at least 6`, `at most 3`, `6 to 10`; empty where nothing is expected."""
    if recorded is None:
        return ""
    if recorded.at_least is not None and recorded.at_most is not None:
        return f"{recorded.at_least:g} to {recorded.at_most:g}"
    if recorded.at_least is not None:
        return f"at least {recorded.at_least:g}"
    return f"at most {recorded.at_most:g}" if recorded.at_most is not None else ""


def spoken(name: str) -> str:
    """`sync_lag_to_hubspot_ms` → `sync lag to hubspot`: the unit stands with the number."""
    return wording.spoken(name.removesuffix("_ms"))


def amount(value: float, unit: str) -> str:
    """`4.1 points`, `812 ms`."""
    if unit == "ms":
        return wording.milliseconds(value)
    return f"{value:,.6g} {unit}".strip()


def sparkline(values: Column) -> str:
    """A small line as an image that needs no script; a lone number is a dot."""
    low, high = float(np.min(values)), float(np.max(values))
    span, last = (high - low) or 1.0, max(1, len(values) - 1)
    points = " ".join(
        f"{2 + (_WIDTH - 4) * place / last:.1f},{_HEIGHT - 3 - (_HEIGHT - 6) * (float(value) - low) / span:.1f}"
        for place, value in enumerate(values)
    )
    x, _, y = points.rpartition(" ")[2].partition(",")
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<polyline points="{points}" fill="none" stroke="{P95}" stroke-width="1.5" stroke-linejoin="round"/>'
        f'<circle cx="{x}" cy="{y}" r="2" fill="{P95}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"


def _told(series: RecordedSeries) -> str:
    low, high = (amount(float(edge), series.unit) for edge in (series.value.min(), series.value.max()))
    return f"{spoken(series.name)}: between {low} and {high}"
