"""What is wrong now, and what that changes: pure functions from an evaluation to transitions of incidents.

One incident per subject. It opens with the first condition that has held for long enough, gets louder but never
quieter, and is over when no condition holds. Missing data ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from alerts.flapping import earlier_of, is_back, is_over, is_quiet, kept_open
from alerts.model import Condition, Incident, IncidentState, Rule, Tier, Transition, TransitionKind, integration_of
from alerts.parties import party
from alerts.rules import RULES
from alerts.scene import Known, RuleKind, Scene
from alerts.storm import STORM, flows_hit, is_brewing, onset
from config.model import Config, Flapping
from metrics.model import Evaluation

_ORDER: Final = {rule: place for place, rule in enumerate(RULES)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong now. `pending` are conditions that hold, but not yet for long enough to be told: key → since."""

    conditions: tuple[Condition, ...]
    pending: Mapping[str, datetime]


def conditions(evaluation: Evaluation, config: Config, known: Known = Known()) -> tuple[Condition, ...]:  # noqa: B008 - frozen
    """Everything that is wrong now, worst first: what the rules find, and what they found before and is not over."""
    return judge(evaluation, config, known).conditions


def judge(evaluation: Evaluation, config: Config, known: Known) -> Judgement:
    """The same, with what may be told soon; to be handed back as `known.pending` at the next evaluation."""
    scene = Scene.of(evaluation, config, known)
    pending: dict[str, datetime] = {}
    for rule, kind in RULES.items():
        found = _of_rule(rule, kind, scene)
        waiting = [c for c in found if not _is_ripe(c, kind, scene)]
        pending |= {c.key: known.pending.get(c.key, scene.at) for c in waiting}
        scene = scene.after(found, (c.key for c in waiting))
    pending |= _held_back(scene)
    told = replace(scene, held=tuple(c for c in scene.held if c.key not in pending))
    return Judgement(_worst_first(_without_echo(told)), pending)


def _of_rule(rule: Rule, kind: RuleKind, scene: Scene) -> list[Condition]:
    found: dict[str, Condition] = {}
    before = {c.key: c for c in scene.before(rule)}
    for condition in kind.holds(scene):
        found[condition.key] = _keep_start(condition, before.get(condition.key))
    for key, condition in before.items():
        if key not in found and (still := kind.lingers(condition, scene)) is not None:
            found[key] = still
    tuned = ((c, scene.tuning(rule, c.subject)) for c in found.values())
    return [tuning.loudness(condition) for condition, tuning in tuned if tuning.enabled]


def _is_ripe(condition: Condition, kind: RuleKind, scene: Scene) -> bool:
    """Whether it has held for as long as is wanted, or people know of it already."""
    if scene.earlier(condition.rule, condition.key) is not None:
        return True
    wanted = scene.tuning(condition.rule, condition.subject).hold + kind.patience(condition, scene)
    return not wanted or scene.at - scene.known.pending.get(condition.key, scene.at) >= wanted


def _held_back(scene: Scene) -> dict[str, datetime]:
    """Urgent news of single integrations that may be part of a storm in a moment: since when."""
    config = scene.config
    news = [c for c in scene.held if c.tier is Tier.URGENT and c.key not in scene.waiting and _is_new(c, scene)]
    if not news or scene.holding(Rule.STORM, STORM) or not scene.tuning(Rule.STORM, STORM).enabled:
        return {}
    if not is_brewing(scene, onset(scene)):
        return {}
    since = {c.key: scene.known.pending.get(c.key, scene.at) for c in news}
    longest = {c.key: scene.tuning(c.rule, c.subject).hold + config.alerting.storm.hold for c in news}
    return {key: begun for key, begun in since.items() if scene.at - begun < longest[key]}


def _is_new(condition: Condition, scene: Scene) -> bool:
    of_integration = scene.config.integration(condition.subject) is not None
    return of_integration and scene.earlier(condition.rule, condition.key) is None


def transitions(
    found: Iterable[Condition],
    open_incidents: Sequence[Incident],
    evaluation: Evaluation,
    config: Config,
    recent: Sequence[Incident] = (),
) -> tuple[Transition, ...]:
    """What the conditions change. `recent` are resolved incidents that may reopen."""
    by_subject = _by_subject(found)
    current = {incident.subject: incident for incident in open_incidents}
    changes = [
        _next(current[subject], held, evaluation.at) for subject, held in by_subject.items() if subject in current
    ]
    changes += [
        _opened(subject, held, evaluation.at, config, recent)
        for subject, held in by_subject.items()
        if subject not in current
    ]
    quiet = [incident for subject, incident in current.items() if subject not in by_subject]
    flapping = config.alerting.flapping
    changes += [_resolved(incident, evaluation.at) for incident in quiet if is_over(incident, evaluation.at, flapping)]
    return tuple(sorted((c for c in changes if c), key=lambda t: t.incident.subject))


def refreshed(
    found: Iterable[Condition],
    open_incidents: Sequence[Incident],
    at: datetime,
    flapping: Flapping = Flapping(),  # noqa: B008 - frozen
) -> tuple[Incident, ...]:
    """Open incidents whose conditions say something new without being others: stored, but nobody is told."""
    by_subject = _by_subject(found)
    fresh = []
    for incident in open_incidents:
        held = by_subject.get(incident.subject, ())
        if not held and not is_over(incident, at, flapping) and not is_quiet(incident):
            fresh.append(kept_open(incident, at))
        elif is_back(incident, held):
            continue  # That is news, and told of.
        elif is_quiet(incident) and _keys(held) == _keys(incident.conditions):
            fresh += [kept_open(incident, at)] if incident.told_until != at else []  # In doubt: the quiet begins anew.
        elif _keys(held) == _keys(incident.conditions) and _loudest(held).rank <= incident.tier.rank:
            now = replace(incident, conditions=held, told_until=_told_until(incident, held, at))
            fresh += [now] if now != incident else []
    return tuple(fresh)


