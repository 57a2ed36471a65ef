"""The IETF's RateLimit headers (draft-ietf-httpapi-ratelimit-headers), in all three generations.

Up to -06: `RateLimit-Limit`, `-Remaining`, `-Reset`, with `RateLimit-Policy: 10;w=1, 50;w=60`. In -07 one dictionary:
`RateLimit: limit=100, remaining=50, reset=5`. From -08 lists by policy name: `RateLimit: "burst";r=50;t=30` with
`RateLimit-Policy: "burst";q=100;w=60`. A malformed field is ignored, and so is every field of a cached answer.
"""

from __future__ import annotations

import re
from typing import Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import MAX_BUCKETS, Bucket, Figures, after_seconds, reading, served_from_cache
from probes.quota.structured import Bare, Item, parse_list
from probes.vendors.model import Answer
from probes.vendors.rules import number

_DICTIONARY: Final = re.compile(r"\s*(limit|remaining|reset)\s*=\s*(\d{1,15})\s*", re.ASCII)
_UNITS: Final = {"requests": "requests", "content-bytes": "bytes", "concurrent-requests": "concurrency"}


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """A reading for each bucket whose remaining quota is reported."""
    if served_from_cache(answer):
        return ()
    if "ratelimit" in answer.headers:
        fields = _dictionary(answer.headers["ratelimit"])
        return _named(answer, source) if fields is None else _plain(answer, source, fields)
    return _plain(answer, source, three_headers(answer))


def three_headers(answer: Answer) -> dict[str, float]:
    """limit, remaining and reset of the oldest generation, where reported; of a list the first figure counts."""
    fields = {}
    for name in ("limit", "remaining", "reset"):
        items = parse_list(answer.headers.get(f"ratelimit-{name}", ""))
        value = _count(items[0][0]) if items else None
        if value is not None:
            fields[name] = value
    return fields


def windows(answer: Answer) -> dict[float, float]:
    """Quota → window in seconds, from the policy header and the tail of the limit header."""
    found: dict[float, float] = {}
    for header in ("ratelimit-policy", "ratelimit-limit"):
        for value, params in parse_list(answer.headers.get(header, "")) or []:
            quota, window = _count(value), _count(params.get("w"))
            if quota is not None and window:
                found.setdefault(quota, window)
    return found


def _plain(answer: Answer, source: QuotaSource, fields: dict[str, float]) -> tuple[QuotaReading, ...]:
    limit = fields.get("limit")
    window = windows(answer).get(limit) if limit is not None else None
    # The server reports whichever window is nearest to its end, so the window is the bucket's identity.
    bucket = Bucket("default" if window is None else f"{window:g}s", window_s=window)
    reset_at = after_seconds(fields.get("reset"), answer.observed_at)
    return reading(answer, source, bucket, Figures(limit, None, fields.get("remaining"), reset_at))


def _dictionary(text: str) -> dict[str, float] | None:
    parts = [_DICTIONARY.fullmatch(part) for part in text.split(",")]
    found = [part for part in parts if part is not None]
    return {part[1]: float(part[2]) for part in found} if len(found) == len(parts) else None


def _named(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    policies = dict(parse_list(answer.headers.get("ratelimit-policy", "")) or [])
    lowest: dict[Bare, Item] = {}
    for name, params in (parse_list(answer.headers["ratelimit"]) or [])[:MAX_BUCKETS]:
        left = _count(params.get("r"))
        # The same policy may come once per partition key: the emptiest partition is the one that stops us.
        if isinstance(name, str) and left is not None and left <= _left(lowest.get(name)):
            lowest[name] = (name, params)
    return tuple(
        one
        for name, params in lowest.values()
        for one in _named_reading(answer, source, str(name), params, policies.get(name, {}))
    )


def _left(item: Item | None) -> float:
    left = None if item is None else _count(item[1].get("r"))
    return float("inf") if left is None else left


def _named_reading(
    answer: Answer, source: QuotaSource, name: str, limits: dict[str, Bare], policy: dict[str, Bare]
) -> tuple[QuotaReading, ...]:
    unit = _UNITS.get(str(policy.get("qu", "requests")), "requests")
    bucket = Bucket(name, unit, window_s=_count(policy.get("w")))
    reset_at = after_seconds(_count(limits.get("t")), answer.observed_at)
    return reading(answer, source, bucket, Figures(_count(policy.get("q")), None, _count(limits.get("r")), reset_at))


def _count(value: Bare | None) -> float | None:
    return number(value) if isinstance(value, float) else None
