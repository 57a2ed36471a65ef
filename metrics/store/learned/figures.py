"""What the buckets of many series show: latencies, recorded values, failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.kinds import OURS, sql_list
from metrics.store.relations import GOOD_ATTEMPTS

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BucketFigures:
    """One entry per series and bucket that was measured: the 75th percentile, and of how many."""

    series: Whole
    bucket: Whole
    n: Whole
    p75: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """One entry per series and minute with a run: how many there were, and how many failed."""

    series: Whole
    minute: Whole
    asked: Whole
    failed: Whole


def bucket_figures(con: DuckDBPyConnection, bucket_s: int, first: int, end: int) -> BucketFigures:
    """Of the buckets `first` ≤ number < `end`, counted from the epoch."""
    seen = _columns(con, _LATENCIES, _bounds(bucket_s, first, end))
    recorded = _columns(con, _RECORDED, _bounds(bucket_s, first, end))
    both = [np.concatenate([seen[name], recorded[name]]) for name in ("series_id", "bucket", "n", "p75")]
    return BucketFigures(*both)


def failing_buckets(con: DuckDBPyConnection, bucket_s: int, first: int, end: int) -> tuple[Whole, Whole]:
    """Series and bucket in which so many runs of the workflow failed that what did answer says nothing of normal."""
    seen = _columns(con, _FAILING, _bounds(bucket_s, first, end))
    return seen["series_id"], seen["bucket"]


def failure_counts(con: DuckDBPyConnection, first: int, end: int) -> FailureCounts:
    """First attempts that say something about the vendor, in the minutes `first` ≤ number < `end`."""
    seen = _columns(con, _FAILURES, _bounds(60, first, end))
    return FailureCounts(seen["series_id"], seen["bucket"], seen["asked"], seen["failed"])


def remade_since(con: DuckDBPyConnection, version: int) -> tuple[int, list[int]]:
    """The newest version of the roll-ups, and the five-minute buckets made or made anew since that one."""
    rows = con.execute(_REMADE, [version]).fetchall()
    return max((row[1] for row in rows), default=version), [row[0] for row in rows]


def _bounds(bucket_s: int, first: int, end: int) -> dict[str, Any]:
    start, stop = (datetime.fromtimestamp(number * bucket_s, UTC) for number in (first, end))
    return {"bucket_s": bucket_s, "start": start, "end": stop}


def _columns(con: DuckDBPyConnection, sql: str, bounds: dict[str, Any]) -> dict[str, Any]:
    answer = con.execute(sql, bounds).fetchnumpy()
    return {name: np.ma.filled(column.astype(np.float64), np.nan) if column.dtype.kind == "f" else np.asarray(column)
            for name, column in answer.items()}  # fmt: skip


_WHERE: Final = "started_at >= $start AND started_at < $end"
_BUCKET: Final = "epoch_ms(started_at) // ($bucket_s * 1000)"
_MOST_SERIES: Final = "s.bucket_s = $bucket_s"

# The 75th percentile shows partial slowness and passes over one slow probe.
_LATENCIES: Final = f"""
WITH cut AS (
    SELECT integration, workflow, region, step, {_BUCKET} AS bucket, count(*) AS n,
           quantile_cont(total_ms, 0.75) AS total_ms, count(ttfb_ms) AS ttfb_n, quantile_cont(ttfb_ms, 0.75) AS ttfb_ms
    FROM steps WHERE {_WHERE} AND {GOOD_ATTEMPTS}
    GROUP BY ALL
)
SELECT series_id, bucket, CASE measure WHEN 'ttfb_ms' THEN ttfb_n ELSE n END AS n,
       CASE measure WHEN 'ttfb_ms' THEN cut.ttfb_ms ELSE cut.total_ms END AS p75
FROM cut JOIN baseline_series AS s USING (integration, workflow, region)
WHERE s.subject = cut.step AND measure IN ('total_ms', 'ttfb_ms') AND {_MOST_SERIES} AND p75 IS NOT NULL
"""  # noqa: S608 - names of ours

_RECORDED: Final = f"""
WITH cut AS (
    SELECT integration, workflow, region, name, {_BUCKET} AS bucket, count(*) AS n, quantile_cont(value, 0.75) AS p75
    FROM recorded_values WHERE {_WHERE} GROUP BY ALL
)
SELECT series_id, bucket, n, p75 FROM cut JOIN baseline_series AS s USING (integration, workflow, region)
WHERE s.subject = cut.name AND measure = 'recorded' AND {_MOST_SERIES}
"""  # noqa: S608 - names of ours

_SAYS_SOMETHING: Final = f"""
outcome IN ('passed', 'unstable', 'failed') AND (failure_kind IS NULL OR failure_kind NOT IN {sql_list(OURS)})
"""

# Two failures, and a fifth of all: an outage, and what answers amid one is not normal.
_FAILING: Final = f"""
WITH cut AS (
    SELECT integration, workflow, region, {_BUCKET} AS bucket FROM runs
    WHERE {_WHERE} AND {_SAYS_SOMETHING}
    GROUP BY ALL HAVING count(*) FILTER (outcome = 'failed') >= greatest(2, 0.2 * count(*))
)
SELECT series_id, bucket FROM cut JOIN baseline_series AS s USING (integration, workflow, region)
WHERE measure != 'failures' AND {_MOST_SERIES}
"""  # noqa: S608 - names of ours

# A confirmation is made because a run failed, so it says more about failures than there are.
_FAILURES: Final = f"""
WITH cut AS (
    SELECT integration, workflow, region, {_BUCKET} AS bucket, count(*) AS asked,
           count(*) FILTER (outcome = 'failed') AS failed
    FROM runs WHERE {_WHERE} AND attempt = 1 AND {_SAYS_SOMETHING} GROUP BY ALL
)
SELECT series_id, bucket, asked, failed FROM cut JOIN baseline_series AS s USING (integration, workflow, region)
WHERE measure = 'failures'
"""  # noqa: S608 - names of ours

_REMADE: Final = """
SELECT epoch_ms(bucket_at) // 300000, version FROM rolled_buckets WHERE tier = '5m' AND version > ?
"""
