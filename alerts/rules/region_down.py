"""A region has lost its network: every integration it watches fails to connect at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NETWORK_KINDS, NO_FRESH_DATA, NOT_CONFIRMED, RuleKind, Scene, region_subject
from metrics.model import RegionVerdict

MIN_INTEGRATIONS = 3
"""Fewer failing to connect at once may well be their own fault."""
_ALIKE = 2
"""So many that cannot be reached from another region either begin to look like more than one region's network."""
_AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _View:
    """A region's fresh verdicts, by integration."""

    region: str
    verdicts: dict[str, tuple[RegionVerdict, ...]]

    def unreachable(self) -> dict[str, RegionVerdict]:
        """Integrations of which a workflow fails to connect."""
        found = {}
        for name, verdicts in self.verdicts.items():
            cut = [v for v in verdicts if v.failing and v.kind in NETWORK_KINDS]
            if cut:
                found[name] = max(cut, key=lambda v: v.failing)
        return found

    def begins(self) -> dict[str, datetime]:
        """Since when each of them fails."""
        return {name: v.failing_since or v.last_run_at for name, v in self.unreachable().items()}

    def cut_since(self) -> datetime:
        """When they began to fail: the median, so that one that has been unreachable for days does not set the date."""
        starts = sorted(self.begins().values())
        return starts[(len(starts) - 1) // 2]


def _holds(scene: Scene) -> Iterator[Condition]:
    views = _views(scene)
    lost = [view for view in views if _is_lost(view, scene)]
    # Every region failing everywhere points at the vendors, not at one region's network.
    if len(lost) == 1 and not any(_begins_alike(view, lost[0]) for view in views if view is not lost[0]):
        yield _condition(lost[0])


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Over as soon as one integration has answered often enough from there."""
    region = condition.subject.removeprefix("region:")
    view = next((v for v in _views(scene) if v.region == region), None)
    if view is None:
        return replace(condition, note=NO_FRESH_DATA) if _is_configured(scene, region) else None
    needed = scene.tuning(Rule.REGION_DOWN, condition.subject).recoveries
    if any(v.good >= needed for verdicts in view.verdicts.values() for v in verdicts):
        return None
    return replace(condition, note=NOT_CONFIRMED)


def _views(scene: Scene) -> list[_View]:
    found: dict[str, dict[str, tuple[RegionVerdict, ...]]] = {}
    for integration, verdict in scene.workflows():
        for region in verdict.regions:
            if scene.fresh(verdict, region):
                by_name = found.setdefault(region.region, {})
                # A step that was sent elsewhere says nothing of how this one can be reached.
                name = region.failed_integration or integration.name
                by_name[name] = (*by_name.get(name, ()), region)
    return [_View(region, verdicts) for region, verdicts in sorted(found.items())]


def _is_lost(view: _View, scene: Scene) -> bool:
    cut = view.unreachable()
    if len(cut) < MIN_INTEGRATIONS or max(v.failing for v in cut.values()) < scene.config.alerting.confirm.failures:
        return False
    start = view.cut_since()
    answers = [v for vs in view.verdicts.values() for v in vs if not (v.failing and v.kind in NETWORK_KINDS)]
    answered_since = any(v.last_run_at > start for v in answers)
    return not answered_since and len(cut) > len(view.verdicts) - len(cut)


def _begins_alike(view: _View, lost: _View) -> bool:
    """Whether most of what was tried from another region since then cannot be reached from there either."""
    begins = lost.begins()
    start = min(since for since in begins.values() if since >= lost.cut_since() - _AT_ONCE)
    cut = view.begins()
    news = [name for name, since in cut.items() if since >= start]
    tried = [name for name, vs in view.verdicts.items() if any(v.last_run_at >= start for v in vs)]
    asked = [name for name in tried if name in news or name not in cut]
    return len(news) >= _ALIKE and 2 * len(news) > len(asked)


def _condition(view: _View) -> Condition:
    cut = view.unreachable()
    names = ", ".join(sorted(cut))
    kinds = "/".join(sorted({str(v.kind) for v in cut.values()}))
    return Condition(
        key=f"{region_subject(view.region)}/{Rule.REGION_DOWN}",
        rule=Rule.REGION_DOWN,
        tier=Tier.URGENT,
        subject=region_subject(view.region),
        since=min(v.failing_since or v.last_run_at for v in cut.values()),
        summary=f"{len(cut)} of {len(view.verdicts)} integrations unreachable ({kinds}): {names}",
        blame=Blame.NETWORK,
        blame_reason=f"all integrations of {view.region} fail to connect at once; no other region says so",
        title=f"Region {view.region} has NO NETWORK",
        regions=(view.region,),
        evidence_ids=tuple(v.evidence_id for _, v in sorted(cut.items()) if v.evidence_id),
        run_ids=tuple(v.run_id for _, v in sorted(cut.items()) if v.run_id),
    )


def _is_configured(scene: Scene, region: str) -> bool:
    return any(region in scene.regions_of(i.name) for i in scene.config.integrations)


RULE = RuleKind(_holds, _lingers)
