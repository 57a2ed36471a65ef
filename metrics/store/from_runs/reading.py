"""How did the runs decide their slices? As numbers, for objectives to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from config.model import Objective, Sli
from metrics.judgement import MEASURES
from metrics.kinds import MAINTENANCE
from metrics.sliced import Decided, Numbers
from metrics.store.relations import RUNS
from metrics.store.rollup.decided import BEYOND, CODED, WITHIN
from metrics.store.rollup.layout import OUTCOMES, RUN_MEASURES
from metrics.store.schedule import Series
from metrics.store.sealing.layout import HOT
from metrics.store.tallies import verdict
from probes.model import Outcome

Figures = NDArray[np.float64]

_GOOD: Final = tuple(OUTCOMES.index(outcome) for outcome in (Outcome.PASSED, Outcome.UNSTABLE))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read: series (by number), spans of time, and what single objectives need beside the verdicts."""

    series: Sequence[Series]
    spans: Sequence[tuple[datetime, datetime]]
    values: Sequence[str] = ()
    """Names of recorded values."""
    maintenance: bool = False
    """Whether slices that were skipped for maintenance are asked for."""
    hot: bool = False
    """Whether none of it can be sealed."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs that decided slices, column by column; NaN where a measure is not known."""

    series: Numbers
    start_ms: Numbers
    every_ms: Numbers
    simulated: Numbers
    outcome: Numbers
    way: Numbers
    """Outcome, kind of failure and whether it failed elsewhere."""
    measures: Mapping[str, Figures]
    values: Mapping[str, Figures]
    skipped: Decided
    """Slices that were skipped for maintenance."""

    def decided(self, objective: Objective, own: Numbers) -> Decided:
        """What they are to an objective; `own` is the number of each series in it, −1 where it is not about it."""
        mine = own[self.series] >= 0
        found = self.verdicts(objective)
        some = mine & (found != 0)
        parts = [Decided(own[self.series[some]], *self._columns(some), found[some], self.simulated[some])]
        if objective.maintenance == "excluded":
            out = self.skipped.where(own[self.skipped.series] >= 0)
            parts.append(Decided(own[out.series], out.start_ms, out.every_ms, out.verdict, out.simulated))
        return Decided.joined(parts)

    def verdicts(self, objective: Objective) -> Numbers:
        """Of each run, whether it was good for the objective (1), bad (−1) or neither (0), if that is about it."""
        way = np.where(self._is_within(objective), self._way(objective), self.way)
        ways, which = np.unique(way, return_inverse=True)
        judge = (objective.sli, objective.throttled_is_bad)
        found: Numbers = np.array([verdict(one, judge) for one in ways.tolist()], np.int64)[which]
        return found

    def _columns(self, some: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        return self.start_ms[some], self.every_ms[some]

    def _measure(self, objective: Objective) -> Figures | None:
        if objective.sli is Sli.RECORDED:
            return self.values.get(objective.value or "")
        return self.measures.get(MEASURES.get(objective.sli, ""))

    def _is_within(self, objective: Objective) -> NDArray[np.bool_]:
        """Which runs are judged by a figure of theirs: the good ones that have it."""
        measure = self._measure(objective)
        if measure is None:
            return np.zeros(len(self.series), bool)
        kept: NDArray[np.bool_] = np.isin(self.outcome, _GOOD) & ~np.isnan(measure)
        return kept

    def _way(self, objective: Objective) -> Numbers:
        measure = self._measure(objective)
        if measure is None:
            return self.way
        low, high = objective.at_least, objective.at_most
        if objective.threshold is not None:
            high = objective.threshold / timedelta(milliseconds=1)
        inside = (measure >= (-np.inf if low is None else low)) & (measure <= (np.inf if high is None else high))
        way: Numbers = np.where(inside, WITHIN, BEYOND).astype(np.int64) << 6
        return way


def read_runs(con: DuckDBPyConnection, wanted: Wanted) -> Runs:
    """The runs that decided slices of these series which begin in these spans."""
    relation, bounds = _relation(wanted, "final")
    more = ", hash(run_id) AS run" if wanted.values else ""
    got = con.execute(_RUNS.format(relation=relation, more=more), bounds).fetchnumpy()
    integers = ("series", "start_ms", "every_s", "simulated", "outcome", "kind", "elsewhere")
    series, start_ms, every_ms, simulated, outcome, kind, elsewhere = (
        np.asarray(got[name]).astype(np.int64) for name in integers
    )
    return Runs(
        series=series,
        start_ms=start_ms,
        every_ms=every_ms,
        simulated=simulated,
        outcome=outcome,
        way=(outcome << 6) + (kind << 1) + elsewhere,
        measures={name: np.ma.filled(got[name].astype(np.float64), np.nan) for name in RUN_MEASURES.values()},
        values=values_of(con, wanted, np.asarray(got["run"])) if wanted.values else {},
        skipped=_skipped(con, wanted) if wanted.maintenance else Decided.joined(()),
    )


def _skipped(con: DuckDBPyConnection, wanted: Wanted) -> Decided:
    relation, bounds = _relation(wanted, _FOR_MAINTENANCE)
    got = con.execute(_SKIPPED.format(relation=relation), bounds | {"maintenance": MAINTENANCE}).fetchnumpy()
    series, start_ms, every_ms, simulated = (
        np.asarray(got[name]).astype(np.int64) for name in ("series", "start_ms", "every_ms", "simulated")
    )
    return Decided(series, start_ms, every_ms, np.zeros(len(series), np.int64), simulated)


def values_of(con: DuckDBPyConnection, wanted: Wanted, run: NDArray[Any]) -> dict[str, Figures]:
    """The recorded values of these runs, by name."""
    bounds = {
        "integrations": sorted({integration for integration, _, _ in wanted.series}),
        "names": list(wanted.values),
        "first": min(start for start, _ in wanted.spans) - _BEFORE_ITS_SLICE,
        "end": max(end for _, end in wanted.spans) + _AFTER_ITS_SLICE,
    }
    got = con.execute(_VALUES, bounds).fetchnumpy()
    order, found = np.argsort(run), {}
    for name in wanted.values:
        here = np.asarray(got["name"]) == name
        keys, figures = np.asarray(got["run"])[here], np.asarray(got["value"], np.float64)[here]
        place = np.minimum(np.searchsorted(run[order], keys), max(0, len(run) - 1))
        column = np.full(len(run), np.nan)
        hit = run[order][place] == keys if len(run) else np.zeros(len(keys), bool)
        column[order[place[hit]]] = figures[hit]
        found[name] = column
    return found


def _relation(wanted: Wanted, condition: str) -> tuple[str, dict[str, Any]]:
    """The runs of the wanted series and spans that a condition chooses, each with the number of its series."""
    integrations, workflows, regions = zip(*wanted.series, strict=True)
    bounds: dict[str, Any] = {"integrations": integrations, "workflows": workflows, "regions": regions}
    parts = []
    for place, (start, end) in enumerate(wanted.spans):
        bounds |= {f"a{place}": start, f"b{place}": end}
        parts.append(f"(slice_at >= $a{place} AND slice_at < $b{place})")
    runs = HOT[RUNS] if wanted.hot else RUNS
    return _RELATION.format(runs=runs, condition=condition, spans=" OR ".join(parts)), bounds


_BEFORE_ITS_SLICE: Final = timedelta(minutes=5)
_AFTER_ITS_SLICE: Final = timedelta(days=1)
_FOR_MAINTENANCE: Final = "outcome = 'skipped' AND failure_kind IS NULL AND starts_with(skip_reason, $maintenance)"

_RELATION: Final = """
(SELECT *, failed_integration IS NOT NULL AS elsewhere FROM {runs} WHERE {condition} AND ({spans}))
JOIN (
    SELECT *, row_number() OVER () - 1 AS series FROM (
        SELECT unnest($integrations::VARCHAR[]) AS integration, unnest($workflows::VARCHAR[]) AS workflow,
               unnest($regions::VARCHAR[]) AS region
    )
) USING (integration, workflow, region)
"""

_RUNS: Final = (
    f"SELECT series, epoch_ms(slice_at) AS start_ms, {CODED}, elsewhere, {', '.join(RUN_MEASURES.values())}"  # noqa: S608
    "{more} FROM {relation}"
)

_SKIPPED: Final = """
SELECT DISTINCT series, epoch_ms(slice_at) AS start_ms, round(every_s * 1000)::BIGINT AS every_ms, simulated
FROM {relation}
"""

_VALUES: Final = """
SELECT hash(run_id) AS run, name, value FROM recorded_values
WHERE integration IN (SELECT unnest($integrations)) AND name IN (SELECT unnest($names))
  AND started_at >= $first AND started_at < $end
"""
