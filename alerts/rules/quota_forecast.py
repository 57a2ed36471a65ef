"""A quota bucket will be gone before it is full again, if it goes on like this; or is gone already.

Holds only for a firm forecast: the whole of its bounds lies before the reset, on at least four readings over a quarter
of an hour, none of whose thirds alone says otherwise. One bulk job is no trend. It is over when the likely instant lies
past the reset again, so that a forecast on the edge does not come and go.

Urgent when it is gone within the hour and stays so for at least half an hour; degraded otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene
from metrics.quota.model import ForecastState, QuotaForecast

SOON: Final = timedelta(hours=1)
LONG_ENOUGH: Final = timedelta(minutes=30)
"""A bucket that is full again sooner wakes nobody: before they are at their desk it is over."""
BAD: Final = frozenset({ForecastState.RUNS_OUT, ForecastState.SPENT})
UNKNOWN: Final = frozenset({ForecastState.TOO_LITTLE_EVIDENCE, ForecastState.NOT_REPORTED})


def _holds(scene: Scene) -> Iterator[Condition]:
    for told in scene.evaluation.forecasts:
        if told.firm and told.state in BAD:
            yield _condition(scene, told)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    told = next((one for one in scene.evaluation.forecasts if _key(one) == condition.key), None)
    if told is None:
        return None
    if told.state in BAD:
        return replace(condition, summary=_summary(told))
    return replace(condition, note=NO_FRESH_DATA) if told.state in UNKNOWN else None


def _condition(scene: Scene, told: QuotaForecast) -> Condition:
    integration = scene.config.integration(told.subject)
    label = integration.label if integration else told.subject
    spent = told.state is ForecastState.SPENT
    return Condition(
        key=_key(told),
        rule=Rule.QUOTA_FORECAST,
        tier=_tier(told, scene.at),
        subject=told.subject,
        since=scene.at,
        summary=_summary(told),
        blame=Blame.QUOTA,
        blame_reason=_reason(told),
        title=f"{label} quota {'SPENT' if spent else 'RUNS OUT'}",
    )


def _tier(told: QuotaForecast, now: datetime) -> Tier:
    gone = max(told.at or now, now)
    back = told.reset.at
    lasts = back is None or back - gone >= LONG_ENOUGH
    return Tier.URGENT if gone - now <= SOON and lasts else Tier.DEGRADED


def _summary(told: QuotaForecast) -> str:
    others = f" (shared by {', '.join(told.integrations)})" if len(told.integrations) > 1 else ""
    return f"{told.bucket}{others}: {told.sentence}"


def _reason(told: QuotaForecast) -> str:
    share = told.probes.share if told.probes else None
    ours = "" if share is None else f"; our own probes make {max(share * 100, 0.1):.3g} % of it"
    return f"calls with our credential use up what the vendor grants{ours}"


def _key(told: QuotaForecast) -> str:
    return f"{told.subject}/{Rule.QUOTA_FORECAST}/{told.key}"


def forecast_holds(scene: Scene, integration: str, bucket: str) -> bool:
    """Whether this rule has already said of that bucket that it runs out."""
    keys = {
        _key(told) for told in scene.evaluation.forecasts if told.bucket == bucket and integration in told.integrations
    }
    return any(c.rule is Rule.QUOTA_FORECAST and c.key in keys for c in scene.held)


RULE = RuleKind(_holds, _lingers)
