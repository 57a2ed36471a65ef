"""What is usual at which hour of the week, and how does a week compare with the one before?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.model import Latency, Rates, Window
from metrics.series import HourOfWeek
from metrics.store.buckets import epoch_ms
from metrics.store.errors import rates
from metrics.store.latency import latency
from metrics.store.memo import Memo
from metrics.store.rollup.histogram import quantiles
from metrics.store.rollup.plan import Known, plan
from metrics.store.rollup.reading import Scope, Stretch, histograms
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR

_WEEK: Final = timedelta(days=7)
_QUARTER: Final = timedelta(minutes=15)
_HOURS: Final = 7 * 24


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """One week of an integration, from Monday to Monday on the wall clock of a zone."""

    monday: date
    window: Window
    latency: Latency
    rates: Rates


@dataclass(frozen=True, slots=True)
class WeekComparison:
    """A week and the one before it."""

    week: WeekFigures
    before: WeekFigures


def hour_of_week(  # noqa: PLR0913 - the filters that every question has
    con: DuckDBPyConnection,
    integration: str,
    weeks: int,
    zone: ZoneInfo,
    now: datetime,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    memo: Memo | None = None,
) -> HourOfWeek:
    """P50 and P95 of the good attempts by weekday (Monday first) and hour on the wall clock of the zone, over that
    many weeks up to the hour that `now` lies in.

    An hour that the clocks skip holds nothing, one that they repeat holds both. Where the zone is not whole hours
    from UTC, buckets of an hour straddle two of its hours and are only used once nothing finer is kept.
    """
    end = HOUR.start(now)
    window, scope = Window(end - weeks * _WEEK, end), Scope(integration, workflow, step, region)
    cells = _cells(window, zone)
    tiers = (FIVE_MINUTES, HOUR) if len(cells) == weeks * _HOURS else (FIVE_MINUTES,)
    known = Known.read(con)
    spans = plan(known, window, timedelta(hours=1), only=tiers)
    stretch = Stretch(window, spans, memo, regions_from=known.regions_from)
    quarter_ms = (end - window.start) // len(cells) // timedelta(milliseconds=1)
    bounds = {"first_ms": epoch_ms(window.start), "quarter_ms": quarter_ms}
    held = histograms(con, stretch, scope, "total", {"g": "(epoch_ms({at}) - $first_ms) // $quarter_ms"}, bounds)
    counts = np.zeros((_HOURS, _span(held["i"])), np.int64)
    low = int(held["i"].min()) if len(held["i"]) else 0
    np.add.at(counts, (cells[np.asarray(held["g"], np.int64)], np.asarray(held["i"], np.int64) - low), held["c"])
    cell, place = np.nonzero(counts)
    p50, p95, _ = quantiles(cell, place + low, counts[cell, place], _HOURS)
    n = counts.sum(axis=1).astype(np.float64)
    return HourOfWeek(zone.key, window, *(figures.reshape(7, 24) for figures in (n, p50, p95)))


def compare_weeks(
    con: DuckDBPyConnection,
    integration: str,
    monday: date,
    zone: ZoneInfo,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
) -> WeekComparison:
    """The week that begins on that Monday on the wall clock of the zone, and the one before; with a change of clocks
    a week has an hour less or more."""
    scope = Scope(integration, workflow, step, region)
    week, before = (_figures(con, scope, begin, zone) for begin in (monday, monday - _WEEK))
    return WeekComparison(week, before)


def week_window(monday: date, zone: ZoneInfo) -> Window:
    """From midnight to midnight seven days later, on the wall clock of the zone."""
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday, monday + _WEEK))
    return Window(start, end)


def _figures(con: DuckDBPyConnection, scope: Scope, monday: date, zone: ZoneInfo) -> WeekFigures:
    window = week_window(monday, zone)
    narrow: dict[str, Any] = {"workflow": scope.workflow, "step": scope.step, "region": scope.region}
    integration = scope.integration or ""
    return WeekFigures(
        monday, window, latency(con, integration, window, **narrow), rates(con, integration, window, **narrow)
    )


def _cells(window: Window, zone: ZoneInfo) -> NDArray[np.int64]:
    """The hour of the week of each hour of the window; of each quarter of one where the zone is not whole hours from
    UTC on all of its days."""
    days = (window.start + timedelta(days=day) for day in range(window.length // timedelta(days=1) + 1))
    offsets = (at.astimezone(zone).utcoffset() or timedelta() for at in days)
    pace = timedelta(hours=1) if all(offset % timedelta(hours=1) == timedelta() for offset in offsets) else _QUARTER
    local = [(window.start + place * pace).astimezone(zone) for place in range(window.length // pace)]
    return np.array([at.weekday() * 24 + at.hour for at in local], np.int64)


def _span(indices: Any) -> int:
    return int(indices.max()) - int(indices.min()) + 1 if len(indices) else 0
