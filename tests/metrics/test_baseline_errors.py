"""Learned error rates: more failures than chance explains fire, the usual ones do not."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.baseline.errors import WINDOWS, ErrorBaselines, ErrorsJudged, tail

HOUR, DAY = 60, 1440
START = 29_147_040 // DAY * DAY

Failures = NDArray[np.int64]
"""By minute and series; one probe a minute."""


def hours(
    baselines: ErrorBaselines, failures: Failures, first: int = START, excluded: NDArray[np.bool_] | None = None
) -> Iterator[ErrorsJudged]:
    at = 0
    while at < len(failures):
        end = at + HOUR - (first + at) % HOUR
        part = failures[at:end]
        out = None if excluded is None else excluded[at:end]
        yield baselines.observe(first + at, np.ones_like(part), part, out)
        at = end


def firing(judged: Iterator[ErrorsJudged]) -> NDArray[np.bool_]:
    return np.concatenate([one.firing for one in judged])


def rare(days: float, series: int = 1, rate: float = 0.005, seed: int = 3) -> Failures:
    return (np.random.default_rng(seed).random((int(days * DAY), series)) < rate).astype(np.int64)


def learned(days: int = 3, series: int = 1) -> ErrorBaselines:
    baselines = ErrorBaselines(["UTC"] * series)
    assert not firing(hours(baselines, rare(days, series))).any()
    return baselines


NEXT = START + 3 * DAY


@settings(max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60), st.fractions(0, 1, max_denominator=50))
def test_the_tail_is_that_of_the_binomial_law(n: int, least: int, rate: Fraction) -> None:
    exact = sum((comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(least, n + 1)), Fraction(0))
    assert tail(n, least, float(rate)) == pytest.approx(float(exact), rel=1e-9, abs=1e-300)


def test_the_tail_of_a_probe_a_second_is_a_number() -> None:
    assert tail(3600, 36, 0.01) == pytest.approx(0.52, abs=0.02)
    assert 0 < tail(3600, 120, 0.01) < 1e-20


def test_one_failed_probe_fires_nothing() -> None:
    after = np.zeros((2 * HOUR, 1), np.int64)
    after[30] = 1
    assert not firing(hours(learned(), after, NEXT)).any()


def test_ten_minutes_of_half_the_probes_failing_fire_within_ten() -> None:
    after = np.zeros((2 * HOUR, 1), np.int64)
    after[30:40:2] = 1
    fired = np.flatnonzero(firing(hours(learned(), after, NEXT)))
    assert 30 < fired[0] < 40
    assert fired[-1] < 70, "and it is over when they are"


def test_an_outage_fires_with_its_fourth_minute_at_the_latest() -> None:
    after = np.zeros((HOUR, 1), np.int64)
    after[20:] = 1
    assert np.flatnonzero(firing(hours(learned(), after, NEXT)))[0] <= 23


def test_nothing_fires_in_the_first_hour() -> None:
    assert not firing(hours(ErrorBaselines(["UTC"]), np.ones((HOUR, 1), np.int64), START + 17)).any()


def test_three_failures_in_a_row_fire_on_the_first_day() -> None:
    failures = np.zeros((4 * HOUR, 1), np.int64)
    failures[200:203] = 1
    assert np.flatnonzero(firing(hours(ErrorBaselines(["UTC"]), failures)))[0] == 202


def test_what_fails_every_night_is_a_habit() -> None:
    failures = rare(7)
    minute = np.arange(len(failures)) % DAY
    nightly = (minute >= 120) & (minute < 141)
    failures[nightly] = np.random.default_rng(8).random((int(nightly.sum()), 1)) < 0.3
    nights = set((np.flatnonzero(firing(hours(ErrorBaselines(["UTC"]), failures))) // DAY).tolist())
    assert nights <= {0, 1, 2}


def test_a_new_rate_is_normal_after_24_hours_of_alert() -> None:
    baselines = learned()
    failures = rare(1.2, rate=0.5, seed=4)
    judged = list(hours(baselines, failures, NEXT))
    fires = firing(iter(judged))[:, 0]
    first = np.flatnonzero(fires)[0]
    accepted = np.flatnonzero(np.concatenate([one.accepted for one in judged])[:, 0])
    assert accepted[0] == first + DAY
    assert fires[first : first + DAY].all()


def test_what_is_excluded_is_not_learned() -> None:
    failures, out = rare(1, seed=4), np.zeros((DAY, 1), np.bool_)
    failures[300:400], out[300:400] = 1, True
    baselines, other = learned(), learned()
    list(hours(baselines, failures, NEXT, out))
    list(hours(other, rare(1, seed=4), NEXT))
    assert baselines.usual == pytest.approx(other.usual, rel=0.2)


def test_minutes_one_by_one_are_judged_as_a_whole_hour_is() -> None:
    failures = rare(0.5, 2, rate=0.03, seed=6)
    failures[500:530, 0] = 1
    whole, single = ErrorBaselines(["UTC"] * 2), ErrorBaselines(["UTC"] * 2)
    at_once = list(hours(whole, failures))
    one_by_one = [single.observe(START + at, np.ones((1, 2), np.int64), row[None]) for at, row in enumerate(failures)]
    assert firing(iter(at_once)).any()
    for name, axis in (("firing", 0), ("accepted", 0), ("chance", 1), ("failures", 1)):
        both = (np.concatenate([getattr(one, name) for one in some], axis=axis) for some in (at_once, one_by_one))
        assert np.array_equal(*both), name


def test_series_of_one_batch_do_not_know_of_each_other() -> None:
    zones = ["UTC", "Asia/Kolkata", "America/New_York"]
    failures = rare(2.5, 3, rate=0.02)
    for row in range(3):
        failures[3000 + row * 150 : 3030 + row * 150, row] = 1
    asked = np.ones_like(failures)
    asked[:DAY, 2] = failures[:DAY, 2] = 0  # it is younger

    def judged(columns: list[int]) -> list[ErrorsJudged]:
        baselines = ErrorBaselines([zones[column] for column in columns])
        return [
            baselines.observe(START + at, asked[at : at + HOUR, columns], failures[at : at + HOUR, columns])
            for at in range(0, len(failures), HOUR)
        ]

    together = judged([0, 1, 2])
    assert firing(iter(together)).any(axis=0).all()
    for row in range(3):
        for one, alone in zip(together, judged([row]), strict=True):
            assert np.array_equal(one.firing[:, [row]], alone.firing)
            assert np.array_equal(one.chance[:, :, [row]], alone.chance)


def test_no_verdict_knows_of_what_comes_later() -> None:
    failures = rare(2, rate=0.03)
    until = DAY + 5 * HOUR
    changed = failures.copy()
    changed[until:] = 1
    before, after = (firing(hours(ErrorBaselines(["UTC"]), some))[:until] for some in (failures, changed))
    assert np.array_equal(before, after)


def test_windows_count_the_last_minutes() -> None:
    failures = rare(0.5, rate=0.2)
    judged = list(hours(ErrorBaselines(["UTC"]), failures))
    found = np.concatenate([one.failures for one in judged], axis=1)[:, :, 0]
    for window, length in enumerate(WINDOWS):
        expected = [int(failures[max(0, at - length + 1) : at + 1].sum()) for at in range(len(failures))]
        assert found[window].tolist() == expected
