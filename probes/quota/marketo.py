"""Marketo reports no quota in headers: the usage endpoint counts the day's calls, the error codes say what is gone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, next_midnight, reading
from probes.vendors.model import Answer
from probes.vendors.rules import code, mapping, mappings, number

ZONE: Final = ZoneInfo("America/Chicago")
DAILY: Final = Bucket("daily", "requests", 86400.0, "calendar", str(ZONE))
BURST: Final = Bucket("20s", "requests", 20.0, "rolling")
CONCURRENCY: Final = Bucket("concurrency", "concurrency")


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """The day's use from `/rest/v1/stats/usage.json`; its limit is a matter of contract and not reported."""
    body = mapping(answer.json)
    if body.get("success") is False:
        return _spent(answer, source, {code(error.get("code")) for error in mappings(body.get("errors"))})
    days = {
        day: used
        for entry in mappings(body.get("result"))
        if (day := _day(entry.get("date"))) is not None and (used := number(entry.get("total"))) is not None
    }
    if not days:
        return ()
    latest = max(days)
    reset_at = datetime.combine(latest + timedelta(days=1), time(), ZONE).astimezone(UTC)
    if not timedelta() < reset_at - answer.observed_at <= timedelta(days=2):
        return ()
    return reading(answer, source, DAILY, Figures(used=days[latest], reset_at=reset_at), "usage_endpoint")


def _day(value: object) -> date | None:
    try:
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day is not None and 2000 <= day.year < 3000 else None


def _spent(answer: Answer, source: QuotaSource, codes: set[int | None]) -> tuple[QuotaReading, ...]:
    none_left = Figures(remaining=0.0)
    readings: list[QuotaReading] = []
    if 606 in codes:
        readings += reading(answer, source, BURST, none_left, "body")
    if 607 in codes:
        reset_at = next_midnight(answer.observed_at, ZONE)
        readings += reading(answer, source, DAILY, Figures(remaining=0.0, reset_at=reset_at), "body")
    if 615 in codes:
        readings += reading(answer, source, CONCURRENCY, none_left, "body")
    return tuple(readings)
