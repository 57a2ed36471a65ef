"""GA4 Data API: `propertyQuota` in the body of a request that set `returnPropertyQuota`.

`consumed` is what this one request cost, so that only `remaining` is known of the bucket.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, next_midnight, reading
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, number

ZONE: Final = ZoneInfo("America/Los_Angeles")
BUCKETS: Final = {
    "tokensPerDay": Bucket("tokens-per-day", "tokens", 86400.0, "calendar", str(ZONE)),
    "tokensPerHour": Bucket("tokens-per-hour", "tokens", 3600.0, "rolling"),
    "concurrentRequests": Bucket("concurrency", "concurrency"),
    "serverErrorsPerProjectPerHour": Bucket("server-errors-per-hour", "requests", 3600.0, "rolling"),
}


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """What remains of each bucket that the body names."""
    quota = mapping(mapping(answer.json).get("propertyQuota"))
    readings: list[QuotaReading] = []
    for name, bucket in BUCKETS.items():
        reset_at = next_midnight(answer.observed_at, ZONE) if bucket.window_kind == "calendar" else None
        left = number(mapping(quota.get(name)).get("remaining"))
        readings += reading(answer, source, bucket, Figures(remaining=left, reset_at=reset_at), "body")
    return tuple(readings)
