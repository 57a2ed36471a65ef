"""What every vendor preset keeps to, those that are added tomorrow too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.model import FailureKind
from probes.quota import QUOTA_PARSERS
from probes.vendors import VENDORS, Answer, Vendor

EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS.keys())
UNVERIFIED = {"iterable", "customerio", "pinterest", "microsoft_ads", "amplitude", "segment", "mixpanel"}

_KEYS = st.sampled_from(
    ["error", "errors", "code", "success", "extensions", "cost", "throttleStatus", "details", "policyName", "errorCode"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "retry-after",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "x-business-use-case-usage",
            "x-ratelimit-resource",
        ]
    ),
    st.text(max_size=20) | st.sampled_from(["0", "1e400", "-1", "NaN", '{"a":[{}]}', "[" * 5000]),
)


@EVERY_VENDOR
def test_a_vendor_is_registered_under_its_own_name(vendor: Vendor) -> None:
    assert VENDORS[vendor.name] is vendor


@EVERY_VENDOR
def test_a_vendors_quota_parsers_exist(vendor: Vendor) -> None:
    assert set(vendor.quota) <= set(QUOTA_PARSERS)


@EVERY_VENDOR
def test_request_id_headers_are_spelt_in_lower_case(vendor: Vendor) -> None:
    assert all(name == name.lower() for name in vendor.request_id_headers)


@EVERY_VENDOR
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, FailureKind.THROTTLED),
        (500, FailureKind.STATUS_5XX),
        (401, FailureKind.AUTH),
        (404, FailureKind.STATUS_4XX),
    ],
)
def test_plain_http_means_the_same_everywhere(
    answer: Callable[..., Answer], vendor: Vendor, status: int, kind: FailureKind
) -> None:
    failure = vendor.verdict(answer(status, {}))
    assert failure is not None
    assert failure.kind is kind


@EVERY_VENDOR
@pytest.mark.parametrize("status", [200, 201, 204, 302])
def test_a_good_or_redirecting_answer_is_left_to_the_steps_own_expectation(
    answer: Callable[..., Answer], vendor: Vendor, status: int
) -> None:
    assert vendor.verdict(answer(status, {})) is None
    assert vendor.verdict(answer(status, b"")) is None


@EVERY_VENDOR
def test_a_throttled_answer_waits_as_long_as_the_vendor_says(answer: Callable[..., Answer], vendor: Vendor) -> None:
    failure = vendor.verdict(answer(429, {}, {"Retry-After": "17"}))
    assert failure is not None
    assert failure.retry_after_s == 17


@settings(max_examples=examples(100), deadline=None)
@given(status=st.sampled_from([200, 207, 400, 403, 429, 500, 999]), body=_JSON, headers=_HEADERS)
def test_no_answer_whatever_makes_any_verdict_raise(status: int, body: object, headers: dict[str, str]) -> None:
    got = Answer(status, headers, b"", body, datetime(2026, 11, 22, tzinfo=UTC))
    for vendor in VENDORS.values():
        failure = vendor.verdict(got)
        vendor.token_rejected(got)
        vendor.request_ids(got)
        waits = failure.retry_after_s if failure is not None else None
        assert waits is None or 0 <= waits <= 3600


def test_nothing_is_claimed_of_vendors_whose_signals_could_not_be_verified() -> None:
    assert UNVERIFIED.isdisjoint(VENDORS)


def test_every_vendor_stands_in_the_table_of_the_docs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()
    assert [name for name in VENDORS if f"| `{name}` |" not in text] == []
