"""Order statistics of many rows at once agree with those of one row in plain Python."""

from __future__ import annotations

from math import isnan
from statistics import median as plain_median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.baseline.levels import spread, spreads
from metrics.baseline.rows import median, quantile, reached_mostly
from metrics.baseline.rule import Rule

figure = st.one_of(st.just(float("nan")), st.floats(-20, 20, width=32))
rows = st.integers(1, 12).flatmap(lambda width: st.lists(st.lists(figure, min_size=width, max_size=width), min_size=1))


def known(row: list[float]) -> list[float]:
    return [one for one in row if not isnan(one)]


@settings(max_examples=20)
@given(rows)
def test_the_median_is_that_of_the_known_figures(table: list[list[float]]) -> None:
    expected = [plain_median(known(row)) if known(row) else float("nan") for row in table]
    assert median(np.array(table)) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=20)
@given(rows, st.floats(0, 1))
def test_a_quantile_lies_between_its_neighbours_in_proportion(table: list[list[float]], share: float) -> None:
    found, counts = quantile(np.array(table), share)
    expected = [np.quantile(known(row), share) if known(row) else float("nan") for row in table]
    assert found == pytest.approx(expected, nan_ok=True, abs=1e-9)
    assert counts.tolist() == [len(known(row)) for row in table]


@settings(max_examples=20)
@given(rows)
def test_what_is_mostly_reached_is_reached_by_more_than_half(table: list[list[float]]) -> None:
    for row, found in zip(table, reached_mostly(np.array(table)).tolist(), strict=True):
        reached = [one for one in known(row) if sum(other >= one for other in known(row)) * 2 > len(known(row))]
        assert found == pytest.approx(max(reached, default=float("nan")), nan_ok=True)


def test_without_columns_nothing_is_known() -> None:
    nothing = np.empty((2, 0))
    assert np.isnan(median(nothing)).all()
    assert np.isnan(reached_mostly(nothing)).all()
    assert quantile(nothing, 0.9)[1].tolist() == [0, 0]


def test_spreads_are_the_same_in_blocks_as_all_at_once() -> None:
    random = np.random.default_rng(3)
    residuals = random.normal(0, 1, (1_030, 60)).astype(np.float32)
    residuals[random.random(residuals.shape) < 0.2] = np.nan
    rows, week, near = np.arange(1_029, -1, -1), np.arange(10, 50), np.array([3, 4, 59])
    young = random.random(len(rows)) < 0.5
    whole = spread(residuals[rows][:, week], residuals[rows][:, near], young, Rule())
    np.testing.assert_array_equal(spreads(residuals, rows, (week, near), young, Rule()), whole)
