"""How many requests went wrong, and in which way?"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Rates, Window
from metrics.series import ErrorSeries
from metrics.store.buckets import choose
from metrics.store.memo import Memo
from metrics.store.rates import CLASS_COLUMNS, RATE_COLUMNS, rates_from
from metrics.store.rollup.reading import Scope, Stretch, totals


def rates(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    memo: Memo | None = None,
) -> Rates:
    """Each class as a share of the requests that were really made."""
    stretch, scope = Stretch.of(con, window, memo=memo), Scope(integration, workflow, step, region)
    return rates_from(totals(con, stretch, scope, RATE_COLUMNS, {}, {}), 0)


def error_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
    memo: Memo | None = None,
) -> ErrorSeries:
    """Counts per bucket on a dense grid; a bucket without requests has 0 of them and NaN everywhere else."""
    grid, scope = choose(window, bucket), Scope(integration, workflow, step, region)
    stretch = Stretch.of(con, window, grid.bucket, memo)
    seen = totals(con, stretch, scope, RATE_COLUMNS, {"g": grid.sql}, grid.bounds)
    requests = np.nan_to_num(grid.lay(seen["g"], seen["requests"], empty=0.0))
    figures = {
        name: np.where(requests > 0, np.sum([grid.lay(seen["g"], seen[column]) for column in columns], axis=0), np.nan)
        for name, columns in CLASS_COLUMNS.items()
    }
    return ErrorSeries(grid.bucket, grid.t_ms, requests=requests, **figures)
