"""GitHub: a 403 with nothing remaining, or with Retry-After (the secondary limit), is quota and not permission.

GraphQL answers 200 with `errors`, of type RATE_LIMITED where the points are used up.
"""

from __future__ import annotations

from typing import Final

from probes.model import Failure
from probes.vendors.model import Answer, UsageEndpoint, Vendor
from probes.vendors.rules import (
    mapping,
    mappings,
    number,
    retry_after,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    verdict,
    words,
)


def judge(answer: Answer) -> Failure | None:
    """Primary limit: wait until the reset. Secondary limit: wait as told."""
    if succeeded(answer):
        return _graphql(answer)
    if answer.status not in {403, 429}:
        return None
    if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        resource = answer.headers.get("x-ratelimit-resource", "core").strip()[:40]
        return throttled(answer, f"the hourly quota of {resource} is used up", retry_after_s=_until_reset(answer))
    if answer.status == 429 or retry_after(answer) is not None:
        return throttled(answer, "secondary rate limit")
    return None


def _graphql(answer: Answer) -> Failure | None:
    errors = list(mappings(mapping(answer.json).get("errors")))
    if any(error.get("type") == "RATE_LIMITED" for error in errors):
        return throttled(answer, "the hourly quota of graphql is used up", retry_after_s=_until_reset(answer))
    return vendor_error(f"GraphQL error: {words(errors[0].get('message'))}") if errors else None


def _until_reset(answer: Answer) -> float | None:
    reset = number(answer.headers.get("x-ratelimit-reset"))
    return None if reset is None else reset - answer.observed_at.timestamp()


VENDOR: Final = Vendor(
    name="github",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("github",),
    request_id_headers=("x-github-request-id",),
    usage=UsageEndpoint("/rate_limit", free=True),
)
