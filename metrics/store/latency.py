"""How long do good answers take?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Latency, Window
from metrics.series import LatencySeries
from metrics.store.scope import bucketed, simulated_until, step_scope

GOOD_ATTEMPTS = "counted AND timed AND NOT cleanup AND outcome IN ('passed', 'unstable') AND total_ms IS NOT NULL"
"""What latency is measured on: good, non-cleanup attempts at steps, by a prober whose loop was on time."""


def latency(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
) -> Latency:
    """Nearest-rank percentiles over the raw attempts of the window."""
    where, parameters = step_scope(integration, window, workflow=workflow, step=step, region=region)
    row = con.execute(_LATENCY.format(where=where, good=GOOD_ATTEMPTS), parameters).fetchone()
    return latency_of(*(row or (0, None, None)))


def latency_of(n: int, percentiles: list[float] | None, largest: float | None) -> Latency:
    """From the columns count, [P50, P95, P99], max."""
    if not n or percentiles is None:
        return Latency(0, None, None, None, None)
    return Latency(n, percentiles[0], percentiles[1], percentiles[2], largest)


def latency_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
) -> LatencySeries:
    """Percentiles per bucket, on a dense grid of at most 400 points (unless a bucket is asked for)."""
    where, scope = step_scope(integration, window, workflow=workflow, step=step, region=region)
    seen = bucketed(con, _SERIES, window, bucket, where, scope)
    return LatencySeries(
        seen.grid.bucket,
        seen.grid.t_ms,
        n=seen.counts,
        **seen.figures("p50", "p95", "p99", "ttfb_p95"),
        simulated_until=simulated_until(con, where, scope) if np.any(seen.answer["simulated"]) else None,
    )


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
