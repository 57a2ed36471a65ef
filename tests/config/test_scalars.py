"""Durations, shares and statuses read what people write, and are written back as the same value."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.model import Expect, Objective, Request
from config.scalars import format_duration, parse_duration, parse_share, parse_status

durations = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=36_525))


@given(durations)
def test_a_duration_is_written_so_that_it_reads_back_exactly(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_a_share_is_written_so_that_it_reads_back_exactly(value: float) -> None:
    objective = Objective.model_validate({"sli": "availability", "target": value})
    assert parse_share(objective.model_dump(mode="json")["target"]) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200ms", timedelta(milliseconds=200)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5s", timedelta(milliseconds=1500)),
        ("30d", timedelta(days=30)),
        ("1h 30m", timedelta(minutes=90)),
    ],
)
def test_a_duration_has_units(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("value", [60, 1.5, "60", "", "s", "-5s", "0s", "1 minute", "1y", None, True, "9" * 400 + "s"])
def test_what_is_not_a_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_duration(value)


def test_a_duration_is_written_in_the_largest_whole_unit() -> None:
    written = [format_duration(parse_duration(text)) for text in ("60s", "90s", "24h", "7d", "1500ms", "0.25ms")]
    assert written == ["1m", "90s", "1d", "1w", "1500ms", "0.25ms"]


def test_ninety_nine_point_nine_percent_is_exactly_that() -> None:
    assert parse_share("99.9%") == 0.999


@pytest.mark.parametrize("value", ["0%", "101%", "-1%", "many%", "99.9", 0, 1.5, 20, True, None, [], float("nan")])
def test_what_is_not_a_share_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="%"):
        parse_share(value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [(201, 201), ("201", 201), ("2XX", "2xx"), ([200, "4xx"], (200, "4xx")), (None, None)],
)
def test_a_status_is_a_number_a_class_or_a_list(written: object, expected: object) -> None:
    assert parse_status(written) == expected


@pytest.mark.parametrize("written", [600, 20, "2x", "ok", [], True, 200.0, {"a": 1}])
def test_what_is_not_a_status_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a status"):
        Expect.model_validate({"status": written})


@pytest.mark.parametrize("value", [1.10, True, None, [1]])
def test_only_whole_numbers_become_text_on_the_wire(value: Any) -> None:
    assert Request.model_validate({"query": {"limit": 10}}).query == {"limit": "10"}
    with pytest.raises(ValueError, match="query"):
        Request.model_validate({"query": {"version": value}})
