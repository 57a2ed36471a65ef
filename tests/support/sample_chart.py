"""Six hours of a latency that rises, against what is normal then: the chart in the samples' mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from alerts.latency_chart import latency_chart
from alerts.model import Notification, Rule
from alerts.reports.document import Chart
from metrics.baseline.series import Measure, Monitor, SeriesKey
from metrics.learning.band import Band, Normal
from metrics.store.learned.answers import JudgedBuckets
from tests.support.sample_scenes import T0

HOUR_MS: Final = 3_600_000.0
_KEY: Final = SeriesKey("hubspot", "contact-roundtrip", "eu", "create", Measure.TOTAL, 300)
_SHOWN: Final = (Rule.WORKFLOW_DOWN, Rule.UNUSUAL)


async def sample_chart(notification: Notification) -> Chart | None:
    """Of HubSpot down or slow; of nothing else is anything known."""
    incident, now = notification.incident, notification.sent_at or notification.created_at
    worst = incident.conditions[0] if incident.conditions else None
    if worst is None or worst.rule not in _SHOWN or now - T0 > timedelta(minutes=30):
        return None
    return latency_chart(_normal(), incident, now)


def _normal() -> Normal:
    zero = T0.timestamp() * 1000
    t_ms = zero + np.arange(-70, 1) * 300_000.0
    value = 110.0 + 9.0 * np.sin(np.arange(len(t_ms)) * 1.7)
    value[-7:] *= np.linspace(1.2, 3.8, 7)
    value[30:33] = np.nan
    hours = zero + np.arange(-6, 1) * HOUR_MS
    usual, limit = 110.0 + np.arange(7) * 2.0, 180.0 + np.arange(7) * 3.0
    past = Band(hours[:-1], usual[:-1], limit[:-1])
    ahead = Band(hours[-1:], usual[-1:], limit[-1:])
    return Normal(Monitor(_KEY, "UTC", 3.0, 0.0), JudgedBuckets(t_ms, value, np.zeros(len(t_ms))), past, ahead)
