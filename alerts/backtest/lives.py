"""What an alert and a page of a rehearsal are, and the book in which they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.model import Condition, Incident, Rule, Tier


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition, from when it was told to when it was over (None: not before the end)."""

    key: str
    rule: Rule
    subject: str
    tier: Tier
    """The loudest that it has been."""
    start: datetime
    end: datetime | None
    title: str
    reason: str
    """As it was when it opened."""
    incident_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """One time at which people were woken, with the incident's life."""

    at: datetime
    subject: str
    title: str
    reason: str
    channels: tuple[str, ...]
    incident_id: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Life:
    """One incident, from when it opened (first) to when it was over for good (None: not before the end)."""

    incident_id: str
    subject: str
    start: datetime
    end: datetime | None
    reopened: int


@dataclass(slots=True)
class Book:
    """Alerts and incidents while they go on, and those that are over."""

    _going: dict[tuple[str, str], Alert] = field(default_factory=dict)
    _over: list[Alert] = field(default_factory=list)
    _lives: dict[str, Life] = field(default_factory=dict)

    def note(self, incidents: Iterable[Incident], at: datetime) -> None:
        """The open incidents as they are now."""
        there: set[tuple[str, str]] = set()
        for incident in incidents:
            self._live(incident)
            for condition in incident.conditions:
                place = (incident.incident_id, condition.key)
                there.add(place)
                self._going[place] = self._told(incident, condition, self._going.get(place), at)
        for place in [place for place in self._going if place not in there]:
            self._over.append(replace(self._going.pop(place), end=at))

    def end(self, incident: Incident, at: datetime) -> None:
        """One that is resolved; if it comes back, it goes on."""
        self._lives[incident.incident_id] = replace(self._live(incident), end=at)

    def alerts(self) -> tuple[Alert, ...]:
        """All of them, in order."""
        found = (*self._over, *self._going.values())
        return tuple(sorted(found, key=lambda alert: (alert.start, alert.subject, alert.key)))

    def lives(self) -> tuple[Life, ...]:
        """Every incident, in order."""
        return tuple(sorted(self._lives.values(), key=lambda life: (life.start, life.subject)))

    def _live(self, incident: Incident) -> Life:
        life = Life(incident.incident_id, incident.subject, incident.opened_at, None, incident.reopened)
        self._lives[incident.incident_id] = life
        return life

    def _told(self, incident: Incident, condition: Condition, before: Alert | None, at: datetime) -> Alert:
        if before is not None:
            louder = condition.tier.rank > before.tier.rank
            return replace(before, tier=condition.tier) if louder else before
        return Alert(
            key=condition.key,
            rule=condition.rule,
            subject=incident.subject,
            tier=condition.tier,
            start=at,
            end=None,
            title=condition.title,
            reason=condition.summary,
            incident_id=incident.incident_id,
        )
