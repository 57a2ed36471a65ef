"""What every quota parser keeps to, those that are added tomorrow too."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.model import QuotaReading
from probes.quota import QUOTA_PARSERS, QuotaSource, quota_readings
from probes.quota.reading import MAX_BUCKETS
from probes.vendors import VENDORS, Answer

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SOURCE = QuotaSource("acme", "none:00000000")
UNITS = {"requests", "points", "tokens", "credits", "percent", "concurrency", "bytes"}
KINDS = {"fixed", "rolling", "leaky", "clock", "calendar"}
ORIGINS = {"header", "body", "usage_endpoint", "declared"}
EVERY_PARSER = pytest.mark.parametrize("name", QUOTA_PARSERS)

HEADER_NAMES = [
    "age", "ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset",
    "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used", "x-ratelimit-resource",
    "x-ratelimit-remaining-day", "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining",
    "x-hubspot-ratelimit-interval-milliseconds", "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining",
    "sforce-limit-info", "x-app-usage", "x-ad-account-usage", "x-business-use-case-usage", "x-page-usage",
    "x-shopify-shop-api-call-limit", "x-rate-limit", "x-rate-limit-remaining", "zendesk-ratelimit-tickets-index",
    "x-sib-ratelimit-remaining", "x-sib-ratelimit-reset", "x-daily-requests-left", "x-api-credits-remaining",
    "twilio-concurrent-requests",
]  # fmt: skip
HOSTILE = [
    "", "-1", "0", "1e400", "NaN", "Infinity", "9" * 400, "99999999999999", "1/0", "32/40", "{", "[" * 3000, "null",
    '{"call_count":1e999}', '{"1":[{"type":"x","call_count":3,"estimated_time_to_regain_access":1e300}]}',
    '"a";r=1;t=999999999999999', '"a";q=;w', "limit=1,remaining=1,reset=1", "1;w=0, 2;w=1", "a=1/2(appName=)",
    "api-usage=1/2", "total=1; remaining=x; resets=1", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
]  # fmt: skip
BODY_KEYS = [
    "success", "result", "errors", "code", "date", "total", "resources", "core", "limit", "remaining", "reset",
    "propertyQuota", "tokensPerDay", "extensions", "cost", "throttleStatus", "currentlyAvailable", "DailyApiRequests",
    "Max", "Remaining", "results", "usageLimit", "currentUsage", "resetsAt",
]  # fmt: skip

_headers = st.dictionaries(
    st.sampled_from(HEADER_NAMES), st.text(max_size=30) | st.sampled_from(HOSTILE) | st.integers().map(str), max_size=6
)
_leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*HOSTILE, "607", "2026-11-22"])
_body = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(BODY_KEYS), inner, max_size=5),
    max_leaves=15,
)


def answer(headers: dict[str, str], body: object = None) -> Answer:
    return Answer(200, headers, b"", body, NOW)


def problems(reading: QuotaReading) -> Iterator[str]:
    """Everything about a reading that the normal form forbids."""
    figures = (reading.limit, reading.used, reading.remaining, reading.window_s, reading.restore_rate)
    if any(f is not None and not (math.isfinite(f) and 0 <= f <= 1e15) for f in figures):
        yield "a figure is absurd"
    if reading.used is None and reading.remaining is None:
        yield "it reports nothing"
    if reading.unit not in UNITS or reading.window_kind not in KINDS or reading.source not in ORIGINS:
        yield "a word is not of the normal form"
    if not 1 <= len(reading.bucket) <= 64 or not reading.bucket.isprintable():
        yield "the bucket's name is not fit for a page"
    if reading.reset_at is not None and abs((reading.reset_at - NOW).total_seconds()) > 32 * 86400:
        yield "the reset is absurd"


@settings(max_examples=examples(150), deadline=None)
@given(headers=_headers, body=_body)
def test_no_parser_raises_or_reports_nonsense_whatever_comes(headers: dict[str, str], body: object) -> None:
    for name, parse in QUOTA_PARSERS.items():
        for reading in parse(answer(headers, body), SOURCE):
            assert list(problems(reading)) == [], (name, reading)


@pytest.mark.parametrize("value", HOSTILE)
@EVERY_PARSER
def test_no_parser_raises_when_every_header_is_hostile(name: str, value: str) -> None:
    readings = QUOTA_PARSERS[name](answer(dict.fromkeys(HEADER_NAMES, value)), SOURCE)
    assert [problem for reading in readings for problem in problems(reading)] == []


@EVERY_PARSER
@pytest.mark.parametrize("body", [None, {}, [], "text", 7, {"success": True}])
def test_what_is_not_reported_is_not_read(name: str, body: Any) -> None:
    assert QUOTA_PARSERS[name](answer({"content-type": "application/json"}, body), SOURCE) == ()


@EVERY_PARSER
def test_a_vendor_that_names_thousands_of_buckets_does_not_fill_the_store(name: str) -> None:
    headers = {f"x-ratelimit-remaining-b{n}": "1" for n in range(500)}
    headers |= {f"zendesk-ratelimit-b{n}": "remaining=1" for n in range(500)}
    headers["ratelimit"] = ", ".join(f'"b{n}";r=1' for n in range(500))
    headers["sforce-limit-info"] = "; ".join(f"b-{chr(97 + n % 26)}=1/2(appName={n})" for n in range(500))
    headers["x-business-use-case-usage"] = json.dumps({"1": [{"type": f"b{n}", "call_count": 1} for n in range(500)]})
    body = {"resources": {f"b{n}": {"remaining": 1} for n in range(500)}}
    assert len(QUOTA_PARSERS[name](answer(headers, body), SOURCE)) <= MAX_BUCKETS


def test_of_two_families_for_one_bucket_the_first_is_kept() -> None:
    headers = {"ratelimit-remaining": "5", "x-ratelimit-remaining": "7", "x-ratelimit-remaining-day": "9"}
    readings = quota_readings(VENDORS["generic"], answer(headers), "none:00000000")
    assert [(r.bucket, r.remaining) for r in readings] == [("default", 5), ("day", 9)]
    assert {(r.vendor, r.credential) for r in readings} == {("generic", "none:00000000")}
