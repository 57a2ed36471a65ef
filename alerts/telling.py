"""Who is told of what: every change goes to its routes, unless it is muted; what was withheld is told once it is not.

Runs in the transaction of the evaluation. Whatever is withheld is on the incident's timeline and in `mutings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.model import Action, Incident, IncidentEvent, MutedBy, Muting, Tier, Transition, TransitionKind
from alerts.muting import MutingScene, mutings
from alerts.routing import Message, messages, quiet_of, routes_of
from alerts.store.incidents import add_event
from alerts.store.incidents import incident as stored_incident
from alerts.store.mutings import (
    MutingRow,
    begin_muting,
    change_muting,
    channels_of_end,
    end_muting,
    standing_mutings,
)
from alerts.store.outbox import enqueue, told

PATIENCE: Final = timedelta(minutes=10)
"""So long after a muting has ended, an incident that may be over is not told yet."""

Budget = Callable[[str], float | None]
"""Integration → what is left of its budget."""


def tell(
    con: DuckDBPyConnection, changes: Sequence[Transition], scene: MutingScene, budget: Budget
) -> Mapping[str, Muting]:
    """Writes the messages about the changes of this evaluation, and about open incidents that are not muted any more.
    Answers with what is muted now, by incident."""
    desk = _Desk(con, scene, budget, mutings(scene), standing_mutings(con))
    changed = {change.incident.incident_id: change for change in changes}
    for change in changes:
        if change.kind is TransitionKind.RESOLVED:
            desk.end(change)
        else:
            desk.settle(change.incident, change)
    for incident in scene.open:
        if incident.incident_id not in changed:
            desk.settle(incident, None)
    still_open = {incident.incident_id for incident in scene.open}
    for row in list(desk.standing.values()):
        if row.incident_id not in still_open:
            desk.close(row)
    return {incident_id: row.muting for incident_id, row in desk.standing.items()}


@dataclass(slots=True)
class _Desk:
    con: DuckDBPyConnection
    scene: MutingScene
    budget: Budget
    muted: dict[str, Muting]
    standing: dict[str, MutingRow] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return self.scene.at

    def settle(self, incident: Incident, change: Transition | None) -> None:
        """An open incident: withholds what is muted, tells what is new and what was withheld until now."""
        row = self.standing.get(incident.incident_id)
        muting = self.muted.get(incident.incident_id)
        pending = (row.withheld if row else 0) + (change is not None)
        if muting is not None:
            self._withhold(incident, muting, pending, change)
        elif pending:
            self._tell(incident, change, row, pending)
        elif row is not None:
            self._unmute(incident, row)

    def end(self, change: Transition) -> None:
        """An incident that is over: whoever was told hears so, muted or not."""
        incident = change.incident
        self._enqueue(incident, messages(change, (), told(self.con, incident.incident_id)))

    def close(self, row: MutingRow) -> None:
        """A muting whose incident is over. What only waited for the end of quiet hours is told then, on one line."""
        incident = stored_incident(self.con, row.incident_id)
        if incident is None or row.muting.reason is not MutedBy.QUIET_HOURS or not row.withheld:
            end_muting(self.con, row, self.at)
            del self.standing[row.incident_id]
            return
        routes = routes_of(incident, self.scene.config, self.at)
        if any(quiet_of(route, incident, self.scene.config, self.at) for route in routes):
            return
        heard = channels_of_end(self.con, row.incident_id, row.began_at)
        late = [channel for route in routes for channel in route.degraded if channel not in heard]
        ends = [Message(channel, Tier.DEGRADED, Action.RESOLVE) for channel in dict.fromkeys(late)]
        self._enqueue(incident, ends, _past(row, self.at))
        self._unmute(incident, row)

    def _tell(self, incident: Incident, change: Transition | None, row: MutingRow | None, pending: int) -> None:
        config = self.scene.config
        routes = routes_of(incident, config, self.at)
        hours = [quiet_of(route, incident, config, self.at) for route in routes]
        quiet = [muting for muting in hours if muting]
        if change is None and row is not None and (_sleeps(row, quiet) or self._may_be_over(incident, row)):
            return
        late = row is not None and row.withheld > 0
        news = Transition(TransitionKind.UNMUTED, incident, self.at, "")
        if change is not None and not (late and change.kind is TransitionKind.UPDATED):
            news = change
        known = told(self.con, incident.incident_id)
        sent = messages(news, [route for route, held in zip(routes, hours, strict=True) if not held], known)
        held = messages(news, [route for route, held in zip(routes, hours, strict=True) if held], known)
        if {message.channel for message in held} - {message.channel for message in sent}:
            self._withhold(incident, quiet[0], pending, change)
        elif row is not None:
            self._unmute(incident, row)
        self._enqueue(incident, sent, _past(row, self.at) if row and late else "")

    def _may_be_over(self, incident: Incident, row: MutingRow) -> bool:
        """Whether the muting has just ended and nothing of the incident is certain any more: what comes back to life
        as its maintenance ends would page for a minute. Its next runs will tell, or time will."""
        if not all(condition.note for condition in incident.conditions):
            return False
        ended = _ended(row, self.at)
        if ended != row.muting.until:
            row = self.standing[incident.incident_id] = replace(row, muting=replace(row.muting, until=ended))
            change_muting(self.con, row)
        return self.at - ended < PATIENCE

    def _withhold(self, incident: Incident, muting: Muting, pending: int, change: Transition | None) -> None:
        row = self.standing.get(incident.incident_id)
        louder = change is not None and change.kind is TransitionKind.ESCALATED
        if row is None:
            self.standing[incident.incident_id] = begin_muting(self.con, incident.incident_id, muting, self.at, pending)
        elif row.muting != muting or row.withheld != pending:
            now = self.standing[incident.incident_id] = replace(row, muting=muting, withheld=pending)
            change_muting(self.con, now)
        if row is None or row.muting.words != muting.words or louder:
            self._note(incident, "muted", f"{'louder, but still ' if louder and row else ''}muted by {_words(muting)}")

    def _unmute(self, incident: Incident, row: MutingRow) -> None:
        end_muting(self.con, row, self.at)
        self.standing.pop(incident.incident_id, None)
        self._note(incident, "unmuted", f"no longer muted by {row.muting.words}")

    def _note(self, incident: Incident, kind: str, note: str) -> None:
        add_event(self.con, IncidentEvent(incident.incident_id, self.at, kind, note))

    def _enqueue(self, incident: Incident, found: Sequence[Message], note: str = "") -> None:
        budget = self.budget(incident.integration) if found else None
        for message in found:
            enqueue(self.con, incident, replace(message, note=note), self.at, budget)


def _sleeps(row: MutingRow, quiet: Sequence[Muting]) -> bool:
    """Whether it waits for the end of quiet hours, and they go on."""
    return bool(quiet) and row.muting.reason is MutedBy.QUIET_HOURS


def _ended(row: MutingRow, at: datetime) -> datetime:
    """When the muting was over, if it is over now."""
    return row.muting.until if row.muting.until and row.muting.until <= at else at


def _words(muting: Muting) -> str:
    return f"{muting.words}{_until(muting.until)}"


def _past(row: MutingRow, at: datetime) -> str:
    return f"was muted by {row.muting.words}{_until(_ended(row, at))}"


def _until(at: datetime | None) -> str:
    return f" until {at:%Y-%m-%d %H:%M} UTC" if at else ""
