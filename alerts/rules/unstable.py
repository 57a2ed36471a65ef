"""A workflow passes, but too often only at the second try: good for its budget, and a sign of what is to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene, region_subject
from metrics.model import RegionVerdict
from probes.model import Outcome

MIN_RUNS: Final = 10
MIN_RETRIED: Final = 3
SHARE: Final = 0.25
"""So many of the latest runs passed only after a retry."""
CLEAR: Final = 0.5
"""Over when the share is below this part of that."""


def _holds(scene: Scene) -> Iterator[Condition]:
    for integration, verdict in scene.workflows():
        reporting = scene.reporting(verdict)
        shaky = [region for region in reporting if _is_shaky(region, SHARE)]
        if not shaky or _is_told(scene, integration.name):
            continue
        worst = max(shaky, key=lambda region: (_share(region), region.region))
        retried = _retried(worst)
        yield Condition(
            key=f"{integration.name}/{Rule.UNSTABLE}/{verdict.workflow}",
            rule=Rule.UNSTABLE,
            tier=Tier.DEGRADED,
            subject=integration.name,
            since=worst.last_run_at - (len(worst.latest) - 1) * verdict.every,
            summary=f"{verdict.workflow}: {retried} of the last {len(worst.latest)} runs from {worst.region} "
            "passed only after a retry",
            blame=Blame.VENDOR if len(shaky) > 1 or len(reporting) == 1 else Blame.NETWORK,
            blame_reason=_why(shaky, reporting),
            workflow=verdict.workflow,
            region_count=f"{len(shaky)}/{len(reporting)}",
            title=f"{integration.label} {verdict.workflow} UNSTABLE",
            regions=tuple(sorted(region.region for region in shaky)),
        )


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    if not scene.regions_of(condition.subject, condition.workflow) or _is_told(scene, condition.subject):
        return None
    verdict = scene.verdict(condition.subject, condition.workflow)
    counted = {r.region: r for r in scene.reporting(verdict)} if verdict else {}
    known = [counted[name] for name in condition.regions if name in counted]
    if not known:
        return replace(condition, note=NO_FRESH_DATA)
    return condition if any(_is_shaky(region, SHARE * CLEAR) for region in known) else None


def _is_told(scene: Scene, integration: str) -> bool:
    """What is down is not called unstable, nor is a region without a network."""
    regions = scene.regions_of(integration)
    cut_off = bool(regions) and all(scene.holding(Rule.REGION_DOWN, region_subject(name)) for name in regions)
    return cut_off or scene.holding(Rule.WORKFLOW_DOWN, integration)


def _is_shaky(region: RegionVerdict, share: float) -> bool:
    return (
        len(region.latest) >= MIN_RUNS and _retried(region) >= MIN_RETRIED * share / SHARE and _share(region) >= share
    )


def _retried(region: RegionVerdict) -> int:
    return sum(outcome is Outcome.UNSTABLE for outcome in region.latest)


def _share(region: RegionVerdict) -> float:
    return _retried(region) / len(region.latest)


def _why(shaky: list[RegionVerdict], reporting: tuple[RegionVerdict, ...]) -> str:
    if len(reporting) == 1:
        return "its first answers fail, its second ones do not"
    if len(shaky) == 1:
        return f"it needs a second try from {shaky[0].region} only"
    return "it needs a second try from several regions"


RULE = RuleKind(_holds, _lingers)
