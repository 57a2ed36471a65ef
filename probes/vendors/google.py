"""Google Ads and GA4: a `google.rpc.Status` body says RESOURCE_EXHAUSTED, and sometimes for how long.

Both can fail inside a 200: Google Ads with `partialFailureError`, GA4's debug collector with `validationMessages`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from probes.model import Failure
from probes.vendors.model import Answer, BucketRule, Vendor
from probes.vendors.retry_after import parse_retry_after
from probes.vendors.rules import (
    mapping,
    mappings,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    verdict,
    words,
)

EXHAUSTED: Final = frozenset(
    {
        "RESOURCE_EXHAUSTED",
        "RESOURCE_TEMPORARILY_EXHAUSTED",
        "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION",
        "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION",
    }
)
REASONS: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


def judge_body(answer: Answer) -> Failure | None:
    """Throttled where the status, a quota error or a reason says so; else the HTTP status decides."""
    if succeeded(answer):
        return None
    return _exhausted(answer, _errors(answer.json))


def judge_partial_failure(answer: Answer) -> Failure | None:
    """Conversions and mutations sent with `partialFailure` come back as 200 with the rows that failed."""
    error = mapping(answer.json).get("partialFailureError") if succeeded(answer) else None
    if not isinstance(error, dict) or not error:
        return None
    return _exhausted(answer, [error]) or vendor_error(f"partial failure: {words(error.get('message'))}")


def judge_validation(answer: Answer) -> Failure | None:
    """The Measurement Protocol takes anything with a 204; its debug collector says what is wrong with it."""
    messages = mappings(mapping(answer.json).get("validationMessages")) if succeeded(answer) else ()
    for message in messages:
        return vendor_error(f"GA4 {words(message.get('validationCode'))}: {words(message.get('description'))}")
    return None


def _exhausted(answer: Answer, errors: Iterable[dict[str, Any]]) -> Failure | None:
    for error in errors:
        names = {name for name in _names(error) if name in EXHAUSTED | REASONS}
        if names:
            scope, delay = _quota_details(answer, error)
            named = ", ".join(sorted(names)) + (f" of {scope}" if scope else "")
            return throttled(answer, f"{named}: {words(error.get('message'))}", retry_after_s=delay)
    return None


def _errors(body: object) -> Iterator[dict[str, Any]]:
    """The error of a plain answer, or those of a streamed one, which is a list."""
    for part in [body] if isinstance(body, dict) else mappings(body):
        yield mapping(mapping(part).get("error"))


def _names(error: dict[str, Any]) -> Iterator[str]:
    yield words(error.get("status"))
    for reason in mappings(error.get("errors")):
        yield words(reason.get("reason"))
    for failure in _ads_errors(error):
        yield from (words(value) for value in mapping(_either(failure, "errorCode", "error_code")).values())


def _ads_errors(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for detail in mappings(error.get("details")):
        yield from mappings(detail.get("errors"))


def _quota_details(answer: Answer, error: dict[str, Any]) -> tuple[str, float | None]:
    """(rate scope and name, seconds to wait), from QuotaErrorDetails or google.rpc.RetryInfo."""
    delays = [words(detail.get("retryDelay")) for detail in mappings(error.get("details"))]
    scope = ""
    for failure in _ads_errors(error):
        details = mapping(_either(mapping(failure.get("details")), "quotaErrorDetails", "quota_error_details"))
        names = (words(_either(details, "rateScope", "rate_scope")), words(_either(details, "rateName", "rate_name")))
        scope = scope or " ".join(name for name in names if name)
        delays.append(words(_either(details, "retryDelay", "retry_delay")))
    waits = [wait for delay in delays if (wait := parse_retry_after(delay, answer.observed_at)) is not None]
    return scope, max(waits, default=None)


def _either(fields: dict[str, Any], camel: str, snake: str) -> object:
    return fields.get(camel, fields.get(snake))


GOOGLE_ADS: Final = Vendor(
    name="google_ads",
    verdict=verdict(judge_body, judge_partial_failure),
    token_rejected=token_refused,
    request_id_headers=("request-id",),
)
GA4: Final = Vendor(
    name="ga4",
    verdict=verdict(judge_body, judge_validation),
    token_rejected=token_refused,
    quota=("ga4",),
    concurrent=10,
    buckets=(BucketRule("tokens-per-day", "America/Los_Angeles", daily=True),),
)
