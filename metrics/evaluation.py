"""One look at everything that alerts depend on."""

from __future__ import annotations

from datetime import datetime

from duckdb import DuckDBPyConnection

from config.model import Config, Integration, Objective
from metrics import slo
from metrics.model import Evaluation, ObjectiveStatus
from metrics.store.probers import probers
from metrics.store.quota import quota_levels
from metrics.store.slices import slice_counts
from metrics.store.verdicts import workflow_verdicts


def evaluate(con: DuckDBPyConnection, config: Config, now: datetime) -> Evaluation:
    """What the store knows at `now` about every configured workflow and objective, every prober and every quota."""
    return Evaluation(
        at=now,
        workflows=workflow_verdicts(con, config, now),
        objectives=tuple(
            _status(con, config, integration, objective, now)
            for integration in config.integrations
            for objective in integration.objectives
        ),
        probers=probers(con, now, config.alerting.confirm.prober_silent_after),
        quotas=quota_levels(con, now),
    )


def _status(
    con: DuckDBPyConnection, config: Config, integration: Integration, objective: Objective, now: datetime
) -> ObjectiveStatus:
    every = max(w.every for w in integration.workflows if objective.workflow in (None, w.name))
    windows = slo.windows(objective, now, every)
    counts = slice_counts(con, integration, objective, windows)
    counted = list(zip(windows, counts, strict=True))
    return slo.objective_status(integration.name, objective, counted, config.alerting.confirm.min_bad_slices)
