"""The chart in a mail: how long a workflow took in the last hours, against what is usual for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alerts.model import Incident, Rule
from alerts.reports.document import Band, Chart, Line, Span
from metrics.baseline.series import Measure, Monitor, SeriesKey
from metrics.learning.band import Band as LearnedBand
from metrics.learning.band import Normal
from metrics.series import Column

SHOWN: Final = timedelta(hours=6)
"""How far back it looks."""


def series_of(incident: Incident, monitors: Iterable[Monitor]) -> Monitor | None:
    """The latency that tells most of an incident: of the step that its worst condition names, from a region that it
    names; None of what has no latency."""
    worst = next((c for c in incident.conditions if c.workflow is not None), None)
    if worst is None or incident.subject != incident.integration:
        return None

    def fit(monitor: Monitor) -> tuple[bool, bool]:
        return monitor.key.subject == worst.step, monitor.key.region in worst.regions

    found = [
        one
        for one in monitors
        if (one.key.integration, one.key.workflow, one.key.measure)
        == (worst.seen_by or worst.subject, worst.workflow, Measure.TOTAL)
    ]
    return max(found, key=fit, default=None)


def latency_chart(normal: Normal, incident: Incident, now: datetime) -> Chart | None:
    """What was measured until `now`, over the band from usual to limit; None without two figures to join."""
    t_ms, value = normal.buckets.t_ms, normal.buckets.value
    if np.count_nonzero(~np.isnan(value)) < 2:
        return None
    key = normal.monitor.key
    band = _until(_joined(normal.past, normal.ahead), now)
    measured = Line("measured", _numbers(t_ms), _values(value))
    usual = [Band("usual to limit", _numbers(band.t_ms), _values(band.usual), _values(band.limit))]
    known = bool(np.any(~np.isnan(band.limit))) if len(band.limit) else False
    return Chart(
        title=_name(key),
        unit="ms",
        alt=_caption(key, value, band),
        lines=(measured,),
        bands=tuple(usual) if known else (),
        spans=(_trouble(incident, float(t_ms[0]), now),),
        bucket_ms=key.bucket_s * 1000.0,
    )


def milliseconds(value: float) -> str:
    """`412 ms`, `4.2 s`."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def _trouble(incident: Incident, first_ms: float, now: datetime) -> Span:
    begin = min((c.since for c in incident.conditions), default=incident.opened_at)
    end = incident.resolved_at or now
    slow = any(c.rule is Rule.UNUSUAL for c in incident.conditions[:1])
    return Span("slow" if slow else "failing", max(first_ms, begin.timestamp() * 1000), end.timestamp() * 1000)


def _caption(key: SeriesKey, value: Column, band: LearnedBand) -> str:
    figures = (("latest", value), ("usual at this hour", band.usual), ("limit", band.limit))
    said = [f"{name} {milliseconds(latest)}" for name, column in figures if (latest := _latest(column)) is not None]
    return f"{_name(key)}: {', '.join(said)}; hours in UTC"


def _name(key: SeriesKey) -> str:
    return f"Latency of {key.workflow}, {key.subject} from {key.region}"


def _joined(past: LearnedBand, ahead: LearnedBand) -> LearnedBand:
    return LearnedBand(*(np.concatenate(pair) for pair in zip(_columns(past), _columns(ahead), strict=True)))


def _until(band: LearnedBand, now: datetime) -> LearnedBand:
    """The hours that have begun; the last one ends now."""
    now_ms = now.timestamp() * 1000
    begun = [column[band.t_ms <= now_ms] for column in _columns(band)]
    if not len(begun[0]):
        return LearnedBand(*begun)
    t_ms, usual, limit = begun
    return LearnedBand(np.append(t_ms, now_ms), np.append(usual, usual[-1]), np.append(limit, limit[-1]))


def _columns(band: LearnedBand) -> Sequence[Column]:
    return band.t_ms, band.usual, band.limit


def _latest(column: Column) -> float | None:
    known = column[~np.isnan(column)]
    return float(known[-1]) if len(known) else None


def _numbers(column: Column) -> tuple[float, ...]:
    return tuple(float(one) for one in column)


def _values(column: Column) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(one) else float(one) for one in column)
