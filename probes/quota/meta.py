"""Meta: JSON in headers, in percent of a rolling hour. Of several ids and measures the highest is what throttles."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import MAX_BUCKETS, Bucket, Figures, after_seconds, reading
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, mappings, number, words

_HOUR_S: Final = 3600.0
_MEASURES: Final = ("call_count", "total_time", "total_cputime")


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """App, page, ad account and business use cases, whichever the answer names."""
    app = _highest([_json(answer, "x-app-usage")])
    page = _highest([_json(answer, "x-page-usage")])
    readings = (
        *_percent(answer, source, "app", app, None),
        *_percent(answer, source, "page", page, None),
        *_ad_account(answer, source),
        *_use_cases(answer, source),
    )
    return readings[:MAX_BUCKETS]


def _ad_account(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    usage = _json(answer, "x-ad-account-usage")
    wait = number(usage.get("reset_time_duration"))
    return _percent(answer, source, "ad-account", number(usage.get("acc_id_util_pct")), wait)


def _use_cases(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """One bucket per type, over all business ids."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for group in _json(answer, "x-business-use-case-usage").values():
        for entry in mappings(group):
            by_type.setdefault(words(entry.get("type")) or "unknown", []).append(entry)
    return tuple(
        one
        for kind, entries in by_type.items()
        for one in _percent(answer, source, f"business:{kind}", _highest(entries), _regain_s(entries))
    )


def _regain_s(entries: Iterable[dict[str, Any]]) -> float | None:
    minutes = (number(entry.get("estimated_time_to_regain_access")) for entry in entries)
    return max((m * 60 for m in minutes if m is not None), default=None)


def _highest(entries: Iterable[dict[str, Any]]) -> float | None:
    figures = (number(entry.get(measure)) for entry in entries for measure in _MEASURES)
    return max((figure for figure in figures if figure is not None), default=None)


def _percent(
    answer: Answer, source: QuotaSource, name: str, used: float | None, wait_s: float | None
) -> tuple[QuotaReading, ...]:
    # A wait of zero means "not limited now", not "resets now".
    reset_at = after_seconds(wait_s, answer.observed_at) if wait_s else None
    bucket = Bucket(name, "percent", _HOUR_S, "rolling")
    return reading(answer, source, bucket, Figures(100.0, used, None, reset_at))


def _json(answer: Answer, header: str) -> dict[str, Any]:
    try:
        return mapping(json.loads(answer.headers.get(header, "")))
    except (ValueError, RecursionError):
        return {}
