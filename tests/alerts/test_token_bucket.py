"""Rates: what is written, and that no span of its unit ever sees more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.token_bucket import TokenBucket
from config.rate import Rate, format_rate, parse_rate

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@given(
    st.integers(1, 200),
    st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)]),
    st.lists(st.floats(0, 0.6), min_size=1, max_size=300),
)
def test_no_span_of_the_unit_sees_more_than_the_rate(count: int, per: timedelta, waits: list[float]) -> None:
    bucket, now, granted = TokenBucket(Rate(count, per)), NOON, []
    for wait in waits:
        now += per * wait / max(1, count // 8)
        if bucket.take(now):
            granted.append(now)
    for number, first in enumerate(granted):
        assert sum(first <= at < first + per for at in granted[number:]) <= count


@given(st.integers(1, 99_999), st.sampled_from(["s", "min", "h"]))
def test_a_rate_that_is_used_up_is_granted_again_after_the_wait_that_it_names(count: int, unit: str) -> None:
    bucket = TokenBucket(parse_rate(f"{count}/{unit}"))
    while not (wait := bucket.wait(NOON)):
        bucket.take(NOON)
    assert not bucket.take(NOON + wait - timedelta(microseconds=1))
    assert bucket.take(NOON + wait)


def test_a_quarter_goes_at_once_and_then_one_at_a_time() -> None:
    bucket = TokenBucket(parse_rate("120/min"))
    assert sum(bucket.take(NOON) for _ in range(60)) == 30
    assert timedelta(0) < bucket.wait(NOON) < timedelta(seconds=0.7)


@pytest.mark.parametrize("text", ["1/s", "60/min", "500/h"])
def test_a_rate_is_written_as_it_is_read(text: str) -> None:
    assert format_rate(parse_rate(text)) == text


@pytest.mark.parametrize("text", ["60", "60/m", "0/min", "-1/s", "1.5/s", "60 per min", 60, None, "100000/s"])
def test_what_is_no_rate_is_refused_with_what_to_write(text: object) -> None:
    with pytest.raises(ValueError, match=r"60/min|at least one"):
        parse_rate(text)
