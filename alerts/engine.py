"""The step from judgement to message: one evaluation, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.blast_radius import blast_radius
from alerts.change_events import announce_vendors
from alerts.dismissal import going_on, news, still_dismissed
from alerts.facts import facts
from alerts.insistence import insist
from alerts.model import Incident, IncidentEvent, IncidentState, Transition, TransitionKind
from alerts.muting import Cover, MutingScene, declared_silences, maintenance_covers, silence_covers
from alerts.policy import judge, refreshed, transitions
from alerts.scene import Known
from alerts.store.config_versions import note_config
from alerts.store.incidents import add_event, incidents_for_judging, save_incident
from alerts.store.ledger import channel_faults
from alerts.store.pending import pending, save_pending
from alerts.store.silences import silences
from alerts.store.status_pages import vendor_statuses
from alerts.telling import tell
from config.model import Config, Sli
from config.windows import Entries
from metrics.model import Evaluation
from metrics.store.database import Store

MEMORY: Final = timedelta(days=1)
"""How long a resolved incident still counts: longer than the longest short burn window and the flap window."""


class Engine:
    """Applies evaluations. Incidents, their timelines and the messages about them are written together or not at all;
    applying the same evaluation again changes nothing."""

    def __init__(self, store: Store, entries: Callable[[], Entries] = dict) -> None:
        """`entries`: what the calendars of maintenance windows say."""
        self._store = store
        self._entries = entries

    def apply(self, evaluation: Evaluation, config: Config) -> Future[tuple[Transition, ...]]:
        """Resolves after the commit, to what has changed."""
        entries = self._entries()
        return self._store.write(lambda con: _apply(con, evaluation, config, entries))


def _apply(con: DuckDBPyConnection, evaluation: Evaluation, config: Config, entries: Entries) -> tuple[Transition, ...]:
    current = incidents_for_judging(con, evaluation.at, MEMORY)
    known = Known(
        current.open,
        current.recent,
        channel_faults(con),
        current.dismissing,
        pending(con),
        vendors=vendor_statuses(con, config, _suspects(evaluation, current.open)),
    )
    note_config(con, config, evaluation.at)
    judged = judge(evaluation, config, known)
    holding = judged.conditions
    save_pending(con, known.pending, judged.pending)
    dismissed = still_dismissed(holding, known.dismissing, evaluation.at)
    for incident in dismissed:
        save_incident(con, incident)
    found = news(holding, known.dismissing)
    changes = tuple(
        _measured(change, evaluation, config)
        for change in transitions(found, known.open, evaluation, config, known.recent)
    )
    for change in changes:
        _record(con, change)
    fresh = refreshed(found, known.open, evaluation.at, config.alerting.flapping)
    for incident in fresh:
        save_incident(con, incident)
    _note_facts(con, (*(change.incident for change in changes), *fresh), known, evaluation.at)
    covers = _covers(con, evaluation.at, config, entries)
    still_open = _open_after(known.open, changes, fresh)
    scene = MutingScene(evaluation.at, config, covers, still_open, going_on(known.dismissing, dismissed))
    budget = partial(budget_left, evaluation)
    muted = tell(con, changes, scene, budget)
    announce_vendors(con, changes, known.open, config)
    insist(con, scene, muted, budget)
    return changes


def _record(con: DuckDBPyConnection, change: Transition) -> None:
    incident = change.incident
    save_incident(con, incident)
    again = change.kind is TransitionKind.OPENED and incident.reopened
    kind = "reopened" if again else str(change.kind)
    add_event(con, IncidentEvent(incident.incident_id, change.at, kind, change.note))


def _suspects(evaluation: Evaluation, current: Iterable[Incident]) -> frozenset[str]:
    """The integrations whose vendor's word is asked for: something fails there, or is open."""
    failing = {r.failed_integration or v.integration for v in evaluation.workflows for r in v.regions if r.failing}
    return frozenset(failing | {incident.integration for incident in current})


def _measured(change: Transition, evaluation: Evaluation, config: Config) -> Transition:
    """With what the incident hits now; of one that is over, what it hit last."""
    if change.kind is TransitionKind.RESOLVED:
        return change
    radius = blast_radius(change.incident, config, evaluation)
    return replace(change, incident=replace(change.incident, blast_radius=radius))


def _note_facts(con: DuckDBPyConnection, incidents: Iterable[Incident], known: Known, at: datetime) -> None:
    before = {incident.incident_id: incident for incident in (*known.recent, *known.open)}
    for incident in incidents:
        status = known.vendors.get(incident.subject)
        for event in facts(before.get(incident.incident_id), incident, at, status):
            add_event(con, event)


def _covers(con: DuckDBPyConnection, at: datetime, config: Config, entries: Entries) -> tuple[Cover, ...]:
    silenced = silence_covers((*silences(con, at), *declared_silences(config)), at)
    return (*silenced, *maintenance_covers(config, entries, at))


def _open_after(
    before: Iterable[Incident], changes: Iterable[Transition], fresh: Iterable[Incident]
) -> tuple[Incident, ...]:
    """The open incidents as they are now."""
    now = {incident.incident_id: incident for incident in before}
    now |= {change.incident.incident_id: change.incident for change in changes}
    now |= {incident.incident_id: incident for incident in fresh}
    return tuple(incident for incident in now.values() if incident.state is not IncidentState.RESOLVED)


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
