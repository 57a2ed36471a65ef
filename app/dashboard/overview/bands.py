"""The latency of an integration against the limits that were learned for this hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from app.dashboard import wording
from app.dashboard.view import View
from metrics.learning.band import Standing as Learned

_FRESH_FOR: Final = timedelta(seconds=15)
"""Limits are learned by buckets of five minutes."""
_NOTHING: Final = {
    "band": None,
    "bandText": "no normal yet",
    "bandTitle": "What is normal at this hour is not known yet.",
}


def learned(view: View) -> dict[str, Learned]:
    """By integration, the step that is furthest up against its limit; empty where nobody learns."""
    limits = view.hub.learned
    return view.shared("furthest", limits.furthest, _FRESH_FOR) if limits is not None else {}


def band(found: Learned | None, now: datetime) -> dict[str, Any]:
    """`band` is usual, limit and what is measured now (ms), for drawing; the rest is in words."""
    if found is None or found.usual is None or found.limit is None:
        return dict(_NOTHING)
    key = found.monitor.key
    value, usual, limit = (wording.milliseconds(one) for one in (found.value, found.usual, found.limit))
    if limit.endswith(" ms"):
        usual = usual.removesuffix(" ms")
    length = wording.span(timedelta(seconds=key.bucket_s))
    where = f"{key.workflow} / {key.subject} · {key.region}"
    exact = " · ".join(
        f"{name} {'nothing' if one is None else f'{one:,.1f} ms'}"
        for name, one in (("measured", found.value), ("usual", found.usual), ("limit", found.limit))
    )
    return {
        "band": [_round(found.usual), _round(found.limit), _round(found.value)],
        "bandTone": "warn" if found.firing or (found.value or 0) > found.limit else "",
        "bandStep": key.subject,
        "bandText": f"{'nothing now' if found.value is None else value} (usual {usual}, limit {limit})",
        "bandTitle": f"{where}\nP75 of each {length}: {exact}\nat {now:%H}:00 UTC, learned from {found.hours} h "
        f"({found.kind}); of all its steps the one that is furthest up against its limit",
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
