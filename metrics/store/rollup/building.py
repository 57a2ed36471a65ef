"""Builds a span of buckets from the raw rows: counted by whoever has the time, put in by the writer.

Everything is bound with `$start` ≤ t < `$end`, whole buckets, and takes the integrations from `$first` to before
`$last`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, sql_list
from metrics.store.relations import RUNS
from metrics.store.rollup.attempts import Attempts
from metrics.store.rollup.histogram import index_sql
from metrics.store.rollup.layout import (
    INTEGRATION_LEVEL,
    REGION_LEVEL,
    RUN_KEYS,
    RUN_MEASURES,
    STEP_LEVEL,
    limit_table,
    run_table,
)
from metrics.store.rollup.tiers import Tier
from metrics.store.rows import append

Bounds = dict[str, Any]
Counted = Mapping[str, pa.Table]
"""Rows by the name of their table."""
_INSTANT: Final = pa.timestamp("us", "UTC")


def counted(con: DuckDBPyConnection, tier: Tier, bounds: Bounds) -> Counted:
    """What the raw rows amount to; nothing is written."""
    attempts = Attempts.read(con, tier, bounds)
    levels = {level.table(tier): attempts.table(level, tier) for level in (STEP_LEVEL, REGION_LEVEL)}
    return levels | {
        INTEGRATION_LEVEL.table(tier): _with_runs(con, attempts.table(INTEGRATION_LEVEL, tier), tier, bounds),
        run_table(tier): con.execute(_runs(tier), bounds).to_arrow_table(),
        limit_table(tier): con.execute(_limits(tier, "true"), bounds).to_arrow_table(),
    }


def regions_counted(con: DuckDBPyConnection, tier: Tier, bounds: Bounds) -> Counted:
    """The same of the roll-ups by region alone."""
    return {REGION_LEVEL.table(tier): Attempts.read(con, tier, bounds).table(REGION_LEVEL, tier)}


def put(con: DuckDBPyConnection, rows: Counted, bounds: Bounds) -> None:
    """Takes the place of what those tables held of these buckets and integrations."""
    for table, made in rows.items():
        con.execute(_clear(table), bounds)
        append(con, table, made)


def limit_statements(tier: Tier) -> tuple[str, ...]:
    """What counts slices by the limits `$limits` alone, in buckets that were rolled up without them."""
    chosen, table = "limit_id IN (SELECT unnest($limits))", limit_table(tier)
    return f"{_clear(table)} AND {chosen}", f"INSERT INTO {table} BY NAME {_limits(tier, chosen)}"


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


def _with_runs(con: DuckDBPyConnection, asked: pa.Table, tier: Tier, bounds: Bounds) -> pa.Table:
    """Figures of the attempts by integration, and of the runs that began in the same buckets."""
    ran = con.execute(_ran(tier), bounds).to_arrow_table()
    keys = ["bucket_at", "integration"]
    ran = ran.set_column(ran.column_names.index("bucket_at"), "bucket_at", ran["bucket_at"].cast(_INSTANT))
    return asked.join(ran, keys, join_type="full outer").sort_by([(key, "ascending") for key in keys])


def _ran(tier: Tier) -> str:
    return f"""
SELECT bucket_at, integration, count(*) AS runs, count_if(simulated) AS simulated_runs,
       max(started_at) AS last_run_at, arg_max(outcome, started_at) AS last_outcome
FROM (
    SELECT integration, simulated, started_at, outcome, {_bucket("started_at", tier)}
    FROM {RUNS} WHERE {_within("started_at")}
)
GROUP BY bucket_at, integration
"""  # noqa: S608 - names of ours


def _runs(tier: Tier) -> str:
    keys = ", ".join(("bucket_at", *RUN_KEYS))
    figures = ", ".join(
        f"map_keys(histogram({name}_i)) AS {name}_index, map_values(histogram({name}_i)) AS {name}_count"
        for name in RUN_MEASURES
    )
    indices = ", ".join(f"{index_sql(column)} AS {name}_i" for name, column in RUN_MEASURES.items())
    return f"""
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
SELECT {keys}, count(*) FILTER (took <= limit_ms) AS within, count(*) FILTER (took > limit_ms) AS beyond
FROM (
    SELECT integration, limit_id, limit_ms, workflow, region, every_s, simulated, {_bucket("slice_at", tier)},
           CASE measure {took} END AS took
    FROM {RUNS} JOIN (SELECT * FROM limits WHERE {chosen}) USING (integration)
    WHERE final AND outcome IN {sql_list(GOOD)} AND {_within("slice_at")}
) WHERE took IS NOT NULL GROUP BY {keys} ORDER BY bucket_at, integration, limit_id, workflow, region
"""  # noqa: S608 - names of ours
