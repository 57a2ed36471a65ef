"""Vendors of whom little needs saying: a row each, with a rule of a few lines where a status lies."""

from __future__ import annotations

from typing import Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, Rule, Vendor
from probes.vendors.rules import code, mapping, retry_after, throttled, token_refused, verdict, words


def _mailchimp(answer: Answer) -> Failure | None:
    """Ten connections at a time; the gateway's refusal is a 403 that is not JSON."""
    if answer.status == 403 and answer.json is None:
        return throttled(answer, "10 connections at a time (403 without JSON)")
    return None


def _marketing_cloud(answer: Answer) -> Failure | None:
    """50200 is a block, without a time to wait for."""
    body = mapping(answer.json)
    known = code(body.get("errorcode"))
    if known == 50200:
        return throttled(answer, "Marketing Cloud 50200: blocked", retryable=False)
    if known == 50100:
        return throttled(answer, "Marketing Cloud 50100", retry_after_s=_seconds(body.get("retryAfter")))
    return None


def _seconds(value: object) -> float | None:
    return float(found) if (found := code(value)) is not None else None


def _tiktok(answer: Answer) -> Failure | None:
    """HTTP 200 with a code: 0 is good, 40100 is the rate limit."""
    body = mapping(answer.json)
    known = code(body.get("code"))
    if known is None or known == 0 or answer.status >= 400:
        return None
    label = f"TikTok {known}: {words(body.get('message'))}"
    return throttled(answer, label) if known == 40100 else Failure(FailureKind.VENDOR_ERROR, label)


def _stripe(answer: Answer) -> Failure | None:
    """Says which limit it was; a 429 `lock_timeout` is another request holding the object, and no limit at all."""
    if answer.status != 429:
        return None
    reason = words(answer.headers.get("stripe-rate-limited-reason"))
    error = mapping(mapping(answer.json).get("error"))
    if not reason and error.get("code") == "lock_timeout":
        return Failure(FailureKind.STATUS_4XX, "429 lock_timeout: the object is locked", True, retry_after(answer))
    return throttled(answer, f"Stripe {reason or '429'}")


def _pipedrive(answer: Answer) -> Failure | None:
    """Retry-After is useless once the day's tokens are spent."""
    spent = {answer.headers.get("x-daily-requests-left"), answer.headers.get("x-daily-ratelimit-token-remaining")}
    if answer.status == 429 and "0" in spent:
        return throttled(answer, "Pipedrive's daily tokens are spent", retryable=False)
    return None


def _linkedin(answer: Answer) -> Failure | None:
    """Its limits are per day and end at midnight UTC."""
    return throttled(answer, "LinkedIn's daily limit", retryable=False) if answer.status == 429 else None


def _plain(name: str, *rules: Rule, quota: tuple[str, ...] = (), ids: tuple[str, ...] = ()) -> Vendor:
    return Vendor(name, verdict(*rules), token_refused, quota, (*ids, "x-request-id"))


GENERIC: Final = _plain(
    "generic", quota=("ietf", "x_ratelimit"), ids=("x-correlation-id", "x-trace-id", "x-amzn-requestid", "cf-ray")
)
PLAIN: Final = (
    GENERIC,
    _plain("activecampaign", quota=("ietf",)),
    _plain("braze", quota=("x_ratelimit_epoch",)),
    _plain("brevo", quota=("brevo",)),
    _plain("intercom", quota=("x_ratelimit_epoch",)),
    _plain("linkedin", _linkedin, ids=("x-li-uuid",)),
    _plain("mailchimp", _mailchimp),
    _plain("pagerduty", quota=("ietf",)),
    _plain("pipedrive", _pipedrive, quota=("pipedrive",), ids=("x-correlation-id", "cf-ray")),
    _plain("resend", quota=("ietf",)),
    _plain("sendgrid", quota=("x_ratelimit_epoch",), ids=("x-message-id",)),
    _plain("sfmc", _marketing_cloud, ids=("x-mashery-message-id",)),
    _plain("slack", ids=("x-slack-req-id",)),
    _plain("stripe", _stripe, ids=("request-id",)),
    _plain("tiktok", _tiktok, ids=("x-tt-logid",)),
    _plain("twilio", quota=("twilio",), ids=("twilio-request-id",)),
    _plain("zendesk", quota=("zendesk",), ids=("x-zendesk-request-id",)),
    _plain("zoho", quota=("zoho",)),
)
