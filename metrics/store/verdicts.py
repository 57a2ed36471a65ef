"""How did the latest runs of each workflow end, by region?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Config, Workflow
from metrics.kinds import UNMEASURED, sql_list
from metrics.model import RegionVerdict, WorkflowVerdict
from metrics.store.buckets import instant
from metrics.store.schedule import Series
from probes.model import FailureKind, Outcome

MOST_RUNS: Final = 20


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
    # Apart for each horizon: one daily workflow must not make everybody's last ten days be sorted.
    wanted: dict[timedelta, list[tuple[str, str]]] = defaultdict(list)
    for integration in config.integrations:
        for workflow in integration.workflows:
            wanted[_horizon(workflow)].append((integration.name, workflow.name))
    seen: dict[Series, _Seen] = {}
    for horizon, workflows in wanted.items():
        names = {"integrations": [name for name, _ in workflows], "workflows": [name for _, name in workflows]}
        bounds = {"since": now - horizon, "now": now, "most": MOST_RUNS}
        for integration, workflow, region, *row in con.execute(_LATEST, names | bounds).fetchall():
            seen[integration, workflow, region] = _Seen(*row)
    return seen


def _horizon(workflow: Workflow) -> timedelta:
    return max(timedelta(hours=1), 10 * workflow.every)


def _verdict(region: str, seen: _Seen | None, workflow: Workflow, now: datetime) -> RegionVerdict | None:
    if seen is None:
        return None
    last_run_at = instant(seen.started_us[0])
    if now - last_run_at > 5 * workflow.every + timedelta(seconds=60):
        return None
    failing = _streak(seen, [Outcome.FAILED])
    return RegionVerdict(
        region=region,
        last_run_at=last_run_at,
        last_outcome=Outcome(seen.outcomes[0]),
        failing=failing,
        good=_streak(seen, [outcome for outcome in Outcome if outcome is not Outcome.FAILED]),
        throttled=_streak(seen, [Outcome.THROTTLED]),
        failing_since=instant(seen.started_us[failing - 1]) if failing else None,
        **_reason(seen),
    )


def _streak(seen: _Seen, outcomes: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda outcome: outcome in outcomes, seen.outcomes))


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
    WHERE started_at >= $since AND started_at <= $now
      AND (outcome NOT IN {sql_list(UNMEASURED)} OR (outcome = 'skipped' AND failure_kind IS NOT NULL))
    QUALIFY place <= $most
)
SELECT integration, workflow, region, list(outcome ORDER BY place), list(epoch_us(started_at) ORDER BY place),
       {_NEWEST}, {_SHOWN}
FROM latest GROUP BY integration, workflow, region
"""  # noqa: S608 - names of ours
