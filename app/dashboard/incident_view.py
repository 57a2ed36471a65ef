"""What the incident pages ask of the store: one whole incident, and a list of them with counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.blast_radius import blast_radius
from alerts.model import BlastRadius, Incident, IncidentEvent, IncidentState, Tier
from alerts.status_pages.standing import VendorStatus
from alerts.store.incident_list import IncidentCount, incident_counts, listed_incidents
from alerts.store.incidents import incident
from alerts.store.mutings import MutingRow, mutings_of
from alerts.store.reported_changes import ReportedChange, reported_changes
from alerts.store.status_pages import vendor_statuses
from alerts.store.story import LOOKS_BACK, story
from alerts.store.told import Told, messages_about
from config.model import Config
from metrics.model import Evaluation, Window

PAGE: Final = 30
"""Incidents of one page of the list."""


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """One incident with its course, who was told, what mutes it, what the vendor says and what it hits."""

    incident: Incident
    events: tuple[IncidentEvent, ...]
    messages: tuple[Told, ...]
    """In the order in which they were written."""
    muted: MutingRow | None
    vendor: VendorStatus | None
    declares_page: bool
    """Whether a status page is declared for its integration."""
    changes: tuple[ReportedChange, ...] = ()
    """What was reported to have been changed in the hours before it began, the latest first."""

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.incident.state is not IncidentState.RESOLVED


@dataclass(frozen=True, slots=True)
class IncidentList:
    """One page of incidents, and how many there are of each kind in all."""

    incidents: tuple[Incident, ...]
    counts: tuple[IncidentCount, ...]
    has_more: bool

    def count(self, states: Collection[IncidentState] = (), tiers: Collection[Tier] = ()) -> int:
        """How many there are of any of these; nothing named: of all."""
        return sum(
            one.count for one in self.counts if (not states or one.state in states) and (not tiers or one.tier in tiers)
        )


def incident_detail(con: DuckDBPyConnection, incident_id: str, config: Config) -> IncidentDetail | None:
    """Everything about it, or None where there is no such incident."""
    found = incident(con, incident_id)
    if found is None:
        return None
    declared = config.integration(found.integration)
    declares = declared is not None and declared.status_page is not None
    return IncidentDetail(
        incident=found,
        events=story(con, incident_id),
        messages=messages_about(con, incident_id),
        muted=next((row for row in mutings_of(con, incident_id) if row.ended_at is None), None),
        vendor=vendor_statuses(con, config, {found.integration}).get(found.integration) if declares else None,
        declares_page=declares,
        changes=_changes(con, found),
    )


def begin_of(found: Incident) -> datetime:
    """Since when what is wrong is wrong."""
    return min((one.since for one in found.conditions), default=found.opened_at)


def _changes(con: DuckDBPyConnection, found: Incident) -> tuple[ReportedChange, ...]:
    begin = begin_of(found)
    return reported_changes(con, found.integration, Window(begin - LOOKS_BACK, begin))[::-1]


def incident_list(
    con: DuckDBPyConnection, states: Collection[IncidentState], tiers: Collection[Tier], page: int
) -> IncidentList:
    """The page of that number, from 0."""
    found = listed_incidents(con, states, tiers, PAGE + 1, page * PAGE)
    return IncidentList(found[:PAGE], incident_counts(con), len(found) > PAGE)


def radius_now(found: Incident, config: Config, evaluation: Evaluation | None) -> BlastRadius | None:
    """What it hits as of the latest evaluation; of one that is over, what it hit last."""
    if evaluation is None or found.state is IncidentState.RESOLVED:
        return found.blast_radius
    return blast_radius(replace(found, blast_radius=None), config, evaluation)
