from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from app.dashboard.figures import (
    GRAPH_CONFIG,
    P50,
    P95,
    P99,
    Span,
    error_figure,
    latency_figure,
    phase_figure,
    typed,
)
from metrics.model import Window
from metrics.series import ErrorSeries, LatencySeries, PhaseSeries

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(hours=1), NOW)
T = np.arange(12, dtype=np.float64) * 300_000 + WINDOW.start.timestamp() * 1000


def latencies(simulated_until: datetime | None = None) -> LatencySeries:
    p95 = np.full(12, 200.0)
    p95[4:6] = np.nan
    return LatencySeries(timedelta(minutes=5), T, np.full(12, 10.0), p95 / 2, p95, p95 * 2, p95, simulated_until)


def decoded(column: dict[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(column["bdata"]), dtype=column["dtype"])


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_columns_arrive_as_typed_arrays_and_a_gap_stays_a_gap() -> None:
    figure = latency_figure(latencies(), WINDOW)
    p95 = next(trace for trace in figure["data"] if trace["name"] == "P95")
    assert np.isnan(decoded(p95["y"])[4:6]).all()
    assert not np.isnan(decoded(p95["y"])[[0, 11]]).any()
    assert decoded(p95["x"])[0] == T[0]
    assert p95["connectgaps"] is False


def test_the_objective_is_drawn_and_kept_in_sight() -> None:
    layout = latency_figure(latencies(), WINDOW, threshold_ms=900)["layout"]
    assert any(shape["type"] == "line" and shape["y0"] == 900 for shape in layout["shapes"])
    assert layout["yaxis"]["range"][1] > 900
    assert any("objective 900 ms" in note["text"] for note in layout["annotations"])


def test_incidents_are_shaded_only_where_they_touch_the_window() -> None:
    inside = Span(NOW - timedelta(minutes=10), None, "down")
    before = Span(NOW - timedelta(days=2), NOW - timedelta(days=1), "old")
    layout = latency_figure(latencies(), WINDOW, incidents=[inside, before])["layout"]
    assert [shape["x1"] for shape in layout["shapes"]] == [NOW.timestamp() * 1000]
    assert [note["text"] for note in layout["annotations"]] == ["▲ down"]


def test_simulated_history_is_shaded_and_says_until_when() -> None:
    layout = latency_figure(latencies(NOW - timedelta(minutes=30)), WINDOW)["layout"]
    assert layout["shapes"][0]["x1"] == (NOW - timedelta(minutes=30)).timestamp() * 1000
    assert layout["annotations"][0]["text"] == "simulated history until 22 Nov 13:30 UTC"


def test_error_classes_that_never_occurred_are_not_drawn() -> None:
    zero = np.zeros(12)
    figure = error_figure(ErrorSeries(timedelta(minutes=5), T, zero + 10, zero, zero + 1, zero, zero, zero), WINDOW)
    assert [trace["name"] for trace in figure["data"]] == ["5xx"]


def test_a_phase_that_never_happened_is_not_drawn() -> None:
    one, none = np.full(12, 5.0), np.full(12, np.nan)
    figure = phase_figure(PhaseSeries(timedelta(minutes=5), T, one, none, none, none, one, one), WINDOW)
    assert [trace["name"] for trace in figure["data"]] == ["wait", "download"]


def test_a_figure_is_plain_json() -> None:
    assert json.loads(json.dumps(latency_figure(latencies(NOW), WINDOW, threshold_ms=1)))["data"]


def test_charts_offer_no_way_to_upload_themselves() -> None:
    assert GRAPH_CONFIG["plotlyServerURL"] == ""
    assert "sendChartToCloud" in GRAPH_CONFIG["modeBarButtonsToRemove"]


def test_lines_are_visible_on_both_themes() -> None:
    for color in (P50, P95, P99):
        assert contrast(color, "#ffffff") >= 3, color
        assert contrast(color, "#131b23") >= 3, color


def test_typed_keeps_what_a_float_can_hold() -> None:
    assert decoded(typed(np.array([1.5, np.nan])))[0] == 1.5
