"""How far were the series from what was normal for them, over a stretch of time?"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from duckdb import DuckDBPyConnection

from metrics.baseline.series import HOUR_S

LEAST_HOURS: Final = 12
"""Of fewer nothing is said."""


class AgainstNormal(NamedTuple):
    """One series: the median of what its hours showed ÷ what was normal for them."""

    integration: str
    workflow: str
    region: str
    subject: str
    measure: str
    ratio: float
    usual_ms: float
    """Median of what was normal."""
    hours: int
    buckets: int
    """Measured ones."""


def against_normal(con: DuckDBPyConnection, start: datetime, end: datetime, most: int) -> tuple[AgainstNormal, ...]:
    """Those that were furthest above their normal, by series of latency; hours that are over and were learned."""
    first, last = (int(at.timestamp()) // HOUR_S for at in (start, end))
    rows = con.execute(_AGAINST, {"first": first, "last": last, "least": LEAST_HOURS, "most": most}).fetchall()
    return tuple(AgainstNormal(*row) for row in rows)


_AGAINST: Final = """
WITH hours AS (
    SELECT series_id, list_aggregate(b.figures, 'median') - h.level AS off, h.level,
           list_aggregate(b.figures, 'count') AS buckets
    FROM baseline_buckets AS b JOIN baseline_hours AS h USING (series_id, hour)
    WHERE hour >= $first AND hour < $last AND h.level IS NOT NULL
), apart AS (
    SELECT series_id, exp(median(off)) AS ratio, exp(median(level)) AS usual_ms, count(*) AS hours,
           sum(buckets)::BIGINT AS buckets
    FROM hours WHERE off IS NOT NULL GROUP BY series_id HAVING count(*) >= $least
)
SELECT integration, workflow, region, subject, measure, ratio, usual_ms, hours, buckets
FROM apart JOIN baseline_series USING (series_id) WHERE measure IN ('total_ms', 'ttfb_ms')
ORDER BY ratio DESC, integration, workflow, region, subject, measure LIMIT $most
"""
