"""Google Ads and GA4: a `google.rpc.Status` body says RESOURCE_EXHAUSTED, and sometimes for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from probes.model import Failure
from probes.vendors.model import Answer, Vendor
from probes.vendors.retry_after import parse_retry_after
from probes.vendors.rules import mapping, mappings, throttled, token_refused, verdict, words

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
    if answer.status < 400:
        return None
    for error in _errors(answer.json):
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
    verdict=verdict(judge_body),
    token_rejected=token_refused,
    request_id_headers=("request-id",),
)
GA4: Final = Vendor(name="ga4", verdict=verdict(judge_body), token_rejected=token_refused, quota=("ga4",))
