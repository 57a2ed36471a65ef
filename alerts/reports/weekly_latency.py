"""What got slower, what failed more often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from alerts.reports.document import Cell, Chart, Line, Mark, Section, Table, columns, row
from alerts.reports.wording import change, change_cell, count, milliseconds, number, share
from metrics.model import Rates
from metrics.series import Column
from metrics.store.latency import latency_series
from metrics.store.learned.against import AgainstNormal, against_normal
from metrics.store.rates import CLASSES
from metrics.store.reviewed import Reviewed, reviewed

if TYPE_CHECKING:
    from alerts.reports.weekly import Review

LEAST: Final = 30
"""Answers in each week, of fewer than which percentiles are not compared."""
_MOST: Final = 15
_WORSE: Final = 1.05
"""A change smaller than this is no regression."""
_LABELS: Final = {
    "server_errors": "5xx", "client_errors": "4xx", "throttled": "throttled", "network": "network",
    "correctness": "wrong answers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """Every integration in the week and in the one before."""

    week: tuple[Reviewed, ...]
    before: tuple[Reviewed, ...]

    @property
    def pairs(self) -> tuple[tuple[Reviewed, Reviewed], ...]:
        """Each with itself a week before."""
        return tuple(zip(self.week, self.before, strict=True))

    @property
    def simulated(self) -> float | None:
        """Share of the week's requests that is generated history; None where there is none."""
        requests = sum(one.rates.requests for one in self.week)
        some = sum(one.simulated for one in self.week)
        return min(1.0, some / requests) if requests and some else None


def found(review: Review) -> Figures:
    """Two questions for all integrations."""
    names = review.names
    return Figures(
        review.sources.ask(lambda con: reviewed(con, names, review.window)),
        review.sources.ask(lambda con: reviewed(con, names, review.before)),
    )


def headline(figures: Figures) -> str:
    """What got slowest, in a sentence; empty where nothing did."""
    worst = _ranked(figures)[:1]
    if not worst:
        return ""
    now, then = worst[0]
    p95 = change(now.latency.p95, then.latency.p95)
    return (
        f"Slowest against the week before: {now.integration}, P95 {milliseconds(now.latency.p95)} ({p95}), "
        f"P99 {milliseconds(now.latency.p99)} ({change(now.latency.p99, then.latency.p99)})."
    )


def section(review: Review, figures: Figures) -> Section:
    """Against the week before, and against what is normal for each hour."""
    ranked = _ranked(figures)
    more = f"The worst {_MOST} of {len(ranked)}. " if len(ranked) > _MOST else ""
    against = Table(
        "Against the week before",
        columns("integration", "#P95", "#change", "#P99", "#change", "#first byte P95", "#change", "#n", "#n before"),
        tuple(_row(now, then) for now, then in ranked[:_MOST]),
        empty="nothing got slower by more than 5 %",
        note=f"{more}Good answers of all steps together, within 1 % of nearest rank; only what has {LEAST} answers in "
        "each week.",
    )
    window = review.window
    normal = review.sources.ask(lambda con: against_normal(con, window.start, window.end, _MOST))
    learned = Table(
        "Against what is normal for the hour",
        columns("integration", "step", "region", "measure", "#above normal", "#usually", "#hours", "#n"),
        tuple(_normal(one) for one in normal if one.ratio >= _WORSE),
        empty="nothing was above its normal by more than 5 %"
        if normal
        else "what is normal is not learned for that week",
        note="Median over the hours of the week of the hour's 75th percentile ÷ what was normal then; n: buckets.",
    )
    drawn = (_course(review, ranked[0][0].integration),) if ranked else ()
    return Section("latency", "Regressions of latency", (against, *drawn, learned))


def _course(review: Review, name: str) -> Chart:
    """The P95 of what got slowest, hour by hour, over that of the week before."""
    hour = timedelta(hours=1)
    now, then = (
        review.sources.ask(lambda con, w=w: latency_series(con, name, w, bucket=hour))  # type: ignore[misc]
        for w in (review.window, review.before)
    )
    shift = (review.window.start - review.before.start) / timedelta(milliseconds=1)
    n = int(np.nansum(now.n))
    return Chart(
        title=f"P95 of {name}, this week and the one before",
        unit="ms",
        alt=f"the hourly P95 of {name} in {review.week.name}, n = {n:,}, and a week earlier",
        lines=(
            Line(review.week.before.name, tuple(float(t) + shift for t in then.t_ms), _gaps(then.p95), dashed=True),
            Line(review.week.name, tuple(float(t) for t in now.t_ms), _gaps(now.p95)),
        ),
        note=f"Good answers of all steps together; buckets of an hour, n = {n:,}.",
    )


