"""What the store and the incidents say of the surroundings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import Incident
from alerts.store.incidents import incidents_around
from app.dashboard.view import View
from metrics.model import RunRow
from metrics.store.neighbours import attempts_at, passed_before, shapes_of
from probes.model import Outcome, Run

_FRESH_FOR: Final = timedelta(seconds=10)
_GOOD: Final = (Outcome.PASSED, Outcome.UNSTABLE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of one run."""

    attempts: tuple[RunRow, ...]
    """At the same slice, itself among them."""
    before: Run | None
    """The latest one before it that passed."""
    shapes: Mapping[str, Mapping[str, frozenset[str]]]
    incidents: tuple[Incident, ...]
    """That it is part of, or that went on meanwhile."""


def surroundings(view: View, run: Run) -> Surroundings:
    """Asked at once, from one snapshot."""

    def question(con: DuckDBPyConnection) -> Surroundings:
        before = passed_before(con, run)
        shapes = shapes_of(con, run, before) if before is not None else {}
        return Surroundings(attempts_at(con, run), before, shapes, _incidents(con, run))

    return view.ask(("around", str(run.run_id)), question, _FRESH_FOR)


def is_part(incident: Incident, run: Run) -> bool:
    """Whether the run is among what the incident is made of, rather than only of the same time."""
    named = any(str(run.run_id) in one.run_ids for one in incident.conditions)
    own = any(one.workflow in (None, run.workflow) for one in incident.conditions)
    return named or (run.outcome not in _GOOD and own and incident.subject in _subjects(run))


def _incidents(con: DuckDBPyConnection, run: Run) -> tuple[Incident, ...]:
    found = incidents_around(con, run.started_at)
    return tuple(one for one in found if one.subject in _subjects(run) or _is_member(one, run))


def _subjects(run: Run) -> tuple[str, ...]:
    return (run.integration, run.failed_integration or run.integration, f"region:{run.region}")


def _is_member(incident: Incident, run: Run) -> bool:
    return any(one.extent is not None and run.integration in one.extent.members for one in incident.conditions)
