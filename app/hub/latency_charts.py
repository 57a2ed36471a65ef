"""Where the charts in mails come from: the hub's own measurements and what it has learned of them."""

from __future__ import annotations

import asyncio

import structlog

from alerts.channels.base import ChartOf
from alerts.latency_chart import SHOWN, latency_chart, series_of
from alerts.model import Notification
from alerts.reports.document import Chart
from app.hub.state import HubState
from metrics.baseline.series import monitors
from metrics.model import Window
from metrics.store.failures import StoreError

log = structlog.get_logger(__name__)


def latency_charts(state: HubState) -> ChartOf:
    """Charts out of that hub; a mail goes without one where its store does not answer."""

    async def chart_of(notification: Notification) -> Chart | None:
        try:
            return await asyncio.to_thread(_chart, state, notification)
        except StoreError as err:
            log.warning("hub.no_chart", problem=str(err))
            return None

    return chart_of


def _chart(state: HubState, notification: Notification) -> Chart | None:
    incident, now = notification.incident, notification.sent_at or notification.created_at
    series = series_of(incident, monitors(state.config))
    if series is None:
        return None
    return latency_chart(state.learned.normal(series, Window.last(SHOWN, now)), incident, now)
