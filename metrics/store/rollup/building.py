"""Builds a span of buckets from the raw rows.

Everything is bound with `$start` ≤ t < `$end`, whole buckets, and takes the integrations from `$first` to before
`$last`.
"""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, sql_list
from metrics.store.relations import RUNS
from metrics.store.rollup.attempts import Attempts
from metrics.store.rollup.histogram import index_sql
from metrics.store.rollup.layout import (
    INTEGRATION_LEVEL,
    RUN_KEYS,
    RUN_MEASURES,
    STEP_LEVEL,
    limit_table,
    run_table,
    tables,
)
from metrics.store.rollup.tiers import Tier
from metrics.store.rows import append

Bounds = dict[str, Any]


def build(con: DuckDBPyConnection, tier: Tier, bounds: Bounds) -> None:
    """Makes the roll-ups of that tier anew: old rows out, new rows in."""
    for table in tables(tier):
        con.execute(_clear(table), bounds)
    attempts = Attempts.read(con, tier, bounds)
    append(con, STEP_LEVEL.table(tier), attempts.table(STEP_LEVEL, tier))
    con.register("asked", attempts.table(INTEGRATION_LEVEL, tier))
    try:
        con.execute(_integrations(tier), bounds)
    finally:
        con.unregister("asked")
    con.execute(_runs(tier), bounds)
    con.execute(_limits(tier, "true"), bounds)


def limit_statements(tier: Tier) -> tuple[str, ...]:
    """What counts slices by the limits `$limits` alone, in buckets that were rolled up without them."""
    chosen = "limit_id IN (SELECT unnest($limits))"
    return f"{_clear(limit_table(tier))} AND {chosen}", _limits(tier, chosen)


def _clear(table: str) -> str:
    return (
        f"DELETE FROM {table} WHERE bucket_at >= $start AND bucket_at < $end "  # noqa: S608 - a name of ours
        "AND integration >= $first AND integration < $last"
    )


def _bucket(column: str, tier: Tier) -> str:
    length = round(tier.length.total_seconds() * 1_000_000)
    return f"make_timestamptz(epoch_us({column}) // {length} * {length}) AS bucket_at"


def _within(column: str) -> str:
    return f"{column} >= $start AND {column} < $end AND integration >= $first AND integration < $last"


def _integrations(tier: Tier) -> str:
    """Of the attempts, the relation `asked`, and of the runs."""
    return f"""
INSERT INTO {INTEGRATION_LEVEL.table(tier)} BY NAME
WITH ran AS (
    SELECT bucket_at, integration, count(*) AS runs, count_if(simulated) AS simulated_runs,
           max(started_at) AS last_run_at, arg_max(outcome, started_at) AS last_outcome
    FROM (
        SELECT integration, simulated, started_at, outcome, {_bucket("started_at", tier)}
        FROM {RUNS} WHERE {_within("started_at")}
    )
    GROUP BY bucket_at, integration
)
SELECT * FROM asked FULL JOIN ran USING (bucket_at, integration) ORDER BY bucket_at, integration
"""  # noqa: S608 - names of ours


def _runs(tier: Tier) -> str:
    keys = ", ".join(("bucket_at", *RUN_KEYS))
    figures = ", ".join(
        f"map_keys(histogram({name}_i)) AS {name}_index, map_values(histogram({name}_i)) AS {name}_count"
        for name in RUN_MEASURES
    )
    indices = ", ".join(f"{index_sql(column)} AS {name}_i" for name, column in RUN_MEASURES.items())
    return f"""
INSERT INTO {run_table(tier)} BY NAME
SELECT {keys}, count(*) AS n, {figures}
FROM (
    SELECT integration, workflow, region, every_s, failure_kind, simulated, {_bucket("slice_at", tier)},
           CASE outcome WHEN 'skipped' THEN 'failed' ELSE outcome END AS outcome,
           failed_integration IS NOT NULL AS elsewhere, {indices}
    FROM {RUNS} WHERE final AND {_within("slice_at")}
) GROUP BY {keys} ORDER BY {keys}
"""  # noqa: S608 - names of ours


def _limits(tier: Tier, chosen: str) -> str:
    keys = "bucket_at, integration, limit_id, workflow, region, every_s, simulated"
    took = " ".join(f"WHEN '{column}' THEN {column}" for column in RUN_MEASURES.values())
    return f"""
INSERT INTO {limit_table(tier)} BY NAME
SELECT {keys}, count(*) FILTER (took <= limit_ms) AS within, count(*) FILTER (took > limit_ms) AS beyond
FROM (
    SELECT integration, limit_id, limit_ms, workflow, region, every_s, simulated, {_bucket("slice_at", tier)},
           CASE measure {took} END AS took
    FROM {RUNS} JOIN (SELECT * FROM limits WHERE {chosen}) USING (integration)
    WHERE final AND outcome IN {sql_list(GOOD)} AND {_within("slice_at")}
) WHERE took IS NOT NULL GROUP BY {keys} ORDER BY bucket_at, integration, limit_id, workflow, region
"""  # noqa: S608 - names of ours
