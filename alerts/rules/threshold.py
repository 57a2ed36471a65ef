"""A static limit that the operator declared is crossed in m of the latest n buckets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, NOT_CONFIRMED, RuleKind, Scene, region_subject
from config.limits import LimitOn
from config.scalars import format_duration
from metrics.baseline.series import Measure
from metrics.learning.words import amount
from metrics.operating import LimitStanding, Usual

_NAMES = {
    LimitOn.LATENCY: "SLOW",
    LimitOn.TTFB: "SLOW to first byte",
    LimitOn.SYNC_LAG: "LATE to show what was written",
    LimitOn.ERROR_SHARE: "FAILS TOO OFTEN",
}
_LEARNED = {LimitOn.LATENCY: Measure.TOTAL, LimitOn.TTFB: Measure.TTFB, LimitOn.ERROR_SHARE: Measure.FAILURES}


def _holds(scene: Scene) -> Iterator[Condition]:
    grouped: dict[str, list[LimitStanding]] = defaultdict(list)
    for standing in scene.evaluation.limits:
        if standing.crossed >= standing.limit.crossed.m and not _is_told(scene, standing):
            grouped[_key(standing)].append(standing)
    for key, crossed in grouped.items():
        yield _condition(scene, key, crossed)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Over when every region that was beyond it has had enough good buckets; while it is down, the outage says it."""
    ours = [one for one in scene.evaluation.limits if _key(one) == condition.key and one.region in condition.regions]
    if not ours:
        return replace(condition, note=NO_FRESH_DATA) if _is_declared(condition, scene) else None
    if all(_is_told(scene, one) for one in ours):
        return None
    if all(value is None for one in ours for value in one.latest):
        return replace(condition, note=NO_FRESH_DATA)
    needed = scene.tuning(Rule.THRESHOLD, condition.subject).recoveries
    return None if all(one.within >= needed for one in ours) else replace(condition, note=NOT_CONFIRMED)


def _is_declared(condition: Condition, scene: Scene) -> bool:
    integration = scene.config.integration(condition.subject)
    limits = integration.limits if integration else ()
    return any(condition.key == f"{condition.subject}/{Rule.THRESHOLD}/{limit.text}" for limit in limits)


def _is_told(scene: Scene, standing: LimitStanding) -> bool:
    """What is down is slow and fails, too."""
    down = scene.holding(Rule.WORKFLOW_DOWN, standing.integration)
    return down or scene.holding(Rule.REGION_DOWN, region_subject(standing.region))


def _condition(scene: Scene, key: str, crossed: Sequence[LimitStanding]) -> Condition:
    worst = max(crossed, key=lambda one: (one.crossed, one.value or 0.0, one.region))
    limit, integration = worst.limit, scene.config.integration(worst.integration)
    label = integration.label if integration else worst.integration
    usual = _usual(scene, worst)
    declared = scene.regions_of(worst.integration, limit.workflow)
    here = ", ".join(sorted(one.region for one in crossed))
    earlier = scene.earlier(Rule.THRESHOLD, key)
    return Condition(
        key=key,
        rule=Rule.THRESHOLD,
        tier=Tier.URGENT if limit.page else Tier.DEGRADED,
        subject=worst.integration,
        since=worst.until - limit.crossed.n * limit.bucket,
        summary=_summary(worst) + (f"; {usual.words}" if usual else ""),
        blame=Blame.NETWORK if len(crossed) < len(declared) and limit.is_time else Blame.UNKNOWN,
        blame_reason=f"beyond the limit that is declared for it, from {here}" + (f"; {usual.words}" if usual else ""),
        workflow=limit.workflow,
        region_count=f"{len(crossed)}/{len(declared)}",
        title=f"{label} {_NAMES[limit.on]}",
        regions=tuple(sorted({one.region for one in crossed} | set(earlier.regions if earlier else ()))),
    )


def _summary(standing: LimitStanding) -> str:
    """`P95 812 ms from local, limit 500 ms, crossed in 3 of 3 buckets of 5m (15 runs)`."""
    limit = standing.limit
    scope = f"{limit.workflow}: " if limit.workflow else ""
    what = f"{limit.percentile.upper()} " if limit.is_time else ""
    crossed = f"crossed in {standing.crossed} of {limit.crossed.n} buckets of {format_duration(limit.bucket)}"
    seen, most = _figure(standing, standing.value or 0.0), _figure(standing, limit.figure)
    return f"{scope}{what}{seen} from {standing.region}, limit {most}, {crossed} ({standing.samples} runs)"


def _figure(standing: LimitStanding, figure: float) -> str:
    if standing.limit.is_time:
        return amount(figure, Measure.TOTAL)
    return f"{figure * 100:.3g} % failed" if figure != standing.limit.figure else f"{figure * 100:.3g} %"


def _usual(scene: Scene, standing: LimitStanding) -> Usual | None:
    """The slowest step decides how long a run's slowest request takes, usually as now."""
    limit = standing.limit
    found = (one for one in scene.usual_of(standing.integration) if one.region == standing.region)
    if limit.workflow is not None:
        found = (one for one in found if one.workflow == limit.workflow)
    return max(_same(found, limit.on), key=lambda one: one.figure, default=None)


def _same(found: Iterable[Usual], on: LimitOn) -> Iterator[Usual]:
    if on is LimitOn.SYNC_LAG:
        return (one for one in found if one.subject == "sync_lag_ms")
    return (one for one in found if one.measure == _LEARNED[on])


def _key(standing: LimitStanding) -> str:
    return f"{standing.integration}/{Rule.THRESHOLD}/{standing.limit.text}"


RULE = RuleKind(_holds, _lingers)
