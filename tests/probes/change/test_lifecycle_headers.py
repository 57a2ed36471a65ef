"""What answers say of an API's end, in every spelling, and that nonsense says nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.change.dates import parse_date
from probes.change.links import links
from probes.change.signals import change_signals
from probes.change.vendors import READERS
from probes.change.versions import ECHOES
from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors import VENDORS, Answer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def said(
    headers: dict[str, str],
    *,
    vendor: str = "generic",
    url: str = "https://api.example.com/v1/things",
    asked: dict[str, str] | None = None,
) -> tuple[ChangeSignal, ...]:
    answer = Answer(200, {name.lower(): value for name, value in headers.items()}, b"", None, NOON)
    return change_signals(vendor, Request("GET", url, headers=asked), answer)


def only(signals: tuple[ChangeSignal, ...]) -> ChangeSignal:
    (signal,) = signals
    return signal


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("@1688169599", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("@1688169599;note=x", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("Sun, 11 Nov 2029 23:59:59 GMT", datetime(2029, 11, 11, 23, 59, 59, tzinfo=UTC)),
        ("Sunday, 11-Nov-29 23:59:59 GMT", datetime(2029, 11, 11, 23, 59, 59, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T10:00:00+02:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2027-01-31T10:00:00Z", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ('version="v1", date="Sun, 11 Nov 2029 23:59:59 GMT"', datetime(2029, 11, 11, 23, 59, 59, tzinfo=UTC)),
        ("1688169599", datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_in_every_spelling(text: str, at: datetime) -> None:
    assert parse_date(text) == at


@pytest.mark.parametrize(
    "text",
    ["", "soon", "@", "@-5", "@99999999999", "@1", "2027-13-45", "9999-99-99T99:99", "0001-01-01", "true",
     "Sun, 41 Nov 2029 23:59:59 GMT", "2027-01-31T10:00:00+99:99", "x" * 100_000, "1" * 5_000],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    at = parse_date(text)
    assert at is None or at.tzinfo is not None
    links(text)
    said({"Deprecation": text, "Sunset": text, "Link": text, "Warning": text, "X-API-Warn": text})


def test_a_deprecation_has_its_date_and_the_link_that_explains_it() -> None:
    link = '<https://x.example/sunset>; rel="sunset", <https://x.example/v1>; rel="deprecation"; type="text/html"'
    signal = only(said({"Deprecation": "@1688169599", "Link": link}))
    assert signal.kind is ChangeKind.DEPRECATION
    assert signal.at == datetime(2023, 6, 30, 23, 59, 59, tzinfo=UTC)
    assert signal.link == "https://x.example/v1"


@pytest.mark.parametrize("text", ["true", "?1", "TRUE"])
def test_a_deprecation_may_have_no_date(text: str) -> None:
    signal = only(said({"Deprecation": text}))
    assert (signal.kind, signal.at) == (ChangeKind.DEPRECATION, None)


@pytest.mark.parametrize("text", ["false", "?0", "", "no", "garbage", "@nope"])
def test_a_deprecation_that_is_none_says_nothing(text: str) -> None:
    assert said({"Deprecation": text}) == ()


def test_a_successor_is_named() -> None:
    signal = only(said({"Deprecation": "true", "Link": "<https://x.example/v2/things>; rel=successor-version"}))
    assert signal.what == "replaced by https://x.example/v2/things"


def test_a_sunset_is_a_signal_of_its_own() -> None:
    both = said({"Deprecation": "@1688169599", "Sunset": "Sun, 11 Nov 2029 23:59:59 GMT",
                 "Link": '<https://x.example/end>; rel="sunset"'})  # fmt: skip
    assert [(one.kind, one.link) for one in both] == [
        (ChangeKind.DEPRECATION, None),
        (ChangeKind.SUNSET, "https://x.example/end"),
    ]


def test_a_link_alone_announces_nothing() -> None:
    assert said({"Link": '<https://x.example/policy>; rel="sunset deprecation"'}) == ()


def test_a_warning_counts_only_if_it_is_about_an_end() -> None:
    text = '299 - "This API is deprecated and will be retired in Summer 28"'
    signal = only(said({"Warning": text}, vendor="salesforce"))
    assert (signal.kind, signal.what) == (
        ChangeKind.DEPRECATION,
        "This API is deprecated and will be retired in Summer 28",
    )
    assert said({"Warning": '299 - "Miscellaneous persistent warning"'}) == ()
    assert said({"Warning": '110 anderson/1.3.37 "Response is deprecated"'}) == ()


def test_shopify_names_the_page_that_explains() -> None:
    signal = only(said({"X-Shopify-API-Deprecated-Reason": "https://shopify.dev/x"}, vendor="shopify"))
    assert (signal.kind, signal.link, signal.what) == (ChangeKind.DEPRECATION, "https://shopify.dev/x", "")


def test_metas_upgrade_behind_our_back_is_a_fall_forward() -> None:
    words = "The call has been auto-upgraded to v21.0 as v19.0 has been deprecated."
    signal = only(said({"X-Ad-Api-Version-Warning": words}, vendor="meta"))
    assert (signal.kind, signal.what) == (ChangeKind.FALL_FORWARD, words)


def test_a_header_of_one_vendor_means_nothing_at_another() -> None:
    assert said({"X-Shopify-API-Deprecated-Reason": "https://shopify.dev/x"}) == ()


@pytest.mark.parametrize(
    ("vendor", "url", "asked", "answered"),
    [
        ("shopify", "https://s.example/admin/api/2024-01/shop.json", {}, {"X-Shopify-API-Version": "2025-10"}),
        ("meta", "https://g.example/v19.0/act_1/insights", {}, {"Facebook-API-Version": "v21.0"}),
        ("stripe", "https://s.example/v1/charges", {"Stripe-Version": "2023-10-16"}, {"Stripe-Version": "2024-06-20"}),
        ("github", "https://g.example/user", {"X-GitHub-Api-Version": "2022-11-28"},
         {"X-GitHub-Api-Version-Selected": "2026-03-10"}),
    ],
)  # fmt: skip
def test_another_version_than_the_one_asked_for_is_a_signal(
    vendor: str, url: str, asked: dict[str, str], answered: dict[str, str]
) -> None:
    signal = only(said(answered, vendor=vendor, url=url, asked=asked))
    assert signal.kind is ChangeKind.FALL_FORWARD
    assert "was asked for" in signal.what


@pytest.mark.parametrize(
    ("vendor", "url", "answered"),
    [
        ("shopify", "https://s.example/admin/api/2025-10/shop.json", {"X-Shopify-API-Version": "2025-10"}),
        ("shopify", "https://s.example/admin/api/unstable/shop.json", {"X-Shopify-API-Version": "2025-10"}),
        ("shopify", "https://s.example/admin/api/2025-10/shop.json", {}),
        ("shopify", "https://s.example/admin/api/2025-10/shop.json", {"X-Shopify-API-Version": "<script>"}),
        ("meta", "https://g.example/v21.0/me", {"Facebook-API-Version": "v21.0"}),
        ("meta", "https://g.example/me", {"Facebook-API-Version": "v21.0"}),
        ("stripe", "https://s.example/v1/charges", {"Stripe-Version": "2024-06-20"}),
        ("hubspot", "https://h.example/crm/v3/objects", {"X-Shopify-API-Version": "2025-10"}),
    ],
)
def test_the_same_version_or_none_is_no_signal(vendor: str, url: str, answered: dict[str, str]) -> None:
    assert said(answered, vendor=vendor, url=url) == ()


def test_every_vendor_that_is_known_here_is_a_vendor() -> None:
    assert set(ECHOES) | set(READERS) <= set(VENDORS)
