"""An integration's quota buckets as a table and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.charts import chart
from app.dashboard.elements import ago, budget_bar, panel, table
from app.dashboard.figures import quota_figure
from metrics.model import QuotaLevel, Window
from metrics.series import QuotaSeries


def quota_panel(
    levels: Sequence[QuotaLevel], series: Sequence[QuotaSeries], window: Window, now: datetime
) -> Component:
    """Every bucket the vendor reported; one it does not report says so."""
    head = ("bucket", "left", "used", "limit", "resets in", "kind", "source", "credential", "reported")
    rows = [_row(level, now) for level in levels]
    told = "This vendor has not reported any quota yet: its limits are unknown, not unlimited."
    known = [one for one in series if one.t_ms.size > 1]
    parts: list[Any] = [html.Div(table(head, rows, numeric=(2, 3), empty=told), id="live-quota")]
    if known:
        parts.append(chart("quota-chart", quota_figure(known, window), height="11rem"))
    note = f"share of each bucket left · newest reading · chart: last {wording.span(window.length)}" if rows else ""
    return panel("Quota", *parts, note=note, name="quota")


def _row(level: QuotaLevel, now: datetime) -> tuple[Any, ...]:
    unit = "" if level.unit == "percent" else f" {level.unit}"
    used = level.used
    if used is None and level.limit is not None and level.remaining is not None:
        used = level.limit - level.remaining
    return (
        html.B(level.bucket),
        budget_bar(level.left) if level.left is not None else html.Span("not reported", className="none"),
        wording.count(used),
        f"{wording.count(level.limit)}{unit}" if level.limit is not None else wording.NONE,
        reset_words(level, now),
        _kind(level),
        wording.spoken(level.source),
        level.credential,
        ago(level.observed_at),
    )


def _kind(level: QuotaLevel) -> str:
    if level.window_s is None:
        return level.window_kind
    return f"{level.window_kind}, {wording.span(timedelta(seconds=level.window_s))}"


def reset_words(level: QuotaLevel, now: datetime) -> str:
    """When the bucket is full again, as far as the vendor says."""
    if level.reset_at is not None:
        return wording.lasting(level.reset_at - now) if level.reset_at > now else "now"
    return "continuously" if level.window_kind in {"leaky", "rolling"} else "not said"
