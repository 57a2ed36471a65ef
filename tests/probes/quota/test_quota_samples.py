"""What each family's recorded headers and bodies say, in the normal form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from probes.model import QuotaReading

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
Read = Callable[..., tuple[QuotaReading, ...]]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def r(bucket: str, **known: Any) -> dict[str, Any]:
    """The expected reading: only what is named is reported."""
    blank = {"limit": None, "used": None, "remaining": None, "window_s": None, "reset_at": None, "restore_rate": None}
    fixed = {"unit": "requests", "window_kind": "fixed", "source": "header", "timezone": None}
    return {"bucket": bucket, **fixed, **blank, **known}


def as_said(reading: QuotaReading) -> dict[str, Any]:
    names = r("").keys()
    return {name: getattr(reading, name) for name in names}


HEADERS = [
    pytest.param(
        "ietf",
        {"RateLimit-Limit": "100, 100;w=10", "RateLimit-Remaining": "50", "RateLimit-Reset": "5"},
        [r("10s", limit=100, used=50, remaining=50, window_s=10, reset_at=at(5))],
        id="IETF up to -06 with the window in the limit",
    ),
    pytest.param(
        "ietf",
        {
            "RateLimit-Policy": "10;w=1, 50;w=60",
            "RateLimit-Limit": "50",
            "RateLimit-Remaining": "9",
            "RateLimit-Reset": "7",
        },
        [r("60s", limit=50, used=41, remaining=9, window_s=60, reset_at=at(7))],
        id="IETF up to -06 with a policy header",
    ),
    pytest.param(
        "ietf",
        {"ratelimit-limit": "5", "ratelimit-remaining": "4"},
        [r("default", limit=5, used=1, remaining=4)],
        id="ActiveCampaign sends no reset",
    ),
    pytest.param(
        "ietf",
        {"RateLimit": "limit=100, remaining=50, reset=5"},
        [r("default", limit=100, used=50, remaining=50, reset_at=at(5))],
        id="IETF -07 is one dictionary",
    ),
    pytest.param(
        "ietf",
        {
            "RateLimit-Policy": '"burst";q=100;w=60, "daily";q=1000;w=86400;qu="content-bytes"',
            "RateLimit": '"burst";r=50;t=30, "daily";r=900;t=100',
        },
        [
            r("burst", limit=100, used=50, remaining=50, window_s=60, reset_at=at(30)),
            r("daily", unit="bytes", limit=1000, used=100, remaining=900, window_s=86400, reset_at=at(100)),
        ],
        id="IETF from -08 names its policies",
    ),
    pytest.param(
        "ietf",
        {"RateLimit": '"default";r=50;t=30;pk=:cHJvYmU=:, "default";r=3;t=9;pk=:b3RoZXI=:'},
        [r("default", remaining=3, reset_at=at(9))],
        id="of two partitions the emptier counts",
    ),
    pytest.param("ietf", {"RateLimit": '"default";r=5 0;t=30'}, [], id="a malformed list is ignored as a whole"),
    pytest.param("ietf", {"RateLimit": "limit=100, remaining=x"}, [], id="so is a malformed dictionary"),
    pytest.param(
        "ietf", {"RateLimit-Policy": '"burst";q=100;w=60'}, [], id="a policy alone says nothing of what is left"
    ),
    pytest.param(
        "ietf",
        {"RateLimit": '"d";r=50;t=99999999'},
        [r("d", remaining=50)],
        id="a reset in three years is absurd and left out",
    ),
    pytest.param(
        "ietf", {"RateLimit": '"d";r=50', "Age": "30"}, [], id="a cached answer tells of somebody else's quota"
    ),
    pytest.param(
        "x_ratelimit",
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": str(EPOCH + 30)},
        [r("default", limit=60, used=1, remaining=59, reset_at=at(30))],
        id="X-RateLimit with epoch seconds",
    ),
    pytest.param(
        "x_ratelimit",
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-tokens": "6m0s",
        },
        [
            r("requests", limit=60, used=1, remaining=59, reset_at=at(1)),
            r("tokens", unit="tokens", limit=150000, used=16, remaining=149984, reset_at=at(360)),
        ],
        id="X-RateLimit with suffixes and durations",
    ),
    pytest.param(
        "x_ratelimit",
        {"X-RateLimit-Limit-Day": "100", "X-RateLimit-Remaining-Day": "1"},
        [r("day", limit=100, used=99, remaining=1, window_s=86400)],
        id="a suffix may be the window",
    ),
    pytest.param(
        "x_ratelimit_epoch",
        {"X-RateLimit-Limit": "167", "X-RateLimit-Remaining": "166", "X-RateLimit-Reset": str(EPOCH + 10)},
        [r("default", limit=167, used=1, remaining=166, reset_at=at(10))],
        id="Intercom, Braze and SendGrid count from 1970",
    ),
    pytest.param(
        "x_ratelimit_epoch",
        {"X-RateLimit-Remaining": "166", "X-RateLimit-Reset": "10"},
        [r("default", remaining=166)],
        id="a reset in 1970 is nonsense there",
    ),
    pytest.param(
        "hubspot",
        {
            "X-HubSpot-RateLimit-Daily": "250000",
            "X-HubSpot-RateLimit-Daily-Remaining": "249990",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": "100",
            "X-HubSpot-RateLimit-Remaining": "98",
            "X-HubSpot-RateLimit-Secondly": "10",
            "X-HubSpot-RateLimit-Secondly-Remaining": "9",
        },
        [
            r("daily", limit=250000, used=10, remaining=249990, window_s=86400, window_kind="calendar"),
            r("interval", limit=100, used=2, remaining=98, window_s=10, window_kind="rolling"),
            r("secondly", limit=10, used=1, remaining=9, window_s=1, window_kind="rolling"),
        ],
        id="HubSpot's three buckets",
    ),
    pytest.param(
        "hubspot",
        {"X-HubSpot-RateLimit-Max": "110", "X-HubSpot-RateLimit-Remaining": "109"},
        [r("interval", limit=110, used=1, remaining=109, window_kind="rolling")],
        id="HubSpot tells an OAuth app nothing of its day",
    ),
    pytest.param(
        "salesforce",
        {"Sforce-Limit-Info": "api-usage=10018/100000; per-app-api-usage=17/250(appName=sample-app)"},
        [
            r("daily", limit=100000, used=10018, remaining=89982, window_s=86400, window_kind="rolling"),
            r(
                "per-app-api-usage:sample-app",
                limit=250,
                used=17,
                remaining=233,
                window_s=86400,
                window_kind="rolling",
            ),
        ],
        id="Salesforce counts what is used",
    ),
    pytest.param(
        "salesforce",
        {"Sforce-Limit-Info": "api-usage=120/100, api-bursts=1/750"},
        [
            r("daily", limit=100, used=120, remaining=0, window_s=86400, window_kind="rolling"),
            r("api-bursts", limit=750, used=1, remaining=749, window_kind="rolling"),
        ],
        id="used above the limit leaves nothing, not less than nothing",
    ),
    pytest.param(
        "meta",
        {"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":31}'},
        [r("app", unit="percent", limit=100, used=31, remaining=69, window_s=3600, window_kind="rolling")],
        id="of Meta's three measures the highest counts",
    ),
    pytest.param(
        "meta",
        {"X-Ad-Account-Usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100,"ads_api_access_tier":"x"}'},
        [
            r(
                "ad-account",
                unit="percent",
                limit=100,
                used=9.67,
                remaining=90.33,
                window_s=3600,
                window_kind="rolling",
                reset_at=at(100),
            )
        ],
        id="Meta's ad account resets in seconds",
    ),
    pytest.param(
        "meta",
        {
            "X-Business-Use-Case-Usage": (
                '{"1":[{"type":"ads_insights","call_count":100,"total_cputime":25,"total_time":25,'
                '"estimated_time_to_regain_access":19}],"2":[{"type":"ads_insights","call_count":7},'
                '{"type":"pages","call_count":3,"estimated_time_to_regain_access":0}]}'
            )
        },
        [
            r(
                "business:ads_insights",
                unit="percent",
                limit=100,
                used=100,
                remaining=0,
                window_s=3600,
                window_kind="rolling",
                reset_at=at(19 * 60),
            ),
            r("business:pages", unit="percent", limit=100, used=3, remaining=97, window_s=3600, window_kind="rolling"),
        ],
        id="Meta's business use cases: the highest of all ids, access regained in minutes",
    ),
    pytest.param(
        "meta",
        {"X-Page-Usage": '{"call_count":130}'},
        [r("page", unit="percent", limit=100, used=130, remaining=0, window_s=3600, window_kind="rolling")],
        id="Meta goes above 100 percent",
    ),
    pytest.param(
        "shopify_rest",
        {"X-Shopify-Shop-Api-Call-Limit": "32/40"},
        [r("rest", limit=40, used=32, remaining=8, window_kind="leaky", restore_rate=2)],
        id="Shopify's bucket leaks two a second",
    ),
    pytest.param(
        "shopify_rest",
        {"X-Shopify-Shop-Api-Call-Limit": "1/123"},
        [r("rest", limit=123, used=1, remaining=122, window_kind="leaky")],
        id="of a size that is not known the leak is not known",
    ),
    pytest.param(
        "github",
        {
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "4990",
            "x-ratelimit-used": "10",
            "x-ratelimit-reset": str(EPOCH + 1800),
            "x-ratelimit-resource": "graphql",
        },
        [r("graphql", limit=5000, used=10, remaining=4990, window_s=3600, reset_at=at(1800))],
        id="GitHub names the resource",
    ),
    pytest.param(
        "klaviyo",
        {"RateLimit-Limit": "75, 75;w=1, 700;w=60", "RateLimit-Remaining": "74", "RateLimit-Reset": "1"},
        [r("burst", limit=75, used=1, remaining=74, window_s=1, reset_at=at(1))],
        id="Klaviyo's burst",
    ),
    pytest.param(
        "klaviyo",
        {"RateLimit-Limit": "700", "RateLimit-Remaining": "600", "RateLimit-Reset": "40"},
        [r("steady", limit=700, used=100, remaining=600, window_s=60, reset_at=at(40))],
        id="Klaviyo's steady window, known by its tier",
    ),
    pytest.param("klaviyo", {"Retry-After": "1"}, [], id="on a 429 Klaviyo sends Retry-After instead"),
    pytest.param(
        "zendesk",
        {
            "X-Rate-Limit": "700",
            "X-Rate-Limit-Remaining": "699",
            "ratelimit-limit": "700",
            "ratelimit-remaining": "698",
            "ratelimit-reset": "41",
            "zendesk-ratelimit-tickets-index": "total=100; remaining=99; resets=41",
        },
        [
            r("account", limit=700, used=2, remaining=698, window_s=60, reset_at=at(41)),
            r("tickets-index", limit=100, used=1, remaining=99, reset_at=at(41)),
        ],
        id="Zendesk has two limits at once",
    ),
    pytest.param(
        "zendesk",
        {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"},
        [r("account", limit=700, used=1, remaining=699, window_s=60)],
        id="Zendesk's older headers alone",
    ),
    pytest.param(
        "brevo",
        {"x-sib-ratelimit-limit": "100", "x-sib-ratelimit-remaining": "98", "x-sib-ratelimit-reset": "30"},
        [r("default", limit=100, used=2, remaining=98, reset_at=at(30))],
        id="Brevo counts from now",
    ),
    pytest.param(
        "pipedrive",
        {
            "x-ratelimit-limit": "80",
            "x-ratelimit-remaining": "79",
            "x-ratelimit-reset": "2",
            "x-daily-requests-left": "9000",
        },
        [
            r("burst", unit="tokens", limit=80, used=1, remaining=79, window_s=2, window_kind="rolling"),
            r("daily-requests", remaining=9000, window_s=86400, window_kind="calendar"),
        ],
        id="Pipedrive's burst and day",
    ),
    pytest.param(
        "zoho",
        {"X-API-CREDITS-REMAINING": "24000"},
        [r("credits", unit="credits", remaining=24000, window_s=86400, window_kind="rolling")],
        id="Zoho's credits",
    ),
    pytest.param(
        "twilio",
        {"Twilio-Concurrent-Requests": "3"},
        [r("concurrency", unit="concurrency", used=3)],
        id="Twilio's gauge",
    ),
]


@pytest.mark.parametrize(("parser", "headers", "expected"), HEADERS)
def test_headers_are_read_into_the_normal_form(
    read: Read, parser: str, headers: dict[str, str], expected: list[dict[str, Any]]
) -> None:
    assert [as_said(reading) for reading in read(parser, headers)] == expected


MIDNIGHT_CHICAGO = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
MIDNIGHT_PACIFIC = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHICAGO = {"window_s": 86400, "window_kind": "calendar", "timezone": "America/Chicago"}

BODIES = [
    pytest.param(
        "salesforce",
        {"DailyApiRequests": {"Max": 100000, "Remaining": 89000}, "DailyBulkApiBatches": {"Max": 1, "Remaining": 1}},
        [
            r(
                "daily",
                source="usage_endpoint",
                limit=100000,
                used=11000,
                remaining=89000,
                window_s=86400,
                window_kind="rolling",
            )
        ],
        id="Salesforce's /limits",
    ),
    pytest.param(
        "shopify_graphql",
        {
            "extensions": {
                "cost": {
                    "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0}
                }
            }
        },
        [
            r(
                "graphql",
                unit="points",
                source="body",
                limit=2000,
                used=10,
                remaining=1990,
                window_kind="leaky",
                restore_rate=100,
            )
        ],
        id="Shopify's GraphQL cost",
    ),
    pytest.param(
        "github",
        {"resources": {"core": {"limit": 5000, "used": 1, "remaining": 4999, "reset": EPOCH + 60}}, "rate": {}},
        [
            r(
                "core",
                source="usage_endpoint",
                limit=5000,
                used=1,
                remaining=4999,
                window_s=3600,
                reset_at=at(60),
            )
        ],
        id="GitHub's /rate_limit",
    ),
    pytest.param(
        "marketo",
        {"success": True, "result": [{"date": "2026-11-22", "total": 1234, "users": []}]},
        [r("daily", source="usage_endpoint", used=1234, reset_at=MIDNIGHT_CHICAGO, **CHICAGO)],
        id="Marketo's use of today, without a limit",
    ),
    pytest.param(
        "marketo",
        {"success": True, "result": [{"date": "2026-11-22", "total": 9}, {"date": "2026-11-21", "total": 50}]},
        [r("daily", source="usage_endpoint", used=9, reset_at=MIDNIGHT_CHICAGO, **CHICAGO)],
        id="of Marketo's last seven days only today counts",
    ),
    pytest.param(
        "marketo",
        {"success": True, "result": [{"date": "2026-11-20", "total": 9}]},
        [],
        id="a Marketo day gone by says nothing of now",
    ),
    pytest.param("marketo", {"success": True, "result": [{"id": 1, "status": "created"}]}, [], id="a lead is no usage"),
    pytest.param(
        "marketo",
        {"success": False, "errors": [{"code": "607", "message": "m"}]},
        [r("daily", source="body", remaining=0, reset_at=MIDNIGHT_CHICAGO, **CHICAGO)],
        id="Marketo 607 says that nothing is left of the day",
    ),
    pytest.param(
        "marketo",
        {"success": False, "errors": [{"code": "606", "message": "m"}]},
        [r("20s", source="body", remaining=0, window_s=20, window_kind="rolling")],
        id="Marketo 606 says that nothing is left of 20 seconds",
    ),
    pytest.param(
        "ga4",
        {
            "propertyQuota": {
                "tokensPerDay": {"consumed": 5, "remaining": 199995},
                "concurrentRequests": {"remaining": 10},
            }
        },
        [
            r(
                "tokens-per-day",
                unit="tokens",
                source="body",
                remaining=199995,
                window_s=86400,
                window_kind="calendar",
                timezone="America/Los_Angeles",
                reset_at=MIDNIGHT_PACIFIC,
            ),
            r("concurrency", unit="concurrency", source="body", remaining=10),
        ],
        id="GA4 tells what remains; consumed is this request's own cost",
    ),
    pytest.param(
        "hubspot",
        {
            "results": [
                {
                    "name": "private-apps-api-calls-daily",
                    "currentUsage": 1500,
                    "usageLimit": 250000,
                    "collectedAt": "2026-11-22T11:59:00Z",
                    "fetchStatus": "CACHED",
                    "resetsAt": "2026-11-23T05:00:00Z",
                }
            ]
        },
        [
            r(
                "daily",
                source="usage_endpoint",
                limit=250000,
                used=1500,
                remaining=248500,
                window_s=86400,
                window_kind="calendar",
                reset_at=at(17 * 3600),
            )
        ],
        id="HubSpot's daily usage",
    ),
    pytest.param("hubspot", {"total": 1, "results": [{"id": "1", "properties": {}}]}, [], id="a contact is no usage"),
]


@pytest.mark.parametrize(("parser", "body", "expected"), BODIES)
def test_bodies_are_read_into_the_normal_form(
    read: Read, parser: str, body: object, expected: list[dict[str, Any]]
) -> None:
    assert [as_said(reading) for reading in read(parser, None, body)] == expected


def test_a_reading_names_vendor_credential_and_instant(read: Read) -> None:
    (reading,) = read("zoho", {"X-API-CREDITS-REMAINING": "1"})
    assert (reading.vendor, reading.credential, reading.observed_at) == ("acme", "basic:12345678", NOW)


def test_marketos_day_ends_at_central_midnight_on_the_day_the_clocks_change(read: Read) -> None:
    evening = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)  # 14:00 CST, ten hours to midnight
    body = {"success": False, "errors": [{"code": "607", "message": "m"}]}
    assert read("marketo", None, body, evening)[0].reset_at == datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    before = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 00:30 CDT of the day with 25 hours
    assert read("marketo", None, body, before)[0].reset_at == datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


def test_githubs_list_wins_over_the_headers_it_came_with(read: Read) -> None:
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "1", "x-ratelimit-resource": "core"}
    body = {"resources": {"core": {"limit": 5000, "remaining": 4999}}}
    assert [reading.remaining for reading in read("github", headers, body)] == [4999]
