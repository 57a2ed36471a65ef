"""Runs the alert policy over stored history, at those instants only at which anything can change.

A hub judges every five seconds, most of the time to find that nothing is new. Here the history says when a rule may see
something new; in between only time goes by, and while it does what was decided once stays decided (a wait is over, a
quiet time has passed), so that the one instant at which it changes is found by halving. The test
`test_rehearsing.py` proves over random histories that the outcome is the same as judging at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from alerts.backtest.lives import Alert, Book, Life, Page
from alerts.backtest.telling import Desk
from alerts.flapping import is_quiet
from alerts.model import Incident, IncidentState, Transition
from alerts.policy import judge, refreshed, transitions
from alerts.rules.burn_rate import burning_key
from alerts.scene import Known
from config.model import Config
from metrics.hindsight import Seen
from metrics.model import Evaluation, Window

TICK: Final = timedelta(seconds=5)
"""How often a hub judges."""
MEMORY: Final = timedelta(days=1)
"""As the engine's: how long a resolved incident still counts."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_TICK_MS: Final = TICK // _MS


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would have been told in the window. What had begun before it is in it as far as it reaches into it."""

    window: Window
    alerts: tuple[Alert, ...]
    pages: tuple[Page, ...]
    lives: tuple[Life, ...]
    looks: int
    """How often the policy was asked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one look at an instant decides."""

    evaluation: Evaluation
    changes: tuple[Transition, ...]
    fresh: tuple[Incident, ...]
    pending: dict[str, datetime]
    held: frozenset[str]


@dataclass(slots=True)
class Stage:
    """The hub's memory while it is rehearsed."""

    config: Config
    seen: Seen
    open: dict[str, Incident] = field(default_factory=dict)
    recent: list[Incident] = field(default_factory=list)
    pending: dict[str, datetime] = field(default_factory=dict)
    desk: Desk = field(init=False)
    book: Book = field(default_factory=Book)
    pages: list[Page] = field(default_factory=list)
    looks: int = 0
    news_at: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        self.desk = Desk(self.config)

    def decide(self, at: datetime, *, figures: bool = False) -> Decision:
        """Without remembering it; with `figures`, all that is told is of that very instant."""
        self.looks += 1
        evaluation = self.seen.evaluation(at, figures=figures)
        open_ = tuple(sorted(self.open.values(), key=lambda i: (i.opened_at, i.incident_id)))
        recent = tuple(i for i in self.recent if i.resolved_at and at - i.resolved_at <= MEMORY)
        judged = judge(evaluation, self.config, Known(open_, recent, pending=self.pending))
        changes = transitions(judged.conditions, open_, evaluation, self.config, recent)
        fresh = refreshed(judged.conditions, open_, evaluation.at, self.config.alerting.flapping)
        held = frozenset(c.key for c in judged.conditions)
        return Decision(evaluation, changes, fresh, dict(judged.pending), held)

    def apply(self, decision: Decision) -> None:
        """Remember it, and tell."""
        at = decision.evaluation.at
        if decision.changes:
            decision = self.decide(at, figures=True)
        self.pending = decision.pending
        for incident in (*decision.fresh, *(change.incident for change in decision.changes)):
            self._keep(incident, at)
        self.news_at = _news_at(decision, (*self.open.values(), *self.recent))
        if decision.changes or decision.fresh or self.desk.is_waiting():
            open_ = tuple(self.open.values())
            self.pages += self.desk.settle(decision.changes, open_, at)
            self.book.note(open_, at)

    def _keep(self, incident: Incident, at: datetime) -> None:
        self.recent = [
            one
            for one in self.recent
            if one.incident_id != incident.incident_id and one.resolved_at and at - one.resolved_at <= MEMORY
        ]
        if incident.state is not IncidentState.RESOLVED:
            self.open[incident.incident_id] = incident
            return
        self.open.pop(incident.incident_id, None)
        self.recent.append(incident)
        self.book.end(incident, at)

    def is_restless(self, since: datetime, until: datetime) -> bool:
        """Whether anything may change until then although nothing new is seen: something waits for its time."""
        kept = any(is_quiet(incident) for incident in self.open.values())
        due = any(since < at <= until for at in self.news_at)
        return bool(self.pending) or kept or due or self.desk.is_waiting()

    def differs(self, decision: Decision) -> bool:
        """Whether a decision is more than new words for what is known."""
        if decision.changes or decision.pending.keys() != self.pending.keys():
            return True
        return any(_gist(one) != _gist(self.open.get(one.incident_id)) for one in decision.fresh)


