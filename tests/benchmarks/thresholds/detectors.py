"""Detectors under one harness: a folder of probes in, alerts out.

The simple ones see what ours sees (the 75th percentile of 5 minutes; of failures, their share) and have its patience
(two of three buckets), so that only the limit differs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.replay import Suite, replay
from metrics.replay.suite import Recording
from metrics.store.database import Store
from tests.benchmarks.thresholds.suites import ERRORS, Alert, Known, known

_BUCKET_S: Final = 300
_WEEK: Final = 7 * 24 * 12
_WEEKS: Final = 4
_FIRST_DAY: Final = 24 * 12
_LEAST_SPREAD: Final = 0.05
_DEVIATIONS: Final = 6
"""The best of 3, 4, 6 and 8 for the rule of the hour of the week."""
_SURE: Final = 1.4826
"""By which a median absolute deviation becomes a standard deviation, where deviations are normal."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Detector = Callable[[Path], Iterator[Alert]]


def ours(folder: Path) -> Iterator[Alert]:
    """Learned limits, as `leadline replay` runs them: through the product's own ingest and evaluation."""
    with tempfile.TemporaryDirectory() as place:
        store = Store.open(Path(place) / "leadline.duckdb")
        try:
            for one in replay(Suite.read(folder), store):
                yield Alert(one.series, one.fired_at, one.resolved_at)
        finally:
            store.close()


def set_once(folder: Path) -> Iterator[Alert]:
    """A static threshold as people set it: twice the median of the first day; of failures, 20 %."""
    for figures in _figures(folder):
        limit = 0.2 if figures.of.kind == ERRORS else np.nanmedian(figures.values[:_FIRST_DAY]) + np.log(2)
        yield from figures.alerts(figures.values > limit)


def best_static(folder: Path) -> Iterator[Alert]:
    """The static threshold of each series that would have been best, had one known its incidents: nobody has it."""
    for figures in _figures(folder):
        measured = figures.values[~np.isnan(figures.values)]
        shares = np.concatenate([np.linspace(0.5, 0.98, 25), 1 - np.geomspace(0.019, 0.0003, 15)])
        tries = [list(figures.alerts(figures.values > limit)) for limit in np.unique(np.quantile(measured, shares))]
        yield from max(tries, key=figures.f1)


def hour_of_week(folder: Path) -> Iterator[Alert]:
    """The median of this hour of the week, four weeks, and deviations; the last day's until two weeks are known."""
    for figures in _figures(folder):
        values, limits = figures.values, np.full(len(figures.values), np.nan)
        for first in range(0, len(values), 12):
            hours = [values[max(0, at) : max(0, at + 12)] for at in range(first - _WEEKS * _WEEK, first, _WEEK)]
            past = np.concatenate([hour for hour in hours if len(hour)] or [values[:0]])
            if np.count_nonzero(~np.isnan(past)) < 18:
                past = values[max(0, first - _FIRST_DAY) : first]
            if (~np.isnan(past)).any():
                middle = np.nanmedian(past)
                spread = _SURE * np.nanmedian(np.abs(past - middle))
                limits[first : first + 12] = middle + _DEVIATIONS * max(spread, _LEAST_SPREAD)
        yield from figures.alerts(values > limits)


DETECTORS: Final[dict[str, Detector]] = {
    "Leadline": ours,
    f"hour of week, median + {_DEVIATIONS} deviations (MAD)": hour_of_week,
    "best static threshold in hindsight": best_static,
    "static threshold, set once": set_once,
}


@dataclass(frozen=True, slots=True)
class _Figures:
    """One series in buckets of 5 minutes: ln(ms), or the share of failures; NaN where nothing was measured."""

    of: Known
    first: int
    values: Floats

    @classmethod
    def from_probes(cls, of: Known, probes: Recording) -> _Figures:
        first = int(of.start) // _BUCKET_S
        count = -(-int(of.end) // _BUCKET_S) - first
        bucket = probes.t_ms // (_BUCKET_S * 1000) - first
        inside = (bucket >= 0) & (bucket < count)
        if of.kind == ERRORS:
            n, bad = (np.bincount(bucket[inside], which, count) for which in (None, ~probes.ok[inside]))
            return cls(of, first, np.where(n > 0, bad / np.maximum(n, 1), np.nan))
        inside &= probes.ok
        return cls(of, first, _upper_quartiles(bucket[inside], np.log(probes.value[inside]), count))

    def alerts(self, above: Any) -> Iterator[Alert]:
        """Sent when the second of three buckets above is over."""
        above = np.asarray(above, np.int8)
        of_three = above + np.concatenate([[0], above[:-1]]) + np.concatenate([[0, 0], above[:-2]])
        edges = np.flatnonzero(np.diff((of_three >= 2).astype(np.int8), prepend=0, append=0))
        for begins, ends in edges.reshape(-1, 2).tolist():
            fired, over = ((self.first + place + 1) * _BUCKET_S for place in (begins, ends))
            if fired < self.of.end:
                yield Alert(self.of.name, fired, over if ends < len(above) else None)

    def f1(self, alerts: list[Alert]) -> float:
        """Of such alerts about it."""
        return self.of.score([(one.fired_at, one.resolved_at) for one in alerts], 1.0, None).f1


def _figures(folder: Path) -> Iterator[_Figures]:
    probes = {recording.name: recording for recording in Suite.read(folder).recordings}
    for of in known(folder):
        yield _Figures.from_probes(of, probes[of.name])


def _upper_quartiles(bucket: NDArray[np.int64], values: Floats, count: int) -> Floats:
    order = np.lexsort((values, bucket))
    ordered, n = values[order], np.bincount(bucket, minlength=count)
    has = n > 0
    place = (np.cumsum(n) - n)[has] + 0.75 * (n[has] - 1)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    found = np.full(count, np.nan)
    found[has] = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return found
