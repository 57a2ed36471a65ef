from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "–", id="no data is a dash"),
        pytest.param(0.0, "0.0 ms", id="zero is a number"),
        pytest.param(4.66, "4.7 ms", id="small ones keep a decimal"),
        pytest.param(212.4, "212 ms", id="usual ones do not"),
        pytest.param(12_400, "12.4 s", id="long ones are seconds"),
    ],
)
def test_a_latency_always_has_a_unit_and_no_data_is_not_zero(value: float | None, text: str) -> None:
    assert wording.milliseconds(value) == text


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_a_share_is_never_rounded_up_to_all_nor_down_to_nothing(value: float) -> None:
    assert wording.share(value) not in {"100 %", "0 %", "0.00 %", "100.00 %"}


def test_the_ends_of_a_share_are_exact() -> None:
    assert (wording.share(0.0), wording.share(1.0), wording.share(None)) == ("0 %", "100 %", "–")


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=30), "30 d"),
        (timedelta(days=1), "24 h"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(milliseconds=200), "200 ms"),
    ],
)
def test_a_window_reads_as_people_say_it(length: timedelta, text: str) -> None:
    assert wording.span(length) == text


def test_a_time_that_lasts_has_two_units() -> None:
    assert wording.lasting(timedelta(hours=2, minutes=5)) == "2 h 05 min"
    assert wording.lasting(timedelta(days=3, hours=4)) == "3 d 4 h"
