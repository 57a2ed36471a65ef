"""Flows that depend on others: while an incident of the other one explains it, nobody is told of theirs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from alerts.model import Incident, MutedBy, Muting, Rule
from config.model import Config

_FLOW = "flow:"
_BREAKS = frozenset({Rule.WORKFLOW_DOWN, Rule.BURN_RATE})


def muting(incident: Incident, open_incidents: Sequence[Incident], config: Config) -> Muting | None:
    """Why nobody is told of a flow's incident; None for any other, and where nothing explains it.

    Only what is at least as loud explains it: what woke nobody is no reason to wake nobody.
    """
    if not incident.subject.startswith(_FLOW):
        return None
    for flow in _upstream(incident.subject.removeprefix(_FLOW), config):
        cause = _cause(incident, flow, open_incidents, config)
        if cause is not None:
            return Muting(MutedBy.DEPENDENCY, f"it depends on {flow}: {cause.title} ({cause.incident_id})")
    return None


def _upstream(name: str, config: Config) -> Iterator[str]:
    """The flows that it depends on, directly or by others, nearest first."""
    seen, waiting = {name}, [name]
    while waiting:
        flow = config.flow(waiting.pop(0))
        for other in flow.depends_on if flow else ():
            if other not in seen:
                seen.add(other)
                waiting.append(other)
                yield other


def _cause(incident: Incident, flow: str, others: Iterable[Incident], config: Config) -> Incident | None:
    subjects = {f"{_FLOW}{flow}", *(one.name for one in config.integrations if flow in one.flows)}
    fitting = (one for one in others if one.subject in subjects and one.tier.rank >= incident.tier.rank)
    return next((one for one in fitting if any(c.rule in _BREAKS for c in one.conditions)), None)
