"""Quota forecasts as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from metrics.quota.model import QuotaForecast


def quota_document(told: QuotaForecast) -> dict[str, Any]:
    """One bucket: amounts in its own unit, rates per hour, shares 0…1, instants ISO 8601; null where not known."""
    burn, probes = told.burn, told.probes
    return {
        "vendor": told.vendor,
        "bucket": told.bucket,
        "integrations": told.integrations,
        "credentials": told.credentials,
        "state": told.state,
        "sentence": told.sentence,
        "unit": told.unit,
        "limit": told.limit,
        "used": told.used,
        "remaining": told.remaining,
        "left": told.left,
        "observed_at": _instant(told.observed_at),
        "window_kind": told.window_kind or None,
        "window_s": told.window_s,
        "resets_at": _instant(told.reset.at),
        "reset_known_from": told.reset.source,
        "time_zone": told.reset.time_zone,
        "burn_per_h": burn.per_h if burn else None,
        "burn_low_per_h": burn.low if burn else None,
        "burn_high_per_h": burn.high if burn else None,
        "lasting_per_h": burn.lasting_per_h if burn else None,
        "readings": burn.readings if burn else 0,
        "readings_span_s": burn.span.total_seconds() if burn else None,
        "runs_out_at": _instant(told.at),
        "runs_out_earliest": _instant(told.earliest),
        "runs_out_latest": _instant(told.latest),
        "firm": told.firm,
        "probe_calls_per_h": probes.per_h if probes else None,
        "probe_share": probes.share if probes else None,
        "probe_budget": probes.budget if probes else None,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
