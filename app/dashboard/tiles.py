"""An integration's standing as the flat mapping that the `Tiles` component draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from app.dashboard import wording
from app.dashboard.overview.bands import band
from app.dashboard.overview.regions import TRIAGE, Cell, regions_of, unseen
from app.dashboard.quotas import worst_first
from app.dashboard.view import Standing
from config.model import Integration, Sli
from metrics.learning.band import Standing as Learned
from metrics.model import Latency, ObjectiveStatus, Rates, State
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.store.usual_hours import Bands

__all__ = ["TRIAGE", "Around", "scarcest_budget", "tile", "tiles"]

COMPACT_FROM: Final = 40
"""More than so many, and those that are up are drawn small."""
_TIERS: Final = ("critical", "important", "minor")
_WELL_ABOVE: Final = 1.25
_QUOTA_ENDS: Final = {ForecastState.SPENT: "spent", ForecastState.RUNS_OUT: "runs out"}


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the integrations beside their standings; each by its name."""

    forecasts: Mapping[str, Sequence[QuotaForecast]] = field(default_factory=dict)
    learned: Mapping[str, Learned] = field(default_factory=dict)
    regions: Mapping[str, list[Cell]] = field(default_factory=dict)
    usual: Bands = field(default_factory=dict)


def tiles(standings: Sequence[Standing], now: datetime, around: Around | None = None) -> list[dict[str, Any]]:
    """Worst first, then what has just come back, then the tier that hurts most, then the least budget, then by name. Of
    very many, those that are up are small."""
    known, dense = around or Around(), len(standings) > COMPACT_FROM
    ordered = sorted(standings, key=_urgency)
    return [tile(one, now, known, compact=dense and one.state is State.UP and not one.recovery) for one in ordered]


def tile(standing: Standing, now: datetime, around: Around, *, compact: bool = False) -> dict[str, Any]:
    """Everything one tile shows, already in words; shares stay numbers where a bar is drawn."""
    declared = standing.declared
    found = {
        "name": declared.name,
        "label": declared.label,
        "state": standing.state.value,
        "tier": declared.tier.value,
        "vendor": declared.vendor,
        "owner": declared.owner,
        "flows": list(declared.flows),
        "regions": around.regions.get(declared.name) or [unseen(name) for name in regions_of(declared)],
        "compact": compact,
        **_latency(standing, now),
        **_budget(standing),
    }
    return found if compact else found | _details(standing, now, around)


def _details(standing: Standing, now: datetime, around: Around) -> dict[str, Any]:
    name, summary = standing.declared.name, standing.summary
    return {
        "incident": standing.incidents[0].title if standing.incidents else "",
        "note": _recovered(standing, now),
        "lastRunAt": wording.epoch_ms(summary.last_run_at) if summary.last_run_at else None,
        "lateMs": _late_after(standing.declared).total_seconds() * 1000,
        "errors": error_words(summary.rates_24h),
        "simulated": _simulated(standing),
        **band(around.learned.get(name), now),
        **_sparkline(standing, around.usual),
        **_quota(around.forecasts.get(name, ()), now),
    }


def scarcest_budget(objectives: Sequence[ObjectiveStatus]) -> ObjectiveStatus | None:
    """The availability objective with the least budget left, or of any kind where none is on availability."""
    known = [o for o in objectives if o.budget_left is not None]
    chosen = [o for o in known if o.objective.sli is Sli.AVAILABILITY] or known
    return min(chosen, key=lambda o: o.budget_left or 0.0, default=None)


def by_integration(forecasts: Iterable[QuotaForecast]) -> dict[str, list[QuotaForecast]]:
    """The buckets that each draws on, the worst first."""
    found: dict[str, list[QuotaForecast]] = {}
    for told in worst_first(forecasts):
        for name in told.integrations:
            found.setdefault(name, []).append(told)
    return found


def budget_words(status: ObjectiveStatus | None) -> str:
    """`43 %`, `spent`, `overspent 20 %`, `spent 33×`; `no data` without any."""
    if status is None or status.budget_left is None:
        return "no data"
    left = status.budget_left
    if left > 0:
        return wording.share(left, 0)
    return "spent" if left == 0 else f"overspent {wording.share(-left, 0)}" if left > -1 else f"spent {1 - left:,.0f}×"


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


def _latency(standing: Standing, now: datetime) -> dict[str, Any]:
    summary = standing.summary
    hour, normal = summary.latency_1h, summary.normal_p95_ms
    above = hour.p95 is not None and normal is not None and hour.p95 > normal * _WELL_ABOVE
    usually = f"usually {wording.milliseconds(normal)} at {now:%H}:00 ({summary.normal_days} d)"
    return {
        "p95": wording.milliseconds(hour.p95),
        "p95Title": _percentiles(hour),
        "sample": wording.samples("P95 · last 1 h", hour.n, exact=hour.exact),
        "normal": "no normal yet" if normal is None else usually,
        "normalTone": "warn" if above else "",
    }


