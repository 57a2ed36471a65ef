"""HubSpot: which of its two limits a 429 means stands in the body; a batch fails in part with a 207."""

from __future__ import annotations

from typing import Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, BucketRule, UsageEndpoint, Vendor
from probes.vendors.rules import (
    mapping,
    mappings,
    retry_after,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    verdict,
    words,
)

PASSING: Final = {423: "locked", 477: "account is being migrated"}
"""Statuses that HubSpot says will pass by themselves."""


def judge(answer: Answer) -> Failure | None:
    """429 by policy; the statuses of HubSpot's own."""
    if answer.status == 429:
        policy = words(mapping(answer.json).get("policyName"))
        return throttled(answer, f"HubSpot limit {policy or 'not named'}", retryable=policy != "DAILY")
    if answer.status in PASSING:
        message = f"HTTP {answer.status}: {PASSING[answer.status]}"
        return Failure(FailureKind.STATUS_4XX, message, True, retry_after(answer))
    return _batch(answer) if succeeded(answer) else None


def _batch(answer: Answer) -> Failure | None:
    """A batch answers for each input; what failed stands in `errors` (with 207, and `numErrors`)."""
    for error in mappings(mapping(answer.json).get("errors")):
        return vendor_error(
            f"HubSpot {words(error.get('category')) or 'error'} in a batch: {words(error.get('message'))}"
        )
    return None


VENDOR: Final = Vendor(
    name="hubspot",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("hubspot",),
    request_id_headers=("x-hubspot-correlation-id", "x-request-id", "cf-ray"),
    # The day ends in the account's own time zone, which no answer names: `quota.resets`.
    buckets=(BucketRule("daily", daily=True),),
    usage=UsageEndpoint("/account-info/v3/api-usage/daily/private-apps", note="private apps only"),
)
