"""The step from judgement to message: one evaluation, one transaction."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.dismissal import news, still_dismissed
from alerts.model import IncidentEvent, Transition, TransitionKind
from alerts.policy import conditions, refreshed, transitions
from alerts.routing import messages, route_of
from alerts.scene import Known
from alerts.store.incidents import add_event, dismissing, open_incidents, recently_resolved, save_incident
from alerts.store.ledger import channel_faults
from alerts.store.outbox import enqueue, told
from config.model import Config, Sli
from metrics.model import Evaluation
from metrics.store.database import Store

MEMORY: Final = timedelta(days=1)
"""How long a resolved incident still counts: longer than the longest short burn window and the flap window."""


class Engine:
    """Applies evaluations. Incidents, their timelines and the messages about them are written together or not at all;
    applying the same evaluation again changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def apply(self, evaluation: Evaluation, config: Config) -> Future[tuple[Transition, ...]]:
        """Resolves after the commit, to what has changed."""
        return self._store.write(lambda con: _apply(con, evaluation, config))


def _apply(con: DuckDBPyConnection, evaluation: Evaluation, config: Config) -> tuple[Transition, ...]:
    known = Known(
        open_incidents(con), recently_resolved(con, evaluation.at, MEMORY), channel_faults(con), dismissing(con)
    )
    holding = conditions(evaluation, config, known)
    for incident in still_dismissed(holding, known.dismissing, evaluation.at):
        save_incident(con, incident)
    found = news(holding, known.dismissing)
    changes = transitions(found, known.open, evaluation, config, known.recent)
    for change in changes:
        _write(con, change, evaluation, config)
    for incident in refreshed(found, known.open, evaluation.at):
        save_incident(con, incident)
    return changes


def _write(con: DuckDBPyConnection, change: Transition, evaluation: Evaluation, config: Config) -> None:
    incident = change.incident
    save_incident(con, incident)
    again = change.kind is TransitionKind.OPENED and incident.reopened
    add_event(
        con, IncidentEvent(incident.incident_id, change.at, "reopened" if again else str(change.kind), change.note)
    )
    budget = budget_left(evaluation, incident.integration)
    for message in messages(change, route_of(incident, config), told(con, incident.incident_id)):
        enqueue(con, incident, message, change.at, budget)


def budget_left(evaluation: Evaluation, integration: str) -> float | None:
    """What is left of the integration's scarcest availability budget, or None."""
    left = [
        status.budget_left
        for status in evaluation.objectives
        if status.integration == integration
        and status.objective.sli is Sli.AVAILABILITY
        and status.budget_left is not None
    ]
    return min(left, default=None)