def incident_id(subject: str, at: datetime) -> str:
    """Readable and unique: a subject opens at most one incident in a flap window."""
    return f"{at:%Y%m%d-%H%M%S}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', subject)}"


def _next(incident: Incident, held: tuple[Condition, ...], at: datetime) -> Transition | None:
    louder = _loudest(held).rank > incident.tier.rank
    back = is_back(incident, held)
    if not louder and not back and _keys(held) == _keys(incident.conditions):
        return None
    changed = replace(
        incident,
        conditions=held,
        title=held[0].title,
        tier=_loudest(held) if louder else incident.tier,
        reopened=incident.reopened + back,
        told_until=_told_until(incident, held, at),
    )
    if not louder:
        again = f"reopened ({ordinal(changed.reopened)} time): {held[0].title} · {held[0].summary}" if back else ""
        return Transition(TransitionKind.UPDATED, changed, at, again or _difference(incident.conditions, held))
    # Whoever acknowledged the lesser trouble has not seen this one.
    unseen = replace(changed, state=IncidentState.OPEN, acknowledged_at=None, acknowledged_by=None)
    return Transition(TransitionKind.ESCALATED, unseen, at, f"now {changed.tier}: {held[0].title} · {held[0].summary}")


def _opened(
    subject: str, held: tuple[Condition, ...], at: datetime, config: Config, recent: Sequence[Incident]
) -> Transition:
    whose = party(config, integration_of(subject))
    fresh = Incident(
        incident_id=incident_id(subject, at),
        subject=subject,
        tier=_loudest(held),
        state=IncidentState.OPEN,
        opened_at=at,
        conditions=held,
        title=held[0].title,
        flows=whose.flows if whose else flows_hit(held, config),
        owner=whose.owner if whose else "",
        runbook=whose.runbook if whose else None,
    )
    note = f"{held[0].title} · {held[0].summary}"
    earlier = earlier_of(subject, at, recent, config.alerting.flapping)
    if earlier is None:
        return Transition(TransitionKind.OPENED, fresh, at, note)
    again = replace(
        fresh,
        incident_id=earlier.incident_id,
        opened_at=earlier.opened_at,
        reopened=earlier.reopened + 1,
        told_until=earlier.told_until,
    )
    return Transition(TransitionKind.OPENED, again, at, f"reopened ({ordinal(again.reopened)} time): {note}")


def _resolved(incident: Incident, at: datetime) -> Transition:
    told_until = incident.told_until if is_quiet(incident) else _told_until(incident, (), at)
    over = replace(incident, state=IncidentState.RESOLVED, resolved_at=at, told_until=told_until)
    return Transition(TransitionKind.RESOLVED, over, at, "no condition holds any more")


def _told_until(incident: Incident, held: tuple[Condition, ...], at: datetime) -> datetime | None:
    """Moves when an outage ends, or when nothing urgent is left."""
    return at if trouble_ended(incident.conditions, held) else incident.told_until


def trouble_ended(before: Iterable[Condition], now: Iterable[Condition]) -> bool:
    """Whether an outage has ended, or nothing urgent is left of what was."""
    was, is_ = tuple(before), tuple(now)
    is_urgent = any(c.tier is Tier.URGENT for c in is_)
    return (_is_down(was) and not _is_down(is_)) or (any(c.tier is Tier.URGENT for c in was) and not is_urgent)


def _is_down(held: Iterable[Condition]) -> bool:
    return any(c.rule in (Rule.WORKFLOW_DOWN, Rule.REGION_DOWN) for c in held)


def _without_echo(scene: Scene) -> tuple[Condition, ...]:
    """Leaves out slow burn that only echoes urgent burn which has just ended in the same incident."""
    urgent_before = {c.subject for c in scene.known.held if c.tier is Tier.URGENT}
    urgent_now = {c.subject for c in scene.held if c.tier is Tier.URGENT}
    ended = urgent_before - urgent_now
    return tuple(c for c in scene.held if not (c.rule is Rule.BURN_RATE and c.subject in ended))


def _keep_start(condition: Condition, before: Condition | None) -> Condition:
    return replace(condition, since=min(condition.since, before.since)) if before else condition


def _by_subject(found: Iterable[Condition]) -> dict[str, tuple[Condition, ...]]:
    grouped: dict[str, dict[str, Condition]] = {}
    for condition in _worst_first(found):
        grouped.setdefault(condition.subject, {}).setdefault(condition.key, condition)
    return {subject: tuple(held.values()) for subject, held in sorted(grouped.items())}


def _worst_first(found: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(found, key=lambda c: (-c.tier.rank, _ORDER.get(c.rule, 99), c.key, c.since, c.summary)))


def _loudest(held: Sequence[Condition]) -> Tier:
    return max((c.tier for c in held), key=lambda t: t.rank, default=Tier.REPORT)


def _keys(held: Iterable[Condition]) -> frozenset[str]:
    return frozenset(c.key for c in held)


def _difference(before: Iterable[Condition], now: Iterable[Condition]) -> str:
    was, is_ = {c.key: c for c in before}, {c.key: c for c in now}
    added = [f"also: {c.title} · {c.summary}" for key, c in is_.items() if key not in was]
    gone = [f"over: {c.title}" for key, c in was.items() if key not in is_]
    return "; ".join((*added, *gone))


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
