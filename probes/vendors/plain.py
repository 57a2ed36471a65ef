"""Vendors of whom little needs saying: a row each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from probes.vendors import bodies
from probes.vendors.model import BucketRule, KnownLimit, Rule, Vendor
from probes.vendors.rules import token_refused, verdict


def _plain(name: str, *rules: Rule, quota: tuple[str, ...] = (), ids: tuple[str, ...] = ()) -> Vendor:
    return Vendor(name, verdict(*rules), token_refused, quota, (*ids, "x-request-id"))


GENERIC: Final = _plain(
    "generic", quota=("ietf", "x_ratelimit"), ids=("x-correlation-id", "x-trace-id", "x-amzn-requestid", "cf-ray")
)
TIKTOK: Final = replace(
    _plain("tiktok", bodies.tiktok, ids=("x-tt-logid",)),
    limits=(
        KnownLimit("second", 10, window_s=1.0, note="Basic tier"),
        KnownLimit("minute", 600, window_s=60.0, note="Basic tier; going over it suspends for five minutes"),
        KnownLimit("daily", 864_000, window_s=86400.0, note="Basic tier; ends at midnight UTC"),
    ),
    buckets=(BucketRule("daily", "UTC", daily=True),),
    experimental="which HTTP status comes with its limits is reported differently",
)
STRIPE: Final = replace(
    _plain("stripe", bodies.stripe, ids=("request-id",)),
    limits=(
        KnownLimit("live", 100, window_s=1.0, note="live mode"),
        KnownLimit("sandbox", 25, window_s=1.0, note="sandbox, and each endpoint"),
    ),
    experimental="whether a 429 carries Retry-After",
)
PLAIN: Final = (
    GENERIC,
    TIKTOK,
    STRIPE,
    replace(
        _plain("activecampaign", bodies.activecampaign, quota=("ietf",)),
        limits=(KnownLimit("second", 5, window_s=1.0, note="per account"),),
    ),
    replace(
        _plain("braze", bodies.braze, quota=("x_ratelimit_epoch",)),
        limits=(KnownLimit("default", 250_000, window_s=3600.0, note="most endpoints; by the clock hour"),),
    ),
    _plain("brevo", quota=("brevo",)),
    replace(
        _plain("intercom", quota=("x_ratelimit_epoch",)),
        limits=(KnownLimit("minute", 1000, window_s=60.0, note="per app, spread over windows of ten seconds"),),
    ),
    replace(
        _plain("linkedin", bodies.linkedin, ids=("x-li-uuid",)),
        buckets=(BucketRule("daily", "UTC", daily=True),),
    ),
    replace(
        _plain("mailchimp", bodies.mailchimp),
        concurrent=10,
        limits=(KnownLimit("concurrency", 10, "concurrency", note="connections per user"),),
    ),
    _plain("pagerduty", quota=("ietf",)),
    replace(
        _plain("pipedrive", bodies.pipedrive, quota=("pipedrive",), ids=("x-correlation-id", "cf-ray")),
        buckets=(BucketRule("daily", daily=True), BucketRule("daily-requests", daily=True)),
        experimental="in which unit its reset counts, so none is read",
    ),
    _plain("resend", quota=("ietf",)),
    _plain("sendgrid", quota=("x_ratelimit_epoch",), ids=("x-message-id",)),
    _plain("sfmc", bodies.marketing_cloud, ids=("x-mashery-message-id",)),
    replace(
        _plain("slack", bodies.slack, ids=("x-slack-req-id",)),
        token_rejected=bodies.slack_token_refused,
        limits=(KnownLimit("message", 1, window_s=1.0, note="per channel"),),
    ),
    _plain("twilio", quota=("twilio",), ids=("twilio-request-id",)),
    _plain("zendesk", quota=("zendesk",), ids=("x-zendesk-request-id",)),
    replace(_plain("zoho", bodies.zoho, quota=("zoho",)), concurrent=5),
)
