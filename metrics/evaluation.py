"""One look at everything that alerts depend on."""

from __future__ import annotations

from datetime import datetime

from duckdb import DuckDBPyConnection

from config.model import Config, Integration, Objective
from metrics import slo
from metrics.model import Evaluation, ObjectiveStatus, Window
from metrics.store.credentials import certificates, credentials
from metrics.store.lifecycle import vendor_signals
from metrics.store.probers import probers
from metrics.store.quota import quota_levels
from metrics.store.recorded import recorded_levels
from metrics.store.shapes import shape_findings
from metrics.store.slices import Question, all_slice_counts
from metrics.store.verdicts import workflow_verdicts


def evaluate(con: DuckDBPyConnection, config: Config, now: datetime) -> Evaluation:
    """What the store knows at `now` about every configured workflow and objective, every prober and every quota."""
    return Evaluation(
        at=now,
        workflows=workflow_verdicts(con, config, now),
        objectives=_objectives(con, config, now),
        probers=probers(con, now, config.alerting.confirm.prober_silent_after),
        quotas=quota_levels(con, now),
        recorded=recorded_levels(con, config, now),
        signals=vendor_signals(con, now),
        drift=shape_findings(con),
        credentials=credentials(con),
        certificates=certificates(con),
    )


def _objectives(con: DuckDBPyConnection, config: Config, now: datetime) -> tuple[ObjectiveStatus, ...]:
    questions = [
        Question(integration, objective, _windows(integration, objective, now))
        for integration in config.integrations
        for objective in integration.objectives
    ]
    least = config.alerting.confirm.min_bad_slices
    return tuple(
        slo.objective_status(
            asked.integration.name, asked.objective, list(zip(asked.windows, counts, strict=True)), least
        )
        for asked, counts in zip(questions, all_slice_counts(con, questions), strict=True)
    )


def _windows(integration: Integration, objective: Objective, now: datetime) -> tuple[Window, ...]:
    every = max(w.every for w in integration.workflows if objective.workflow in (None, w.name))
    return slo.windows(objective, now, every)
