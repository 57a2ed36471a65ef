"""Rules for vendors of whom one or two answers need saying: what their bodies mean beside the status."""

from __future__ import annotations

from typing import Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer
from probes.vendors.rules import (
    code,
    mapping,
    mappings,
    retry_after,
    succeeded,
    throttled,
    token_refused,
    vendor_error,
    words,
)


def mailchimp(answer: Answer) -> Failure | None:
    """The gateway's refusal is a 403 that is not JSON; a batch that failed in part is a 200 with `error_count`."""
    if answer.status == 403 and answer.json is None:
        return throttled(answer, "10 connections at a time (403 without JSON)")
    body = mapping(answer.json)
    if succeeded(answer) and code(body.get("error_count")):
        first = next(mappings(body.get("errors")), {})
        return vendor_error(f"Mailchimp batch: {words(first.get('error')) or 'some members failed'}")
    return None


def marketing_cloud(answer: Answer) -> Failure | None:
    """50200 is a block, without a time to wait for; a send that was refused is a 2xx with `hasErrors`."""
    body = mapping(answer.json)
    known = code(body.get("errorcode"))
    if known == 50200:
        return throttled(answer, "Marketing Cloud 50200: blocked", retryable=False)
    if known == 50100:
        return throttled(answer, "Marketing Cloud 50100", retry_after_s=_seconds(body.get("retryAfter")))
    refused = (part for part in mappings(body.get("responses")) if succeeded(answer) and part.get("hasErrors") is True)
    for part in refused:
        said = next(mappings(part.get("messageErrors")), {})
        return vendor_error(f"Marketing Cloud: {words(said.get('messageErrorStatus')) or 'not sent'}")
    return None


def _seconds(value: object) -> float | None:
    return float(found) if (found := code(value)) is not None else None


def tiktok(answer: Answer) -> Failure | None:
    """HTTP 200 with a code: 0 is good, 40100 is the rate limit."""
    body = mapping(answer.json)
    known = code(body.get("code"))
    if known is None or known == 0 or answer.status >= 400:
        return None
    label = f"TikTok {known}: {words(body.get('message'))}"
    return throttled(answer, label) if known == 40100 else vendor_error(label)


def stripe(answer: Answer) -> Failure | None:
    """Says which limit it was; a 429 `lock_timeout` is another request holding the object, and no limit at all."""
    if answer.status != 429:
        return None
    reason = words(answer.headers.get("stripe-rate-limited-reason"))
    error = mapping(mapping(answer.json).get("error"))
    if not reason and error.get("code") == "lock_timeout":
        return Failure(FailureKind.STATUS_4XX, "429 lock_timeout: the object is locked", True, retry_after(answer))
    return throttled(answer, f"Stripe {reason or '429'}")


def pipedrive(answer: Answer) -> Failure | None:
    """Retry-After is useless once the day's tokens are spent; a failure may come with a 200 and `success: false`."""
    spent = {answer.headers.get("x-daily-requests-left"), answer.headers.get("x-daily-ratelimit-token-remaining")}
    if answer.status == 429 and "0" in spent:
        return throttled(answer, "Pipedrive's daily tokens are spent", retryable=False)
    body = mapping(answer.json)
    if succeeded(answer) and body.get("success") is False:
        return vendor_error(f"Pipedrive: {words(body.get('error')) or 'success is false'}")
    return None


def linkedin(answer: Answer) -> Failure | None:
    """Its limits are per day and end at midnight UTC."""
    return throttled(answer, "LinkedIn's daily limit", retryable=False) if answer.status == 429 else None


SLACK_TOKEN: Final = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_expired", "token_revoked"})


def slack(answer: Answer) -> Failure | None:
    """The Web API answers 200 with `ok: false` and a word for the reason."""
    error = _slack_error(answer)
    if error is None:
        return None
    if error in {"ratelimited", "rate_limited"}:
        return throttled(answer, f"Slack {error}")
    if error in SLACK_TOKEN:
        return Failure(FailureKind.AUTH, f"Slack {error}: the token is not good")
    return vendor_error(f"Slack {error}", retryable=error in {"internal_error", "service_unavailable"})


def slack_token_refused(answer: Answer) -> bool:
    """One of the words for a dead token, or a 401."""
    return token_refused(answer) or _slack_error(answer) in SLACK_TOKEN


def _slack_error(answer: Answer) -> str | None:
    body = mapping(answer.json)
    failed = succeeded(answer) and body.get("ok") is False
    return (words(body.get("error")) or "error") if failed else None


def zoho(answer: Answer) -> Failure | None:
    """Each record of a 200, 201 or 202 has a status of its own."""
    records = mappings(mapping(answer.json).get("data")) if succeeded(answer) else ()
    for record in records:
        if record.get("status") == "error":
            return vendor_error(f"Zoho {words(record.get('code'))}: {words(record.get('message'))}")
    return None


def braze(answer: Answer) -> Failure | None:
    """A 201 may list the objects that were not taken in `errors`."""
    errors = mapping(answer.json).get("errors") if succeeded(answer) else None
    if not isinstance(errors, list) or not errors:
        return None
    first = errors[0]
    return vendor_error(f"Braze did not take all: {words(mapping(first).get('type')) or words(first) or 'errors'}")


def activecampaign(answer: Answer) -> Failure | None:
    """The older API answers 200 with `result_code: 0` for a failure."""
    body = mapping(answer.json)
    if not succeeded(answer) or "result_code" not in body or code(body["result_code"]) != 0:
        return None
    return vendor_error(f"ActiveCampaign: {words(body.get('result_message')) or 'result_code is 0'}")
