"""How long did it take until what was done at one end could be seen at the other?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.series import LagSeries
from metrics.store.buckets import choose, columns


def lag_series(
    con: DuckDBPyConnection, integration: str, window: Window, bucket: timedelta | None = None
) -> tuple[LagSeries, ...]:
    """Nearest-rank percentiles of the sync lag per bucket, on a dense grid of at most 400 points (unless a bucket is
    asked for); by workflow."""
    grid = choose(window, bucket)
    asked = {"integration": integration, "start": window.start, "end": window.end}
    answer = columns(con, _SERIES, asked | grid.bounds)
    found = []
    for workflow in dict.fromkeys(answer["workflow"].tolist()):
        own = answer["workflow"] == workflow
        laid = {name: grid.lay(answer["i"][own], answer[name][own]) for name in ("p50", "p95")}
        n = grid.lay(answer["i"][own], answer["n"][own], empty=0.0)
        found.append(LagSeries(workflow, grid.bucket, grid.t_ms, n, **laid))
    return tuple(found)


_SERIES: Final = """
WITH cut AS (
    SELECT workflow, (epoch_ms(started_at) - $first_ms) // $bucket_ms AS i, count(*) AS n,
           quantile_disc(value, [0.5, 0.95]) AS p
    FROM recorded_values WHERE integration = $integration AND name = 'sync_lag_ms'
        AND started_at >= $start AND started_at < $end
    GROUP BY workflow, i
)
SELECT workflow, i, n, p[1] AS p50, p[2] AS p95 FROM cut ORDER BY workflow, i
"""
