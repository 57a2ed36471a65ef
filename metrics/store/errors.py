"""How many requests went wrong, and in which way?"""

from __future__ import annotations

from datetime import timedelta

from duckdb import DuckDBPyConnection

from metrics.model import Rates, Window
from metrics.series import ErrorSeries
from metrics.store.rates import CLASS_COUNTS, CLASSES, rates_of
from metrics.store.scope import bucketed, step_scope


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
    where, scope = step_scope(integration, window, workflow=workflow, step=step, region=region)
    seen = bucketed(con, _SERIES, window, bucket, where, scope)
    return ErrorSeries(seen.grid.bucket, seen.grid.t_ms, requests=seen.counts, **seen.figures(*CLASSES))


_RATES = "SELECT failure_kind, count(*) FROM steps WHERE {where} AND counted GROUP BY failure_kind"

_SERIES = f"""
SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS n, {CLASS_COUNTS}
FROM steps WHERE {{where}} AND counted GROUP BY i ORDER BY i
"""  # noqa: S608 - names of ours
