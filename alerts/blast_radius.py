"""What an incident hits, whom, and what still works: a pure function of incident, configuration and evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerts.model import AtRisk, BlastRadius, HitFlow, Incident, Rule, Tier, changes_subject
from alerts.scene import Known, Scene
from config.model import Config, Integration
from metrics.model import Evaluation, ObjectiveStatus, WorkflowVerdict, flow_subject
from probes.model import Outcome

_OUTAGES: Final = frozenset({Rule.WORKFLOW_DOWN, Rule.REGION_DOWN, Rule.STORM})
_GOOD: Final = frozenset({Outcome.PASSED, Outcome.UNSTABLE})


def blast_radius(incident: Incident, config: Config, evaluation: Evaluation) -> BlastRadius:
    """Of an integration or a flow; of regions, probers and channels, which no business depends on, an empty one."""
    hit = _hit(incident, config)
    if not hit:
        return BlastRadius()
    flows = _flows(incident, config, hit)
    return BlastRadius(
        flows=flows,
        fails=_fails(incident),
        works=tuple(sorted(_working(incident, Scene.of(evaluation, config, Known())))),
        at_risk=_at_risk(evaluation, {one.name for one in hit} | {flow_subject(one.name) for one in flows}),
    )


def _hit(incident: Incident, config: Config) -> list[Integration]:
    """The integrations that it is about: its own, those whose workflows go through it, those of its flow or storm."""
    seen_by = {c.seen_by for c in incident.conditions if c.seen_by}
    flow = config.flow(incident.subject.removeprefix("flow:")) if incident.subject.startswith("flow:") else None
    members = {one.name for one in config.members(flow)} if flow else set()
    stormed = {name for c in incident.conditions if c.extent for name in c.extent.members}
    wanted = {incident.integration, *seen_by, *members, *stormed}
    return [one for one in config.integrations if one.name in wanted]


def _flows(incident: Incident, config: Config, hit: list[Integration]) -> tuple[HitFlow, ...]:
    if incident.subject.startswith("flow:"):
        names = [incident.subject.removeprefix("flow:")]
    else:
        names = sorted({name for one in hit for name in one.flows})
    return tuple(_flow(name, incident, config) for name in names)


def _flow(name: str, incident: Incident, config: Config) -> HitFlow:
    """`others` are integrations of other owners in it: they are fine, and what they are for is not."""
    members = [one for one in config.integrations if name in one.flows]
    declared = config.flow(name)
    own = {incident.integration, *(n for c in incident.conditions if c.extent for n in c.extent.members)}
    others = [one for one in members if one.owner != incident.owner and one.name not in own]
    return HitFlow(
        name=name,
        how=_how(incident),
        owner=declared.owner if declared else "",
        others=tuple(f"{one.name} ({one.owner})" if one.owner else one.name for one in others),
    )


def _how(incident: Incident) -> str:
    if any(c.rule in _OUTAGES and c.tier is Tier.URGENT for c in incident.conditions):
        return "stopped"
    return "at risk" if incident.subject == changes_subject(incident.integration) else "affected"


def _fails(incident: Incident) -> tuple[str, ...]:
    down = (c for c in incident.conditions if c.rule is Rule.WORKFLOW_DOWN and c.workflow)
    return tuple(dict.fromkeys(f"{c.seen_by}/{c.workflow}" if c.seen_by else str(c.workflow) for c in down))


def _working(incident: Incident, scene: Scene) -> Iterator[str]:
    """Workflows of the integration that pass in every region that reports on them, nothing known against them."""
    troubled = {(c.seen_by or c.subject, c.workflow) for c in incident.conditions}
    for integration, verdict in scene.workflows():
        mine = integration.name == incident.integration
        if mine and (integration.name, verdict.workflow) not in troubled and _passes(scene, verdict):
            yield verdict.workflow


def _passes(scene: Scene, verdict: WorkflowVerdict) -> bool:
    reporting = scene.reporting(verdict)
    return bool(reporting) and all(not r.failing and r.last_outcome in _GOOD for r in reporting)


def _at_risk(evaluation: Evaluation, subjects: set[str]) -> tuple[AtRisk, ...]:
    """Promises whose budget burns too fast now, is spent, or will not last; those with the least left first."""
    found = [one for one in evaluation.objectives if one.integration in subjects and _is_at_risk(one)]
    found.sort(key=lambda one: (1.0 if one.budget_left is None else one.budget_left, one.integration, one.key))
    return tuple(AtRisk(one.integration.replace(":", " "), one.key, one.budget_left) for one in found)


def _is_at_risk(status: ObjectiveStatus) -> bool:
    spent = status.budget_left is not None and status.budget_left <= 0
    return spent or status.exhausted_in is not None or any(burn.firing for burn in status.burns)
