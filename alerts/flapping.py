"""What goes on and off: one incident that says how often it came back, and few pages. Pure.

An incident that comes back within the window goes on under its dedup key. After `count` returns it is no longer
resolved at each turn: it stays open until it has been quiet for half as long as it went on, within limits. Whatever
goes on and off regularly thus wakes somebody `count` + 1 times, and then no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alerts.model import Condition, Incident
from config.model import Flapping

QUIET_NOTE: Final = "quiet now, but kept open, because it keeps coming back"


def earlier_of(subject: str, at: datetime, recent: Sequence[Incident], flapping: Flapping) -> Incident | None:
    """The incident of the subject that ended so recently that it goes on, or None."""
    # What was called over and goes on has its incident still: anything else beside it is another one.
    over = [i for i in recent if i.subject == subject and not i.dismissed]
    fits = [i for i in over if i.resolved_at and at - i.resolved_at <= flapping.window]
    return max(fits, key=lambda i: (i.resolved_at or at, i.incident_id), default=None)


def quiet_for(incident: Incident, flapping: Flapping) -> timedelta:
    """How long nothing may be wrong with it before it is over: nothing for one that has not come back often."""
    if incident.reopened < flapping.count or incident.told_until is None:
        return timedelta(0)
    went_on = incident.told_until - incident.opened_at
    return max(flapping.quiet, min(flapping.longest_quiet, went_on / 2))


def is_quiet(incident: Incident) -> bool:
    """Whether nothing is wrong with it any more, since `told_until`, and it is only kept open."""
    marked = bool(incident.conditions) and all(condition.note == QUIET_NOTE for condition in incident.conditions)
    return marked and incident.told_until is not None


def is_back(incident: Incident, held: Iterable[Condition]) -> bool:
    """Whether an incident that was quiet has a condition again that is more than the doubt about its recovery."""
    return is_quiet(incident) and any(not condition.note for condition in held)


def is_over(incident: Incident, at: datetime, flapping: Flapping) -> bool:
    """Whether an incident that no condition holds open any more may end now."""
    if incident.reopened < flapping.count or not incident.conditions:
        return True
    quiet_since = incident.told_until if is_quiet(incident) else None
    return quiet_since is not None and at - quiet_since >= quiet_for(incident, flapping)


def kept_open(incident: Incident, at: datetime) -> Incident:
    """An incident with which nothing is wrong any more, and that is not over yet."""
    marked = tuple(replace(condition, note=QUIET_NOTE) for condition in incident.conditions)
    return replace(incident, conditions=marked, told_until=at)
