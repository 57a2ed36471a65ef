"""How many requests went wrong, and in which way?"""

from __future__ import annotations

from datetime import timedelta

from duckdb import DuckDBPyConnection

from metrics.model import ErrorSeries, Rates, Window
from metrics.store.buckets import choose, columns
from metrics.store.rates import CLASS_COUNTS, rates_of
from metrics.store.scope import bucket_parameters, step_scope


def rates(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
) -> Rates:
    """Each class as a share of the requests that were really made."""
    where, parameters = step_scope(integration, window, workflow=workflow, step=step, region=region)
    return rates_of(dict(con.execute(_RATES.format(where=where), parameters).fetchall()))


def error_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
) -> ErrorSeries:
    """Counts per bucket on a dense grid; a bucket without requests has 0 of them and NaN everywhere else."""
    grid = choose(window, bucket)
    where, scope = step_scope(integration, window, workflow=workflow, step=step, region=region)
    answer = columns(con, _SERIES.format(where=where, counts=CLASS_COUNTS), scope | bucket_parameters(grid))
    return ErrorSeries(
        bucket=grid.bucket,
        t_ms=grid.t_ms,
        requests=grid.lay(answer["i"], answer["requests"], empty=0.0),
        client_errors=grid.lay(answer["i"], answer["client_errors"]),
        server_errors=grid.lay(answer["i"], answer["server_errors"]),
        throttled=grid.lay(answer["i"], answer["throttled"]),
        network=grid.lay(answer["i"], answer["network"]),
        correctness=grid.lay(answer["i"], answer["correctness"]),
    )


_RATES = "SELECT failure_kind, count(*) FROM steps WHERE {where} AND counted GROUP BY failure_kind"

_SERIES = """
SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS requests, {counts}
FROM steps WHERE {where} AND counted GROUP BY i ORDER BY i
"""