def _gaps(column: Column) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else round(float(value), 3) for value in column)


def _ranked(figures: Figures) -> list[tuple[Reviewed, Reviewed]]:
    """Those that got slower in any figure, the worst first."""
    enough = [(now, then) for now, then in figures.pairs if min(now.latency.n, then.latency.n) >= LEAST]
    return sorted(
        (pair for pair in enough if _worst(*pair) >= _WORSE), key=lambda pair: (-_worst(*pair), pair[0].integration)
    )


def _worst(now: Reviewed, then: Reviewed) -> float:
    figures = (
        (now.latency.p95, then.latency.p95),
        (now.latency.p99, then.latency.p99),
        (now.first_byte.p95, then.first_byte.p95),
    )
    return max((a / b for a, b in figures if a is not None and b), default=0.0)


def _row(now: Reviewed, then: Reviewed) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for a, b in (
        (now.latency.p95, then.latency.p95),
        (now.latency.p99, then.latency.p99),
        (now.first_byte.p95, then.first_byte.p95),
    ):
        cells += [number(a, milliseconds(a)), change_cell(a, b)]
    counts = [number(one.latency.n, count(one.latency.n)) for one in (now, then)]
    return row(now.integration, *cells, *counts)


def _normal(one: AgainstNormal) -> tuple[Cell, ...]:
    mark = Mark.BAD if one.ratio >= 1.5 else Mark.WARN if one.ratio >= 1.1 else Mark.NONE
    return row(
        one.integration,
        f"{one.workflow} / {one.subject}",
        one.region,
        "first byte" if one.measure == "ttfb_ms" else "latency",
        Cell(change(one.ratio, 1.0), one.ratio - 1, mark),
        number(one.usual_ms, milliseconds(one.usual_ms)),
        number(one.hours, count(one.hours)),
        number(one.buckets, count(one.buckets)),
    )


def errors(review: Review, figures: Figures) -> Section:
    """Shares of requests by class, all together and by integration."""
    del review
    failing = [(now, then) for now, then in figures.pairs if _failing(now.rates) or _failing(then.rates)]
    failing.sort(key=lambda pair: (-_failing(pair[0].rates), pair[0].integration))
    total = ("all together", _together(figures.week), _together(figures.before))
    rows = [_classes(*total), *(_classes(now.integration, now.rates, then.rates) for now, then in failing[:_MOST])]
    heads = [f"#{_LABELS[name]}" for name in CLASSES]
    table = Table(
        "Share of requests by class",
        columns("integration", "#requests", *heads, "#failed", "#before", "#change"),
        tuple(rows) if total[1].requests or total[2].requests else (),
        empty="no request was made",
        note="4xx, 5xx, throttled, network and wrong answers apart; failed: all of them together"
        + (f"; the {_MOST} with most failures of {len(failing)}." if len(failing) > _MOST else "."),
    )
    return Section("errors", "Errors by class", (table,))


def _classes(name: str, now: Rates, then: Rates) -> tuple[Cell, ...]:
    shares = [number(getattr(now, part), share(getattr(now, part), 2)) for part in CLASSES]
    failed, before = (_failing(one) if one.requests else None for one in (now, then))
    totals = [number(failed, share(failed, 2)), number(before, share(before, 2))]
    return row(name, number(now.requests, count(now.requests)), *shares, *totals, change_cell(failed, before))


def _failing(rates: Rates) -> float:
    return sum(getattr(rates, name) or 0.0 for name in CLASSES)


def _together(parts: tuple[Reviewed, ...]) -> Rates:
    requests = sum(one.rates.requests for one in parts)
    if not requests:
        return Rates(0, None, None, None, None, None)
    shares = {
        name: sum((getattr(one.rates, name) or 0.0) * one.rates.requests for one in parts) / requests
        for name in CLASSES
    }
    return Rates(requests=requests, **shares)
