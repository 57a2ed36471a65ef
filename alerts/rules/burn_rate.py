"""An objective's error budget burns too fast, by the table of burn windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from alerts.blame import blame
from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene, region_subject
from config.model import Integration, Sli
from config.scalars import format_duration
from metrics.model import Burn, ObjectiveStatus, RegionVerdict

_SLOWNESS: Final = frozenset({Sli.LATENCY, Sli.TTFB, Sli.SYNC_LAG})


def _holds(scene: Scene) -> Iterator[Condition]:
    for status in scene.evaluation.objectives:
        integration = scene.config.integration(status.integration)
        if integration is None or _cut_off(scene, integration.name):
            continue
        news = [burn for burn in status.burns if burn.firing and not _is_old_news(scene, integration.name, burn)]
        if news:
            yield _condition(scene, integration, status, news)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Missing data ends nothing: neither a status that is not there nor windows that nobody measured."""
    status = next((s for s in scene.evaluation.objectives if _key(s) == condition.key), None)
    if status is None or scene.config.integration(status.integration) is None:
        return replace(condition, note=NO_FRESH_DATA) if _is_declared(condition, scene) else None
    if any(burn.firing for burn in status.burns):
        # Firing, yet not found by `_holds`: either its region lost its network, or it has been told.
        return replace(condition, note=NO_FRESH_DATA) if _cut_off(scene, status.integration) else None
    blind = any(burn.long_burn is None or burn.short_burn is None for burn in status.burns)
    if blind or not scene.has_fresh(status.integration):
        return replace(condition, note=NO_FRESH_DATA)
    return None


def _is_old_news(scene: Scene, name: str, burn: Burn) -> bool:
    """A short window that reaches back into an outage which people were told of remembers that outage.

    While the workflow is down, its burn belongs to the same incident and is listed there.
    """
    if scene.holding(Rule.WORKFLOW_DOWN, name):
        return False
    subjects = [name, *(region_subject(r) for r in scene.regions_of(name))]
    ends: list[datetime] = [end for s in subjects if (end := scene.told_until(s)) is not None]
    return any(scene.at - burn.pair.short < end for end in ends)


def _cut_off(scene: Scene, name: str) -> bool:
    """Whether a region that watches it has no network: then the bad slices are the network's."""
    return any(scene.holding(Rule.REGION_DOWN, region_subject(r)) for r in scene.regions_of(name))


def _condition(scene: Scene, integration: Integration, status: ObjectiveStatus, firing: Sequence[Burn]) -> Condition:
    paging = status.objective.page and any(burn.pair.severity == "page" for burn in firing)
    worst = max(firing, key=lambda b: (b.pair.severity == "page", b.long_burn or 0.0))
    failing, (whose, why) = _failing(scene, integration.name), _cause(scene, integration.name, status)
    return Condition(
        key=_key(status),
        rule=Rule.BURN_RATE,
        tier=Tier.URGENT if paging else Tier.DEGRADED,
        subject=integration.name,
        since=scene.at,
        summary=_summary(status, worst),
        blame=whose,
        blame_reason=why,
        workflow=status.objective.workflow,
        title=f"{integration.label} {str(status.objective.sli).replace('_', ' ')} budget BURNING",
        evidence_ids=tuple(r.evidence_id for r in failing if r.evidence_id),
        run_ids=tuple(r.run_id for r in failing if r.run_id),
    )


def _cause(scene: Scene, name: str, status: ObjectiveStatus) -> tuple[Blame, str]:
    """Known only while something fails: a budget says how much is bad, not why."""
    if status.objective.sli in _SLOWNESS:
        return Blame.UNKNOWN, "answers come, but too slowly; the phases on the dashboard say where the time goes"
    failing = _failing(scene, name)
    if not failing:
        return Blame.UNKNOWN, "nothing fails at this moment; see the latest failed runs"
    fine = [r for i, v in scene.workflows() if i.name == name for r in scene.reporting(v) if not r.failing]
    return blame(failing, fine)


def _failing(scene: Scene, name: str) -> list[RegionVerdict]:
    own = (r for i, v in scene.workflows() if i.name == name for r in scene.reporting(v))
    return [region for region in own if region.failing and region.failed_integration is None]


def _summary(status: ObjectiveStatus, burn: Burn) -> str:
    long, short = format_duration(burn.pair.long), format_duration(burn.pair.short)
    parts = [
        f"{status.key} burns {burn.long_burn or 0:.1f}× in {long} and {burn.short_burn or 0:.1f}× in {short}"
        f" (limit {burn.pair.factor:g}×)"
    ]
    if status.sli is not None:
        parts.append(f"{status.sli * 100:.3f} % good, objective {status.objective.target * 100:.10g} %")
    if status.budget_left is not None:
        parts.append(f"budget left {status.budget_left:.0%}".replace("%", " %"))
    return "; ".join(parts)


def _key(status: ObjectiveStatus) -> str:
    return f"{status.integration}/{Rule.BURN_RATE}/{status.key}"


def _is_declared(condition: Condition, scene: Scene) -> bool:
    integration = scene.config.integration(condition.subject)
    return bool(integration and integration.objectives and not scene.evaluation.objectives)


RULE = RuleKind(_holds, _lingers)
