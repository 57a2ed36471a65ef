"""How does each integration stand, at a glance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Availability, IntegrationSummary, Latency, Rates, SliceCount, Window
from metrics.store.asked import Schedules
from metrics.store.buckets import epoch_ms, instant
from metrics.store.memo import Memo
from metrics.store.rates import CLASSES
from metrics.store.rollup.everybody import OUTCOMES, Everybody, Figures
from metrics.store.rollup.plan import Known, Span, plan
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, TIERS, Source, Tier, slot_of
from metrics.store.schedule import read_series
from probes.model import Outcome

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
POINTS: Final = 24
NORMAL_DAYS: Final = 14

_HOUR: Final = timedelta(hours=1)
_FINE: Final = (FIVE_MINUTES, HOUR)
_NO_LATENCY: Final = Latency(0, None, None, None, None)
_NO_RATES: Final = Rates(0, None, None, None, None, None)


def integration_summaries(
    con: DuckDBPyConnection, names: Sequence[str], now: datetime, memo: Memo | None = None
) -> tuple[IntegrationSummary, ...]:
    """One summary per name, in that order, in a handful of queries for all of them.

    Windows begin at a whole five minutes (that of 30 days at a whole hour), so that they hold up to so much more than
    their name says. With a memo, what closed buckets amount to is read once.
    """
    return _Overview.of(con, names, now, memo).summaries()


@dataclass(frozen=True, slots=True)
class _Overview:
    everybody: Everybody
    known: Known
    now: datetime

    @classmethod
    def of(cls, con: DuckDBPyConnection, names: Sequence[str], now: datetime, memo: Memo | None) -> _Overview:
        everybody = Everybody(con, names, memo)
        everybody.read_versions(now - MONTH, now - DAY - _HOUR)
        return cls(everybody, Known.read(con), now)

    def summaries(self) -> tuple[IntegrationSummary, ...]:
        day, hour = self._figures(self._since(DAY)), self._figures(self._since(_HOUR))
        latest, normal = self._last(day), self._normal()
        sparklines = self._sparklines()
        availability = self._availability()
        latency_24h, latency_1h = self._latencies(self._since(DAY), day), self._latencies(self._since(_HOUR), hour)
        rates = _rates(day)
        return tuple(
            IntegrationSummary(
                integration=name,
                last_run_at=latest[place][0],
                last_outcome=latest[place][1],
                runs_24h=runs,
                simulated_share_24h=simulated / runs if runs else None,
                latency_24h=latency_24h[place],
                latency_1h=latency_1h[place],
                normal_p95_ms=normal[place][0],
                normal_days=normal[place][1],
                rates_24h=rates[place],
                availability_30d=availability[place],
                sparkline_p95=sparklines[place],
            )
            for place, (name, runs, simulated) in enumerate(
                zip(
                    self.everybody.names,
                    day.count("runs").tolist(),
                    day.count("simulated_runs").tolist(),
                    strict=True,
                )
            )
        )

    def _since(self, length: timedelta) -> Window:
        return Window(FIVE_MINUTES.start(self.now - length), self.now)

    def _plan(self, window: Window, tiers: tuple[Tier, ...] = _FINE) -> tuple[Span, ...]:
        return plan(self.known, window, only=tiers)

    def _figures(self, window: Window) -> Figures:
        return self.everybody.figures(self._plan(window))

    def _last(self, day: Figures) -> list[tuple[datetime | None, Outcome | None]]:
        latest = day.last
        if not latest.all():
            # Nearly every integration ran within the day; only for the others is the month worth a look.
            month = self._plan(Window(HOUR.start(self.now - MONTH), self.now + timedelta(microseconds=1)), TIERS)
            latest = np.maximum(latest, self.everybody.last_runs(month))
        return [(instant(one >> 4), OUTCOMES[one & 15]) if one else (None, None) for one in latest.tolist()]

    def _latencies(self, window: Window, figures: Figures) -> list[Latency]:
        n, most = figures.count("n").tolist(), figures.most.tolist()
        raw = all(span.source is Source.RAW for span in self._plan(window))
        cut = self._exact(window) if raw else figures.quantiles()
        return [
            Latency(count, p50, p95, p99, largest, raw) if count else _NO_LATENCY
            for count, (p50, p95, p99), largest in zip(n, np.transpose(cut).tolist(), most, strict=True)
        ]

    def _exact(self, window: Window) -> Any:
        found = np.full((3, len(self.everybody.names)), np.nan)
        answer = self.everybody.exact(window.start, window.end)
        found[:, answer["code"]] = [answer[name] for name in ("p50", "p95", "p99")]
        return found

    def _sparklines(self) -> list[tuple[float | None, ...]]:
        """P95 of each clock hour, the last one as far as it has come."""
        hour = HOUR.start(self.now)
        starts = [hour - back * _HOUR for back in range(POINTS - 1, 0, -1)]
        columns = [*self._hours(starts), self._p95(Window(hour, self.now))]
        figures = np.transpose(columns)
        lines = figures.astype(object)
        lines[np.isnan(figures)] = None
        return list(map(tuple, lines.tolist()))

    def _normal(self) -> list[tuple[float | None, int]]:
        hour = HOUR.start(self.now)
        daily = np.sort(self._hours([hour - back * DAY for back in range(NORMAL_DAYS, 0, -1)]), axis=0)
        days = np.count_nonzero(~np.isnan(daily), axis=0)
        middle = daily[np.maximum(days - 1, 0) // 2, np.arange(daily.shape[1])]
        return [(figure if n else None, n) for figure, n in zip(middle.tolist(), days.tolist(), strict=True)]

    def _hours(self, starts: Sequence[datetime]) -> list[Any]:
        """P95 of whole clock hours by integration; exact where an hour is one bucket or nothing but raw rows."""
        spans = plan(self.known, Window(starts[0], starts[-1] + _HOUR), _HOUR, only=(HOUR,))
        closed = {slot for span in spans if span.source is Source.HOUR for slot in _slots(span)}
        held = self.everybody.hourly_p95([slot_of(start) for start in starts if slot_of(start) in closed])
        return [
            held[slot_of(start)] if slot_of(start) in held else self._p95(Window(start, start + _HOUR))
            for start in starts
        ]

    def _p95(self, window: Window) -> Any:
        if window.start >= window.end or not self.known.may_hold(window):
            return np.full(len(self.everybody.names), np.nan)
        spans = self._plan(window)
        if all(span.source is Source.RAW for span in spans):
            return self._exact(window)[1]
        return self.everybody.figures(spans).quantiles()[1]

    def _availability(self) -> list[Availability]:
        window = Window(HOUR.start(self.now - MONTH), self.now)
        counted = self.everybody.slices(self._plan(window, TIERS))
        promised = self._promised(window)
        return [
            _share(*figures, *expected)
            for figures, expected in zip(counted.T.tolist(), promised.T.tolist(), strict=True)
        ]

    def _promised(self, window: Window) -> Any:
        """Slices, and their milliseconds, that the schedules of each integration promised: two rows."""
        edges = np.array([epoch_ms(window.start), epoch_ms(window.end)], np.int64)
        before = self._schedules().promised(edges, len(self.everybody.names))
        return (before[:, 1] - before[:, 0]).T

    def _schedules(self) -> Schedules:
        everybody = self.everybody
        rows = read_series(everybody.con)
        key = ("schedules", everybody.names, tuple(rows))
        found: Schedules | None = everybody.memo.get(key)
        if found is None:
            place = {name: place for place, name in enumerate(everybody.names)}
            mine = [row for row in rows if row[0] in place]
            found = Schedules.of(mine, {row[:3]: place[row[0]] for row in mine})
            everybody.memo.keep(key, found, 400 * len(rows))
        return found


def _rates(figures: Figures) -> list[Rates]:
    requests = figures.count("requests")
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [(figures.count(name) / requests).tolist() for name in CLASSES]
    return [Rates(count, *own) if count else _NO_RATES for count, *own in zip(requests.tolist(), *shares, strict=True)]


def _share(good: int, bad: int, good_ms: int, bad_ms: int, expected: int, expected_ms: int) -> Availability:
    count = SliceCount(good, bad, expected, good_ms, bad_ms, expected_ms)
    return Availability(good, bad, expected, share=count.share, coverage=count.coverage)


def _slots(span: Span) -> range:
    return range(slot_of(span.start), slot_of(span.end), HOUR.slots)
