"""Why nobody is told of an incident now: silences and maintenance windows that cover all that is wrong with it.

An incident is muted while each of its conditions is covered: a silence of one region does not hide another one, and a
silence of a slow vendor does not hide that it is down. Muted is recorded, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alerts import dependency, storm
from alerts.model import Incident, MutedBy, Muting, Rule, Silence
from alerts.traits import Traits, traits_of
from config.maintenance import DeclaredSilence, usual_instant
from config.matching import Coverage, any_fits, in_words
from config.model import Config, Integration
from config.traits import integration_traits
from config.windows import Entries, OpenWindow, Timetable


@dataclass(frozen=True, slots=True)
class Cover:
    """Something that mutes what it matches: a silence in force, or a maintenance window that is open."""

    coverage: Coverage
    muting: Muting


@dataclass(frozen=True, slots=True)
class MutingScene:
    """What mutings are decided from: the instant, the configuration, what covers now, every open incident, and those
    that people called over while they go on: whoever called the storm over wants no page for each part of it."""

    at: datetime
    config: Config
    covers: tuple[Cover, ...] = ()
    open: tuple[Incident, ...] = ()
    called_over: tuple[Incident, ...] = ()

    @property
    def going_on(self) -> tuple[Incident, ...]:
        """What may be the cause of something else."""
        return (*self.open, *self.called_over)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a silence would mute: open incidents, and every integration whose outage it covers."""

    incidents: tuple[Incident, ...]
    integrations: tuple[str, ...]


def mutings(scene: MutingScene) -> dict[str, Muting]:
    """Incident id → why nobody is told of it, for each open incident that is muted."""
    found = ((incident.incident_id, muting_of(incident, scene)) for incident in scene.open)
    return {incident_id: muting for incident_id, muting in found if muting is not None}


def muting_of(incident: Incident, scene: MutingScene) -> Muting | None:
    """Why nobody is told of that incident; None when people are."""
    return next((muting for reason in REASONS if (muting := reason(incident, scene)) is not None), None)


def covered(incident: Incident, scene: MutingScene) -> Muting | None:
    """By silences and maintenance windows that together cover each of its conditions; the one that ends first says
    when people may hear again."""
    if not scene.covers or not incident.conditions:
        return None
    traits = traits_of(incident, scene.config)
    found: list[Muting] = []
    for condition in traits.conditions:
        fitting = [c.muting for c in scene.covers if c.coverage.holds(condition)]
        if not fitting:
            return None
        found.append(max(fitting, key=lambda m: (m.until or scene.at, m.words)))
    return _joined(found, scene.at)


def covers(silence: Silence, incident: Incident, config: Config) -> bool:
    """Whether the silence alone covers all that is wrong with the incident, whatever the time."""
    return _all_covered(silence, traits_of(incident, config))


def preview(silence: Silence, open_incidents: Iterable[Incident], config: Config) -> Preview:
    """What it would mute if it were in force now."""
    incidents = tuple(incident for incident in open_incidents if covers(silence, incident, config))
    return Preview(incidents, tuple(one.name for one in config.integrations if _may_cover(silence.match, one)))


def silence_covers(silences: Iterable[Silence], at: datetime) -> tuple[Cover, ...]:
    """Those in force."""
    return tuple(Cover(Coverage.of(s.match), _silenced(s)) for s in silences if s.is_in_force(at))


def _may_cover(match: Mapping[Any, tuple[str, ...]], one: Integration) -> bool:
    """Whether something that may be wrong with the integration is covered, whichever rule says so."""
    parts = {
        "rule": tuple(map(str, Rule)),
        "workflow": tuple(workflow.name for workflow in one.workflows),
        "region": tuple({region for workflow in one.workflows for region in workflow.regions}),
    }
    own = {key: patterns for key, patterns in match.items() if key not in parts}
    seen = all(any_fits(match[key], values) for key, values in parts.items() if key in match)
    return seen and Coverage.of(own).holds(integration_traits(one))


def declared_silences(config: Config) -> tuple[Silence, ...]:
    """Those of `alerts.yaml`, in its order; the file's history is the record of them."""
    return tuple(_declared(one, config.settings.hub.timezone) for one in config.alerting.silences)


def maintenance_covers(config: Config, entries: Entries, at: datetime) -> tuple[Cover, ...]:
    """The maintenance windows that are open; `entries` are what calendars say."""
    found = Timetable.of(config, entries).open_at(at)
    return tuple(
        Cover(Coverage.of(one.window.match), Muting(MutedBy.MAINTENANCE, _maintained(one), one.span.end))
        for one in found
    )


def _maintained(one: OpenWindow) -> str:
    entry = f" ({one.span.summary})" if one.span.summary else ""
    return f"maintenance {one.window.name}{entry}"


def _declared(one: DeclaredSilence, hub_zone: str) -> Silence:
    zone = one.time_zone or hub_zone
    start, end = usual_instant(one.start, zone), usual_instant(one.end, zone)
    return Silence(
        {str(key): patterns for key, patterns in one.match.items()}, start, end, one.author, one.comment, one.name
    )


def _silenced(silence: Silence) -> Muting:
    name = silence.silence_id or in_words(silence.match)
    return Muting(MutedBy.SILENCE, f"silence {name} of {silence.author} ({silence.comment})", silence.until)


def _all_covered(silence: Silence, traits: Traits) -> bool:
    return bool(traits.conditions) and all(map(Coverage.of(silence.match).holds, traits.conditions))


def _joined(found: Sequence[Muting], at: datetime) -> Muting:
    """One for all conditions: the reason of the worst, the words of each, over with the first that ends."""
    words = "; ".join(dict.fromkeys(muting.words for muting in found))
    return Muting(found[0].reason, words, min(muting.until or at for muting in found))


def in_storm(incident: Incident, scene: MutingScene) -> Muting | None:
    """By the storm that it is part of, which is told of once for all."""
    return storm.muting(incident, scene.going_on)


def explained(incident: Incident, scene: MutingScene) -> Muting | None:
    """By the incident of a flow that its flow depends on."""
    return dependency.muting(incident, scene.going_on, scene.config)


REASONS: Final[tuple[Callable[[Incident, MutingScene], Muting | None], ...]] = (covered, in_storm, explained)
"""In the order in which they are named."""
