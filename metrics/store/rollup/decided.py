"""How slices were decided, as numbers: one whole number for all that can make a slice good or bad, and how many.

A key packs, from the highest bit down, the target (a series, or a series held against one of its limits), the length
of the slice in milliseconds, whether it is simulated, the outcome, the kind of failure and whether it failed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.kinds import GOOD, sql_list
from metrics.store.limits import Limit
from metrics.store.relations import RUNS
from metrics.store.rollup.histogram import index, value
from metrics.store.rollup.layout import OUTCOMES, RUN_MEASURES, limit_table, run_table
from metrics.store.rollup.tiers import Tier, slot_start
from probes.model import FailureKind, Outcome

Numbers = NDArray[np.int64]
_RawSpan = tuple[str, datetime, datetime]
"""What its rows are placed by, an expression of SQL; start, end."""

KINDS: Final = tuple(FailureKind)
WITHIN: Final = len(OUTCOMES)
"""In the place of an outcome: a good run that kept its limit; then one that did not, and both as a histogram says."""
BEYOND: Final = WITHIN + 1
ABOUT: Final = 2
"""From WITHIN or BEYOND to the same as a histogram says: 1 % of the limit off at most."""
WAYS: Final = (WITHIN + 4) << 6
"""Numbers below this are ways to be decided: outcome, kind of failure, elsewhere."""

_TARGET: Final = 1 << 42
_EVERY: Final = 1 << 10
_SIMULATED: Final = 1 << 9
_NOT_GOOD: Final = [place for place, outcome in enumerate(OUTCOMES) if outcome not in GOOD]


@dataclass(frozen=True, slots=True)
class Rows:
    """Slices that were decided alike: where they belong (a zone or a bucket), their key and how many they are."""

    where: Numbers
    key: Numbers
    n: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Targets:
    """What is counted: series by the row that tells of them in `schedule_changes`, each alone and against limits."""

    rows: Sequence[int]
    """Row numbers, ascending; a series' place is that of its row here."""
    limits: Sequence[Mapping[str, Limit]]
    """By column: the limit of each integration that has so many."""
    columns: Mapping[int, int]
    """Identity of a limit in the store → its column."""
    identities: Mapping[int, Limit]
    """Identity of a limit in the store → what it is."""
    width: int
    """Targets per series: itself, and one for each column of limits."""
    only: str | None = None
    """The one integration that it is about; None: several."""
    names: Sequence[str] = ()
    """By place: the integration of the series. Only needed for limits."""

    def number(self, row: Any, column: int | Numbers = -1) -> Numbers:
        """The target of a series; with a column, of the series against that limit."""
        place: Numbers = np.searchsorted(self.rows, np.asarray(row, np.int64))
        return place * self.width + 1 + column

    @property
    def series(self) -> tuple[str, dict[str, str]]:
        """Relation in parentheses: integration, workflow, region, `series_row`; and its parameters."""
        narrow = " WHERE integration = $only" if self.only is not None else ""
        return (
            f"(SELECT integration, workflow, region, min(rowid) AS series_row FROM schedule_changes{narrow} "  # noqa: S608
            "GROUP BY ALL)"
        ), ({"only": self.only} if self.only is not None else {})

    @property
    def narrow(self) -> str:
        """A condition on the integration, to follow others."""
        return " AND integration = $only" if self.only is not None else ""


def way(outcome: int, kind: FailureKind | None, *, elsewhere: bool) -> int:
    """The number of a way to be decided; `outcome` is a place in OUTCOMES, WITHIN or BEYOND."""
    return (outcome << 6) | ((KINDS.index(kind) + 1 if kind else 0) << 1) | elsewhere


