"""How fast an incident was seen, taken and over. Pure.

Three lengths, each with what it is measured from and to; None where one of the two is not known.

- time to detect: the start of the first run that failed → opened. Of trouble that no run failed by (a quota, a budget,
  an expiry) there is none.
- time to acknowledge: opened → somebody took it.
- time to resolve: the start of the first run that failed, or opened where there is none → resolved. Only of incidents
  that are over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from typing import Final

from alerts.facts import FIRST_FAILURE
from alerts.model import Incident, IncidentEvent, Rule

_BY_RUNS: Final = frozenset({Rule.WORKFLOW_DOWN, Rule.REGION_DOWN, Rule.THROTTLED})
"""Rules whose conditions begin with the run that failed first."""
_TAKEN: Final = "acknowledged"


@dataclass(frozen=True, slots=True)
class Times:
    """The instants of an incident's life that are known."""

    opened_at: datetime
    first_failure_at: datetime | None = None
    told_at: datetime | None = None
    """When the first message about it was accepted."""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None

    @property
    def begun_at(self) -> datetime:
        """When the trouble began, as far as it is known."""
        return min(self.first_failure_at or self.opened_at, self.opened_at)

    @property
    def to_detect(self) -> timedelta | None:
        """First failure → opened."""
        return None if self.first_failure_at is None else self.opened_at - self.begun_at

    @property
    def to_tell(self) -> timedelta | None:
        """Opened → the first message was accepted."""
        return _from(self.opened_at, self.told_at)

    @property
    def to_acknowledge(self) -> timedelta | None:
        """Opened → somebody took it."""
        return _from(self.opened_at, self.acknowledged_at)

    @property
    def to_resolve(self) -> timedelta | None:
        """Begun → resolved."""
        return _from(self.begun_at, self.resolved_at)

    def lasted(self, now: datetime) -> timedelta:
        """Begun → resolved, or up to now."""
        return (self.resolved_at or now) - self.begun_at


def times_of(incident: Incident, timeline: Sequence[IncidentEvent] = (), told_at: datetime | None = None) -> Times:
    """From the incident as it stands and its timeline: who took it first counts, though it may have got worse since."""
    taken = min((e for e in timeline if e.kind == _TAKEN), key=lambda e: e.at, default=None)
    return Times(
        opened_at=incident.opened_at,
        first_failure_at=_first_failure(incident, timeline),
        told_at=told_at,
        acknowledged_at=taken.at if taken else incident.acknowledged_at,
        acknowledged_by=(taken.who if taken else incident.acknowledged_by) or "",
        resolved_at=incident.resolved_at,
    )


def median(lengths: Iterable[timedelta | None]) -> tuple[timedelta | None, int]:
    """The middle one of those that are known (of two the smaller), and of how many; None of none."""
    known = sorted(length for length in lengths if length is not None)
    return (median_low(known), len(known)) if known else (None, 0)


def _first_failure(incident: Incident, timeline: Sequence[IncidentEvent]) -> datetime | None:
    noted = [event.at for event in timeline if event.kind == FIRST_FAILURE]
    held = [condition.since for condition in incident.conditions if condition.rule in _BY_RUNS]
    return min((*noted, *held), default=None)


def _from(start: datetime, end: datetime | None) -> timedelta | None:
    return None if end is None else max(end - start, timedelta())
