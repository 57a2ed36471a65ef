"""An integration's standing as the flat mapping that the `Tiles` component draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.dashboard import wording
from app.dashboard.elements import STATE_WORDS
from app.dashboard.view import Standing
from config.model import Integration, Sli
from metrics.model import ObjectiveStatus, Rates, State
from metrics.quota.model import QuotaLevel

TRIAGE: Final = (State.DOWN, State.DEGRADED, State.THROTTLED, State.UNSTABLE, State.NO_DATA, State.UP)
"""Who needs attention first. No data stands before `up`: it may hide anything."""
_TIERS: Final = ("critical", "important", "minor")
_WELL_ABOVE: Final = 1.25


def tiles(standings: Sequence[Standing], now: datetime) -> list[dict[str, Any]]:
    """Worst first, then the tier that hurts most, then the least budget, then by name."""
    return [tile(standing, now) for standing in sorted(standings, key=_urgency)]


def tile(standing: Standing, now: datetime) -> dict[str, Any]:
    """Everything one tile shows, already in words; shares stay numbers where a bar is drawn."""
    declared, summary = standing.declared, standing.summary
    budget = scarcest_budget(standing.objectives)
    level = scarcest_quota(standing.quotas)
    return {
        "name": declared.name,
        "label": declared.label,
        "href": f"/integration/{declared.name}",
        "state": standing.state.value,
        "word": STATE_WORDS[standing.state],
        "tier": declared.tier.value,
        "sub": " · ".join([declared.vendor, declared.tier.value, *declared.flows]),
        "haystack": _haystack(declared, standing.state),
        "incident": standing.incidents[0].title if standing.incidents else "",
        "p95": wording.milliseconds(summary.latency_1h.p95),
        "sample": wording.samples("P95 · last 1 h", summary.latency_1h.n, exact=summary.latency_1h.exact),
        "normal": _normal(summary.normal_p95_ms, summary.normal_days, now),
        "normalTone": _tone(summary.latency_1h.p95, summary.normal_p95_ms),
        "spark": [None if value is None else round(value, 1) for value in summary.sparkline_p95],
        "availability": wording.share(summary.availability_30d.share),
        "budget": budget.budget_left if budget else None,
        "budgetText": budget_words(budget),
        "quota": level.left if level else None,
        "quotaName": f"Quota · {level.bucket}" if level else "Quota",
        "quotaText": wording.share(level.left, 0) if level and level.left is not None else "not reported",
        "lastRunAt": wording.epoch_ms(summary.last_run_at) if summary.last_run_at else None,
        "lateMs": _late_after(declared).total_seconds() * 1000,
        "errors": error_words(summary.rates_24h),
        "simulated": _simulated(standing),
    }


def scarcest_budget(objectives: Sequence[ObjectiveStatus]) -> ObjectiveStatus | None:
    """The availability objective with the least budget left, or of any kind where none is on availability."""
    known = [o for o in objectives if o.budget_left is not None]
    chosen = [o for o in known if o.objective.sli is Sli.AVAILABILITY] or known
    return min(chosen, key=lambda o: o.budget_left or 0.0, default=None)


def scarcest_quota(levels: Sequence[QuotaLevel]) -> QuotaLevel | None:
    """The bucket with the least left; one that is not reported only if there is no other."""
    return min(levels, key=lambda level: (level.left is None, level.left or 0.0), default=None)


def budget_words(status: ObjectiveStatus | None) -> str:
    """`43 %`, `spent`, `−120 %`; `no data` without any."""
    if status is None or status.budget_left is None:
        return "no data"
    left = status.budget_left
    return "spent" if left == 0 else wording.share(left, 0) if left > 0 else f"−{wording.share(-left, 0)}"


def error_words(rates: Rates) -> list[str]:
    """Every error class that occurred in the last 24 h, with its share."""
    named = {
        "5xx": rates.server_errors,
        "4xx": rates.client_errors,
        "network": rates.network,
        "wrong answer": rates.correctness,
        "throttled": rates.throttled,
    }
    return [f"{name} {wording.share(value)} in 24 h" for name, value in named.items() if value]


def _normal(normal: float | None, days: int, now: datetime) -> str:
    if normal is None:
        return "no normal yet"
    return f"usually {wording.milliseconds(normal)} at {now:%H}:00 ({days} d)"


def _tone(p95: float | None, normal: float | None) -> str:
    return "warn" if p95 is not None and normal is not None and p95 > normal * _WELL_ABOVE else ""


def _late_after(declared: Integration) -> timedelta:
    """An integration that has not run for three of its intervals is overdue."""
    return 3 * min(workflow.every for workflow in declared.workflows) + timedelta(seconds=15)


def _simulated(standing: Standing) -> str:
    slices = sum(o.simulated for o in standing.objectives)
    if not slices and not standing.summary.simulated_share_24h:
        return ""
    day = wording.share(standing.summary.simulated_share_24h, 0)
    return f"30-day figures include simulated history; of the last 24 h, {day} of the runs are simulated"


def _haystack(declared: Integration, state: State) -> str:
    words = [declared.name, declared.label, declared.vendor, declared.owner, declared.tier, *declared.flows]
    return " ".join([*words, STATE_WORDS[state]]).lower()


def _urgency(standing: Standing) -> tuple[int, int, float, str]:
    budget = scarcest_budget(standing.objectives)
    left = budget.budget_left if budget and budget.budget_left is not None else 1.0
    tier = _TIERS.index(standing.declared.tier)
    return TRIAGE.index(standing.state), tier, left, standing.declared.label.lower()
