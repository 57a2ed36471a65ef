"""How does each integration stand, at a glance?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, sql_list
from metrics.model import Availability, IntegrationSummary, Latency, Rates, SliceCount, Window
from metrics.store.buckets import epoch_ms
from metrics.store.latency import latency_of, milliseconds
from metrics.store.rates import RATE_COLUMNS, rates_from, rates_of
from metrics.store.relations import GOOD_ATTEMPTS, RUNS, STEPS
from metrics.store.rollup.histogram import quantiles
from metrics.store.rollup.plan import Known, plan
from metrics.store.rollup.reading import Scope, Stretch, decided_slices, histograms, totals
from metrics.store.rollup.tiers import HOUR
from metrics.store.schedule import Segment, promised, read_changes, segments
from probes.model import Outcome

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
POINTS: Final = 24
NORMAL_DAYS: Final = 14

_HOUR: Final = timedelta(hours=1)
_HOUR_MS: Final = 3_600_000
_ALL: Final = Scope()
_BY_NAME: Final = {"integration": "integration"}
_NO_LATENCY: Final = Latency(0, None, None, None, None)


def integration_summaries(
    con: DuckDBPyConnection, names: Sequence[str], now: datetime
) -> tuple[IntegrationSummary, ...]:
    """One summary per name, in that order, in a handful of queries for all of them."""
    known = Known.read(con)
    day, hour = (Stretch(window, plan(known, window)) for window in (Window.last(DAY, now), Window.last(_HOUR, now)))
    last = _last_runs(con, names, now)
    counts = _runs(con, day)
    latencies, recent, rates = _latencies(con, day), _latencies(con, hour), _rates(con, day)
    sparklines = _sparklines(con, known, now)
    normal = _normal(con, known, now)
    availability = _availability(con, known, names, Window.last(MONTH, now))
    return tuple(
        IntegrationSummary(
            integration=name,
            last_run_at=last.get(name, (None, None))[0],
            last_outcome=last.get(name, (None, None))[1],
            **_run_part(counts.get(name)),
            latency_24h=latencies.get(name, _NO_LATENCY),
            latency_1h=recent.get(name, _NO_LATENCY),
            normal_p95_ms=normal.get(name, (None, 0))[0],
            normal_days=normal.get(name, (None, 0))[1],
            rates_24h=rates.get(name, rates_of({})),
            availability_30d=availability[name],
            sparkline_p95=tuple(sparklines.get(name, [None] * POINTS)),
        )
        for name in names
    )


def _by_name(con: DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in con.execute(sql, parameters).fetchall()}


def _last_runs(con: DuckDBPyConnection, names: Sequence[str], now: datetime) -> dict[str, tuple[datetime, Outcome]]:
    found: dict[str, tuple[datetime, Outcome]] = {}
    # Nearly every integration ran within the hour; only the others are worth a look at the whole month.
    for span in (timedelta(hours=1), MONTH):
        if all(name in found for name in names):
            break
        for name, at, outcome in con.execute(_LAST, {"since": now - span, "now": now}).fetchall():
            found[name] = (at, Outcome(outcome))
    return found


def _run_part(row: tuple[Any, ...] | None) -> dict[str, Any]:
    n, simulated = row or (0, 0)
    return {"runs_24h": n, "simulated_share_24h": simulated / n if n else None}


def _runs(con: DuckDBPyConnection, day: Stretch) -> dict[str, tuple[Any, ...]]:
    raw = {"integration": "integration", "runs": "count(*)", "simulated_runs": "count(*) FILTER (simulated)"}
    relation, bounds = day.relation(_ALL, raw, {name: name for name in raw}, table=RUNS)
    sql = f"SELECT integration, sum(runs), sum(simulated_runs) FROM {relation} GROUP BY integration"  # noqa: S608 - ours
    return _by_name(con, sql, bounds)


def _latencies(con: DuckDBPyConnection, stretch: Stretch) -> dict[str, Latency]:
    if stretch.is_raw:
        found = _by_name(con, _LATENCY, {"start": stretch.window.start, "end": stretch.window.end})
        return {name: latency_of(*row) for name, row in found.items()}
    known = totals(con, stretch, _ALL, ("n", "total_max"), _BY_NAME, {})
    held = histograms(con, stretch, _ALL, "total", _BY_NAME, {})
    names, group = _numbered(held["integration"])
    cut = np.array(quantiles(group, held["i"], held["c"], len(names)))
    counted = {name: (known["n"][row], known["total_max"][row]) for row, name in enumerate(known["integration"])}
    return {name: _latency(counted[name], cut[:, place]) for place, name in enumerate(names)}


def _latency(counted: tuple[Any, Any], cut: Any) -> Latency:
    n, largest = counted
    most = milliseconds(largest)
    return latency_of(int(n), [min(float(figure), most) for figure in cut], most, exact=False)


def _numbered(column: Any) -> tuple[list[str], Any]:
    """The names of a sorted column, and the place of each row's name among them."""
    new = np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]])) if len(column) else np.zeros(0, int)
    return list(column[new]), np.repeat(np.arange(len(new)), np.diff([*new, len(column)]))


