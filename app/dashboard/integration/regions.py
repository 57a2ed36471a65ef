"""The same integration seen from each region: is it slow everywhere, or from one place?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import in_zone, panel
from app.dashboard.figures import Figure, has_points, layout, typed
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from config.model import Integration
from metrics.model import Latency, Window
from metrics.series import LatencySeries
from metrics.store.latency import latency, latency_series

LOOKS: Final = (
    ("#3a86c8", "solid"),
    ("#c7821c", "dash"),
    ("#2b9a83", "dot"),
    ("#b76aa5", "dashdot"),
    ("#9a7fd6", "longdash"),
    ("#7a8b99", "longdashdot"),
)
"""Colour and stroke of each line: one of the two is enough to tell it."""


@dataclass(frozen=True, slots=True)
class Region:
    """What was measured from one region."""

    name: str
    whole: Latency
    series: LatencySeries


def regions_of(declared: Integration) -> tuple[str, ...]:
    """Where its workflows are run from, in their order."""
    return tuple(dict.fromkeys(region for workflow in declared.workflows for region in workflow.regions))


def _draw(look: Look) -> Component:
    names, memo = regions_of(look.declared), look.view.memo

    def question(con: DuckDBPyConnection, window: Window) -> list[Region]:
        return [
            Region(
                name,
                latency(con, look.name, window, region=name, memo=memo),
                latency_series(con, look.name, window, region=name, bucket=look.bucket(window), memo=memo),
            )
            for name in names
        ]

    seen = look.ask("regions", question)
    found = seen.answer
    known = [one for one in found if has_points(one.series.p95)]
    figure = region_figure(known, seen.window) if known else None
    head = ("region", "P50", "P95", "P99", "n")
    rows = [(one.name, *map(wording.milliseconds, _percentiles(one)), f"{one.whole.n:,}") for one in found]
    span, bucket = wording.span(look.range.length), wording.span(found[0].series.bucket)
    n = sum(one.whole.n for one in found)
    note = f"P95 in ms per region · n {n:,} · {span} in {bucket} buckets"
    shown = chart("region-chart", figure, summary=_said(found), rows=(head, rows))
    return panel("Regions", shown, note=in_zone(note), name="regions")


def region_figure(regions: Sequence[Region], window: Window) -> Figure:
    """A line for each region, named at its end."""
    traces = [_line(one, place) for place, one in enumerate(regions)]
    notes = [_name(one, LOOKS[place % len(LOOKS)][0]) for place, one in enumerate(regions)]
    frame = layout(window, "ms", notes=_apart(notes, regions))
    frame["margin"] = frame["margin"] | {"r": 14 + 7 * max(len(one.name) for one in regions)}
    return {"data": traces, "layout": frame}


def _line(one: Region, place: int) -> dict[str, Any]:
    color, dash = LOOKS[place % len(LOOKS)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{one.name} · n {one.whole.n:,}",
        "x": typed(one.series.t_ms, "f8"),
        "y": typed(one.series.p95),
        "customdata": typed(one.series.n),
        "connectgaps": False,
        "line": {"width": 1.8, "color": color, "dash": dash},
        "hovertemplate": f"{one.name} %{{y:,.1f}} ms (n %{{customdata:,.0f}})<extra></extra>",
    }


def _name(one: Region, color: str) -> dict[str, Any]:
    last = one.series.p95[np.isfinite(one.series.p95)][-1]
    return {
        "xref": "paper", "x": 1, "xanchor": "left", "xshift": 4, "y": float(last), "yanchor": "middle",
        "text": one.name, "showarrow": False, "font": {"size": 12, "color": color},
    }  # fmt: skip


def _apart(notes: list[dict[str, Any]], regions: Sequence[Region]) -> list[dict[str, Any]]:
    """Names of lines that end side by side must not lie on each other."""
    top = max(float(np.nanmax(one.series.p95)) for one in regions)
    least, free = top * 0.09, -np.inf
    for note in sorted(notes, key=lambda one: one["y"]):
        note["y"] = free = max(note["y"], free + least)
    return notes


def _percentiles(one: Region) -> tuple[float | None, ...]:
    return one.whole.p50, one.whole.p95, one.whole.p99


def _said(found: Sequence[Region]) -> str:
    known = sorted((one.whole.p95, one.name) for one in found if one.whole.p95 is not None)
    silent = [one.name for one in found if one.whole.p95 is None]
    none = f" No data from {', '.join(silent)}." if silent else ""
    if not known:
        return none.strip()
    (low, quick), (high, slow) = known[0], known[-1]
    if len(known) == 1:
        return f"P95 from {quick}: {wording.milliseconds(low)}.{none}"
    words = (wording.milliseconds(value) for value in (high, low))
    return f"P95 is highest from {slow} ({next(words)}) and lowest from {quick} ({next(words)}).{none}"


REGION_PANEL = Drawn("Regions", 22, _draw, applies=lambda look: len(regions_of(look.declared)) > 1)
