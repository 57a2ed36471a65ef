"""Histogram arithmetic: never more than 1 % off, and merging loses nothing."""

from __future__ import annotations

import duckdb
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.store.rollup.histogram import ALPHA, index, index_sql, merged, of, packed, quantiles, unpacked, value

SAMPLES = st.lists(st.floats(0.001, 1e7), min_size=1, max_size=200)
PERCENTS = (1, 50, 95, 99, 100)
CLOSE = ALPHA + 1e-9


def nearest_rank(samples: list[float], percent: int) -> float:
    return sorted(samples)[-(-len(samples) * percent // 100) - 1]


@given(st.floats(0.001, 1e9))
def test_a_bucket_stands_for_all_that_it_holds_within_one_percent(sample: float) -> None:
    assert abs(value(index(sample)) - sample) <= CLOSE * sample


@given(st.lists(SAMPLES, min_size=1, max_size=6))
def test_percentiles_of_merged_histograms_are_those_of_all_samples_within_one_percent(parts: list[list[float]]) -> None:
    indices, counts = merged(*(of(part) for part in parts))
    everything = [sample for part in parts for sample in part]
    assert counts.sum() == len(everything)
    found = quantiles(np.zeros(len(indices), int), indices, counts, 1, PERCENTS)
    for percent, (figure,) in zip(PERCENTS, found, strict=True):
        wanted = nearest_rank(everything, percent)
        assert abs(figure - wanted) <= CLOSE * wanted


@given(SAMPLES, SAMPLES, SAMPLES)
def test_it_does_not_matter_in_which_order_histograms_are_merged(
    a: list[float], b: list[float], c: list[float]
) -> None:
    x, y, z = of(a), of(b), of(c)
    orders = [merged(merged(x, y), z), merged(x, merged(y, z)), merged(z, y, x), of([*a, *b, *c])]
    for indices, counts in orders:
        assert indices.tolist() == orders[0][0].tolist()
        assert counts.tolist() == orders[0][1].tolist()


def test_a_group_without_samples_has_no_percentile() -> None:
    (median,) = quantiles([0, 2, 2], [10, 5, 9], [1, 3, 1], 4, (50,))
    assert np.isnan(median[[1, 3]]).all()
    assert median[[0, 2]].tolist() == [value(10), value(5)]


@given(st.lists(st.floats(0.0001, 1e7), min_size=1, max_size=50))
def test_the_database_puts_samples_into_the_same_buckets(samples: list[float]) -> None:
    with duckdb.connect() as con:
        sql = f"SELECT {index_sql('x')} FROM (SELECT unnest($1) AS x)"  # noqa: S608 - ours
        assert [row[0] for row in con.execute(sql, [samples]).fetchall()] == [index(sample) for sample in samples]


def test_what_was_not_measured_is_in_no_bucket() -> None:
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {index_sql('NULL::DOUBLE')}").fetchone() == (None,)


HELD = st.dictionaries(st.integers(index(0.0), 2_000), st.integers(1, 2**31), max_size=40)


@given(st.lists(HELD, max_size=8))
def test_what_is_packed_comes_out_as_it_was(histograms: list[dict[int, int]]) -> None:
    rows = [(place, at, held[at]) for place, held in enumerate(histograms) for at in sorted(held)]
    _, indices, counts = np.array(rows, np.int64).reshape(-1, 3).T
    offsets, data = packed([len(held) for held in histograms], indices, counts)
    assert len(offsets) == len(histograms) + 1
    assert [tuple(row) for row in np.transpose(unpacked(offsets, data)).tolist()] == rows


@given(SAMPLES)
def test_a_histogram_does_not_depend_on_those_it_is_packed_with(samples: list[float]) -> None:
    indices, counts = of(samples)
    _, alone = packed([len(indices)], indices, counts)
    offsets, data = packed([2, len(indices), 0, 1], [5, 7, *indices, 900], [1, 200, *counts, 3])
    assert data[offsets[1] : offsets[2]].tolist() == alone.tolist()
