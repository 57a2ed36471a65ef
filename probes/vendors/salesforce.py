"""Salesforce: a used-up quota is a 403 with REQUEST_LIMIT_EXCEEDED; a retired API version is a 410.

Its composite resources answer 200 and say for each part whether it failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, BucketRule, UsageEndpoint, Vendor
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

ROLLED_BACK: Final = frozenset({"PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"})


def judge(answer: Answer) -> Failure | None:
    """The error codes that mean something other than their status."""
    if answer.status == 410:
        return Failure(FailureKind.STATUS_4XX, "HTTP 410: this API version is retired")
    if succeeded(answer):
        return _in_parts(answer)
    errors = mappings(answer.json)
    return next((found for error in errors if (found := _limit(answer, error)) is not None), None)


def _limit(answer: Answer, error: dict[str, Any]) -> Failure | None:
    if _code(error) != "REQUEST_LIMIT_EXCEEDED":
        return None
    text = words(error.get("message"))
    # The limit on concurrent calls passes in seconds, the one on the rolling day does not.
    return throttled(answer, f"REQUEST_LIMIT_EXCEEDED: {text}", retryable="concurrent" in text.lower())


def _in_parts(answer: Answer) -> Failure | None:
    """The first part of a composite answer that failed for a reason of its own."""
    errors = list(_errors(answer.json))
    # A part that was rolled back for another's sake says nothing of why.
    own = [error for error in errors if _code(error) not in ROLLED_BACK] or errors
    for error in own:
        return _limit(answer, error) or vendor_error(f"Salesforce {_code(error)}: {words(error.get('message'))}")
    return None


def _errors(body: object) -> Iterator[dict[str, Any]]:
    """Errors of sObject collections (a list of results) and trees, of batches, composite requests and graphs."""
    fields = mapping(body)
    for result in (fields, *mappings(body)):
        if result.get("success") is False:
            yield from _of_part(result.get("errors"))
    for result in mappings(fields.get("results")) if fields.get("hasErrors") is True else ():
        if result.get("errors") or _failed(result.get("statusCode")):
            yield from _of_part(result.get("errors") or result.get("result"))
    graphs = (mapping(graph.get("graphResponse")) for graph in mappings(fields.get("graphs")))
    for composite in (fields, *graphs):
        for part in mappings(composite.get("compositeResponse")):
            if _failed(part.get("httpStatusCode")):
                yield from _of_part(part.get("body"))


def _failed(status: object) -> bool:
    return (code(status) or 0) >= 400


def _of_part(errors: object) -> list[dict[str, Any]]:
    """The errors of a part that failed; an empty one where it says nothing of why."""
    return list(mappings(errors)) or [mapping(errors)]


def _code(error: dict[str, Any]) -> str:
    return words(error.get("errorCode") or error.get("statusCode")) or "error"


VENDOR: Final = Vendor(
    name="salesforce",
    verdict=verdict(judge),
    token_rejected=token_refused,
    quota=("salesforce",),
    request_id_headers=("x-request-id", "x-sfdc-request-id"),
    concurrent=25,
    buckets=(BucketRule("daily", of_account=True),),
    usage=UsageEndpoint("/services/data/{version}/limits"),
)
