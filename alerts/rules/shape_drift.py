"""The answers to a step have changed for good at a path that its workflow reads.

While the workflow is down for it, the page of the outage names the path, and nothing is told twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier, changes_subject
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene
from config.lifecycle import accepted
from config.model import Integration, Step
from metrics.changing import ShapeChange, ShapeFinding
from metrics.shape_reading import is_read

MOST_PATHS: Final = 4


def _holds(scene: Scene) -> Iterator[Condition]:
    grouped: dict[tuple[str, str, str], list[ShapeFinding]] = defaultdict(list)
    for finding in scene.evaluation.drift:
        grouped[finding.integration, finding.workflow, finding.step].append(finding)
    before = {condition.key for condition in scene.before(Rule.SHAPE_DRIFT)}
    for (name, workflow, _), findings in grouped.items():
        integration = scene.config.integration(name)
        read = [one for one in findings if integration is not None and is_telling(integration, one, scene)]
        if integration is None or not read:
            continue
        condition = _condition(scene, integration, read)
        if condition.key in before or not _is_down(scene, name, workflow):
            yield condition


def _condition(scene: Scene, integration: Integration, findings: Sequence[ShapeFinding]) -> Condition:
    first = findings[0]
    step = declared_step(integration, first)
    api = (step.integration if step is not None else None) or integration.name
    other = scene.config.integration(api) or integration
    since = min(one.since for one in findings)
    return Condition(
        key=f"{integration.name}/{Rule.SHAPE_DRIFT}/{first.workflow}/{first.step}",
        rule=Rule.SHAPE_DRIFT,
        tier=Tier.DEGRADED,
        subject=changes_subject(other.name),
        since=since,
        summary=f"{first.workflow}, step {first.step}: {what_changed(findings)}",
        blame=Blame.VENDOR_CHANGE,
        blame_reason=f"{max(one.learned for one in findings):,} good answers before {since:%Y-%m-%d %H:%M} UTC were "
        "otherwise, and the workflow reads that",
        workflow=first.workflow,
        step=first.step,
        title=f"{other.label} answers have CHANGED",
        regions=tuple(sorted({region for one in findings for region in one.regions})),
    )


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Without answers to look at nothing is over."""
    name = condition.key.partition("/")[0]
    if scene.config.integration(name) is None:
        return None
    if _is_down(scene, name, condition.workflow) or not scene.has_fresh(name):
        return replace(condition, note=NO_FRESH_DATA)
    return None


def is_telling(integration: Integration, finding: ShapeFinding, scene: Scene) -> bool:
    """Whether the workflow reads what has changed, and nobody has accepted that."""
    step = declared_step(integration, finding)
    if step is None or not is_read(step, finding.path, finding.change):
        return False
    if finding.failing and not step.always and not _fails_now(scene, finding):
        # Nobody has looked since: a good answer is not compared at once.
        return False
    today = scene.at.astimezone(UTC).date()
    return accepted(integration.accepted_changes, "shape", today, step=finding.step, path=finding.path) is None


def declared_step(integration: Integration, finding: ShapeFinding) -> Step | None:
    """The step as it is declared now; None when it is not any more, or is not watched."""
    steps = (step for one in integration.workflows if one.name == finding.workflow for step in one.steps)
    return next((step for step in steps if step.name == finding.step and step.shape == "watch"), None)


def what_changed(findings: Sequence[ShapeFinding]) -> str:
    """`$.id is gone (was string); $.size was number, is string`."""
    told = "; ".join(change_words(one) for one in findings[:MOST_PATHS])
    more = len(findings) - MOST_PATHS
    return f"{told}; and {more} more" if more > 0 else told


def change_words(finding: ShapeFinding) -> str:
    """What became of one path, old type and new type."""
    was, now = finding.was.replace("|", " or "), finding.now.replace("|", " or ")
    return {
        ShapeChange.REMOVED: f"{finding.path} is gone (was {was})",
        ShapeChange.RETYPED: f"{finding.path} was {was}, is {now}",
        ShapeChange.NULL: f"{finding.path} is null (was {was})",
        ShapeChange.NEW: f"{finding.path} is new ({now})",
    }[finding.change]


def _fails_now(scene: Scene, finding: ShapeFinding) -> bool:
    verdict = scene.verdict(finding.integration, finding.workflow)
    return verdict is not None and any(region.failing for region in verdict.regions)


def _is_down(scene: Scene, integration: str, workflow: str | None) -> bool:
    return any(
        one.rule is Rule.WORKFLOW_DOWN and one.subject == integration and one.workflow == workflow for one in scene.held
    )


RULE = RuleKind(_holds, _lingers)
