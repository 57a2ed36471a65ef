"""Where does the time of a good answer go?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.series import PhaseSeries
from metrics.store.latency import GOOD_ATTEMPTS
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
) -> PhaseSeries:
    """Median of each phase per bucket over the good attempts where it happened (a reused connection has no connect)."""
    where, scope = step_scope(integration, window, workflow=workflow, step=step, region=region)
    seen = bucketed(con, _SERIES, window, bucket, where, scope)
    return PhaseSeries(seen.grid.bucket, seen.grid.t_ms, n=seen.counts, **seen.figures(*_PHASES))


_PHASES: Final = ("dns", "connect", "tls", "wait", "download")

_SERIES: Final = f"""
SELECT (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS n,
       {", ".join(f"quantile_disc({phase}_ms, 0.5) AS {phase}" for phase in _PHASES)}
FROM steps WHERE {{where}} AND {GOOD_ATTEMPTS} GROUP BY i ORDER BY i
"""  # noqa: S608 - names of ours
