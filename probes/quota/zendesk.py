"""Zendesk: the account's limit per minute, and beside it limits of single endpoints."""

from __future__ import annotations

import re
from typing import Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import MAX_BUCKETS, Bucket, Figures, after_seconds, header_number, reading, reset_delta
from probes.vendors.model import Answer
from probes.vendors.rules import number

_PREFIX: Final = "zendesk-ratelimit-"
_FIELD: Final = re.compile(r"\s*(total|remaining|resets)\s*=\s*(\d{1,15})\s*", re.ASCII)


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """`account` first, then a bucket for each endpoint header."""
    endpoints = [name for name in answer.headers if name.startswith(_PREFIX)][:MAX_BUCKETS]
    of_endpoints = tuple(one for name in endpoints for one in _endpoint(answer, source, name))
    return _account(answer, source) + of_endpoints


def _account(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    limit, left = header_number(answer, "ratelimit-limit"), header_number(answer, "ratelimit-remaining")
    figures = Figures(
        limit=limit if limit is not None else header_number(answer, "x-rate-limit"),
        remaining=left if left is not None else header_number(answer, "x-rate-limit-remaining"),
        reset_at=reset_delta(answer.headers.get("ratelimit-reset", ""), answer.observed_at),
    )
    return reading(answer, source, Bucket("account", "requests", 60.0), figures)


def _endpoint(answer: Answer, source: QuotaSource, header: str) -> tuple[QuotaReading, ...]:
    """`total=100; remaining=99; resets=41`."""
    parts = (_FIELD.fullmatch(part) for part in answer.headers[header].split(";"))
    fields = {part[1]: number(part[2]) for part in parts if part is not None}
    reset_at = after_seconds(fields.get("resets"), answer.observed_at)
    figures = Figures(fields.get("total"), None, fields.get("remaining"), reset_at)
    return reading(answer, source, Bucket(header.removeprefix(_PREFIX), "requests"), figures)
