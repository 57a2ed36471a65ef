"""What did every integration do in a stretch of time: requests, failures by class, latency and first byte?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.model import Latency, Rates, Window
from metrics.store.rates import RATE_COLUMNS, rates_from
from metrics.store.relations import GOOD_ATTEMPTS, STEPS
from metrics.store.rollup.histogram import index_sql, quantiles, read
from metrics.store.rollup.layout import INTEGRATION_LEVEL
from metrics.store.rollup.plan import Span, tier_of
from metrics.store.rollup.reading import Scope, Stretch, totals
from metrics.store.rollup.tiers import Source

Whole = NDArray[np.int64]
_NO_LATENCY: Final = Latency(0, None, None, None, None)
_EXTRA: Final = ("n", "simulated", "total_max", "ttfb_max")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One integration in that time. Percentiles are within 1 % of nearest rank."""

    integration: str
    rates: Rates
    latency: Latency
    first_byte: Latency
    simulated: int
    """Attempts of generated history."""


def reviewed(con: DuckDBPyConnection, names: Sequence[str], window: Window) -> tuple[Reviewed, ...]:
    """Of each of these integrations, in that order, in a handful of questions for all of them."""
    stretch = Stretch.of(con, window)
    place = {name: number for number, name in enumerate(names)}
    known = totals(con, stretch, Scope(), (*RATE_COLUMNS, *_EXTRA), {"integration": "integration"}, {})
    rows = {name: row for row, name in enumerate(known["integration"].tolist())}
    cuts = {measure: _cut(con, stretch, measure, place) for measure in ("total", "ttfb")}
    return tuple(_reviewed(name, number, rows.get(name), known, cuts) for name, number in place.items())


def _reviewed(
    name: str, number: int, row: int | None, known: dict[str, Any], cuts: dict[str, list[NDArray[np.float64]]]
) -> Reviewed:
    if row is None:
        return Reviewed(name, Rates(0, None, None, None, None, None), _NO_LATENCY, _NO_LATENCY, 0)
    n = _whole(known["n"][row])
    cut = {measure: [float(column[number]) for column in columns] for measure, columns in cuts.items()}
    return Reviewed(
        name,
        rates_from(known, row),
        _latency(n, cut["total"], known["total_max"][row]),
        _latency(n, cut["ttfb"], known["ttfb_max"][row]),
        _whole(known["simulated"][row]),
    )


def _latency(n: int, cut: list[float], largest: Any) -> Latency:
    if not n or any(figure != figure for figure in cut) or np.ma.is_masked(largest):  # noqa: PLR0124 - NaN
        return _NO_LATENCY
    most = round(float(largest), 3)
    p50, p95, p99 = (min(figure, most) for figure in cut)
    return Latency(n, p50, p95, p99, most, exact=False)


def _whole(figure: Any) -> int:
    return 0 if np.ma.is_masked(figure) else int(figure)


def _cut(con: DuckDBPyConnection, stretch: Stretch, measure: str, place: dict[str, int]) -> list[NDArray[np.float64]]:
    """P50, P95 and P99 by place."""
    parts = [_held(con, span, measure, place) for span in stretch.spans if span.start < span.end]
    whose, bucket, count = (np.concatenate([part[k] for part in parts] or [np.zeros(0, np.int64)]) for k in range(3))
    if not len(whose):
        return [np.full(len(place), np.nan)] * 3
    low = int(bucket.min())
    width = int(bucket.max()) - low + 1
    held = np.bincount(whose * width + (bucket - low), count).astype(np.int64)
    some = np.flatnonzero(held)
    return quantiles(some // width, some % width + low, held[some], len(place))


def _held(con: DuckDBPyConnection, span: Span, measure: str, place: dict[str, int]) -> tuple[Whole, Whole, Whole]:
    """Of one span: whose, which bucket of the histogram, how many."""
    bounds = {"start": span.start, "end": span.end}
    if span.source is Source.RAW:
        sql = _RAW.format(index=index_sql(f"{measure}_ms"), measure=f"{measure}_ms")
        answer = con.execute(sql, bounds).fetchnumpy()
        code = _codes(answer["integration"], place)
        known = code >= 0
        return code[known], answer["i"].astype(np.int64)[known], answer["c"].astype(np.int64)[known]
    sql = _ROLLED.format(table=INTEGRATION_LEVEL.table(tier_of(span.source)), measure=measure)
    table = con.execute(sql, bounds).to_arrow_table()
    row, index, count = read(table["held"])
    code = _codes(table["integration"].to_pylist(), place)[row]
    known = code >= 0
    return code[known], index[known], count[known]


def _codes(names: Any, place: dict[str, int]) -> Whole:
    return np.fromiter((place.get(name, -1) for name in names), np.int64)


_RAW: Final = f"""
SELECT integration, {{index}} AS i, count(*) AS c FROM {STEPS}
WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} AND {{measure}} IS NOT NULL GROUP BY ALL
"""  # noqa: S608 - names of ours

_ROLLED: Final = """
SELECT integration, {measure}_histogram AS held FROM {table} WHERE bucket_at >= $start AND bucket_at < $end
"""
