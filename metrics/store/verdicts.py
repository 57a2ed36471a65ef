"""How did the latest runs of each workflow end, by region?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config, Workflow
from metrics.kinds import UNMEASURED, sql_list
from metrics.model import RegionVerdict, WorkflowVerdict
from metrics.store.buckets import instant
from metrics.store.schedule import Series
from probes.model import REQUESTED, FailureKind, Outcome

MOST_RUNS: Final = 20

_OF_NAME: Final = {outcome.value: outcome for outcome in Outcome}
_FAILED: Final = frozenset({Outcome.FAILED.value})
_NOT_FAILED: Final = frozenset(outcome.value for outcome in Outcome) - _FAILED
_THROTTLED: Final = frozenset({Outcome.THROTTLED.value})


@dataclass(frozen=True, slots=True)
class _Seen:
    """The latest runs of one series, newest first, and why the newest ended as it did."""

    outcomes: Sequence[str]
    started_us: Sequence[int]
    failed_step: str | None
    kind: str | None
    message: str | None
    status: int | None
    failed_integration: str | None
    run_id: str
    evidence_id: str | None


def workflow_verdicts(con: DuckDBPyConnection, config: Config, now: datetime) -> tuple[WorkflowVerdict, ...]:
    """Every configured workflow with its regions' newest streaks of measured runs. A run that an open circuit held back
    counts as the failure it stands for, so that an outage lasts as long as it does.

    Looks back max(1 h, 10 × every) and at most 20 runs; a region that has been quiet for more than 5 × every + 60 s
    is left out, for it is the prober's silence and not the vendor's failure.
    """
    seen = _latest(con, config, now)
    return tuple(
        WorkflowVerdict(
            integration=integration.name,
            workflow=workflow.name,
            every=workflow.every,
            regions=tuple(
                verdict
                for region in workflow.regions
                if (verdict := _verdict(region, seen.get((integration.name, workflow.name, region)), workflow, now))
            ),
        )
        for integration in config.integrations
        for workflow in integration.workflows
    )


def _latest(con: DuckDBPyConnection, config: Config, now: datetime) -> Mapping[Series, _Seen]:
    # Apart for each interval: one daily workflow must not make everybody's last ten days be read.
    wanted: dict[timedelta, list[tuple[str, str]]] = defaultdict(list)
    for integration in config.integrations:
        for workflow in integration.workflows:
            wanted[workflow.every].append((integration.name, workflow.name))
    seen: dict[Series, _Seen] = {}
    for every, workflows in wanted.items():
        found, rest = _recent(con, every, frozenset(workflows), now)
        seen |= found | _looked_up(con, horizon(every), rest, now)
    return seen


def _recent(
    con: DuckDBPyConnection, every: timedelta, wanted: frozenset[tuple[str, str]], now: datetime
) -> tuple[dict[Series, _Seen], list[tuple[str, str]]]:
    """The series that have as many runs as are looked at within the time of a few more, or that time is all that is
    looked back on; and the other workflows."""
    if len(wanted) < _FEW:
        return {}, sorted(wanted)
    span = min((MOST_RUNS + 4) * every, horizon(every))
    least = 0 if span == horizon(every) else MOST_RUNS
    since = {"since": now - span, "now": now}
    names = con.execute(_SERIES, since).fetchall()
    columns = con.execute(_RUNS, since).fetchnumpy()
    code, started, outcome = (columns[name] for name in ("code", "started_us", "outcome"))
    order = np.lexsort((-started, -columns["attempt"], -columns["scheduled_us"], code))
    firsts = np.searchsorted(code[order], np.arange(len(names) + 1))
    newest = {row[:3]: row[3] for row in con.execute(_NEWEST_RUN, since | {"since": now - quiet(every)}).fetchall()}
    found: dict[Series, _Seen] = {}
    rest = set()
    for series, (first, end) in zip(names, pairwise(firsts.tolist()), strict=True):
        shown, mine = newest.get(series), order[first : min(end, first + MOST_RUNS)]
        if series[:2] not in wanted:
            continue
        if end - first < least or (shown and not shown["made"]):
            rest.add(series[:2])
        elif shown:
            outcomes = [_OUTCOMES[place] for place in outcome[mine].tolist()]
            found[series] = _Seen(outcomes, started[mine].tolist(), **{n: v for n, v in shown.items() if n != "made"})
    return found, sorted(rest)


def _looked_up(
    con: DuckDBPyConnection, horizon: timedelta, workflows: Sequence[tuple[str, str]], now: datetime
) -> dict[Series, _Seen]:
    if not workflows:
        return {}
    names = {"integrations": [name for name, _ in workflows], "workflows": [name for _, name in workflows]}
    bounds = {"since": now - horizon, "now": now, "most": MOST_RUNS}
    found = con.execute(_LATEST, names | bounds).fetchall()
    return {(integration, workflow, region): _Seen(*row) for integration, workflow, region, *row in found}


def horizon(every: timedelta) -> timedelta:
    """How long ago a run may be for a streak."""
    return max(timedelta(hours=1), 10 * every)


def quiet(every: timedelta) -> timedelta:
    """A region from which nothing came for longer than this has no say."""
    return 5 * every + timedelta(seconds=60)


def _verdict(region: str, seen: _Seen | None, workflow: Workflow, now: datetime) -> RegionVerdict | None:
    if seen is None:
        return None
    last_run_at = instant(seen.started_us[0])
    if now - last_run_at > quiet(workflow.every):
        return None
    failing = _streak(seen, _FAILED)
    return RegionVerdict(
        region=region,
        last_run_at=last_run_at,
        last_outcome=Outcome(seen.outcomes[0]),
        failing=failing,
        good=_streak(seen, _NOT_FAILED),
        throttled=_streak(seen, _THROTTLED),
        failing_since=instant(seen.started_us[failing - 1]) if failing else None,
        latest=tuple(map(_OF_NAME.__getitem__, seen.outcomes)),
        **_reason(seen),
    )


def _streak(seen: _Seen, outcomes: frozenset[str]) -> int:
    length = 0
    for outcome in seen.outcomes:
        if outcome not in outcomes:
            break
        length += 1
    return length


def _reason(seen: _Seen) -> dict[str, Any]:
    return {
        "failed_step": seen.failed_step,
        "kind": FailureKind(seen.kind) if seen.kind else None,
        "message": seen.message,
        "status": seen.status,
        "failed_integration": seen.failed_integration,
        "run_id": seen.run_id,
        "evidence_id": seen.evidence_id,
    }


_NEWEST: Final = ", ".join(
    f"any_value({column}) FILTER (place = 1)" for column in ("failed_step", "failure_kind", "failure_message")
)

# What an open circuit held back has a reason, but nothing to show: the run before it has.
_SHOWN: Final = ", ".join(
    f"coalesce(first({column} ORDER BY place) FILTER (made), any_value({column}) FILTER (place = 1))"
    for column in ("failed_status", "failed_integration", "run_id::VARCHAR", "evidence_id")
)

_FEW: Final = 30
"""Of so few workflows everything is found out in one question."""

_TOLD: Final = f"""
FROM runs WHERE started_at >= $since AND started_at <= $now AND attempt > {REQUESTED}
  AND (outcome NOT IN {sql_list(UNMEASURED)} OR (outcome = 'skipped' AND failure_kind IS NOT NULL))
