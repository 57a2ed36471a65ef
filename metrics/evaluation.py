"""One look at everything that alerts depend on."""

from __future__ import annotations

from datetime import datetime, timedelta

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
from metrics.store.slices import Question, SliceMemo, slice_tables
from metrics.store.verdicts import workflow_verdicts


def evaluate(con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo | None = None) -> Evaluation:
    """What the store knows at `now` about every configured workflow and objective, every prober and every quota.

    With a memo, what closed time amounts to is read once.
    """
    return Evaluation(
        at=now,
        workflows=workflow_verdicts(con, config, now),
        objectives=_objectives(con, config, now, memo),
        probers=probers(con, now, config.alerting.confirm.prober_silent_after),
        quotas=quota_levels(con, now),
        recorded=recorded_levels(con, config, now),
        signals=vendor_signals(con, now),
        drift=shape_findings(con),
        credentials=credentials(con),
        certificates=certificates(con),
    )


def _objectives(
    con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo | None
) -> tuple[ObjectiveStatus, ...]:
    spans: dict[tuple[timedelta, timedelta], tuple[Window, ...]] = {}
    questions = [
        Question(integration, objective, _windows(integration, objective, now, spans))
        for integration in config.integrations
        for objective in integration.objectives
    ]
    least = config.alerting.confirm.min_bad_slices
    found: dict[int, ObjectiveStatus] = {}
    for table in slice_tables(con, questions, memo):
        asked = [(questions[number].integration.name, questions[number].objective) for number in table.numbers]
        found |= zip(table.numbers, slo.objective_statuses(asked, table.windows, table.counts, least), strict=True)
    return tuple(found[number] for number in range(len(questions)))


def _windows(
    integration: Integration,
    objective: Objective,
    now: datetime,
    known: dict[tuple[timedelta, timedelta], tuple[Window, ...]],
) -> tuple[Window, ...]:
    """The windows of the objective; the very same ones for all that they are the same for."""
    every = max(w.every for w in integration.workflows if objective.workflow in (None, w.name))
    key = (objective.window, every)
    if key not in known:
        known[key] = slo.windows(objective, now, every)
    return known[key]
