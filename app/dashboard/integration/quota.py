"""What is left of the vendor's quota, where it leads, and when it is full again."""

from __future__ import annotations

from dash.development.base_component import Component

from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from app.dashboard.quotas import drawn_on, quota_panel
from metrics.store.quota import quota_series


def _draw(look: Look) -> Component:
    seen = look.ask("quota", lambda con, window: quota_series(con, look.name, window))
    evaluation = look.view.hub.evaluation
    forecasts = drawn_on(evaluation.forecasts if evaluation else (), look.name)
    return quota_panel(forecasts, seen.answer, seen.window, look.at, leads=look.ends_now)


QUOTA_PANEL = Drawn("Quota", 20, _draw)