def _rates(con: DuckDBPyConnection, day: Stretch) -> dict[str, Rates]:
    found = totals(con, day, _ALL, RATE_COLUMNS, _BY_NAME, {})
    return {name: rates_from(found, row) for row, name in enumerate(found["integration"])}


def _sparklines(con: DuckDBPyConnection, known: Known, now: datetime) -> dict[str, list[float | None]]:
    """P95 of each clock hour, the last one as far as it has come."""
    hour = HOUR.start(now)
    lines: dict[str, list[float | None]] = defaultdict(lambda: [None] * POINTS)
    past = Window(hour - (POINTS - 1) * _HOUR, hour)
    for name, at_ms, p95 in _hourly(con, known, past, "true"):
        lines[name][(at_ms - epoch_ms(past.start)) // _HOUR_MS] = p95
    current = Window(hour, now)
    for name, figures in _latencies(con, Stretch(current, plan(known, current))).items() if now > hour else ():
        lines[name][-1] = figures.p95
    return lines


def _normal(con: DuckDBPyConnection, known: Known, now: datetime) -> dict[str, tuple[float, int]]:
    hour = HOUR.start(now)
    past = Window(hour - NORMAL_DAYS * DAY, hour)
    at_this_hour = f"epoch_ms({{at}}) // {_HOUR_MS} % 24 = {epoch_ms(hour) // _HOUR_MS % 24}"
    daily: dict[str, list[float]] = defaultdict(list)
    for name, _, p95 in _hourly(con, known, past, at_this_hour):
        daily[name].append(p95)
    return {name: (sorted(found)[(len(found) - 1) // 2], len(found)) for name, found in daily.items()}


def _hourly(con: DuckDBPyConnection, known: Known, window: Window, condition: str) -> list[tuple[str, int, float]]:
    """Integration, start in epoch milliseconds and P95 of whole hours, exact."""
    stretch = Stretch(window, plan(known, window, _HOUR, only=(HOUR,)))
    group = {"integration": "integration", "at_ms": f"epoch_ms({{at}}) // {_HOUR_MS} * {_HOUR_MS}"}
    p95 = "quantile_disc(total_ms, 0.95)"
    relation, bounds = stretch.relation(
        _ALL,
        group | {"p95": p95},
        group | {"p95": "total_p95"},
        condition=f"{GOOD_ATTEMPTS} AND {condition}",
        rolled_condition=f"total_p95 IS NOT NULL AND {condition}",
    )
    found = con.execute(f"SELECT * FROM {relation}", bounds).fetchall()  # noqa: S608 - names of ours
    return [(name, at_ms, milliseconds(figure)) for name, at_ms, figure in found]


def _availability(
    con: DuckDBPyConnection, known: Known, names: Sequence[str], window: Window
) -> dict[str, Availability]:
    relation, bounds = decided_slices([("1", plan(known, window))])
    measured = _by_name(con, _SLICES.format(relation=relation), bounds)
    schedules: dict[str, list[list[Segment]]] = defaultdict(list)
    for (integration, _, _), changes in read_changes(con, names).items():
        schedules[integration].append(segments(changes))
    return {name: _share(window, measured.get(name, (0, 0, 0, 0)), schedules[name]) for name in names}


def _share(window: Window, measured: tuple[Any, ...], schedules: Sequence[Sequence[Segment]]) -> Availability:
    good, bad, good_ms, bad_ms = measured
    promise = promised(schedules, epoch_ms(window.start), epoch_ms(window.end))
    count = SliceCount(good, bad, promise.slices, int(good_ms), int(bad_ms), promise.ms)
    return Availability(good, bad, promise.slices, share=count.share, coverage=count.coverage)


_LAST: Final = """
SELECT integration, max(started_at), arg_max(outcome, started_at)
FROM runs WHERE started_at >= $since AND started_at <= $now GROUP BY integration
"""

_LATENCY: Final = f"""
SELECT integration, count(*), quantile_disc(total_ms, [0.5, 0.95, 0.99]), max(total_ms)
FROM {STEPS} WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY integration
"""  # noqa: S608 - names of ours

_SLICES: Final = f"""
WITH judged AS (
    SELECT integration, n, outcome IN {sql_list(GOOD)} AS good, n * CAST(round(every_s * 1000) AS BIGINT) AS ms
    FROM {{relation}} WHERE outcome <> '{Outcome.THROTTLED}' AND NOT elsewhere
)
SELECT integration, coalesce(sum(n) FILTER (good), 0)::BIGINT, coalesce(sum(n) FILTER (NOT good), 0)::BIGINT,
       coalesce(sum(ms) FILTER (good), 0), coalesce(sum(ms) FILTER (NOT good), 0)
FROM judged GROUP BY integration
"""  # noqa: S608 - names of ours