def rehearse(
    seen: Seen, window: Window, warm_up: timedelta, heard: Callable[[float], None] = lambda share: None
) -> Rehearsal:
    """What the configuration that `seen` was made for would have told in the window, having judged for `warm_up`
    before it."""
    first, end = tick_of(window.start - warm_up), tick_of(window.end)
    moments = seen.moments()
    ticks = sorted({-(-int(at) // _TICK_MS) for at in moments} | {first})
    stage = Stage(seen.config, seen)
    play(stage, [tick for tick in ticks if first <= tick <= end], end, heard)
    return within(stage, window)


def play(stage: Stage, ticks: Sequence[int], end: int, heard: Callable[[float], None] = lambda share: None) -> None:
    """At each of the ticks, and in between wherever time alone changes something."""
    for place, tick in enumerate(ticks):
        stage.apply(stage.decide(at_tick(tick)))
        following = ticks[place + 1] if place + 1 < len(ticks) else end + 1
        _let_time_pass(stage, tick, following - 1)
        if place % 64 == 0:
            heard(place / len(ticks))
    heard(1.0)


def _let_time_pass(stage: Stage, tick: int, last: int) -> None:
    """Up to and with `last`: what was seen stays as it was at `tick`."""
    while tick < last and stage.is_restless(at_tick(tick), at_tick(last)):
        decision = stage.decide(at_tick(last))
        if not stage.differs(decision):
            return
        low, high = tick, last
        while high - low > 1:
            middle = (low + high) // 2
            halfway = stage.decide(at_tick(middle))
            if stage.differs(halfway):
                high, decision = middle, halfway
            else:
                low = middle
        stage.apply(decision)
        tick = high


def within(stage: Stage, window: Window) -> Rehearsal:
    """What of it reaches into the window."""

    def reaches(start: datetime, end: datetime | None) -> bool:
        return start < window.end and (end is None or end > window.start)

    return Rehearsal(
        window=window,
        alerts=tuple(alert for alert in stage.book.alerts() if reaches(alert.start, alert.end)),
        pages=tuple(page for page in stage.pages if window.start <= page.at < window.end),
        lives=tuple(life for life in stage.book.lives() if reaches(life.start, life.end)),
        looks=stage.looks,
    )


def _news_at(decision: Decision, known: Iterable[Incident]) -> tuple[datetime, ...]:
    """When a short window that burns untold no longer reaches back into what people were told of."""
    shorts = {
        burn.pair.short
        for status in decision.evaluation.objectives
        for burn in status.burns
        if burn.firing and burning_key(status) not in decision.held
    }
    ends = {incident.told_until for incident in known if incident.told_until is not None}
    return tuple(sorted(end + short for end in ends for short in shorts)) if shorts else ()


def _gist(incident: Incident | None) -> object:
    """What later decisions depend on."""
    if incident is None:
        return None
    conditions: Iterable[object] = ((c.key, c.tier, c.regions, c.since, bool(c.note)) for c in incident.conditions)
    return incident.state, incident.tier, incident.told_until, incident.reopened, tuple(conditions)


def at_tick(tick: int) -> datetime:
    """The instant of a tick."""
    return _EPOCH + tick * TICK


def tick_of(at: datetime) -> int:
    """The first that is not before the instant."""
    return -(-((at - _EPOCH) // _MS) // _TICK_MS)
