"""A workflow is slower, or fails more often, than is normal for it at this hour, as learned from its own past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.old_news import is_old_news
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene, region_subject
from metrics.baseline.series import Measure
from metrics.model import LearnedVerdict

_MANY: Final = 3
"""So many integrations at least, and half of all, that are slow in a region at once: that is not one of them."""
_SLOW: Final = frozenset({Measure.TOTAL, Measure.TTFB})
_HOW: Final = {Measure.FAILURES: "FAILS MORE", Measure.RECORDED: "HIGHER"}
"""What is said of a measure that is not a latency."""


def _holds(scene: Scene) -> Iterator[Condition]:
    grouped: dict[str, list[LearnedVerdict]] = defaultdict(list)
    for verdict in scene.evaluation.learned or ():
        if scene.config.integration(verdict.key.integration) is not None and not _is_told(scene, verdict):
            grouped[_key(verdict)].append(verdict)
    for key, verdicts in grouped.items():
        yield _condition(scene, key, verdicts)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Nothing is over because it is not known yet."""
    if scene.config.integration(condition.subject) is None:
        return None
    return replace(condition, note=NO_FRESH_DATA) if scene.evaluation.learned is None else None


def _is_told(scene: Scene, verdict: LearnedVerdict) -> bool:
    """An integration that is down is slow, too, and so is one in a region without a network. For an hour after an
    outage its failures are many."""
    name = verdict.key.integration
    if scene.holding(Rule.WORKFLOW_DOWN, name) or scene.holding(Rule.REGION_DOWN, region_subject(verdict.key.region)):
        return True
    since = verdict.since if verdict.window is None else verdict.at - verdict.window
    return verdict.key.measure == Measure.FAILURES and is_old_news(scene, [name], since)


def _condition(scene: Scene, key: str, verdicts: Sequence[LearnedVerdict]) -> Condition:
    """One per workflow, however many of its steps and regions are off; the worst of them speaks."""
    worst = max(verdicts, key=lambda one: (one.seen / one.limit if one.limit else inf, one.key))
    integration = scene.config.integration(worst.key.integration)
    label = integration.label if integration else worst.key.integration
    others = len(verdicts) - 1
    more = f" (and {others} more of its figures)" if others else ""
    blamed, why = _blame(scene, worst)
    return Condition(
        key=key,
        rule=Rule.UNUSUAL,
        tier=Tier.DEGRADED,
        subject=worst.key.integration,
        since=min(one.since for one in verdicts),
        summary=f"{_what(worst)}: {worst.words}{more}",
        blame=blamed,
        blame_reason=why,
        workflow=worst.key.workflow,
        title=f"{label} {_HOW.get(Measure(worst.key.measure), 'SLOWER')} THAN USUAL",
        regions=tuple(sorted({one.key.region for one in verdicts})),
    )


def _what(verdict: LearnedVerdict) -> str:
    key = verdict.key
    if key.measure == Measure.FAILURES:
        return f"{key.workflow} from {key.region}"
    measure = {Measure.TTFB: " to first byte", Measure.TOTAL: ""}.get(Measure(key.measure), "")
    return f"{key.workflow}, {key.subject}{measure} from {key.region}"


def _blame(scene: Scene, worst: LearnedVerdict) -> tuple[Blame, str]:
    region = worst.key.region
    if worst.key.measure == Measure.FAILURES:
        return Blame.VENDOR, "more of its answers fail than chance explains at this hour"
    if worst.key.measure == Measure.RECORDED:
        return Blame.UNKNOWN, "the vendor answers, with a number that is higher than it is at this hour"
    there = {one.name for one in scene.config.integrations if any(region in w.regions for w in one.workflows)}
    keys = (one.key for one in scene.evaluation.learned or ())
    slow = {key.integration for key in keys if key.region == region and key.measure in _SLOW} & there
    if len(slow) >= _MANY and 2 * len(slow) >= len(there):
        return Blame.NETWORK, f"{len(slow)} of {len(there)} integrations are slow from {region} at once"
    others = f"{len(slow) - 1} of {len(there) - 1} others do so from {region}, too few to be the network"
    why = "it answers more slowly than it does at this hour"
    return Blame.VENDOR, f"{why}; {others}" if len(slow) > 1 else f"{why}, and no other integration does"


def _key(verdict: LearnedVerdict) -> str:
    what = "failures" if verdict.key.measure == Measure.FAILURES else "latency"
    return f"{verdict.key.integration}/{Rule.UNUSUAL}/{verdict.key.workflow}:{what}"


RULE = RuleKind(_holds, _lingers)
