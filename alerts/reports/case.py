"""Everything that is known of one incident, read once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import Blame, Condition, Incident, IncidentEvent, IncidentState
from alerts.parties import party
from alerts.reports.sources import Sources
from alerts.reports.times import Times, times_of
from alerts.store.incidents import incident
from alerts.store.mutings import MutingRow, mutings_of
from alerts.store.story import story
from alerts.store.told import Told, conditions_told, first_told, incidents_during, messages_about
from config.model import Config
from metrics.model import Window
from metrics.spending import Spent, spending
from metrics.store.outcomes import RunCounts, run_counts

_REGION: Final = "region:"
_LONGEST: Final = timedelta(days=35)
"""Of what went on for longer, the runs of the last days count: the raw ones of before are not kept."""


class UnknownIncidentError(LookupError):
    """There is no incident of that id; `str()` says so, and where the ids stand."""


@dataclass(frozen=True, slots=True)
class Case:
    """One incident with what happened in its time."""

    sources: Sources
    incident: Incident
    timeline: tuple[IncidentEvent, ...]
    times: Times
    conditions: tuple[Condition, ...]
    """Everything that was wrong at any time, in its latest words."""
    told: tuple[Told, ...]
    mutings: tuple[MutingRow, ...]
    others: tuple[Incident, ...]
    """Other incidents that were open meanwhile."""
    names: tuple[str, ...]
    """The integrations that it is about."""
    region: str | None
    """The only region that it is about; None: all of them."""
    runs: tuple[RunCounts, ...]
    spent: tuple[Spent, ...]

    @property
    def is_over(self) -> bool:
        """Whether it is resolved."""
        return self.incident.state is IncidentState.RESOLVED

    @property
    def window(self) -> Window:
        """From its beginning to its end, or up to now."""
        return window_of(self.times, self.sources.now)

    @property
    def blamed(self) -> Condition | None:
        """The condition that says whose fault it is: the first of the worst that knows."""
        return next((c for c in (*self.incident.conditions, *self.conditions) if c.blame is not Blame.UNKNOWN), None)


def case_of(sources: Sources, incident_id: str) -> Case:
    """Reads it; raises UnknownIncidentError."""

    def life(con: DuckDBPyConnection) -> tuple[Incident, tuple[IncidentEvent, ...], Times, tuple[Condition, ...]]:
        found = incident(con, incident_id)
        if found is None:
            raise UnknownIncidentError(
                f"{incident_id}: no such incident; their ids stand on every message and under /incidents"
            )
        events = story(con, incident_id)
        times = times_of(found, events, first_told(con, [incident_id]).get(incident_id))
        latest = {c.key: c for c in (*conditions_told(con, incident_id), *found.conditions)}
        return found, events, times, tuple(latest.values())

    about, events, times, conditions = sources.ask(life)
    names, region = affected(about, conditions, sources.config)
    window = window_of(times, sources.now)
    told, mutings, others = sources.ask(
        lambda con: (
            messages_about(con, incident_id), mutings_of(con, incident_id), incidents_during(con, window, incident_id)
        )
    )  # fmt: skip
    flows = {f"flow:{name}" for name in about.flows}
    return Case(
        sources=sources,
        incident=about,
        timeline=events,
        times=times,
        conditions=conditions,
        told=told,
        mutings=mutings,
        others=others,
        names=names,
        region=region,
        runs=sources.ask(lambda con: run_counts(con, names, window, region)) if names else (),
        spent=sources.ask(lambda con: spending(con, sources.config, [window], window.end, {*names, *flows}))
        if names
        else (),
    )


def affected(about: Incident, conditions: tuple[Condition, ...], config: Config) -> tuple[tuple[str, ...], str | None]:
    """The declared integrations that an incident is about, and its only region."""
    if about.subject.startswith(_REGION):
        region = about.subject.removeprefix(_REGION)
        return tuple(i.name for i in config.integrations if any(region in w.regions for w in i.workflows)), region
    whose = party(config, about.integration)
    wanted = {*(whose.members if whose else ()), *(c.seen_by for c in conditions if c.seen_by)}
    wanted |= {name for condition in conditions if condition.extent for name in condition.extent.members}
    return tuple(one.name for one in config.integrations if one.name in wanted), None


def window_of(times: Times, now: datetime) -> Window:
    """From its beginning to its end; at least a second, and no longer than raw runs are kept."""
    end = max(times.resolved_at or now, times.begun_at + timedelta(seconds=1))
    return Window(max(times.begun_at, end - _LONGEST), end)
