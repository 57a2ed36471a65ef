"""HubSpot: which of its two limits a 429 means stands in the body's `policyName`."""

from __future__ import annotations

from typing import Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, Vendor
from probes.vendors.rules import mapping, retry_after, throttled, token_refused, verdict, words

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
    return None


VENDOR: Final = Vendor(
    name="hubspot",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("hubspot",),
    request_id_headers=("x-hubspot-correlation-id", "x-request-id", "cf-ray"),
)