"""

_SERIES: Final = f"SELECT DISTINCT integration, workflow, region {_TOLD} ORDER BY ALL"

_OUTCOMES: Final = ("passed", "unstable", "throttled", "failed")

_RUNS: Final = f"""
WITH told AS (SELECT integration, workflow, region, scheduled_at, attempt, started_at, outcome {_TOLD}),
named AS (
    SELECT *, row_number() OVER (ORDER BY integration, workflow, region) - 1 AS code
    FROM (SELECT DISTINCT integration, workflow, region FROM told)
)
SELECT code, epoch_us(scheduled_at) AS scheduled_us, attempt::INTEGER AS attempt, epoch_us(started_at) AS started_us,
       CASE outcome WHEN 'passed' THEN 0 WHEN 'unstable' THEN 1 WHEN 'throttled' THEN 2 ELSE 3 END AS outcome
FROM told JOIN named USING (integration, workflow, region)
"""  # noqa: S608 - names of ours

_NEWEST_RUN: Final = f"""
SELECT integration, workflow, region, max_by(
    struct_pack(
        made := outcome <> 'skipped', failed_step := failed_step, kind := failure_kind, message := failure_message,
        status := failed_status, failed_integration := failed_integration, run_id := run_id::VARCHAR,
        evidence_id := evidence_id
    ), (scheduled_at, attempt, started_at)
)
{_TOLD} GROUP BY ALL
"""

_LATEST: Final = f"""
WITH wanted AS (
    SELECT unnest($integrations) AS integration, unnest($workflows) AS workflow
), latest AS (
    SELECT integration, workflow, region, started_at, outcome <> 'skipped' AS made,
           CASE outcome WHEN 'skipped' THEN 'failed' ELSE outcome END AS outcome, failed_step, failure_kind,
           failure_message, failed_status, failed_integration, run_id, evidence_id, row_number() OVER (
               PARTITION BY integration, workflow, region ORDER BY scheduled_at DESC, attempt DESC, started_at DESC
           ) AS place
    FROM runs SEMI JOIN wanted USING (integration, workflow)
    WHERE started_at >= $since AND started_at <= $now AND attempt > {REQUESTED}
      AND (outcome NOT IN {sql_list(UNMEASURED)} OR (outcome = 'skipped' AND failure_kind IS NOT NULL))
    QUALIFY place <= $most
)
SELECT integration, workflow, region, list(outcome ORDER BY place), list(epoch_us(started_at) ORDER BY place),
       {_NEWEST}, {_SHOWN}
FROM latest GROUP BY integration, workflow, region
"""  # noqa: S608 - names of ours
