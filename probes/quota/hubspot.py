"""HubSpot: a daily and a ten-second bucket in headers; the daily one also at a usage endpoint for private apps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, header_number, parse_instant, plausible, reading
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, mappings, number

_PREFIX = "x-hubspot-ratelimit"


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """What the headers report (OAuth apps: no daily figures; search: nothing at all), and a usage body."""
    return (*_daily(answer, source), *_interval(answer, source), *_secondly(answer, source), *_usage(answer, source))


def _daily_bucket(name: str = "daily") -> Bucket:
    # Ends at midnight of the account's time zone, which no answer names.
    return Bucket(name, "requests", 86400.0, "calendar")


def _daily(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    limit, left = header_number(answer, f"{_PREFIX}-daily"), header_number(answer, f"{_PREFIX}-daily-remaining")
    return reading(answer, source, _daily_bucket(), Figures(limit, None, left))


def _interval(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    length = header_number(answer, f"{_PREFIX}-interval-milliseconds")
    window = None if length is None else length / 1000
    limit, left = header_number(answer, f"{_PREFIX}-max"), header_number(answer, f"{_PREFIX}-remaining")
    return reading(answer, source, Bucket("interval", "requests", window, "rolling"), Figures(limit, None, left))


def _secondly(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    limit = header_number(answer, f"{_PREFIX}-secondly")
    left = header_number(answer, f"{_PREFIX}-secondly-remaining")
    return reading(answer, source, Bucket("secondly", "requests", 1.0, "rolling"), Figures(limit, None, left))


def _usage(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    results = [r for r in mappings(mapping(answer.json).get("results")) if "usageLimit" in r and "currentUsage" in r]
    if len(results) != 1:
        return ()
    limit, used = number(results[0].get("usageLimit")), number(results[0].get("currentUsage"))
    reset_at = plausible(_instant(results[0].get("resetsAt")), answer.observed_at)
    return reading(answer, source, _daily_bucket(), Figures(limit, used, None, reset_at), "usage_endpoint")


def _instant(value: Any) -> datetime | None:
    """ISO text or epoch milliseconds."""
    milliseconds = number(value)
    if milliseconds is None or milliseconds > 1e13:
        return parse_instant(value)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
