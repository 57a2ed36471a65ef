"""How did the latest runs of each workflow end, by region?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any, Final

from duckdb import DuckDBPyConnection

from config.model import Config, Workflow
from metrics.kinds import UNMEASURED, sql_list
from metrics.model import RegionVerdict, WorkflowVerdict
from probes.model import FailureKind, Outcome

MOST_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class _Seen:
    integration: str
    workflow: str
    region: str
    started_at: datetime
    outcome: Outcome
    failed_step: str | None
    kind: str | None
    message: str | None
    status: int | None
    run_id: object
    evidence_id: str | None


def workflow_verdicts(con: DuckDBPyConnection, config: Config, now: datetime) -> tuple[WorkflowVerdict, ...]:
    """Every configured workflow with its regions' newest streaks of measured runs.

    Looks back max(1 h, 10 × every) and at most 20 runs; a region that has been quiet for more than 5 × every + 60 s
    is left out, for it is the prober's silence and not the vendor's failure.
    """
    longest = max((_horizon(w) for i in config.integrations for w in i.workflows), default=timedelta(hours=1))
    rows = con.execute(_LATEST, {"since": now - longest, "now": now, "most": MOST_RUNS}).fetchall()
    seen = [_seen(*row) for row in rows]
    series = {key: list(runs) for key, runs in groupby(seen, lambda r: (r.integration, r.workflow, r.region))}
    return tuple(
        WorkflowVerdict(
            integration=integration.name,
            workflow=workflow.name,
            every=workflow.every,
            regions=tuple(
                verdict
                for region in workflow.regions
                if (verdict := _verdict(series.get((integration.name, workflow.name, region), []), workflow, now))
            ),
        )
        for integration in config.integrations
        for workflow in integration.workflows
    )


def _seen(integration: str, workflow: str, region: str, started_at: datetime, outcome: str, *rest: Any) -> _Seen:
    return _Seen(integration, workflow, region, started_at, Outcome(outcome), *rest)


def _horizon(workflow: Workflow) -> timedelta:
    return max(timedelta(hours=1), 10 * workflow.every)


def _verdict(newest_first: Sequence[_Seen], workflow: Workflow, now: datetime) -> RegionVerdict | None:
    runs = [run for run in newest_first if run.started_at >= now - _horizon(workflow)]
    if not runs or now - runs[0].started_at > 5 * workflow.every + timedelta(seconds=60):
        return None
    last = runs[0]
    failing = list(takewhile(lambda run: run.outcome is Outcome.FAILED, runs))
    good = list(takewhile(lambda run: run.outcome is not Outcome.FAILED, runs))
    throttled = list(takewhile(lambda run: run.outcome is Outcome.THROTTLED, runs))
    return RegionVerdict(
        region=last.region,
        last_run_at=last.started_at,
        last_outcome=last.outcome,
        failing=len(failing),
        good=len(good),
        throttled=len(throttled),
        failing_since=failing[-1].started_at if failing else None,
        **_reason(last),
    )


def _reason(last: _Seen) -> dict[str, Any]:
    return {
        "failed_step": last.failed_step,
        "kind": FailureKind(last.kind) if last.kind else None,
        "message": last.message,
        "status": last.status,
        "run_id": str(last.run_id),
        "evidence_id": last.evidence_id,
    }


_LATEST = f"""
SELECT integration, workflow, region, started_at, outcome, failed_step, failure_kind, failure_message, failed_status,
       run_id, evidence_id
FROM runs
WHERE started_at >= $since AND started_at <= $now AND outcome NOT IN {sql_list(UNMEASURED)}
QUALIFY row_number() OVER (
    PARTITION BY integration, workflow, region ORDER BY scheduled_at DESC, attempt DESC, started_at DESC) <= $most
ORDER BY integration, workflow, region, scheduled_at DESC, attempt DESC, started_at DESC
"""  # noqa: S608 - names of ours
