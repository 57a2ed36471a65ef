"""How long do good answers take?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Latency, Window
from metrics.series import LatencySeries
from metrics.store.buckets import Grid, choose
from metrics.store.memo import Memo
from metrics.store.relations import GOOD_ATTEMPTS
from metrics.store.rollup.histogram import quantiles
from metrics.store.rollup.layout import INTEGRATION_LEVEL, stored
from metrics.store.rollup.plan import tier_of
from metrics.store.rollup.reading import Scope, Stretch, histograms, totals
from metrics.store.rollup.tiers import Source
from metrics.store.scope import bucketed, simulated_until, step_scope


def latency(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    memo: Memo | None = None,
) -> Latency:
    """Nearest-rank percentiles over the attempts of the window; `exact` says whether roll-ups were asked."""
    stretch, scope = Stretch.of(con, window, memo=memo), Scope(integration, workflow, step, region)
    if not stretch.is_raw:
        return _latency(con, stretch, scope)
    where, parameters = step_scope(integration, window, workflow=workflow, step=step, region=region)
    row = con.execute(_LATENCY.format(where=where, good=GOOD_ATTEMPTS), parameters).fetchone()
    return latency_of(*(row or (0, None, None)))


def latency_of(n: int, percentiles: list[float] | None, largest: float | None, *, exact: bool = True) -> Latency:
    """From the columns count, [P50, P95, P99], max."""
    if not n or percentiles is None:
        return Latency(0, None, None, None, None)
    return Latency(n, percentiles[0], percentiles[1], percentiles[2], largest, exact)


def latency_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
    memo: Memo | None = None,
) -> LatencySeries:
    """Percentiles per bucket, on a dense grid of at most 400 points (unless a bucket is asked for)."""
    grid, scope = choose(window, bucket), Scope(integration, workflow, step, region)
    stretch = Stretch.of(con, window, grid.bucket, memo)
    if stretch.is_raw:
        where, bounds = step_scope(integration, window, workflow=workflow, step=step, region=region)
        seen = bucketed(con, _SERIES, window, bucket, where, bounds)
        until = simulated_until(con, stretch, scope) if np.any(seen.answer["simulated"]) else None
        figures: dict[str, Any] = seen.figures("p50", "p95", "p99", "ttfb_p95")
        return LatencySeries(grid.bucket, grid.t_ms, n=seen.counts, **figures, simulated_until=until)
    return _series(con, stretch, scope, grid)


def _latency(con: DuckDBPyConnection, stretch: Stretch, scope: Scope) -> Latency:
    known = totals(con, stretch, scope, ("n", "total_max"), {}, {})
    n = int(np.ma.filled(known["n"], 0)[0])
    if not n:
        return latency_of(0, None, None)
    held = histograms(con, stretch, scope, "total", {}, {})
    largest = milliseconds(known["total_max"][0])
    cut = quantiles(np.zeros(len(held["i"]), np.int64), held["i"], held["c"], 1)
    return latency_of(n, [min(float(figure[0]), largest) for figure in cut], largest, exact=False)


def _series(con: DuckDBPyConnection, stretch: Stretch, scope: Scope, grid: Grid) -> LatencySeries:
    group = {"g": grid.sql}
    known = totals(con, stretch, scope, ("n", "simulated"), group, grid.bounds)
    simulated = np.any(np.ma.filled(known["simulated"], 0) > 0)
    exact = stretch.is_level(scope) and stretch.is_cut_like(grid.bucket)
    cut = _precomputed if exact else _merged
    return LatencySeries(
        grid.bucket,
        grid.t_ms,
        n=np.nan_to_num(grid.lay(known["g"], known["n"], empty=0.0)),
        **cut(con, stretch, scope, grid),
        simulated_until=simulated_until(con, stretch, scope) if simulated else None,
        exact=exact,
    )


def _merged(con: DuckDBPyConnection, stretch: Stretch, scope: Scope, grid: Grid) -> dict[str, Any]:
    cut = {}
    for measure in ("total", "ttfb"):
        held = histograms(con, stretch, scope, measure, {"g": grid.sql}, grid.bounds)
        cut[measure] = quantiles(held["g"], held["i"], held["c"], grid.count)
    p50, p95, p99 = cut["total"]
    return {"p50": p50, "p95": p95, "p99": p99, "ttfb_p95": cut["ttfb"][1]}


def _precomputed(con: DuckDBPyConnection, stretch: Stretch, scope: Scope, grid: Grid) -> dict[str, Any]:
    """Every bucket of the chart is one row of the roll-up or a stretch of raw rows: nothing has to be merged."""
    names = ("p50", "p95", "p99", "ttfb_p95")
    columns = ("total_p50", "total_p95", "total_p99", "ttfb_p95")
    defined = INTEGRATION_LEVEL.columns[tier_of(Source.HOUR)]
    raw = {"g": grid.sql} | {name: defined[column] for name, column in zip(names, columns, strict=True)}
    rolled = {"g": grid.sql} | dict(zip(names, map(stored, columns), strict=True))
    relation, bounds = stretch.relation(scope, raw, rolled)
    answer = con.execute(f"SELECT * FROM {relation}", bounds | grid.bounds).fetchnumpy()  # noqa: S608 - ours
    return {name: np.round(grid.lay(answer["g"], answer[name]), 3) for name in names}


def milliseconds(stored: Any) -> float:
    """A figure out of a FLOAT column, in the store's resolution of a microsecond."""
    return round(float(stored), 3)


_LATENCY = """
SELECT count(*), quantile_disc(total_ms, [0.5, 0.95, 0.99]), max(total_ms)
FROM steps WHERE {where} AND {good}
"""

_SERIES: Final = f"""
WITH good AS (
    SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, total_ms, ttfb_ms, simulated
    FROM steps WHERE {{where}} AND {GOOD_ATTEMPTS}
), cut AS (
    SELECT i, count(*) AS n, quantile_disc(total_ms, [0.5, 0.95, 0.99]) AS p,
           quantile_disc(ttfb_ms, 0.95) AS ttfb_p95, bool_or(simulated) AS simulated
    FROM good GROUP BY i
)
SELECT i, n, p[1] AS p50, p[2] AS p95, p[3] AS p99, ttfb_p95, simulated FROM cut ORDER BY i
"""  # noqa: S608 - names of ours
