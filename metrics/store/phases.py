"""Where does the time of a good answer go?"""

from __future__ import annotations

from datetime import timedelta

from duckdb import DuckDBPyConnection

from metrics.model import PhaseSeries, Window
from metrics.store.buckets import choose, columns
from metrics.store.latency import GOOD_ATTEMPTS
from metrics.store.scope import bucket_parameters, step_scope


def phase_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
) -> PhaseSeries:
    """Median of each phase per bucket over the good attempts where it happened (a reused connection has no connect)."""
    grid = choose(window, bucket)
    where, scope = step_scope(integration, window, workflow=workflow, step=step, region=region)
    answer = columns(con, _SERIES.format(where=where, good=GOOD_ATTEMPTS), scope | bucket_parameters(grid))
    return PhaseSeries(
        bucket=grid.bucket,
        t_ms=grid.t_ms,
        n=grid.lay(answer["i"], answer["n"], empty=0.0),
        dns=grid.lay(answer["i"], answer["dns"]),
        connect=grid.lay(answer["i"], answer["connect"]),
        tls=grid.lay(answer["i"], answer["tls"]),
        wait=grid.lay(answer["i"], answer["wait"]),
        download=grid.lay(answer["i"], answer["download"]),
    )


_SERIES = """
SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS n,
       quantile_disc(dns_ms, 0.5) AS dns, quantile_disc(connect_ms, 0.5) AS connect,
       quantile_disc(tls_ms, 0.5) AS tls, quantile_disc(wait_ms, 0.5) AS wait,
       quantile_disc(download_ms, 0.5) AS download
FROM steps WHERE {where} AND {good} GROUP BY i ORDER BY i
"""
