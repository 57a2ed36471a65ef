"""How does each integration stand, at a glance?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, sql_list
from metrics.model import Availability, IntegrationSummary, Latency, Rates, SliceCount, Window
from metrics.store.buckets import epoch_ms
from metrics.store.latency import GOOD_ATTEMPTS, latency_of
from metrics.store.rates import rates_of
from metrics.store.schedule import Segment, promised, read_changes, segments
from probes.model import Outcome

DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
POINTS: Final = 48
NORMAL_DAYS: Final = 14

_HOUR_MS: Final = 3_600_000
_NO_LATENCY: Final = Latency(0, None, None, None, None)


def integration_summaries(
    con: DuckDBPyConnection, names: Sequence[str], now: datetime
) -> tuple[IntegrationSummary, ...]:
    """One summary per name, in that order, in a handful of queries for all of them."""
    last = _last_runs(con, names, now)
    counts = _by_name(con, _RUNS, {"day": now - DAY, "now": now})
    latency = _by_name(con, _LATENCY, {"day": now - DAY, "hour": now - timedelta(hours=1), "now": now})
    rates = _rates(con, now)
    sparklines = _sparklines(con, now)
    normal = _normal(con, now)
    availability = _availability(con, names, Window.last(MONTH, now))
    return tuple(
        IntegrationSummary(
            integration=name,
            last_run_at=last.get(name, (None, None))[0],
            last_outcome=last.get(name, (None, None))[1],
            **_run_part(counts.get(name)),
            **_latency_part(latency.get(name)),
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


def _latency_part(row: tuple[Any, ...] | None) -> dict[str, Any]:
    if row is None:
        return {"latency_24h": _NO_LATENCY, "latency_1h": _NO_LATENCY}
    return {"latency_24h": latency_of(*row[:3]), "latency_1h": latency_of(*row[3:])}


def _rates(con: DuckDBPyConnection, now: datetime) -> dict[str, Rates]:
    counts: dict[str, dict[str | None, int]] = defaultdict(dict)
    for name, kind, count in con.execute(_KINDS, {"day": now - DAY, "now": now}).fetchall():
        counts[name][kind] = count
    return {name: rates_of(counted) for name, counted in counts.items()}


def _sparklines(con: DuckDBPyConnection, now: datetime) -> dict[str, list[float | None]]:
    start = now - DAY
    lines: dict[str, list[float | None]] = defaultdict(lambda: [None] * POINTS)
    for name, index, p95 in con.execute(_SPARKLINE, {"day": start, "now": now, "start_ms": epoch_ms(start)}).fetchall():
        lines[name][index] = p95
    return lines


def _normal(con: DuckDBPyConnection, now: datetime) -> dict[str, tuple[Any, ...]]:
    hour = epoch_ms(now) // _HOUR_MS
    first = (hour - 24 * NORMAL_DAYS) * _HOUR_MS
    return _by_name(con, _NORMAL, {"first_us": first * 1000, "today_us": hour * _HOUR_MS * 1000, "hour": hour % 24})


def _availability(con: DuckDBPyConnection, names: Sequence[str], window: Window) -> dict[str, Availability]:
    measured = _by_name(con, _SLICES, {"start": window.start, "end": window.end})
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

_RUNS: Final = """
SELECT integration, count(*), count(*) FILTER (simulated)
FROM runs WHERE started_at >= $day AND started_at < $now GROUP BY integration
"""

_LATENCY: Final = f"""
SELECT integration, count(*), quantile_disc(total_ms, [0.5, 0.95, 0.99]), max(total_ms),
       count(*) FILTER (started_at >= $hour),
       quantile_disc(total_ms, [0.5, 0.95, 0.99]) FILTER (started_at >= $hour),
       max(total_ms) FILTER (started_at >= $hour)
FROM steps WHERE started_at >= $day AND started_at < $now AND {GOOD_ATTEMPTS} GROUP BY integration
"""  # noqa: S608 - names of ours

_KINDS: Final = """
SELECT integration, failure_kind, count(*)
FROM steps WHERE started_at >= $day AND started_at < $now AND counted GROUP BY integration, failure_kind
"""

_SPARKLINE: Final = f"""
SELECT integration, (epoch_ms(started_at) - $start_ms) // 1800000 AS i, quantile_disc(total_ms, 0.95)
FROM steps WHERE started_at >= $day AND started_at < $now AND {GOOD_ATTEMPTS} GROUP BY integration, i
"""  # noqa: S608 - names of ours

_NORMAL: Final = f"""
WITH daily AS (
    SELECT integration, epoch_us(started_at) // 3600000000 AS hour, quantile_disc(total_ms, 0.95) AS p95
    FROM steps
    WHERE started_at >= make_timestamptz($first_us) AND started_at < make_timestamptz($today_us)
      AND epoch_us(started_at) // 3600000000 % 24 = $hour AND {GOOD_ATTEMPTS}
    GROUP BY integration, hour
)
SELECT integration, quantile_disc(p95, 0.5), count(*) FROM daily GROUP BY integration
"""  # noqa: S608 - names of ours

_SLICES: Final = f"""
WITH judged AS (
    SELECT integration, outcome IN {sql_list(GOOD)} AS good, CAST(round(every_s * 1000) AS BIGINT) AS ms
    FROM runs WHERE final AND slice_at >= $start AND slice_at < $end AND outcome <> '{Outcome.THROTTLED}'
      AND failed_integration IS NULL
)
SELECT integration, count(*) FILTER (good), count(*) FILTER (NOT good),
       coalesce(sum(ms) FILTER (good), 0), coalesce(sum(ms) FILTER (NOT good), 0)
FROM judged GROUP BY integration
"""  # noqa: S608 - names of ours
