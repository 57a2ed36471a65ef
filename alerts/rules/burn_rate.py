"""An objective's error budget burns too fast, by the table of burn windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from alerts.blame import blame
from alerts.messages import duration
from alerts.model import Blame, Condition, Rule, Tier
from alerts.old_news import is_old_news
from alerts.parties import Party, party
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene, region_subject
from config.model import Sli
from config.scalars import format_duration
from metrics.budgets import budget_words
from metrics.model import Burn, ObjectiveStatus, RegionVerdict

_BREAKS: Final = frozenset({Rule.WORKFLOW_DOWN, Rule.BURN_RATE})
_SLOWNESS: Final = frozenset({Sli.LATENCY, Sli.TTFB, Sli.SYNC_LAG})


def _holds(scene: Scene) -> Iterator[Condition]:
    before = {condition.key for condition in scene.before(Rule.BURN_RATE)}
    found: list[Condition] = []
    for status in scene.evaluation.objectives:
        whose = party(scene.config, status.integration)
        if whose is None or _cut_off(scene, whose):
            continue
        if whose.is_flow and burning_key(status) not in before and _told_by_members(scene, whose, found):
            continue
        news = [burn for burn in status.burns if burn.firing and not _remembers(scene, whose, burn)]
        if news:
            found.append(_condition(scene, whose, status, news))
    yield from found


def _told_by_members(scene: Scene, flow: Party, found: Iterable[Condition]) -> bool:
    """Whether an incident of one of its integrations tells of it already: one outage is one incident.

    The integrations' own objectives come before those of flows.
    """
    telling = {c.subject for c in (*scene.held, *found) if c.rule in _BREAKS}
    telling |= {
        incident.subject for incident in scene.known.open if any(c.rule in _BREAKS for c in incident.conditions)
    }
    return not telling.isdisjoint(flow.members)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Missing data ends nothing: neither a status that is not there nor windows that nobody measured."""
    status = scene.backdrop.statuses.get(_place(condition))
    whose = party(scene.config, condition.subject)
    if whose is None:
        return None
    if status is None:
        blind = bool(whose.promised and not scene.evaluation.objectives)
        return replace(condition, note=NO_FRESH_DATA) if blind else None
    if any(burn.firing for burn in status.burns):
        # Firing, yet not found by `_holds`: either its region lost its network, or it has been told.
        return replace(condition, note=NO_FRESH_DATA) if _cut_off(scene, whose) else None
    blind = any(burn.long_burn is None or burn.short_burn is None for burn in status.burns)
    if blind or not any(scene.has_fresh(name) for name in whose.members):
        return replace(condition, note=NO_FRESH_DATA)
    return None


def _remembers(scene: Scene, whose: Party, burn: Burn) -> bool:
    return is_old_news(scene, whose.members, scene.at - burn.pair.short, whose.subject)


def _cut_off(scene: Scene, whose: Party) -> bool:
    """Whether a region that watches it has no network: then the bad slices are the network's."""
    regions = {region for name in whose.members for region in scene.regions_of(name)}
    return any(scene.holding(Rule.REGION_DOWN, region_subject(region)) for region in regions)


def _condition(scene: Scene, whose: Party, status: ObjectiveStatus, firing: Sequence[Burn]) -> Condition:
    paging = status.objective.page and any(burn.pair.severity == "page" for burn in firing)
    worst = max(firing, key=lambda b: (b.pair.severity == "page", b.long_burn or 0.0))
    failing, (blamed, why) = _failing(scene, whose), _cause(scene, whose, status)
    return Condition(
        key=burning_key(status),
        rule=Rule.BURN_RATE,
        tier=Tier.URGENT if paging else Tier.DEGRADED,
        subject=whose.subject,
        since=scene.at,
        summary=_summary(status, worst),
        blame=blamed,
        blame_reason=why,
        workflow=status.objective.workflow,
        title=f"{whose.label} {str(status.objective.sli).replace('_', ' ')} budget BURNING",
        evidence_ids=tuple(r.evidence_id for r in failing if r.evidence_id),
        run_ids=tuple(r.run_id for r in failing if r.run_id),
    )


def _cause(scene: Scene, whose: Party, status: ObjectiveStatus) -> tuple[Blame, str]:
    """Known only while something fails: a budget says how much is bad, not why."""
    if status.objective.sli in _SLOWNESS:
        return Blame.UNKNOWN, "answers come, but too slowly; the phases on the dashboard say where the time goes"
    if status.objective.sli is Sli.RECORDED:
        return Blame.UNKNOWN, f"answers come, but {status.objective.value} is out of the range that is promised"
    failing = _failing(scene, whose)
    if not failing:
        return Blame.UNKNOWN, "nothing fails at this moment; see the latest failed runs"
    fine = [region for region in _reporting(scene, whose) if not region.failing]
    return blame(failing, fine)


def _failing(scene: Scene, whose: Party) -> list[RegionVerdict]:
    found = _reporting(scene, whose)
    return [region for region in found if region.failing and region.failed_integration is None]


def _reporting(scene: Scene, whose: Party) -> list[RegionVerdict]:
    return [region for name in whose.members for v in scene.verdicts_of(name) for region in scene.reporting(v)]


def _summary(status: ObjectiveStatus, burn: Burn) -> str:
    long, short = format_duration(burn.pair.long), format_duration(burn.pair.short)
    parts = [
        f"{status.key} burns {burn.long_burn or 0:.1f}× in {long} and {burn.short_burn or 0:.1f}× in {short}"
        f" (limit {burn.pair.factor:g}×); {burn.bad_in_long} bad slices in {long}"
    ]
    if status.sli is not None:
        measured = f"{status.good + status.bad:,} of {status.expected:,} slices measured"
        parts.append(f"{status.sli * 100:.3f} % good, objective {status.objective.target * 100:.10g} % ({measured})")
    if status.budget_left is not None:
        parts.append(budget_words(status.budget_left) + _until(status))
    return "; ".join(parts)


def _until(status: ObjectiveStatus) -> str:
    """When it is gone, if things go on like this."""
    if not status.exhausted_in or status.pace_over is None:
        return ""
    return f", gone in {duration(status.exhausted_in)} at the pace of the last {format_duration(status.pace_over)}"


def burning_key(status: ObjectiveStatus) -> str:
    """Of the condition that tells of it."""
    return f"{status.integration}/{Rule.BURN_RATE}/{status.key}"


def _place(condition: Condition) -> tuple[str, str]:
    """Integration and the objective's key."""
    subject, _, key = condition.key.partition(f"/{Rule.BURN_RATE}/")
    return subject, key


RULE = RuleKind(_holds, _lingers)
