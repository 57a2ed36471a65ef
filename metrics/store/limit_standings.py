"""How do the static limits stand: what did the latest buckets show that is held against them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from duckdb import DuckDBPyConnection

from config.limits import Limit, LimitOn
from config.model import Config
from config.rules import TUNABLE
from metrics.kinds import GOOD, OURS, UNMEASURED, sql_list
from metrics.operating import LimitStanding

SETTLES: Final = timedelta(seconds=15)
"""So long after its end a bucket is looked at: the last runs of it are on their way until then."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES: Final = {"p50": 0, "p95": 1, "p99": 2, "max": 3}
_MEASURES: Final = {LimitOn.LATENCY: "total", LimitOn.TTFB: "ttfb", LimitOn.SYNC_LAG: "lag"}


class _Declared(NamedTuple):
    integration: str
    limit: Limit
    regions: tuple[str, ...]


_Cell = tuple[str, str | None, str, int]
"""Integration, workflow (None: all), region and number of the bucket."""


def limit_standings(con: DuckDBPyConnection, config: Config, now: datetime) -> tuple[LimitStanding, ...]:
    """Every static limit in every region where it is measured, in the order of the configuration.

    Runs that say nothing about the vendor are left out, throttled ones too; of each slice, the run that decides it.
    """
    by_bucket: dict[timedelta, list[_Declared]] = defaultdict(list)
    for one in config.integrations:
        for limit in one.limits:
            regions = dict.fromkeys(r for w in one.workflows if limit.workflow in (None, w.name) for r in w.regions)
            by_bucket[limit.bucket].append(_Declared(one.name, limit, tuple(regions)))
    return tuple(standing for bucket, asked in by_bucket.items() for standing in _of(con, bucket, asked, config, now))


def _of(
    con: DuckDBPyConnection, bucket: timedelta, asked: Sequence[_Declared], config: Config, now: datetime
) -> Iterable[LimitStanding]:
    end = (now - SETTLES - _EPOCH) // bucket
    most = max(*(one.limit.crossed.n for one in asked), _recoveries(config))
    cells = _cells(con, bucket, end - most, end, sorted({one.integration for one in asked}))
    for declared in asked:
        for region in declared.regions:
            yield _standing(declared, region, range(end - most, end), cells)


def _recoveries(config: Config) -> int:
    said = config.alerting.rules.get("threshold")
    usual = TUNABLE["threshold"].usual_recoveries or 0
    if said is None:
        return usual
    return max(said.recoveries or usual, *(one.recoveries or 0 for one in said.overrides), 0)


def _standing(declared: _Declared, region: str, numbers: range, cells: Mapping[_Cell, Any]) -> LimitStanding:
    integration, limit, _ = declared
    found = [cells.get((integration, limit.workflow, region, number)) for number in numbers]
    values = tuple(_value(limit, cell) for cell in found)
    ends = _EPOCH + numbers.stop * limit.bucket
    samples = sum(_samples(limit, cell) for cell in found[-limit.crossed.n :])
    return LimitStanding(integration, limit, region, values, ends, samples)


def _value(limit: Limit, cell: Mapping[str, Any] | None) -> float | None:
    if cell is None:
        return None
    if limit.on is LimitOn.ERROR_SHARE:
        return float(cell["failed"] / cell["asked"]) if cell["asked"] else None
    figures = cell[_MEASURES[limit.on]]
    found = figures[_PLACES[limit.percentile]] if figures is not None else None
    return float(found) if found is not None else None


def _samples(limit: Limit, cell: Mapping[str, Any] | None) -> int:
    if cell is None:
        return 0
    return int(cell["asked"] if limit.on is LimitOn.ERROR_SHARE else cell["good"])


def _cells(
    con: DuckDBPyConnection, bucket: timedelta, first: int, end: int, integrations: Sequence[str]
) -> dict[_Cell, Mapping[str, Any]]:
    bounds = {
        "integrations": list(integrations),
        "bucket_ms": bucket // timedelta(milliseconds=1),
        "start": _EPOCH + first * bucket,
        "end": _EPOCH + end * bucket,
    }
    rows = con.execute(_CELLS, bounds)
    names = [column[0] for column in rows.description or ()]
    found = (dict(zip(names, row, strict=True)) for row in rows.fetchall())
    return {
        (row["integration"], None if row["together"] else row["workflow"], row["region"], row["bucket"]): row
        for row in found
    }


_CUTS: Final = ", ".join(
    f"quantile_disc({column}, [0.5, 0.95, 0.99, 1.0]) FILTER (outcome IN {sql_list(GOOD)}) AS {name}"
    for name, column in (("total", "slowest_total_ms"), ("ttfb", "slowest_ttfb_ms"), ("lag", "sync_lag_ms"))
)

_CELLS: Final = f"""
SELECT integration, workflow, region, epoch_ms(started_at) // $bucket_ms AS bucket, grouping(workflow) AS together,
       count(*) AS asked, count(*) FILTER (outcome = 'failed') AS failed,
       count(*) FILTER (outcome IN {sql_list(GOOD)}) AS good, {_CUTS}
FROM runs
WHERE started_at >= $start AND started_at < $end AND list_contains($integrations, integration)
  AND final AND outcome NOT IN {sql_list(UNMEASURED)} AND outcome <> 'throttled'
  AND (failure_kind IS NULL OR failure_kind NOT IN {sql_list(OURS)})
GROUP BY GROUPING SETS (
    (integration, workflow, region, epoch_ms(started_at) // $bucket_ms),
    (integration, region, epoch_ms(started_at) // $bucket_ms)
)
"""  # noqa: S608 - names of ours
