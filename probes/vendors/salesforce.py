"""Salesforce: a used-up quota is a 403 with REQUEST_LIMIT_EXCEEDED; a retired API version is a 410."""

from __future__ import annotations

from typing import Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, Vendor
from probes.vendors.rules import mappings, throttled, token_refused, verdict, words


def judge(answer: Answer) -> Failure | None:
    """The error codes that mean something other than their status."""
    if answer.status == 410:
        return Failure(FailureKind.STATUS_4XX, "HTTP 410: this API version is retired")
    if answer.status < 400:
        return None
    for error in mappings(answer.json):
        if error.get("errorCode") == "REQUEST_LIMIT_EXCEEDED":
            text = words(error.get("message"))
            # The limit on concurrent calls passes in seconds, the one on the rolling day does not.
            return throttled(answer, f"REQUEST_LIMIT_EXCEEDED: {text}", retryable="concurrent" in text.lower())
    return None


VENDOR: Final = Vendor(
    name="salesforce",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("salesforce",),
    request_id_headers=("x-request-id", "x-sfdc-request-id"),
)
