"""Many integrations that go down at once: one incident, one page. Pure.

What begins to fail is watched before it is confirmed: while others fail as well, single outages wait a moment for what
may become a storm; once there is one, they are recorded and muted, and told on their own when it is over.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Final

from alerts.flapping import is_quiet
from alerts.model import Condition, Incident, MutedBy, Muting, Rule, Tier
from alerts.scene import Scene
from config.model import Config, Storm
from metrics.model import RegionVerdict, WorkflowVerdict

STORM: Final = "storm:vendors"
"""Subject of its incident."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when integrations fail in enough regions, confirmed or not, and when each was tried last."""

    failing: Mapping[str, datetime]
    tried: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Wave:
    """Integrations that began to fail since an instant, and how many were tried since."""

    since: datetime
    members: frozenset[str]
    tried: int


def onset(scene: Scene) -> Onset:
    """What the latest runs of every integration say. One whose budget burns is failing, too."""
    failing: dict[str, datetime] = {}
    tried: dict[str, datetime] = {}
    for integration, verdict in scene.workflows():
        regions = scene.reporting(verdict)
        if not regions:
            continue
        needed = min(len(regions), floor(len(regions) * scene.config.alerting.confirm.quorum) + 1)
        latest = sorted((r.last_run_at for r in regions), reverse=True)[needed - 1]
        tried[integration.name] = max(tried.get(integration.name, latest), latest)
        begins = sorted(r.failing_since or r.last_run_at for r in regions if r.failing)
        if len(begins) >= needed:
            name = _blamed(verdict, regions)
            failing[name] = min(failing.get(name, begins[needed - 1]), begins[needed - 1])
    for condition in broken(scene):
        # It remembers its beginning for longer than the latest runs do.
        failing[condition.subject] = min(failing.get(condition.subject, condition.since), condition.since)
        tried.setdefault(condition.subject, condition.since)
    return Onset(failing, tried)


def broken(scene: Scene) -> Iterable[Condition]:
    """The outages of integrations that are confirmed, and their fast burn."""
    return (c for c in scene.held if is_breaking(c) and scene.config.integration(c.subject) is not None)


def is_breaking(condition: Condition) -> bool:
    """Whether it is such as a storm consists of."""
    urgent = condition.tier is Tier.URGENT and condition.rule is Rule.BURN_RATE
    return urgent or condition.rule is Rule.WORKFLOW_DOWN


def wave(seen: Onset, storm: Storm, at: datetime, least: int) -> Wave | None:
    """The longest stretch of time up to now, within `storm.within`, in which at least `least` integrations began to
    fail, and `storm.share` of all that were tried in it; None where there is none."""
    newly = sorted(since for since in seen.failing.values() if since >= at - storm.within)
    tried = sorted(seen.tried.values())
    for place, since in enumerate(newly):
        failing, asked = len(newly) - place, len(tried) - bisect_left(tried, since)
        if failing < least:
            return None
        if failing >= storm.share * asked:
            members = frozenset(name for name, begun in seen.failing.items() if begun >= since)
            return Wave(since, members, asked)
    return None


def is_brewing(scene: Scene, seen: Onset) -> bool:
    """Whether there may be a storm in a moment: several begin to fail, few others do not, and there are enough."""
    storm = scene.config.alerting.storm
    return len(seen.tried) >= storm.least and wave(seen, storm, scene.at, 2) is not None


def is_confirmed(found: Wave, confirmed: Iterable[str], storm: Storm) -> bool:
    """Whether enough of a wave's members are known to be down, and do not just stumble."""
    down = found.members & frozenset(confirmed)
    return len(down) >= min(storm.least, ceil(storm.share * len(found.members)))


def joined(scene: Scene, seen: Onset, base: frozenset[str], since: datetime) -> frozenset[str]:
    """The members of a storm: those that are known, and whatever goes down soon after another one did. Who is probed
    rarely has one interval more."""
    storm = scene.config.alerting.storm
    latest = max((seen.failing[name] for name in base if name in seen.failing), default=since)
    members = set(base)
    for condition in sorted(broken(scene), key=lambda c: (c.since, c.subject)):
        if since <= condition.since <= latest + storm.within + _interval(scene, condition):
            members.add(condition.subject)
            latest = max(latest, condition.since)
    return frozenset(members)


def members_of(held: Iterable[Condition]) -> frozenset[str]:
    """The integrations that the storm among these conditions consists of now."""
    return frozenset(name for condition in held if condition.extent for name in condition.extent.members)


def is_member(incident: Incident, open_incidents: Iterable[Incident]) -> Incident | None:
    """The storm that the incident is a part of, while it lasts."""
    storm = next((one for one in open_incidents if one.subject == STORM), None)
    lasts = storm is not None and not is_quiet(storm) and incident.subject in members_of(storm.conditions)
    return storm if lasts else None


def muting(incident: Incident, open_incidents: Iterable[Incident]) -> Muting | None:
    """Why nobody is told of an incident that is part of a storm; None for any other."""
    storm = is_member(incident, open_incidents)
    if storm is None:
        return None
    return Muting(MutedBy.STORM, f"{storm.title} ({storm.incident_id})")


def flows_hit(found: Iterable[Condition], config: Config) -> tuple[str, ...]:
    """The business flows of a storm's members, those with most of them first."""
    count: dict[str, int] = {}
    for name in members_of(found):
        one = config.integration(name)
        for flow in one.flows if one else ():
            count[flow] = count.get(flow, 0) + 1
    return tuple(sorted(count, key=lambda flow: (-count[flow], flow)))


def _blamed(verdict: WorkflowVerdict, regions: Iterable[RegionVerdict]) -> str:
    where = {region.failed_integration for region in regions if region.failing}
    return (next(iter(where)) if len(where) == 1 else None) or verdict.integration


def longest_interval(scene: Scene, members: Iterable[str]) -> timedelta:
    """How long it takes at most until each of these outages has been looked at once more."""
    names = frozenset(members)
    found = (_interval(scene, condition) for condition in broken(scene) if condition.subject in names)
    return max(found, default=timedelta(0))


def _interval(scene: Scene, condition: Condition) -> timedelta:
    verdict = scene.verdict(condition.seen_by or condition.subject, condition.workflow)
    return verdict.every if verdict else timedelta(0)
