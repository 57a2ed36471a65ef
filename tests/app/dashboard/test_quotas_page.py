"""Quotas on their page, on an integration's card and as JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.narrowing import Narrowed
from app.dashboard.page import Visit
from app.dashboard.pages import quotas
from app.dashboard.quota_figure import quota_figure
from app.dashboard.quotas import all_quotas_panel, quota_choices, quota_panel, scarcity_words, worst_first
from app.dashboard.view import HubStatus, View
from app.hub.quota_document import quota_document
from metrics.model import Window
from metrics.quota.forecast import not_reported
from metrics.quota.model import Burn, ForecastState, ProbeShare, QuotaForecast, QuotaLevel, Reset, ResetSource
from metrics.series import QuotaSeries

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = QuotaForecast(
    key="marketo:a:daily", vendor="marketo", bucket="daily", unit="requests", integrations=("marketo", "marketo-eu"),
    credentials=("app",), state=ForecastState.RUNS_OUT, sentence="runs out at 15:00 CST", limit=50_000.0, used=20_000.0,
    remaining=30_000.0, left=0.6, window_kind="calendar", window_s=86400.0,
    reset=Reset(NOW + 14 * HOUR, ResetSource.PRESET, "America/Chicago"),
    burn=Burn(6000.0, 5000.0, 7500.0, 13, HOUR, 2143.0), at=NOW + 5 * HOUR, earliest=NOW + 4 * HOUR,
    latest=NOW + 6 * HOUR, firm=True, probes=ProbeShare(180.0, 0.03, "1% of daily"), observed_at=NOW,
)  # fmt: skip
LASTING = replace(DAY, key="k", bucket="core", vendor="github", state=ForecastState.LASTS_PAST_RESET, at=None, left=0.9)
UNKNOWN = not_reported("linkedin:linkedin:daily", "linkedin", "daily", ("linkedin",))
LEVEL = QuotaLevel(
    "marketo", "marketo", "app", "daily", "requests", 50_000.0, 20_000.0, 30_000.0, 0.6, "calendar", 86400.0, None,
    "header", NOW,
)  # fmt: skip


def text(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def column(typed: dict[str, str]) -> list[float]:
    return np.frombuffer(base64.b64decode(typed["bdata"]), typed["dtype"]).tolist()


def test_what_runs_out_stands_before_what_lasts_and_what_is_unknown() -> None:
    spent = replace(DAY, key="s", state=ForecastState.SPENT, at=NOW)
    assert worst_first([UNKNOWN, LASTING, DAY, spent]) == [spent, DAY, LASTING, UNKNOWN]
    assert scarcity_words([UNKNOWN, LASTING, DAY]) == "1 run out before their reset, 1 last, 1 not reported"


def test_a_row_has_level_forecast_reset_by_its_own_clock_and_our_share() -> None:
    page = text(all_quotas_panel([DAY], NOW))
    for part in (
        "runs out at 15:00 CST", "at 00:00 America/Chicago, in 14 h", "180 calls/h · 3.0 % of the burn",
        "allowed 1% of daily", "50,000 requests", "/integration/marketo-eu", "s-degraded",
    ):  # fmt: skip
        assert part in page


def test_a_bucket_that_is_not_reported_says_so_and_draws_no_bar() -> None:
    page = text(quota_panel([UNKNOWN], [], Window.last(HOUR, NOW), NOW))
    assert "how much is left is unknown, not unlimited" in page
    assert "100 %" not in page
    assert "track" not in page


def test_the_cone_begins_at_what_is_left_and_ends_at_the_reset() -> None:
    window = Window.last(24 * HOUR, NOW)
    series = QuotaSeries(LEVEL, np.array([NOW.timestamp() * 1000]), np.array([0.6]))
    figure = quota_figure([series], [DAY], window)
    _, bounds, likely = figure["data"]
    assert column(likely["x"]) == [(NOW + hours * HOUR).timestamp() * 1000 for hours in (0, 5, 14)]
    assert column(likely["y"]) == [60.0, 0.0, 0.0]
    # The quick edge on the way there, the slow one on the way back.
    assert column(bounds["x"])[1] == (NOW + 4 * HOUR).timestamp() * 1000
    assert column(bounds["x"])[-2] == (NOW + 6 * HOUR).timestamp() * 1000
    assert figure["layout"]["xaxis"]["range"][1] == int((NOW + 14 * HOUR).timestamp() * 1000)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["daily resets"]


def test_without_a_forecast_the_chart_ends_now() -> None:
    window = Window.last(24 * HOUR, NOW)
    series = QuotaSeries(LEVEL, np.array([NOW.timestamp() * 1000]), np.array([0.6]))
    figure = quota_figure([series], [UNKNOWN], window)
    assert len(figure["data"]) == 1
    assert figure["layout"]["xaxis"]["range"][1] == int(NOW.timestamp() * 1000)


def test_the_page_says_how_many_run_out(world: Any) -> None:
    evaluation = replace(world.evaluation, forecasts=(DAY, UNKNOWN))
    status = HubStatus(started_at=world.now, evaluation=evaluation)
    view = View(world.store, config=lambda: world.config, clock=lambda: NOW, hub=lambda: status)
    assert "1 run out before their reset, 1 not reported" in text(quotas.render(view, Visit()))


def test_a_long_list_comes_page_by_page_and_is_narrowed_by_text_and_state() -> None:
    many = [replace(UNKNOWN, key=f"k{n}", integrations=(f"vendor-{n:03}",)) for n in range(120)]
    page = text(all_quotas_panel([DAY, *many], NOW, Narrowed.of("/quotas", {"page": "2"}, ("page",))))
    assert "101 to 121 of 121" in page
    assert page.count("/integration/vendor-") == 21
    short = text(all_quotas_panel([DAY, *many], NOW, Narrowed.of("/quotas", {"need": "short"}, ("page",))))
    assert "1 of 121 buckets" in short
    assert "/integration/vendor-" not in short
    assert "1 of 121 buckets" in text(all_quotas_panel([DAY, *many], NOW, Narrowed("/quotas", text="VENDOR-007")))
    chips = text(quota_choices([DAY, *many], Narrowed("/quotas")))
    assert all(f'"{count}"' in chips for count in (121, 120, 1, 0))


def test_the_document_holds_figures_for_programs_and_null_for_what_is_not_known() -> None:
    one = json.loads(json.dumps(quota_document(DAY)))
    assert (one["state"], one["runs_out_at"], one["left"]) == ("runs_out", "2026-11-23T21:00:00+00:00", 0.6)
    assert (one["burn_per_h"], one["readings"], one["reset_known_from"]) == (6000.0, 13, "preset")
    other = json.loads(json.dumps(quota_document(UNKNOWN)))
    assert (other["state"], other["left"], other["burn_per_h"], other["runs_out_at"]) == (
        "not_reported", None, None, None
    )  # fmt: skip
