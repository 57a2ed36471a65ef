"""GitHub: `x-ratelimit-*` names its resource; `GET /rate_limit` lists all of them and costs nothing."""

from __future__ import annotations

from typing import Any, Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import MAX_BUCKETS, Bucket, Figures, header_number, reading, reset_epoch
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, number

_HOURLY: Final = frozenset({"core", "graphql"})


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """A bucket per resource; a `/rate_limit` body wins over the headers it came with."""
    resources = mapping(mapping(answer.json).get("resources"))
    listed = tuple(
        one
        for name, entry in list(resources.items())[:MAX_BUCKETS]
        for one in _listed(answer, source, str(name), mapping(entry))
    )
    return listed or _headers(answer, source)


def _bucket(name: str) -> Bucket:
    return Bucket(name, "requests", 3600.0 if name in _HOURLY else None)


def _listed(answer: Answer, source: QuotaSource, name: str, entry: dict[str, Any]) -> tuple[QuotaReading, ...]:
    figures = Figures(
        limit=number(entry.get("limit")),
        used=number(entry.get("used")),
        remaining=number(entry.get("remaining")),
        reset_at=reset_epoch(str(entry.get("reset")), answer.observed_at),
    )
    return reading(answer, source, _bucket(name), figures, "usage_endpoint")


def _headers(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    figures = Figures(
        limit=header_number(answer, "x-ratelimit-limit"),
        used=header_number(answer, "x-ratelimit-used"),
        remaining=header_number(answer, "x-ratelimit-remaining"),
        reset_at=reset_epoch(answer.headers.get("x-ratelimit-reset", ""), answer.observed_at),
    )
    return reading(answer, source, _bucket(answer.headers.get("x-ratelimit-resource", "core")), figures)
