"""Who would have been told of the incidents of a rehearsal: as `alerts.telling` does it, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.backtest.lives import Page
from alerts.model import Action, Incident, Tier, Transition, TransitionKind
from alerts.muting import MutingScene, mutings
from alerts.routing import Message, messages, quiet_of, routes_of
from config.model import Config


@dataclass(slots=True)
class Desk:
    """Remembers who was told of what, and what was withheld."""

    config: Config
    _told: dict[str, dict[str, Tier]] = field(default_factory=dict)
    _withheld: set[str] = field(default_factory=set)

    def settle(self, changes: Sequence[Transition], open_: Sequence[Incident], at: datetime) -> Iterator[Page]:
        """The pages of this instant."""
        muted = mutings(MutingScene(at, self.config, (), tuple(open_)))
        news = {change.incident.incident_id: change for change in changes}
        for over in (change.incident for change in changes if change.kind is TransitionKind.RESOLVED):
            self._told.pop(over.incident_id, None)
            self._withheld.discard(over.incident_id)
        for incident in open_:
            change = news.get(incident.incident_id)
            if change is None and incident.incident_id not in self._withheld:
                continue
            if incident.incident_id in muted:
                self._withheld.add(incident.incident_id)
            else:
                yield from self._tell(incident, change, at)

    def is_waiting(self) -> bool:
        """Whether anything was withheld that may be told later."""
        return bool(self._withheld)

    def _tell(self, incident: Incident, change: Transition | None, at: datetime) -> Iterator[Page]:
        routes = routes_of(incident, self.config, at)
        held = [route for route in routes if quiet_of(route, incident, self.config, at)]
        if change is None and held:
            return
        late = incident.incident_id in self._withheld
        if change is None or (late and change.kind is TransitionKind.UPDATED):
            change = Transition(TransitionKind.UNMUTED, incident, at, "")
        told = self._told.setdefault(incident.incident_id, {})
        sent = messages(change, [route for route in routes if route not in held], told)
        self._withheld.discard(incident.incident_id)
        if held:
            self._withheld.add(incident.incident_id)
        page = _page(incident, sent, at, unrouted=not self.config.alerting.routes and change.kind in _LOUD)
        told.update({message.channel: message.tier for message in sent})
        if page is not None:
            yield page


_LOUD = frozenset({TransitionKind.OPENED, TransitionKind.ESCALATED})


def _page(incident: Incident, sent: Iterable[Message], at: datetime, *, unrouted: bool) -> Page | None:
    """Where nobody has written routes yet, whatever is urgent is a page."""
    waking = tuple(m.channel for m in sent if m.tier is Tier.URGENT and m.action is Action.TRIGGER)
    if not waking and not (unrouted and incident.tier is Tier.URGENT):
        return None
    worst = incident.conditions[0]
    return Page(at, incident.subject, incident.title, worst.summary, waking, incident.incident_id, worst.rule)
