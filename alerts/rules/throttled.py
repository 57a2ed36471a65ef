"""The vendor has limited us for several runs in a row: our quota, never its outage, and never a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, NOT_CONFIRMED, RuleKind, Scene

MIN_THROTTLED: Final = 5


def _holds(scene: Scene) -> Iterator[Condition]:
    for integration, verdict in scene.workflows():
        limited = [r for r in scene.reporting(verdict) if r.throttled >= MIN_THROTTLED]
        if not limited:
            continue
        worst = max(limited, key=lambda r: (r.throttled, r.region))
        yield Condition(
            key=f"{integration.name}/{Rule.THROTTLED}/{verdict.workflow}",
            rule=Rule.THROTTLED,
            tier=Tier.DEGRADED,
            subject=integration.name,
            since=min(r.last_run_at - (r.throttled - 1) * verdict.every for r in limited),
            summary=f"{verdict.workflow}: {worst.throttled} throttled runs in a row from {worst.region}",
            blame=Blame.QUOTA,
            blame_reason="the vendor limits us: our quota is used up",
            workflow=verdict.workflow,
            step=worst.failed_step,
            region_count=f"{len(limited)}/{len(scene.reporting(verdict))}",
            evidence_ids=tuple(r.evidence_id for r in limited if r.evidence_id),
            run_ids=tuple(r.run_id for r in limited if r.run_id),
            title=f"{integration.label} {verdict.workflow} THROTTLED",
            regions=tuple(sorted(r.region for r in limited)),
        )


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Over when every region that was limited has had enough runs in a row that were not."""
    needed = scene.tuning(Rule.THROTTLED, condition.subject).recoveries
    verdict = scene.verdict(condition.subject, condition.workflow)
    declared = scene.regions_of(condition.subject, condition.workflow)
    counted = {r.region: r for r in scene.reporting(verdict)} if verdict else {}
    limited = [name for name in condition.regions if name in declared]
    if all(name in counted and counted[name].unlimited >= needed for name in limited):
        return None
    silent = any(name not in counted for name in limited)
    return replace(condition, note=NO_FRESH_DATA if silent else NOT_CONFIRMED if needed > 1 else "")


RULE = RuleKind(_holds, _lingers)
