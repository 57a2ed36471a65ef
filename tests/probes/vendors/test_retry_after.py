"""Retry-After in every spelling that vendors use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.vendors.retry_after import LONGEST_S, parse_http_date, parse_retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("120", 120.0, id="whole seconds"),
        pytest.param("2.0", 2.0, id="decimal seconds, as Shopify sends them"),
        pytest.param("30s", 30.0, id="a protobuf duration, as Google sends it"),
        pytest.param("0", 0.0, id="zero is at once"),
        pytest.param(" 5 ", 5.0, id="blanks around it do not matter"),
        pytest.param("Sun, 22 Nov 2026 12:01:30 GMT", 90.0, id="an HTTP date counts from the answer"),
        pytest.param("Sunday, 22-Nov-26 12:01:30 GMT", 90.0, id="the obsolete RFC 850 date too"),
        pytest.param("Sun Nov 22 12:01:30 2026", 90.0, id="and asctime's"),
        pytest.param("Sun, 22 Nov 2026 11:00:00 GMT", 0.0, id="a date gone by is at once"),
        pytest.param("86400", LONGEST_S, id="a day is capped at an hour"),
        pytest.param("Sun, 22 Nov 2027 12:00:00 GMT", LONGEST_S, id="so is a date next year"),
        pytest.param("", None, id="nothing is nothing"),
        pytest.param("-5", None, id="a negative number is malformed"),
        pytest.param("soon", None, id="so is a word"),
        pytest.param("٣٠", None, id="so are digits of another script"),
        pytest.param("1e9", None, id="so is an exponent"),
        pytest.param("9" * 5000, None, id="so is a number of 5,000 digits"),
    ],
)
def test_retry_after_is_read_as_seconds(text: str, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


@given(st.text())
def test_any_text_gives_seconds_within_an_hour_or_nothing(text: str) -> None:
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_S


def test_an_http_date_is_utc() -> None:
    assert parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
