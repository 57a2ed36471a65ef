"""Resets in every spelling, told apart by their size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.quota.reading import LATEST_SKEW, LONGEST_WINDOW, next_midnight, reset_delta, reset_epoch, reset_sniffed

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("41", 41, id="small numbers are seconds from now"),
        pytest.param("0.5", 0.5, id="fractions too"),
        pytest.param(str(EPOCH + 90), 90, id="ten digits are epoch seconds"),
        pytest.param(str((EPOCH + 90) * 1000), 90, id="thirteen digits are epoch milliseconds"),
        pytest.param(str(EPOCH - 5), -5, id="a reset five seconds ago is a clock that is a little off"),
        pytest.param("6m0s", 360, id="a duration"),
        pytest.param("1h2m3.5s", 3723.5, id="a long duration"),
        pytest.param("120ms", 0.12, id="a short duration"),
        pytest.param("Sun, 22 Nov 2026 12:01:00 GMT", 60, id="an HTTP date"),
        pytest.param("2026-11-22T13:01:00+01:00", 60, id="an ISO instant"),
        pytest.param("2026-11-22T12:01:00", None, id="an ISO instant without a zone is nobody's"),
        pytest.param("50000000", None, id="a delta of a year and a half is absurd"),
        pytest.param("500000000", None, id="between a delta and an epoch lies nothing"),
        pytest.param(str(EPOCH + 90 * 86400), None, id="ninety days ahead is absurd"),
        pytest.param(str(EPOCH - 7200), None, id="two hours ago is absurd"),
        pytest.param("6m 0s", None, id="a malformed duration"),
        pytest.param("later", None, id="a word"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_reset_is_told_by_its_size_and_shape(text: str, seconds: float | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert reset_sniffed(text, NOW) == expected


def test_a_vendors_own_rule_beats_the_size() -> None:
    assert reset_delta("41", NOW) == NOW + timedelta(seconds=41)
    assert reset_epoch("41", NOW) is None


@example("0\x1f")  # `strip` takes more away than `float` forgives
@given(st.text() | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_a_reset_is_near_or_not_there_at_all(text: str) -> None:
    for rule in (reset_sniffed, reset_delta, reset_epoch):
        at = rule(text, NOW)
        assert at is None or NOW - LATEST_SKEW <= at <= NOW + LONGEST_WINDOW


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_the_next_midnight_is_within_25_hours(now: datetime) -> None:
    midnight = next_midnight(now, ZoneInfo("America/Chicago"))
    assert timedelta() < midnight - now <= timedelta(hours=25)
    assert midnight.astimezone(ZoneInfo("America/Chicago")).hour == 0
