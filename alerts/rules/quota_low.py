"""A quota bucket has less left than the integration reserves for the business.

A bucket that is forecast to run out says so itself (`quota_forecast`): one cause, one condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.rules.quota_forecast import forecast_holds
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene
from metrics.quota.model import QuotaLevel

MIN_WINDOW_S: Final = 300.0
"""A bucket that refills faster than this is full again before anybody could act."""
STALE_AFTER: Final = timedelta(hours=1)
CLEAR_MARGIN: Final = 1.1
"""Over only when a tenth more than the reserve is left, so that one call does not flip it."""


def _holds(scene: Scene) -> Iterator[Condition]:
    for level in scene.evaluation.quotas:
        reserve = _reserve(scene, level.integration)
        if reserve is None or level.left is None or level.left >= reserve:
            continue
        if _is_lasting(level) and not _is_stale(level, scene) and not _said_already(level, scene):
            yield _condition(scene, level, reserve)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    reserve = _reserve(scene, condition.subject)
    if reserve is None:
        return None
    level = next((q for q in scene.evaluation.quotas if _key(q) == condition.key), None)
    if level is None or level.left is None or _is_stale(level, scene):
        return replace(condition, note=NO_FRESH_DATA)
    if _said_already(level, scene):
        return None
    return condition if level.left < min(1.0, reserve * CLEAR_MARGIN) else None


def _condition(scene: Scene, level: QuotaLevel, reserve: float) -> Condition:
    integration = scene.config.integration(level.integration)
    label = integration.label if integration else level.integration
    left = level.left or 0.0
    amount = (
        f" ({level.remaining:g} of {level.limit:g} {level.unit})" if level.remaining is not None and level.limit else ""
    )
    reset = f"; resets {level.reset_at:%Y-%m-%d %H:%M} UTC" if level.reset_at else ""
    return Condition(
        key=_key(level),
        rule=Rule.QUOTA_LOW,
        tier=Tier.DEGRADED,
        subject=level.integration,
        since=level.observed_at,
        summary=f"{level.bucket}: {left:.0%} left{amount}, reserve {reserve:.0%}{reset}".replace("%", " %"),
        blame=Blame.QUOTA,
        blame_reason="less is left than the integration reserves for the business",
        title=f"{label} quota LOW",
    )


def _reserve(scene: Scene, name: str) -> float | None:
    integration = scene.config.integration(name)
    return integration.quota.reserve if integration else None


def _is_lasting(level: QuotaLevel) -> bool:
    short = level.window_s is not None and level.window_s < MIN_WINDOW_S
    return not short and level.window_kind != "leaky" and level.unit != "concurrency"


def _said_already(level: QuotaLevel, scene: Scene) -> bool:
    return forecast_holds(scene, level.integration, level.bucket)


def _is_stale(level: QuotaLevel, scene: Scene) -> bool:
    passed = level.reset_at is not None and level.reset_at <= scene.at
    return passed or scene.at - level.observed_at > STALE_AFTER


def _key(level: QuotaLevel) -> str:
    return f"{level.integration}/{Rule.QUOTA_LOW}/{level.vendor}:{level.credential}:{level.bucket}"


RULE = RuleKind(_holds, _lingers)
