"""Which incidents there are, for a list that people look through."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Tier
from alerts.store.rows import INCIDENT_COLUMNS, incident_of


@dataclass(frozen=True, slots=True)
class IncidentCount:
    """How many incidents of one state and one tier there are."""

    state: IncidentState
    tier: Tier
    count: int


def incident_counts(con: DuckDBPyConnection) -> tuple[IncidentCount, ...]:
    """Of every state and tier that occurs."""
    rows = con.execute("SELECT state, tier, count(*) FROM incidents GROUP BY ALL ORDER BY ALL").fetchall()
    return tuple(IncidentCount(IncidentState(state), Tier(tier), count) for state, tier, count in rows)


def listed_incidents(
    con: DuckDBPyConnection,
    states: Collection[IncidentState],
    tiers: Collection[Tier],
    limit: int,
    skip: int = 0,
) -> tuple[Incident, ...]:
    """Those of any of the states and tiers (none: of all); open ones first, the loudest and newest of them, then the
    newest."""
    rows = con.execute(
        f"SELECT {INCIDENT_COLUMNS} FROM incidents"  # noqa: S608 - constant columns
        " WHERE (len($states) = 0 OR list_contains($states::VARCHAR[], state))"
        " AND (len($tiers) = 0 OR list_contains($tiers::VARCHAR[], tier))"
        " ORDER BY state = 'resolved', CASE WHEN state <> 'resolved' AND tier = 'urgent' THEN 0 ELSE 1 END,"
        " state = 'acknowledged', opened_at DESC, incident_id LIMIT $limit OFFSET $skip",
        {"states": [str(s) for s in states], "tiers": [str(t) for t in tiers], "limit": limit, "skip": skip},
    ).fetchall()
    return tuple(incident_of(row) for row in rows)