def unpacked(key: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Target, length in milliseconds, simulated and way of each key."""
    return key // _TARGET, key % _TARGET // _EVERY, key // _SIMULATED & 1, key % _SIMULATED


def rolled(con: DuckDBPyConnection, targets: Targets, tier: Tier, slots: Sequence[int]) -> Rows:
    """The buckets of that tier which begin in those slots, by bucket; without regard to limits."""
    sql = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, series_row, {_BASE} + {_WAY} AS rest, n
FROM {{source}} JOIN {targets.series[0]} USING (integration, workflow, region)
"""  # noqa: S608 - names of ours
    got = _buckets(con, targets, tier, (run_table(tier), sql), slots)
    return Rows(got["slot"], targets.number(got["series_row"]) * _TARGET + got["rest"], got["n"].astype(np.float64))


def held_against_limits(con: DuckDBPyConnection, targets: Targets, tier: Tier, slots: Sequence[int]) -> Rows:
    """The good runs of those buckets, by the declared limits of the targets that they kept or did not keep."""
    if not targets.columns:
        return nothing()
    sql = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, series_row, limit_id, {_BASE} AS rest, within, beyond
FROM {{source}} JOIN {targets.series[0]} USING (integration, workflow, region)
"""  # noqa: S608 - names of ours
    got = _buckets(con, targets, tier, (limit_table(tier), sql), slots)
    column = np.full(max(*targets.columns, int(got["limit_id"].max(initial=0))) + 1, -1, np.int64)
    column[list(targets.columns)] = list(targets.columns.values())
    mine = column[got["limit_id"]]
    base = targets.number(got["series_row"], mine) * _TARGET + got["rest"]
    return joined(
        Rows(got["slot"][some], base[some] + (outcome << 6), got[name][some].astype(np.float64))
        for outcome, name in ((WITHIN, "within"), (BEYOND, "beyond"))
        for some in [(mine >= 0) & (got[name] > 0)]
    )


def about_limits(con: DuckDBPyConnection, targets: Targets, tier: Tier, slots: Sequence[int]) -> Rows:
    """The good runs of those buckets, by the limits of the targets, as their histograms say: 1 % of the limit off."""
    found = [_about(con, targets, tier, slots, column) for column in range(len(targets.limits))]
    return joined(part for parts in found for part in parts)


def raw(
    con: DuckDBPyConnection,
    targets: Targets,
    spans: Sequence[tuple[int, datetime, datetime]],
    *,
    plain: bool = True,
    runs: str = RUNS,
) -> Rows:
    """The raw runs that decide slices in those spans of time (zone, start, end), by zone; with regard to the limits of
    the targets. Not `plain`: only what limits need. `runs`: the relation that has all of them."""
    if not spans:
        return nothing()
    return _raw(con, targets, [(str(zone), start, end) for zone, start, end in spans], plain=plain, runs=runs)


def raw_slices(con: DuckDBPyConnection, targets: Targets, tier: Tier, slots: Sequence[int]) -> Rows:
    """The raw runs that decide slices in those buckets, by the start of the slice in epoch milliseconds."""
    spans = [("epoch_ms(slice_at)", slot_start(slot), slot_start(slot + tier.slots)) for slot in slots]
    return _raw(con, targets, spans, plain=True, runs=RUNS)


def _raw(con: DuckDBPyConnection, targets: Targets, spans: Sequence[_RawSpan], *, plain: bool, runs: str) -> Rows:
    brief = sum((end - start for _, start, end in spans), timedelta()) <= _BRIEF
    return (_one_by_one if brief else _counted)(con, targets, spans, plain=plain, runs=runs)


def _one_by_one(
    con: DuckDBPyConnection, targets: Targets, spans: Sequence[_RawSpan], *, plain: bool, runs: str
) -> Rows:
    """Every run is a row, and held against its limits here: planning the question would take longer than all that."""
    relation, bounds = _raw_spans(targets, spans, CODED, runs)
    sql = f"""
SELECT zone, series_row, every_s, simulated, outcome, kind, elsewhere, {", ".join(RUN_MEASURES.values())}
FROM {relation} JOIN {targets.series[0]} USING (integration, workflow, region)
"""  # noqa: S608 - names of ours
    got = con.execute(sql, bounds | targets.series[1]).fetchnumpy()
    every, simulated, outcome, kind, elsewhere = (
        np.asarray(got[name]).astype(np.int64) for name in ("every_s", "simulated", "outcome", "kind", "elsewhere")
    )
    base, place = every * _EVERY + simulated * _SIMULATED, targets.number(got["series_row"])
    one, zone = np.ones(len(place)), np.asarray(got["zone"], np.int64)
    plainly = place * _TARGET + base + (outcome << 6) + (kind << 1) + elsewhere
    parts = [Rows(zone, plainly, one)] if plain else []
    took = np.array([np.ma.filled(got[name].astype(np.float64), np.nan) for name in RUN_MEASURES.values()])
    series = place // targets.width
    for i, column in enumerate(targets.limits):
        measure, limit_ms = _held(targets, column)
        mine = took[measure[series], np.arange(len(series))]
        some = ~np.isin(outcome, _NOT_GOOD) & ~np.isnan(mine) & ~np.isnan(limit_ms[series])
        kept = np.where(mine[some] <= limit_ms[series[some]], WITHIN, BEYOND)
        parts.append(Rows(zone[some], (place[some] + 1 + i) * _TARGET + base[some] + (kept << 6), one[some]))
    return joined(parts)


def _held(targets: Targets, column: Mapping[str, Limit]) -> tuple[Numbers, NDArray[np.float64]]:
    """By place: the number of the measure that is held against a limit, and the limit; NaN where there is none."""
    numbers = {measure: number for number, measure in enumerate(RUN_MEASURES.values())}
    found = [column.get(name) for name in targets.names]
    measure = np.array([numbers[limit.measure] if limit else 0 for limit in found], np.int64)
    return measure, np.array([limit.limit_ms if limit else np.nan for limit in found])


def _counted(con: DuckDBPyConnection, targets: Targets, spans: Sequence[_RawSpan], *, plain: bool, runs: str) -> Rows:
    columns = range(len(targets.limits))
    relation, bounds = _raw_spans(targets, spans, "every_s, simulated, outcome, failure_kind", runs)
    limits, more = _limit_columns(targets)
    took = " ".join(f"WHEN '{measure}' THEN {measure}" for measure in RUN_MEASURES.values())
    within = "".join(f", CASE measure_{i} {took} END <= limit_{i} AS within_{i}" for i in columns)
    sql = f"""
SELECT zone, series_row, {_BASE} + {_WAY} AS rest, count(*) AS n{within}
FROM {relation} JOIN {targets.series[0]} USING (integration, workflow, region){limits}
GROUP BY ALL
"""  # noqa: S608 - names of ours
    got = con.execute(sql, bounds | targets.series[1] | more).fetchnumpy()
    rest, n, place = got["rest"], got["n"].astype(np.float64), targets.number(got["series_row"])
    parts = [Rows(got["zone"], place * _TARGET + rest, n)] if plain else []
    good = ~np.isin((rest % _SIMULATED) >> 6, _NOT_GOOD)
    for i in columns:
        kept = np.ma.asarray(got[f"within_{i}"])
        some = good & ~np.ma.getmaskarray(kept)
        outcome = np.where(kept.filled(False)[some].astype(bool), WITHIN, BEYOND)
        base = (place[some] + 1 + i) * _TARGET + rest[some] // _SIMULATED * _SIMULATED
        parts.append(Rows(got["zone"][some], base + (outcome << 6), n[some]))
    return joined(parts)


def joined(parts: Iterable[Rows]) -> Rows:
    """All of them."""
    several = list(parts) or [nothing()]
    return Rows(
        np.concatenate([part.where for part in several]).astype(np.int64),
        np.concatenate([part.key for part in several]).astype(np.int64),
        np.concatenate([part.n for part in several]),
    )


def nothing() -> Rows:
    """No slice at all."""
    return Rows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def _buckets(
    con: DuckDBPyConnection, targets: Targets, tier: Tier, asked: tuple[str, str], slots: Sequence[int], **more: Any
) -> dict[str, Any]:
    """Asks those buckets of a table; it is `{source}` in the question."""
    (table, sql), wanted = asked, np.unique(np.asarray(slots, np.int64))
    cuts = (np.flatnonzero(np.diff(wanted) != tier.slots) + 1).tolist()
    edges = [0, *(cuts if len(cuts) < _MOST_RANGES else []), len(wanted)]
    parts, bounds = [], targets.series[1] | more
    for place, (first, end) in enumerate(pairwise(edges)):
        bounds |= {f"a{place}": slot_start(int(wanted[first])), f"b{place}": slot_start(int(wanted[end - 1]))}
        parts.append(f"SELECT * FROM {table} WHERE bucket_at BETWEEN $a{place} AND $b{place}{targets.narrow}")  # noqa: S608
    got: dict[str, Any] = con.execute(sql.format(source=f"({' UNION ALL '.join(parts)})"), bounds).fetchnumpy()
    chosen = np.isin(got["slot"], wanted)
    return {name: np.ma.filled(column, 0)[chosen] for name, column in got.items()}


def _about(con: DuckDBPyConnection, targets: Targets, tier: Tier, slots: Sequence[int], column: int) -> Iterable[Rows]:
    limits, more = _limit_columns(targets)
    below = f"len(list_filter({{0}}_index, lambda i: i <= index_{column}))"
    within, held = _by_measure(column, f"list_sum({{0}}_count[:{below}])"), _by_measure(column, "list_sum({0}_count)")
    sql = f"""
SELECT epoch_us(bucket_at) // 300000000 AS slot, series_row, {_BASE} AS rest,
       coalesce({within}, 0)::BIGINT AS within, coalesce({held}, 0)::BIGINT AS held
FROM {{source}} JOIN {targets.series[0]} USING (integration, workflow, region){limits}
WHERE outcome IN {sql_list(GOOD)}
"""  # noqa: S608 - names of ours
    got = _buckets(con, targets, tier, (run_table(tier), sql), slots, **more)
    base = targets.number(got["series_row"], column) * _TARGET + got["rest"]
    for outcome, n in ((WITHIN, got["within"]), (BEYOND, got["held"] - got["within"])):
        some = n > 0
        yield Rows(got["slot"][some], base[some] + ((outcome + ABOUT) << 6), n[some].astype(np.float64))


def _by_measure(column: int, expression: str) -> str:
    """The expression, whose `{0}` is what the limit in that column is for; null where an integration has none."""
    cases = (f"WHEN '{measure}' THEN {expression.format(name)}" for name, measure in RUN_MEASURES.items())
    return f"CASE measure_{column} {' '.join(cases)} END"


def _limit_columns(targets: Targets) -> tuple[str, dict[str, str]]:
    """A join that gives each integration its limits (`measure_i`, `limit_i`, `index_i`), and its parameters.

    They are bound as three texts: lists of hundreds of parameters take longer to bind than the rest of the question.
    """
    if not targets.limits:
        return "", {}
    names = sorted({name for column in targets.limits for name in column})
    bounds = {"limited": "\n".join(names)}
    columns = ["unnest(string_split($limited, chr(10))) AS integration"]
    for i, column in enumerate(targets.limits):
        own = [column.get(name) for name in names]
        bounds |= {f"m{i}": "\n".join(limit.measure if limit else "" for limit in own)}
        bounds |= {f"l{i}": "\n".join(repr(limit.limit_ms) if limit else "nan" for limit in own)}
        bounds |= {f"i{i}": "\n".join(str(_last_within(limit.limit_ms)) if limit else "0" for limit in own)}
        columns += [f"unnest(string_split($m{i}, chr(10))) AS measure_{i}"]
        columns += [f"unnest(string_split($l{i}, chr(10))::DOUBLE[]) AS limit_{i}"]
        columns += [f"unnest(string_split($i{i}, chr(10))::SMALLINT[]) AS index_{i}"]
    return f" LEFT JOIN (SELECT {', '.join(columns)}) USING (integration)", bounds


def _last_within(limit_ms: float) -> int:
    """The last bucket of a histogram that stands for a value within the limit."""
    bucket = index(limit_ms)
    return bucket if value(bucket) <= limit_ms else bucket - 1


def _raw_spans(targets: Targets, spans: Sequence[_RawSpan], columns: str, runs: str) -> tuple[str, dict[str, datetime]]:
    parts: list[str] = []
    bounds: dict[str, datetime] = {}
    for place, (zone, start, end) in enumerate(spans):
        bounds |= {f"a{place}": start, f"b{place}": end}
        parts.append(
            f"SELECT {zone} AS zone, integration, workflow, region, {columns}, failed_integration IS NOT NULL "  # noqa: S608
            f"AS elsewhere, {', '.join(RUN_MEASURES.values())} FROM {runs} "
            f"WHERE final AND slice_at >= $a{place} AND slice_at < $b{place}{targets.narrow}"
        )
    return f"({' UNION ALL '.join(parts)})", bounds


_BRIEF: Final = timedelta(hours=2)
_MOST_RANGES: Final = 24
_BASE: Final = f"round(every_s * 1000)::BIGINT * {_EVERY} + simulated::BIGINT * {_SIMULATED}"
_OUTCOMES: Final = " ".join(f"WHEN '{outcome}' THEN {place << 6}" for place, outcome in enumerate(OUTCOMES))
_KINDS: Final = " ".join(f"WHEN '{kind}' THEN {(place + 1) << 1}" for place, kind in enumerate(KINDS))
CODED: Final = (
    f"round(every_s * 1000)::BIGINT AS every_s, simulated, "
    f"CASE outcome WHEN '{Outcome.SKIPPED}' THEN {OUTCOMES.index(Outcome.FAILED)} "
    f"ELSE list_position({[str(outcome) for outcome in OUTCOMES]}, outcome) - 1 END AS outcome, "
    f"coalesce(list_position({[str(kind) for kind in KINDS]}, failure_kind), 0) AS kind"
)
"""Interval (ms), simulated, outcome and kind of a run as numbers."""
_HELD_BACK: Final = f"WHEN '{Outcome.SKIPPED}' THEN {OUTCOMES.index(Outcome.FAILED) << 6}"
_WAY: Final = f"(CASE outcome {_OUTCOMES} {_HELD_BACK} END + CASE failure_kind {_KINDS} ELSE 0 END + elsewhere::INT)"
"""The way of a row that has outcome, failure_kind and elsewhere."""
