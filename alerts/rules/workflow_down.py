"""A workflow fails, confirmed, in more than the quorum's share of the regions that report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from alerts.blame import blame, witnesses
from alerts.model import Blame, Condition, Rule, Tier
from alerts.rules.shape_drift import is_telling, what_changed
from alerts.scene import NO_FRESH_DATA, NOT_CONFIRMED, RuleKind, Scene
from config.model import Integration
from metrics.baseline.series import Measure
from metrics.changing import ShapeChange
from metrics.model import RegionVerdict, WorkflowVerdict
from metrics.state import failing_regions, is_down
from probes.judging import NEVER_HELD
from probes.model import FailureKind


def _holds(scene: Scene) -> Iterator[Condition]:
    confirm = scene.config.alerting.confirm
    for integration, verdict in scene.workflows():
        counted = replace(verdict, regions=scene.reporting(verdict))
        failing = failing_regions(counted, confirm)
        if is_down(counted, confirm):
            yield _condition(scene, _blamed(scene, integration, failing), counted, failing)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    if scene.config.integration(condition.subject) is None:
        return None
    pending = _not_recovered(condition, scene)
    if pending is None:
        return None
    regions, note = pending
    return replace(condition, regions=regions, note=note)


def _not_recovered(condition: Condition, scene: Scene) -> tuple[tuple[str, ...], str] | None:
    """The regions that failed and have not recovered, with the reason; None when it is over."""
    owner = condition.seen_by or condition.subject
    declared = scene.regions_of(owner, condition.workflow)
    verdict = scene.verdict(owner, condition.workflow)
    counted = {r.region: r for r in scene.reporting(verdict)} if verdict else {}
    needed = scene.tuning(Rule.WORKFLOW_DOWN, condition.subject).recoveries
    moved_on = {name for name, r in counted.items() if r.failing and _fails_in(r, owner) != condition.subject}
    failed = [name for name in condition.regions if name in declared and name not in moved_on]
    silent = [name for name in failed if name not in counted]
    pending = [name for name in failed if name in counted and counted[name].good < needed]
    if not silent and not pending:
        return None
    return tuple(sorted({*silent, *pending})), NOT_CONFIRMED if pending else NO_FRESH_DATA


def _fails_in(region: RegionVerdict, owner: str) -> str:
    """What fails in another integration is that one's outage: the workflow's own has let it through."""
    return region.failed_integration or owner


def _condition(
    scene: Scene, integration: Integration, counted: WorkflowVerdict, failing: tuple[RegionVerdict, ...]
) -> Condition:
    across = counted.integration if counted.integration != integration.name else None
    named = f"{across}/{counted.workflow}" if across else counted.workflow
    key = f"{integration.name}/{Rule.WORKFLOW_DOWN}/{named}"
    first = min(failing, key=lambda r: (r.failing_since or r.last_run_at, r.region))
    fine = tuple(r for r in counted.regions if not r.failing)
    whose, why = blame(failing, fine, witnesses(scene, integration, failing))
    if across and _never_came(first):
        whose, why = Blame.UNKNOWN, f"what was written to {across} does not show up in {integration.name}"
    return Condition(
        key=key,
        rule=Rule.WORKFLOW_DOWN,
        tier=Tier.URGENT,
        subject=integration.name,
        since=first.failing_since or first.last_run_at,
        summary=what_failed(first),
        blame=whose,
        blame_reason=why
        + _what_changed(scene, integration, counted.workflow, first.failed_step)
        + _usually(scene, counted, first),
        workflow=counted.workflow,
        step=first.failed_step,
        region_count=f"{len(failing)}/{len(counted.regions)}",
        evidence_ids=tuple(r.evidence_id for r in failing if r.evidence_id),
        run_ids=tuple(r.run_id for r in failing if r.run_id),
        title=f"{integration.label} {named} DOWN",
        regions=_still_failed(scene, key, failing),
        seen_by=across,
    )


def _blamed(scene: Scene, integration: Integration, failing: tuple[RegionVerdict, ...]) -> Integration:
    """The integration of the steps that fail: another one, if they all were sent there."""
    where = {region.failed_integration for region in failing}
    other = scene.config.integration(next(iter(where)) or "") if len(where) == 1 else None
    return other or integration


def _never_came(region: RegionVerdict) -> bool:
    return region.kind is FailureKind.ASSERTION and NEVER_HELD in (region.message or "")


def _what_changed(scene: Scene, integration: Integration, workflow: str, step: str | None) -> str:
    """The paths at which the failing step's answers differ from those before, the ones that are read first."""
    place = (integration.name, workflow, step)
    failing = [f for f in scene.evaluation.drift if f.failing and (f.integration, f.workflow, f.step) == place]
    read = [one for one in failing if is_telling(integration, one, scene)]
    gone = [one for one in failing if one.change is not ShapeChange.NEW]
    found = read or gone
    return f": {what_changed(found)}" if found else ""


def _usually(scene: Scene, counted: WorkflowVerdict, first: RegionVerdict) -> str:
    """How often it fails otherwise, at this hour."""
    for one in scene.usual_of(counted.integration):
        if (one.workflow, one.region, one.measure) == (counted.workflow, first.region, Measure.FAILURES):
            return f"; {one.words}"
    return ""


def _still_failed(scene: Scene, key: str, failing: tuple[RegionVerdict, ...]) -> tuple[str, ...]:
    """Failing now, or failed earlier in this outage and not recovered since."""
    earlier = scene.earlier(Rule.WORKFLOW_DOWN, key)
    pending = _not_recovered(earlier, scene) if earlier else None
    return tuple(sorted({r.region for r in failing} | set(pending[0] if pending else ())))


def what_failed(region: RegionVerdict) -> str:
    """`create → 503`, `create → connect: connection refused`: the step and what came of it."""
    step = region.failed_step or "run"
    by_status = region.kind in (FailureKind.STATUS_4XX, FailureKind.STATUS_5XX, FailureKind.AUTH)
    if by_status and region.status is not None:
        return f"{step} → {region.status}"
    kind = str(region.kind).replace("_", " ") if region.kind else "failed"
    message = " ".join((region.message or "").split())
    return (
        f"{step} → {kind}: {message[:119] + '…' if len(message) > 120 else message}" if message else f"{step} → {kind}"
    )


RULE = RuleKind(_holds, _lingers)
