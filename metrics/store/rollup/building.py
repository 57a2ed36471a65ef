"""The SQL that builds a span of buckets from the raw rows.

Every statement is bound with `$start` ≤ t < `$end`, whole buckets, and takes the integrations from `$first` to before
`$last`.
"""

from __future__ import annotations

from typing import Final

from metrics.kinds import GOOD, sql_list
from metrics.store.relations import RUNS, STEPS
from metrics.store.rollup.histogram import index_sql
from metrics.store.rollup.layout import (
    INTEGRATION_LEVEL,
    RUN_KEYS,
    RUN_MEASURES,
    STEP_LEVEL,
    Level,
    limit_table,
    run_table,
    tables,
)
from metrics.store.rollup.tiers import Tier

_MEASURES: Final = ("total", "ttfb")


def statements(tier: Tier) -> tuple[str, ...]:
    """Everything that makes the roll-ups of that tier anew: old rows out, new rows in."""
    cleared = tuple(_clear(table) for table in tables(tier))
    return (*cleared, _steps(tier), _integrations(tier), _runs(tier), _limits(tier, "true"))


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


def _cut(level: Level, tier: Tier) -> str:
    indices = ", ".join(f"{index_sql(m + '_ms')} AS {m}_i" for m in _MEASURES)
    figures = ", ".join(f"{expression} AS {name}" for name, expression in level.columns[tier].items())
    keys = ", ".join(("bucket_at", *level.keys))
    return f"""
SELECT {keys}, {figures}
FROM (SELECT *, {_bucket("started_at", tier)}, {indices} FROM {STEPS} WHERE {_within("started_at")})
GROUP BY {keys}"""  # noqa: S608 - names of ours


def _steps(tier: Tier) -> str:
    keys = ", ".join(STEP_LEVEL.keys)
    return f"INSERT INTO {STEP_LEVEL.table(tier)} BY NAME {_cut(STEP_LEVEL, tier)} ORDER BY {keys}, bucket_at"


def _integrations(tier: Tier) -> str:
    return f"""
INSERT INTO {INTEGRATION_LEVEL.table(tier)} BY NAME
WITH asked AS ({_cut(INTEGRATION_LEVEL, tier)}), ran AS (
    SELECT bucket_at, integration, count(*) AS runs, count(*) FILTER (simulated) AS simulated_runs,
           max(started_at) AS last_run_at, arg_max(outcome, started_at) AS last_outcome
    FROM (
        SELECT integration, simulated, started_at, outcome, {_bucket("started_at", tier)}
        FROM {RUNS} WHERE {_within("started_at")}
    )
    GROUP BY bucket_at, integration
)
SELECT * FROM asked FULL JOIN ran USING (bucket_at, integration) ORDER BY integration, bucket_at
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
) GROUP BY {keys} ORDER BY {", ".join(RUN_KEYS)}, bucket_at
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
) WHERE took IS NOT NULL GROUP BY {keys} ORDER BY integration, workflow, region, limit_id, bucket_at
"""  # noqa: S608 - names of ours