def _percentiles(latency: Latency) -> str:
    if latency.p95 is None:
        return "no good answer in the last 1 h"
    named = {"P50": latency.p50, "P95": latency.p95, "P99": latency.p99, "max": latency.max}
    figures = " · ".join(f"{name} {value:,.1f} ms" for name, value in named.items() if value is not None)
    return f"{figures}\nlast 1 h · n {latency.n:,}{'' if latency.exact else ' · within 1 %'}"


def _sparkline(standing: Standing, usual: Bands) -> dict[str, Any]:
    """The P95 of each of the last 24 hours, and between which bounds that hour usually is."""
    summary = standing.summary
    points = [None if value is None else round(value, 1) for value in summary.sparkline_p95]
    known = [value for value in points if value is not None]
    span = f"P95 by hour, {min(known):,.1f} to {max(known):,.1f} ms" if known else "no data"
    bounds = usual.get(standing.declared.name)
    drawn = [_gaps(one) for one in bounds] if bounds is not None and not np.isnan(bounds[0]).all() else None
    shaded = "\nshaded: where that hour was on 8 of 10 of the last 14 days" if drawn else ""
    return {
        "spark": points,
        "sparkBand": drawn,
        "sparkNote": f"24 h · n {summary.latency_24h.n:,}",
        "sparkTitle": f"{span} · last 24 h · n {summary.latency_24h.n:,}{shaded}",
        "availability": wording.share(summary.availability_30d.share),
        "availabilityTitle": _measured(summary.availability_30d.good, summary.availability_30d.expected),
    }


def _gaps(column: Any) -> list[float | None]:
    return [None if value != value else round(value, 1) for value in column.tolist()]  # noqa: PLR0124 - NaN


def _measured(good: int, expected: int) -> str:
    return f"{good:,} good of {expected:,} slices of the last 30 d" if expected else "nothing was expected"


def _budget(standing: Standing) -> dict[str, Any]:
    status = scarcest_budget(standing.objectives)
    title = ""
    if status is not None and status.budget_left is not None:
        sli = f"{wording.share(status.sli, 4)} good" if status.sli is not None else "no data"
        measured = f"{status.good + status.bad:,} of {status.expected:,} slices measured"
        title = f"{status.key}: {sli} ({measured})\n{status.budget_left * 100:,.2f} % of the error budget is left"
    return {
        "budget": status.budget_left if status else None,
        "budgetText": budget_words(status),
        "budgetTitle": title,
    }


def _quota(forecasts: Sequence[QuotaForecast], now: datetime) -> dict[str, Any]:
    """The bucket that runs out first, or has the least left."""
    told = min(forecasts, key=_scarcity, default=None)
    if told is None or told.left is None:
        return {"quota": None, "quotaName": "Quota", "quotaText": "not reported", "quotaTitle": "", "quotaNext": ""}
    ahead = _QUOTA_ENDS.get(told.state, "")
    if ahead == "runs out" and told.at is not None:
        ahead = f"out in {wording.lasting(told.at - now)}"
    left = f"{wording.count(told.remaining)} of {wording.count(told.limit)} {told.unit} left"
    return {
        "quota": told.left,
        "quotaName": f"Quota · {told.bucket}",
        "quotaText": wording.share(told.left, 0),
        "quotaNext": ahead,
        "quotaTitle": f"{told.sentence}\n{left}",
    }


def _scarcity(told: QuotaForecast) -> tuple[bool, bool, float]:
    return told.left is None, told.state not in _QUOTA_ENDS, told.left or 0.0


def _recovered(standing: Standing, now: datetime) -> str:
    """`recovered 12 min ago · budget burnt 14 %`."""
    found = standing.recovery
    if found is None:
        return ""
    since = f"recovered {wording.lasting(now - found.since)} ago" if found.since else ""
    return f"{since or f'good for over {wording.span(found.good_for)}'} · budget burnt {wording.share(found.burnt, 0)}"


def _late_after(declared: Integration) -> timedelta:
    """An integration that has not run for three of its intervals is overdue."""
    return 3 * min(workflow.every for workflow in declared.workflows) + timedelta(seconds=15)


def _simulated(standing: Standing) -> str:
    slices = sum(o.simulated for o in standing.objectives)
    if not slices and not standing.summary.simulated_share_24h:
        return ""
    day = wording.share(standing.summary.simulated_share_24h, 0)
    return f"30-day figures include simulated history; of the last 24 h, {day} of the runs are simulated"


def _urgency(standing: Standing) -> tuple[int, bool, int, float, str]:
    budget = scarcest_budget(standing.objectives)
    left = budget.budget_left if budget and budget.budget_left is not None else 1.0
    tier = _TIERS.index(standing.declared.tier)
    return TRIAGE.index(standing.state), not standing.recovery, tier, left, standing.declared.label.lower()
