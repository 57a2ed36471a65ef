"""Salesforce: `Sforce-Limit-Info: api-usage=10018/100000; per-app-api-usage=17/250(appName=x)`, and `/limits`."""

from __future__ import annotations

import re
from typing import Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import MAX_BUCKETS, Bucket, Figures, reading
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, number

_DAY_S: Final = 86400.0
_USAGE: Final = re.compile(r"([a-z-]{1,40})=(\d{1,15})/(\d{1,15})(?:\(appName=([^)]{0,80})\))?", re.ASCII)
DAILY: Final = Bucket("daily", "requests", _DAY_S, "rolling")


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """The header's used/limit pairs; the daily figure of a `/limits` body wins over the header's."""
    body = _limits_body(answer, source)
    header = _header(answer, source)
    return body + tuple(one for one in header if one.bucket not in {known.bucket for known in body})


def _header(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    found = list(_USAGE.finditer(answer.headers.get("sforce-limit-info", "")))[:MAX_BUCKETS]
    return tuple(
        one
        for pair in found
        for one in reading(answer, source, _bucket(pair[1], pair[4]), Figures(float(pair[3]), float(pair[2])))
    )


def _bucket(name: str, app: str | None) -> Bucket:
    if name == "api-usage":
        return DAILY
    if app is not None:
        return Bucket(f"{name}:{app}", "requests", _DAY_S, "rolling")
    return Bucket(name, "requests", None, "rolling")


def _limits_body(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    daily = mapping(mapping(answer.json).get("DailyApiRequests"))
    limit, left = number(daily.get("Max")), number(daily.get("Remaining"))
    return reading(answer, source, DAILY, Figures(limit, None, left), "usage_endpoint")
