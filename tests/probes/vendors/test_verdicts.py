"""What each vendor's answers mean, from recorded samples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from probes.model import FailureKind
from probes.vendors import VENDORS, Answer

AUTH, THROTTLED, VENDOR_ERROR = FailureKind.AUTH, FailureKind.THROTTLED, FailureKind.VENDOR_ERROR
STATUS_4XX, STATUS_5XX = FailureKind.STATUS_4XX, FailureKind.STATUS_5XX


def marketo(code: str, message: str = "m") -> dict[str, object]:
    return {"requestId": "a#1", "success": False, "errors": [{"code": code, "message": message}]}


def meta(code: int, **more: object) -> dict[str, object]:
    return {"error": {"message": "m", "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}}


def google(status: str, *, quota_error: str | None = None, delay: str | None = None) -> dict[str, object]:
    details: dict[str, object] = {"rateScope": "DEVELOPER", "rateName": "ops", "retryDelay": delay}
    error = {"errorCode": {"quotaError": quota_error}, "message": "m", "details": {"quotaErrorDetails": details}}
    failure = {"@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure", "errors": [error]}
    return {"error": {"code": 429, "message": "m", "status": status, "details": [failure]}}


def shopify(available: float, wanted: float, rate: float) -> dict[str, object]:
    throttle = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": wanted, "actualQueryCost": None, "throttleStatus": throttle}
    return {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}


SPENT = {"x-ratelimit-remaining": "0", "x-ratelimit-resource": "core", "x-ratelimit-reset": "1795349400"}
REGAIN = {
    "X-Business-Use-Case-Usage": '{"1":[{"type":"ads_insights","call_count":100,"estimated_time_to_regain_access":7}]}'
}

# vendor, status, body, headers, kind, retryable, seconds to wait
CASES = [
    pytest.param(
        "generic", 429, {}, {"Retry-After": "7"}, THROTTLED, True, 7.0, id="a 429 is throttled for Retry-After"
    ),
    pytest.param("generic", 401, {}, {}, AUTH, False, None, id="a 401 is the credential"),
    pytest.param("generic", 403, {}, {}, STATUS_4XX, False, None, id="a 403 alone is a 4xx"),
    pytest.param(
        "generic", 403, {}, {"X-RateLimit-Remaining": "0"}, THROTTLED, True, None, id="a 403 with nothing left is quota"
    ),
    pytest.param("generic", 403, {}, {"Retry-After": "3"}, THROTTLED, True, 3.0, id="a 403 with Retry-After is quota"),
    pytest.param(
        "generic", 503, {}, {"Retry-After": "9"}, STATUS_5XX, True, 9.0, id="a 503 is an outage, Retry-After or not"
    ),
    pytest.param("generic", 501, {}, {}, STATUS_5XX, False, None, id="a 501 does not pass by waiting"),
    pytest.param("marketo", 200, marketo("606"), {}, THROTTLED, True, None, id="Marketo 606 is the 20-second limit"),
    pytest.param("marketo", 200, marketo("607"), {}, THROTTLED, False, None, id="Marketo 607 lasts until midnight"),
    pytest.param("marketo", 200, marketo("615"), {}, THROTTLED, True, None, id="Marketo 615 is concurrency"),
    pytest.param("marketo", 200, marketo("1029"), {}, THROTTLED, False, None, id="Marketo 1029 is the export quota"),
    pytest.param("marketo", 200, marketo("601"), {}, AUTH, False, None, id="Marketo 601 is the token"),
    pytest.param("marketo", 200, marketo("602"), {}, AUTH, False, None, id="Marketo 602 is the token's age"),
    pytest.param("marketo", 200, marketo("604"), {}, VENDOR_ERROR, True, None, id="Marketo 604 is a timeout of theirs"),
    pytest.param("marketo", 200, marketo("608"), {}, VENDOR_ERROR, True, None, id="Marketo 608 is their outage"),
    pytest.param("marketo", 200, marketo("611"), {}, VENDOR_ERROR, True, None, id="Marketo 611 is a system error"),
    pytest.param("marketo", 200, marketo("713"), {}, VENDOR_ERROR, True, None, id="Marketo 713 is transient"),
    pytest.param("marketo", 200, marketo("1003"), {}, VENDOR_ERROR, False, None, id="another code is a vendor error"),
    pytest.param(
        "marketo", 200, {"success": False}, {}, VENDOR_ERROR, False, None, id="a failure without a code is one"
    ),
    pytest.param("marketo", 413, b"<h1>413</h1>", {}, STATUS_4XX, False, None, id="Marketo 413 comes as HTTP"),
    pytest.param(
        "hubspot", 429, {"policyName": "DAILY"}, {}, THROTTLED, False, None, id="HubSpot's day is not worth a retry"
    ),
    pytest.param(
        "hubspot",
        429,
        {"policyName": "TEN_SECONDLY_ROLLING"},
        {},
        THROTTLED,
        True,
        None,
        id="HubSpot's ten seconds are",
    ),
    pytest.param(
        "hubspot", 477, {}, {"Retry-After": "60"}, STATUS_4XX, True, 60.0, id="HubSpot 477 is a migration and passes"
    ),
    pytest.param("hubspot", 423, {}, {}, STATUS_4XX, True, None, id="HubSpot 423 is a lock and passes"),
    pytest.param(
        "salesforce",
        403,
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
        {},
        THROTTLED,
        False,
        None,
        id="Salesforce's 403 with REQUEST_LIMIT_EXCEEDED is quota",
    ),
    pytest.param(
        "salesforce",
        403,
        [{"message": "ConcurrentRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
        {},
        THROTTLED,
        True,
        None,
        id="Salesforce's concurrency passes",
    ),
    pytest.param("salesforce", 403, [{"errorCode": "X"}], {}, STATUS_4XX, False, None, id="another 403 is a 4xx"),
    pytest.param("salesforce", 410, [], {}, STATUS_4XX, False, None, id="a 410 is a retired version"),
    pytest.param("meta", 403, meta(4, is_transient=True), {}, THROTTLED, True, None, id="Meta 4 is the app's limit"),
    pytest.param(
        "meta", 400, meta(17, error_subcode=2446079), {}, THROTTLED, True, None, id="Meta 17 is the account's"
    ),
    pytest.param("meta", 400, meta(80004), REGAIN, THROTTLED, True, 420.0, id="Meta says in minutes when it is over"),
    pytest.param("meta", 400, meta(613), {}, THROTTLED, True, None, id="Meta 613 is a rate"),
    pytest.param("meta", 400, meta(190), {}, AUTH, False, None, id="Meta 190 is a dead token"),
    pytest.param("meta", 400, meta(2), {}, STATUS_4XX, True, None, id="Meta 2 is worth a retry"),
    pytest.param("meta", 500, meta(2), {}, STATUS_5XX, True, None, id="Meta 2 with a 500 is a 5xx"),
    pytest.param("meta", 400, meta(2635), {}, STATUS_4XX, False, None, id="Meta 2635 is a dead version"),
    pytest.param("meta", 400, meta(100), {}, STATUS_4XX, False, None, id="Meta 100 is our request"),
    pytest.param("meta", 200, meta(100), {}, VENDOR_ERROR, False, None, id="an error in a 200 is a vendor error"),
    pytest.param(
        "google_ads",
        429,
        google("RESOURCE_EXHAUSTED", quota_error="RESOURCE_EXHAUSTED", delay="30s"),
        {},
        THROTTLED,
        True,
        30.0,
        id="Google Ads says how long",
    ),
    pytest.param(
        "google_ads",
        429,
        google("RESOURCE_EXHAUSTED", quota_error="RESOURCE_EXHAUSTED", delay="21600s"),
        {},
        THROTTLED,
        True,
        3600.0,
        id="six hours are capped",
    ),
    pytest.param(
        "google_ads",
        400,
        [google("INVALID_ARGUMENT", quota_error="EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION")],
        {},
        THROTTLED,
        True,
        None,
        id="a streamed answer is a list",
    ),
    pytest.param(
        "google_ads",
        403,
        {"error": {"status": "PERMISSION_DENIED"}},
        {},
        STATUS_4XX,
        False,
        None,
        id="permission is a 4xx",
    ),
    pytest.param(
        "ga4",
        403,
        {"error": {"errors": [{"reason": "rateLimitExceeded"}]}},
        {},
        THROTTLED,
        True,
        None,
        id="GA4's admin API says its limit with a 403",
    ),
    pytest.param("github", 403, {}, SPENT, THROTTLED, True, 600.0, id="GitHub's 403 with nothing left waits for reset"),
    pytest.param("github", 403, {}, {"retry-after": "60"}, THROTTLED, True, 60.0, id="GitHub's secondary limit"),
    pytest.param("github", 403, {}, {"x-ratelimit-remaining": "9"}, STATUS_4XX, False, None, id="GitHub's permission"),
    pytest.param(
        "shopify", 200, shopify(100, 1100, 100), {}, THROTTLED, True, 10.0, id="Shopify throttles within a 200"
    ),
    pytest.param("shopify", 429, {}, {"Retry-After": "2.0"}, THROTTLED, True, 2.0, id="Shopify REST sends decimals"),
    pytest.param(
        "shopify", 200, {"errors": [{"message": "no"}]}, {}, VENDOR_ERROR, False, None, id="another GraphQL error"
    ),
    pytest.param("klaviyo", 429, {}, {"Retry-After": "1"}, THROTTLED, True, 1.0, id="Klaviyo's 429"),
    pytest.param("mailchimp", 403, b"<html>", {}, THROTTLED, True, None, id="Mailchimp's 403 without JSON is a limit"),
    pytest.param("mailchimp", 403, {"title": "Forbidden"}, {}, STATUS_4XX, False, None, id="with JSON it is not"),
    pytest.param("sfmc", 429, {"errorcode": 50200}, {}, THROTTLED, False, None, id="Marketing Cloud 50200 is a block"),
    pytest.param(
        "sfmc", 429, {"errorcode": 50100, "retryAfter": 4}, {}, THROTTLED, True, 4.0, id="50100 says how long"
    ),
    pytest.param("tiktok", 200, {"code": 40100}, {}, THROTTLED, True, None, id="TikTok throttles within a 200"),
    pytest.param("tiktok", 200, {"code": 40002}, {}, VENDOR_ERROR, False, None, id="TikTok fails within a 200"),
    pytest.param(
        "stripe", 429, {"error": {"code": "lock_timeout"}}, {}, STATUS_4XX, True, None, id="a lock is no limit"
    ),
    pytest.param(
        "stripe", 429, {}, {"Stripe-Rate-Limited-Reason": "global-rate"}, THROTTLED, True, None, id="Stripe's limit"
    ),
    pytest.param(
        "pipedrive", 429, {}, {"x-daily-requests-left": "0"}, THROTTLED, False, None, id="Pipedrive's day is spent"
    ),
    pytest.param("linkedin", 429, {}, {}, THROTTLED, False, None, id="LinkedIn counts by the day"),
    pytest.param("twilio", 429, {"code": 20429}, {}, THROTTLED, True, None, id="Twilio is safe to retry"),
]


@pytest.mark.parametrize(("vendor", "status", "body", "headers", "kind", "retryable", "wait"), CASES)
def test_an_answer_means_what_the_vendor_means_by_it(
    answer: Callable[..., Answer],
    vendor: str,
    status: int,
    body: object,
    headers: dict[str, str],
    kind: FailureKind,
    retryable: bool,
    wait: float | None,
) -> None:
    failure = VENDORS[vendor].verdict(answer(status, body, headers))
    assert failure is not None
    assert (failure.kind, failure.retryable, failure.retry_after_s) == (kind, retryable, wait)


@pytest.mark.parametrize(
    ("vendor", "status", "body", "rejected"),
    [
        pytest.param("marketo", 200, marketo("602"), True, id="Marketo says so within a 200"),
        pytest.param("marketo", 200, marketo("606"), False, id="a limit is not the token's fault"),
        pytest.param("meta", 400, meta(190), True, id="Meta says so with a 400"),
        pytest.param("meta", 400, meta(4), False, id="Meta's limit is not the token's fault"),
        pytest.param("hubspot", 401, {}, True, id="most say so with a 401"),
        pytest.param("hubspot", 403, {}, False, id="permission is not the token's fault"),
    ],
)
def test_a_vendor_says_when_the_token_is_no_longer_good(
    answer: Callable[..., Answer], vendor: str, status: int, body: object, rejected: bool
) -> None:
    assert VENDORS[vendor].token_rejected(answer(status, body)) is rejected


def test_a_marketo_limit_is_found_behind_another_error(answer: Callable[..., Answer]) -> None:
    body = {"success": False, "errors": [{"code": "1003", "message": "x"}, {"code": "606", "message": "y"}]}
    failure = VENDORS["marketo"].verdict(answer(200, body))
    assert failure is not None
    assert failure.message == "throttled: Marketo 606 (100 calls in 20 s): y"


def test_a_good_marketo_answer_is_fine(answer: Callable[..., Answer]) -> None:
    assert VENDORS["marketo"].verdict(answer(200, {"success": True, "result": []})) is None


def test_a_vendors_own_words_cannot_break_the_line_or_fill_the_page(answer: Callable[..., Answer]) -> None:
    failure = VENDORS["marketo"].verdict(answer(200, marketo("1003", "a\n\x1b[31mb" + "x" * 5000)))
    assert failure is not None
    assert "\n" not in failure.message
    assert "\x1b" not in failure.message
    assert len(failure.message) < 250


def test_the_vendors_request_ids_are_kept(answer: Callable[..., Answer]) -> None:
    got = answer(200, {}, {"X-HubSpot-Correlation-Id": "c-1", "CF-Ray": "r-1", "Server": "s"})
    assert VENDORS["hubspot"].request_ids(got) == {"x-hubspot-correlation-id": "c-1", "cf-ray": "r-1"}


SAID = [{"errorCode": "NOT_FOUND", "message": "no such record"}]
REFUSED = {"compositeResponse": [{"httpStatusCode": 404, "referenceId": "a", "body": SAID}]}


@pytest.mark.parametrize(
    ("vendor", "body", "says"),
    [
        ("salesforce", {"hasErrors": True, "results": [{"statusCode": 404, "result": SAID}]}, "NOT_FOUND"),
        ("salesforce", {"graphs": [{"isSuccessful": False, "graphResponse": REFUSED}]}, "NOT_FOUND"),
        ("salesforce", {"compositeResponse": [{"httpStatusCode": 500, "body": None}]}, "error"),
        ("salesforce", [{"success": True, "errors": []}, {"success": False, "errors": []}], "error"),
        ("salesforce", {"id": None, "success": False, "errors": [{"statusCode": "LOCKED"}]}, "LOCKED"),
        ("shopify", {"data": {"customerCreate": {"customerUserErrors": [{"message": "taken"}]}}}, "taken"),
        (
            "marketo",
            {"success": True, "result": [{"status": "created"}, {"status": "skipped", "reasons": [{"code": "1007"}]}]},
            "1007",
        ),
        ("marketo", {"success": True, "result": [{"status": "skipped"}]}, "without a reason"),
    ],
)
def test_a_part_that_failed_inside_a_200_is_no_success(vendor: str, body: object, says: str) -> None:
    failure = VENDORS[vendor].verdict(Answer(200, {}, b"{}", body, datetime(2026, 11, 22, tzinfo=UTC)))
    assert failure is not None
    assert failure.kind is VENDOR_ERROR
    assert says in failure.message


@pytest.mark.parametrize(
    ("vendor", "body"),
    [
        ("salesforce", {"hasErrors": False, "results": [{"statusCode": 204, "result": None}]}),
        ("salesforce", {"hasErrors": True, "results": [{"statusCode": 201, "result": {"success": True}}]}),
        ("salesforce", {"id": "1", "success": True, "errors": []}),
        ("shopify", {"data": {"customerCreate": {"customerUserErrors": []}}}),
        ("marketo", {"success": True, "result": [{"status": "updated"}, {"id": 1}]}),
    ],
)
def test_parts_that_went_well_are_a_success(vendor: str, body: object) -> None:
    assert VENDORS[vendor].verdict(Answer(200, {}, b"{}", body, datetime(2026, 11, 22, tzinfo=UTC))) is None
