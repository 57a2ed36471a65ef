"""Where does the time of a good answer go?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.series import PhaseSeries
from metrics.store.buckets import choose
from metrics.store.memo import Memo
from metrics.store.relations import GOOD_ATTEMPTS
from metrics.store.rollup.layout import INTEGRATION_LEVEL
from metrics.store.rollup.reading import Scope, Stretch, totals
from metrics.store.rollup.tiers import FIVE_MINUTES
from metrics.store.scope import bucketed, step_scope


def phase_series(
    con: DuckDBPyConnection,
    integration: str,
    window: Window,
    *,
    workflow: str | None = None,
    step: str | None = None,
    region: str | None = None,
    bucket: timedelta | None = None,
    memo: Memo | None = None,
) -> PhaseSeries:
    """Each phase per bucket over the good attempts where it happened (a reused connection has no connect): the median
    where raw rows answer for all of it, the mean otherwise."""
    grid, scope = choose(window, bucket), Scope(integration, workflow, step, region)
    stretch = Stretch.of(con, window, grid.bucket, memo)
    if scope.level is not INTEGRATION_LEVEL:
        stretch = stretch.without(FIVE_MINUTES)
    if stretch.is_raw:
        where, bounds = step_scope(integration, window, workflow=workflow, step=step, region=region)
        seen = bucketed(con, _SERIES, window, bucket, where, bounds)
        medians: dict[str, Any] = seen.figures(*_PHASES, "send")
        return PhaseSeries(seen.grid.bucket, seen.grid.t_ms, n=seen.counts, **medians)
    columns = ("n", *(f"{phase}_{part}" for phase in _PHASES for part in ("sum", "n")))
    known = totals(con, stretch, scope, columns, {"g": grid.sql}, grid.bounds)
    laid = {name: grid.lay(known["g"], known[name]) for name in columns}
    with np.errstate(invalid="ignore", divide="ignore"):
        means: dict[str, Any] = {phase: laid[f"{phase}_sum"] / laid[f"{phase}_n"] for phase in _PHASES}
    return PhaseSeries(grid.bucket, grid.t_ms, n=np.nan_to_num(laid["n"]), **means, statistic="mean")


_PHASES: Final = ("dns", "connect", "tls", "wait", "download")

_SERIES: Final = f"""
SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS n,
       {", ".join(f"quantile_disc({phase}_ms, 0.5) AS {phase}" for phase in (*_PHASES, "send"))}
FROM steps WHERE {{where}} AND {GOOD_ATTEMPTS} GROUP BY i ORDER BY i
"""  # noqa: S608 - names of ours
