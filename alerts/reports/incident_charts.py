"""What was measured around an incident, with what is normal then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from alerts.model import Condition
from alerts.reports.case import Case
from alerts.reports.document import Band, Bars, Block, Chart, Line, Paragraph, Section, Span
from alerts.reports.wording import lasting, milliseconds
from metrics.baseline.series import Measure, Monitor, monitors
from metrics.model import Window
from metrics.series import ErrorSeries, LatencySeries
from metrics.store.errors import error_series
from metrics.store.latency import latency_series

_AROUND: Final = timedelta(hours=1)
_BUCKETS: Final = tuple(timedelta(minutes=m) for m in (5, 15, 30, 60, 180, 360, 720, 1440))
_POINTS: Final = 120
_MOST: Final = 3
"""Integrations that are drawn."""
_CLASSES: Final = (
    ("server_errors", "server errors (5xx)"),
    ("client_errors", "client errors (4xx)"),
    ("throttled", "throttled"),
    ("network", "network"),
    ("correctness", "wrong answers"),
)


def section(case: Case) -> Section:
    """Latency and failures, from an hour before to an hour after; longer around what lasted longer."""
    window = around(case.window, case.sources.now)
    blocks: list[Block] = []
    for name in case.names[:_MOST]:
        condition = next((c for c in case.conditions if c.subject == name and c.workflow), None)
        blocks += [_latency(case, name, condition, window), _failures(case, name, window)]
    if not blocks:
        blocks.append(Paragraph("It is about no integration, so there is nothing to draw."))
    if len(case.names) > _MOST:
        blocks.append(
            Paragraph(f"The first {_MOST} of {len(case.names)} integrations; the others are on the dashboard.")
        )
    return Section("charts", "What was measured around it", tuple(blocks))


def around(window: Window, now: datetime) -> Window:
    """With an hour on either side, or half of its length if that is more, as far as time has come."""
    margin = max(_AROUND, window.length / 2)
    return Window(window.start - margin, min(window.end + margin, max(now, window.end)))


def bucket_of(window: Window) -> timedelta:
    """The finest that leaves a chart legible; as fine as what is learned, and no finer."""
    return next((bucket for bucket in _BUCKETS if window.length / bucket <= _POINTS), _BUCKETS[-1])


def _latency(case: Case, name: str, condition: Condition | None, window: Window) -> Chart:
    step = condition.step if condition else None
    workflow = condition.workflow if condition and not condition.seen_by else None
    region = case.region or (condition.regions[0] if condition and condition.regions else None)
    narrow: dict[str, Any] = {"workflow": workflow, "step": step if workflow else None, "region": region}
    seen = case.sources.ask(lambda con: latency_series(con, name, window, bucket=bucket_of(window), **narrow))
    band, words = _band(case, name, narrow, window)
    where = " / ".join(part for part in (name, *narrow.values()) if part)
    n = int(np.nansum(seen.n))
    return Chart(
        title=f"Latency of {where}",
        unit="ms",
        alt=_latency_words(seen, n),
        lines=tuple(_line(label, seen.t_ms, column) for label, column in (("P50", seen.p50), ("P95", seen.p95))),
        bands=band,
        spans=(_span(case),),
        note=f"Good answers only; buckets of {lasting(seen.bucket)}, n = {n:,}; {words}",
    )


def _band(case: Case, name: str, narrow: dict[str, Any], window: Window) -> tuple[tuple[Band, ...], str]:
    """What the step's latency usually is in these hours, up to the limit beyond which it is off."""
    learned = case.sources.learned
    monitor = _monitor(case, name, narrow)
    if learned is None or monitor is None:
        return (), "what is normal is not learned for it."
    found = learned.normal(monitor, window)
    t_ms, usual, limit = (
        np.concatenate([getattr(found.past, part), getattr(found.ahead, part)]) for part in ("t_ms", "usual", "limit")
    )
    wanted = (t_ms >= _ms(window.start) - 3_600_000) & (t_ms <= _ms(window.end)) & ~np.isnan(usual)
    if not wanted.any():
        return (), "what is normal is not learned for it yet."
    order = np.argsort(t_ms[wanted])
    hours, low, high = (column[wanted][order] for column in (t_ms, usual, limit))
    # The last hour reaches to its end, and the first not further back than the chart.
    hours = np.append(np.maximum(hours, _ms(window.start)), _ms(window.end))
    low, high = np.append(low, low[-1]), np.append(high, high[-1])
    key = monitor.key
    band = Band("usual … limit", _floats(hours), _gaps(low), _gaps(high))
    return (band,), (
        f"band: from the 75th percentile that is usual for {key.subject} ({key.region}) in the hour to its limit, "
        f"{milliseconds(float(low[0]))} to {milliseconds(float(high[0]))} when it begins."
    )


def _monitor(case: Case, name: str, narrow: dict[str, Any]) -> Monitor | None:
    fits = [
        one
        for one in monitors(case.sources.config)
        if one.key.integration == name and one.key.measure == Measure.TOTAL
        and narrow["workflow"] in (None, one.key.workflow)
        and narrow["region"] in (None, one.key.region)
        and narrow["step"] in (None, one.key.subject)
    ]  # fmt: skip
    # Without a step the chart is of all of them together, which no learned series is of.
    return fits[0] if fits and (narrow["step"] or len(fits) == 1) else None


def _failures(case: Case, name: str, window: Window) -> Chart:
    seen = case.sources.ask(lambda con: error_series(con, name, window, region=case.region, bucket=bucket_of(window)))
    requests = int(np.nansum(seen.requests))
    counted = [(label, getattr(seen, column)) for column, label in _CLASSES]
    shown = tuple(Bars(label, _floats(seen.t_ms), _gaps(column)) for label, column in counted if np.nansum(column) > 0)
    # Without failures there is still something to say: that there were requests, and none of them failed.
    bars = shown or (Bars("failures", _floats(seen.t_ms), _gaps(seen.server_errors)),)
    return Chart(
        title=f"Failed requests of {name}",
        unit="requests",
        alt=_failure_words(seen, counted, requests),
        bars=bars,
        spans=(_span(case),),
        bucket_ms=seen.bucket / timedelta(milliseconds=1),
        note=f"By class; buckets of {lasting(seen.bucket)}, n = {requests:,} requests.",
    )


def _latency_words(seen: LatencySeries, n: int) -> str:
    if not n:
        return "no good answer in this window"
    p95 = seen.p95[~np.isnan(seen.p95)]
    return f"P95 between {milliseconds(float(p95.min()))} and {milliseconds(float(p95.max()))}, n = {n:,}"


def _failure_words(seen: ErrorSeries, counted: list[tuple[str, Any]], requests: int) -> str:
    if not requests:
        return "no request in this window"
    parts = [f"{int(np.nansum(column)):,} {label}" for label, column in counted if np.nansum(column) > 0]
    return f"{', '.join(parts) or 'no failure'} of {requests:,} requests"


def _span(case: Case) -> Span:
    return Span("incident", _ms(case.window.start), _ms(case.window.end))


def _line(label: str, t_ms: Any, column: Any) -> Line:
    return Line(label, _floats(t_ms), _gaps(column), dashed=label == "P50")


def _floats(column: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in column)


def _gaps(column: Any) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else round(float(value), 3) for value in column)


def _ms(at: datetime) -> float:
    return at.timestamp() * 1000
