"""How does each integration stand, at a glance?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from metrics.model import Availability, IntegrationSummary, Latency, Rates, Window
from metrics.store.buckets import epoch_ms
from metrics.store.latency import GOOD_ATTEMPTS, latency_of
from metrics.store.rates import CLASS_COUNTS, rates_of
from metrics.store.schedule import Change, read_changes
from metrics.store.slices import expected_slices
from probes.model import Outcome

DAY: Final = timedelta(days=1)
POINTS: Final = 48
NORMAL_DAYS: Final = 14
_NO_LATENCY: Final = Latency(0, None, None, None, None)
_NO_RATES: Final = Rates(0, None, None, None, None, None)


def integration_summaries(
    con: DuckDBPyConnection, names: Sequence[str], now: datetime
) -> tuple[IntegrationSummary, ...]:
    """One summary per name, in that order, in a handful of queries for all of them."""
    runs = _rows(con, _RUNS, names, now, since=now - timedelta(days=30), day=now - DAY)
    steps = _rows(con, _STEPS, names, now, day=now - DAY, hour=now - timedelta(hours=1))
    sparklines = _sparklines(con, names, now)
    normal = _normal(con, names, now)
    slices = _availability(con, names, Window.last(timedelta(days=30), now))
    empty = Availability(0, 0, 0, None, None)
    return tuple(
        IntegrationSummary(
            integration=name,
            **_run_part(runs.get(name)),
            **_step_part(steps.get(name)),
            normal_p95_ms=normal.get(name, (None, 0))[0],
            normal_days=normal.get(name, (None, 0))[1],
            availability_30d=slices.get(name, empty),
            sparkline_p95=tuple(sparklines.get(name, [None] * POINTS)),
        )
        for name in names
    )


def _run_part(row: tuple[Any, ...] | None) -> dict[str, Any]:
    at, outcome, n, simulated = row or (None, None, 0, 0)
    return {
        "last_run_at": at,
        "last_outcome": Outcome(outcome) if outcome else None,
        "runs_24h": n,
        "simulated_share_24h": simulated / n if n else None,
    }


def _step_part(row: tuple[Any, ...] | None) -> dict[str, Any]:
    if row is None:
        return {"latency_24h": _NO_LATENCY, "latency_1h": _NO_LATENCY, "rates_24h": _NO_RATES}
    return {"latency_24h": latency_of(*row[:3]), "latency_1h": latency_of(*row[3:6]), "rates_24h": rates_of(*row[6:])}


def _rows(
    con: DuckDBPyConnection, sql: str, names: Sequence[str], now: datetime, **bounds: datetime
) -> dict[str, tuple[Any, ...]]:
    rows = con.execute(sql, {"names": list(names), "now": now, **bounds}).fetchall()
    return {row[0]: row[1:] for row in rows}


def _sparklines(con: DuckDBPyConnection, names: Sequence[str], now: datetime) -> dict[str, list[float | None]]:
    start = now - DAY
    parameters = {"names": list(names), "start": start, "now": now, "start_ms": epoch_ms(start)}
    lines: dict[str, list[float | None]] = {}
    for name, index, p95 in con.execute(_SPARKLINE, parameters).fetchall():
        lines.setdefault(name, [None] * POINTS)[min(index, POINTS - 1)] = p95
    return lines


def _normal(con: DuckDBPyConnection, names: Sequence[str], now: datetime) -> dict[str, tuple[float | None, int]]:
    hour = epoch_ms(now) // 3_600_000
    parameters = {
        "names": list(names),
        "since": now - timedelta(days=NORMAL_DAYS + 1),
        "today_ms": hour * 3_600_000,
        "oldest_ms": (hour - 24 * NORMAL_DAYS) * 3_600_000,
        "hour": hour % 24,
    }
    return {name: (p95, days) for name, p95, days in con.execute(_NORMAL, parameters).fetchall()}


def _availability(con: DuckDBPyConnection, names: Sequence[str], window: Window) -> dict[str, Availability]:
    parameters = {"names": list(names), "start": window.start, "end": window.end}
    counted = con.execute(_SLICES, parameters).fetchall()
    histories: dict[str, list[list[Change]]] = {name: [] for name in names}
    for (integration, _, _), changes in read_changes(con, names).items():
        histories[integration].append(changes)
    return {name: _share(good, bad, expected_slices(histories[name], window)) for name, good, bad in counted}


def _share(good: int, bad: int, expected: int) -> Availability:
    measured = good + bad
    return Availability(
        good=good,
        bad=bad,
        expected=expected,
        share=good / measured if measured else None,
        coverage=measured / expected if expected else None,
    )


_IN_NAMES: Final = "integration IN (SELECT unnest($names))"

_RUNS = f"""
SELECT integration, max(started_at), arg_max(outcome, started_at),
       count(*) FILTER (started_at >= $day), count(*) FILTER (started_at >= $day AND simulated)
FROM runs WHERE {_IN_NAMES} AND started_at >= $since AND started_at <= $now GROUP BY integration
"""  # noqa: S608 - names of ours

_STEPS = f"""
SELECT integration,
       count(*) FILTER ({GOOD_ATTEMPTS}),
       quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER ({GOOD_ATTEMPTS}),
       max(total_ms) FILTER ({GOOD_ATTEMPTS}),
       count(*) FILTER ({GOOD_ATTEMPTS} AND started_at >= $hour),
       quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER ({GOOD_ATTEMPTS} AND started_at >= $hour),
       max(total_ms) FILTER ({GOOD_ATTEMPTS} AND started_at >= $hour),
       count(*) FILTER (counted), {CLASS_COUNTS}
FROM steps WHERE {_IN_NAMES} AND started_at >= $day AND started_at <= $now GROUP BY integration
"""  # noqa: S608 - names of ours

_SPARKLINE = f"""
SELECT integration, (epoch_ms(started_at) - $start_ms) // 1800000 AS i, quantile_disc(total_ms, 0.95)
FROM steps WHERE {_IN_NAMES} AND started_at >= $start AND started_at <= $now AND {GOOD_ATTEMPTS} GROUP BY integration, i
"""  # noqa: S608 - names of ours

_NORMAL = f"""
WITH daily AS (
    SELECT integration, epoch_ms(started_at) // 3600000 AS hour, quantile_disc(total_ms, 0.95) AS p95
    FROM steps
    WHERE {_IN_NAMES} AND started_at >= $since AND epoch_ms(started_at) // 3600000 % 24 = $hour
      AND epoch_ms(started_at) >= $oldest_ms AND epoch_ms(started_at) < $today_ms AND {GOOD_ATTEMPTS}
    GROUP BY integration, hour
)
SELECT integration, quantile_disc(p95, 0.5), count(*) FROM daily GROUP BY integration
"""  # noqa: S608 - names of ours

_SLICES = f"""
SELECT integration, count(*) FILTER (outcome IN ('passed', 'unstable')), count(*) FILTER (outcome = 'failed')
FROM runs WHERE {_IN_NAMES} AND final AND slice_at >= $start AND slice_at < $end GROUP BY integration
"""  # noqa: S608 - names of ours
