"""A number that a vendor's answers carry is out of the range that is expected of it, run after run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, NOT_CONFIRMED, RuleKind, Scene
from config.model import Recorded
from metrics.model import RecordedLevel


def _holds(scene: Scene) -> Iterator[Condition]:
    needed = scene.config.alerting.confirm.failures
    keys = dict.fromkeys(_key(level) for level in scene.evaluation.recorded if level.outside >= needed)
    for key in keys:
        yield _condition(scene, key, [one for one in _levels(scene, key) if one.outside >= needed])


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Over when every region that reports the number has had enough good ones in a row."""
    if not _is_declared(condition, scene):
        return None
    levels = [level for level in _levels(scene, condition.key) if level.region in condition.regions]
    if not levels:
        return replace(condition, note=NO_FRESH_DATA)
    needed = scene.tuning(Rule.RECORDED_VALUE, condition.subject).recoveries
    if all(level.within >= needed for level in levels):
        return None
    return replace(condition, note=NOT_CONFIRMED)


def _condition(scene: Scene, key: str, outside: Sequence[RecordedLevel]) -> Condition:
    worst = max(outside, key=lambda level: (level.outside, level.region))
    integration = scene.config.integration(worst.integration)
    label = integration.label if integration else worst.integration
    earlier = scene.earlier(Rule.RECORDED_VALUE, key)
    return Condition(
        key=key,
        rule=Rule.RECORDED_VALUE,
        tier=Tier.DEGRADED,
        subject=worst.integration,
        since=min(level.outside_since or level.at for level in outside),
        summary=what_is_expected(worst),
        blame=Blame.UNKNOWN,
        blame_reason="the vendor answers, with a number outside the range that is declared for it",
        workflow=worst.workflow,
        run_ids=tuple(level.run_id for level in outside if level.run_id),
        title=f"{label} {spoken(worst.name)} OUT OF RANGE",
        regions=tuple(sorted({level.region for level in outside} | set(earlier.regions if earlier else ()))),
    )


def what_is_expected(level: RecordedLevel) -> str:
    """`event match quality 4.1 points, at least 6 is expected; 3 runs in a row from local`."""
    unit = f" {level.recorded.unit}" if level.recorded.unit else ""
    row = f"{level.outside} runs in a row from {level.region}"
    return f"{spoken(level.name)} {level.value:g}{unit}, {_range(level.recorded)} is expected; {row}"


def spoken(name: str) -> str:
    """`event_match_quality` → `event match quality`."""
    return name.replace("_", " ")


def _range(recorded: Recorded) -> str:
    if recorded.at_least is not None and recorded.at_most is not None:
        return f"{recorded.at_least:g} to {recorded.at_most:g}"
    return f"at least {recorded.at_least:g}" if recorded.at_least is not None else f"at most {recorded.at_most:g}"


def _levels(scene: Scene, key: str) -> list[RecordedLevel]:
    return [level for level in scene.evaluation.recorded if _key(level) == key]


def _is_declared(condition: Condition, scene: Scene) -> bool:
    """With a range: one that was taken out ends what was said of it."""
    integration = scene.config.integration(condition.subject)
    workflows = integration.workflows if integration else ()
    return any(
        condition.key == f"{condition.subject}/{Rule.RECORDED_VALUE}/{workflow.name}:{name}"
        and (recorded.at_least is not None or recorded.at_most is not None)
        for workflow in workflows
        for step in workflow.steps
        for name, recorded in step.record.items()
    )


def _key(level: RecordedLevel) -> str:
    return f"{level.integration}/{Rule.RECORDED_VALUE}/{level.workflow}:{level.name}"


RULE = RuleKind(_holds, _lingers)
