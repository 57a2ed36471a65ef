"""Which numbers did the runs record lately, and are they what is expected of them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config, Integration, Recorded, Workflow
from metrics.model import RecordedLevel, Window
from metrics.series import RecordedSeries
from metrics.store.buckets import choose, instant

MOST_VALUES: Final = 20
_OWN_UNITS: Final = (("_ms", "ms"),)


@dataclass(frozen=True, slots=True)
class _Wanted:
    integration: Integration
    workflow: Workflow
    name: str
    recorded: Recorded


def recorded_levels(con: DuckDBPyConnection, config: Config, now: datetime) -> tuple[RecordedLevel, ...]:
    """The newest number, by region, of every recorded value that the configuration gives a range.

    Streaks look back at most 20 numbers, and no longer than max(1 h, 10 × every) of the rarest workflow that has such a
    value. Simulated ones do not count.
    """
    wanted = [one for one in _declared(config.integrations) if _has_range(one.recorded)]
    if not wanted:
        return ()
    seen: dict[tuple[str, str, str], list[tuple[str, list[float], list[int], str]]] = defaultdict(list)
    parameters = {
        "integrations": [one.integration.name for one in wanted],
        "workflows": [one.workflow.name for one in wanted],
        "names": [one.name for one in wanted],
        "since": now - max(_horizon(one.workflow) for one in wanted),
        "now": now,
        "most": MOST_VALUES,
    }
    for integration, workflow, name, *row in con.execute(_LEVELS, parameters).fetchall():
        seen[integration, workflow, name].append(tuple(row))
    return tuple(
        level
        for one in wanted
        for row in seen.get((one.integration.name, one.workflow.name, one.name), ())
        if (level := _level(one, row, now)) is not None
    )


def recorded_series(con: DuckDBPyConnection, integration: Integration, window: Window) -> tuple[RecordedSeries, ...]:
    """Every value that the integration's runs recorded within the window, by workflow, name and region: the last number
    of each of at most 400 buckets of time. Those that the configuration no longer records are shown as well."""
    grid = choose(window)
    declared = {(one.workflow.name, one.name): one.recorded for one in _declared([integration])}
    parameters = {
        "integration": integration.name,
        "start": window.start,
        "end": window.end,
        "bucket_ms": grid.bucket_ms,
    }
    return tuple(
        RecordedSeries(
            workflow=workflow,
            name=name,
            region=region,
            recorded=declared.get((workflow, name)),
            unit=_unit(name, declared.get((workflow, name))),
            n=n,
            t_ms=np.array(instants, dtype=np.float64) / 1000,
            value=np.array(values, dtype=np.float64),
        )
        for workflow, name, region, n, instants, values in con.execute(_SERIES, parameters).fetchall()
    )


def _declared(integrations: Iterable[Integration]) -> Iterator[_Wanted]:
    steps = ((one, workflow, step) for one in integrations for workflow in one.workflows for step in workflow.steps)
    for integration, workflow, step in steps:
        for name, recorded in step.record.items():
            yield _Wanted(integration, workflow, name, recorded)


def _has_range(recorded: Recorded) -> bool:
    return recorded.at_least is not None or recorded.at_most is not None


def _horizon(workflow: Workflow) -> timedelta:
    return max(timedelta(hours=1), 10 * workflow.every)


def _level(wanted: _Wanted, row: tuple[str, list[float], list[int], str], now: datetime) -> RecordedLevel | None:
    region, values, instants, run_id = row
    at = instant(instants[0])
    if region not in wanted.workflow.regions or now - at > 5 * wanted.workflow.every + timedelta(seconds=60):
        return None
    within = [wanted.recorded.is_within(value) for value in values]
    outside = _streak(within, good=False)
    return RecordedLevel(
        integration=wanted.integration.name,
        workflow=wanted.workflow.name,
        name=wanted.name,
        region=region,
        recorded=wanted.recorded,
        value=values[0],
        at=at,
        outside=outside,
        within=_streak(within, good=True),
        outside_since=instant(instants[outside - 1]) if outside else None,
        run_id=run_id,
    )


def _streak(within: Sequence[bool], *, good: bool) -> int:
    return sum(1 for _ in takewhile(lambda one: one is good, within))


def _unit(name: str, recorded: Recorded | None) -> str:
    if recorded is not None and recorded.unit:
        return recorded.unit
    return next((unit for ending, unit in _OWN_UNITS if name.endswith(ending)), "")


_LEVELS: Final = """
WITH wanted AS (
    SELECT unnest($integrations) AS integration, unnest($workflows) AS workflow, unnest($names) AS name
), latest AS (
    SELECT integration, workflow, name, region, value, started_at, run_id, row_number() OVER (
               PARTITION BY integration, workflow, name, region ORDER BY started_at DESC, run_id DESC
           ) AS place
    FROM recorded_values SEMI JOIN wanted USING (integration, workflow, name)
    WHERE started_at >= $since AND started_at <= $now AND NOT simulated
    QUALIFY place <= $most
)
SELECT integration, workflow, name, region, list(value ORDER BY place), list(epoch_us(started_at) ORDER BY place),
       any_value(run_id::VARCHAR) FILTER (place = 1)
FROM latest GROUP BY integration, workflow, name, region ORDER BY integration, workflow, name, region
"""

_SERIES: Final = """
WITH last AS (
    SELECT workflow, name, region, epoch_ms(started_at) // $bucket_ms AS bucket, count(*) AS n,
           max(epoch_us(started_at)) AS at_us, arg_max(value, started_at) AS value
    FROM recorded_values WHERE integration = $integration AND started_at >= $start AND started_at < $end
    GROUP BY workflow, name, region, bucket
)
SELECT workflow, name, region, CAST(sum(n) AS BIGINT), list(at_us ORDER BY bucket), list(value ORDER BY bucket)
FROM last GROUP BY workflow, name, region ORDER BY workflow, name, region
"""
