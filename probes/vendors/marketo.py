"""Marketo answers failures with HTTP 200 and `{"success": false, "errors": [{"code": …}]}`.

With `success: true` each record of the result may still say that it was `skipped`, with reasons of the same codes.
"""

from __future__ import annotations

from typing import Any, Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, BucketRule, KnownLimit, UsageEndpoint, Vendor
from probes.vendors.rules import (
    code,
    mapping,
    mappings,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    verdict,
    words,
)

LIMITS: Final = {
    606: ("100 calls in 20 s", True),
    607: ("daily quota, until midnight US Central", False),
    615: ("10 calls at a time", True),
    1029: ("bulk export quota", False),
}
"""Code → what ran out, and whether trying again soon helps."""

TOKEN: Final = {601: "access token invalid", 602: "access token expired"}
TRANSIENT: Final = {604: "timeout", 608: "API unavailable", 611: "system error", 713: "transient error"}


def judge_body(answer: Answer) -> Failure | None:
    """The first error that the table knows; else the first error."""
    body = mapping(answer.json)
    if body.get("success") is not False:
        return _skipped(answer, body)
    errors = [(code(error.get("code")), words(error.get("message"))) for error in mappings(body.get("errors"))]
    known = [error for error in errors if error[0] in LIMITS or error[0] in TOKEN or error[0] in TRANSIENT]
    number, text = (known or errors or [(None, "success is false")])[0]
    return _failure(answer, number, text)


def _skipped(answer: Answer, body: dict[str, Any]) -> Failure | None:
    """The first record that was not taken."""
    for record in mappings(body.get("result")) if succeeded(answer) else ():
        if record.get("status") == "skipped":
            reason = next(mappings(record.get("reasons")), {})
            said = f"{words(reason.get('code'))} {words(reason.get('message'))}".strip()
            return vendor_error(f"Marketo skipped a record: {said or 'without a reason'}")
    return None


def _failure(answer: Answer, number: int | None, text: str) -> Failure:
    if number in LIMITS:
        what, retryable = LIMITS[number]
        return throttled(answer, f"Marketo {number} ({what}): {text}", retryable=retryable)
    if number in TOKEN:
        return Failure(FailureKind.AUTH, f"Marketo {number}: {TOKEN[number]}")
    label = "an error" if number is None else str(number)
    return Failure(FailureKind.VENDOR_ERROR, f"Marketo {label}: {text}", retryable=number in TRANSIENT)


def token_rejected(answer: Answer) -> bool:
    """601 or 602 in the body, or a 401."""
    body = mapping(answer.json)
    codes = {code(error.get("code")) for error in mappings(body.get("errors"))}
    return token_refused(answer) or (body.get("success") is False and not codes.isdisjoint(TOKEN))


VENDOR: Final = Vendor(
    name="marketo",
    verdict=verdict(judge_body),
    token_rejected=token_rejected,
    quota=("marketo",),
    request_id_headers=("x-request-id",),
    concurrent=10,
    limits=(KnownLimit("20s", 100, window_s=20.0), KnownLimit("concurrency", 10, "concurrency")),
    # All of a subscription's users and services share them.
    buckets=(
        BucketRule("daily", "America/Chicago", daily=True, of_account=True),
        BucketRule("20s", of_account=True),
        BucketRule("concurrency", of_account=True),
    ),
    usage=UsageEndpoint("/rest/v1/stats/usage.json"),
)
