"""Puts raw rows and roll-ups together as one relation that a question aggregates further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.memo import Memo
from metrics.store.relations import GOOD_ATTEMPTS, RUNS, STEPS
from metrics.store.rollup.histogram import index_sql
from metrics.store.rollup.histogram import read as unpacked_column
from metrics.store.rollup.kept import Closed, Rows, added, merged, places
from metrics.store.rollup.layout import (
    HISTOGRAM_COLUMNS,
    HISTOGRAMS,
    INTEGRATION_LEVEL,
    REGION_LEVEL,
    RUN_KEYS,
    STEP_LEVEL,
    Level,
    run_table,
    stored,
)
from metrics.store.rollup.plan import Known, Span, plan, tier_of
from metrics.store.rollup.tiers import HOUR, Source, Tier, slot_of, slot_start
from metrics.store.sealing.layout import HOT
from metrics.store.snapshot import once

_NEVER: Final = 2**62
Histograms = tuple[Any, Any, Any]
"""Group, bucket and count, in order of group and bucket."""
Row = Mapping[str, str]
"""Name → SQL over the rows of one source; `{at}` stands for the instant that a row counts at, `{length}` for the
minutes of its bucket."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose attempts a question is about. No name at all: everybody's, by integration."""

    integration: str | None = None
    workflow: str | None = None
    step: str | None = None
    region: str | None = None

    @property
    def level(self) -> Level:
        """The smallest tables that can answer it."""
        if self.workflow is not None or self.step is not None:
            return STEP_LEVEL
        return INTEGRATION_LEVEL if self.region is None else REGION_LEVEL

    def table(self, tier: Tier, first: int, regions_from: int) -> str:
        """The smallest one that holds the buckets of that tier from the slot `first` on."""
        level = self.level
        return (STEP_LEVEL if level is REGION_LEVEL and first < regions_from else level).table(tier)

    @property
    def clauses(self) -> str:
        """Conditions on the keys, to follow others."""
        return "".join(f" AND {name} = ${name}" for name in self.parameters)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the conditions are bound with."""
        given = {name: getattr(self, name) for name in ("integration", "workflow", "step", "region")}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window, and the spans that answer for it."""

    window: Window
    spans: tuple[Span, ...]
    memo: Memo | None = None
    """Keeps the rows of closed buckets."""
    hot_from: datetime | None = None
    """From when on raw rows are hot only: to look for them in the months, too, takes half as long again."""
    regions_from: int = _NEVER
    """From which slot on there are roll-ups by region."""
    _closed: list[Closed] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def of(
        cls, con: DuckDBPyConnection, window: Window, finest: timedelta | None = None, memo: Memo | None = None
    ) -> Stretch:
        """As the store stands now."""
        known = Known.read(con)
        return cls(window, plan(known, window, finest), memo, sealed_until(con), known.regions_from)

    def closed(self, con: DuckDBPyConnection) -> Closed:
        """The part that roll-ups answer for; read once."""
        if not self._closed:
            self._closed.append(Closed.of(con, self.spans))
        return self._closed[0]

    @property
    def raw(self) -> Stretch:
        """The part that raw rows answer for."""
        return replace(
            self, spans=tuple(s for s in self.spans if s.source is Source.RAW and s.start < s.end), memo=None
        )

    @property
    def is_raw(self) -> bool:
        """Whether nothing but raw rows answers."""
        return all(span.source is Source.RAW for span in self.spans)

    def is_cut_like(self, bucket: timedelta) -> bool:
        """Whether roll-ups answer only in rows of exactly that length."""
        tiers = [tier_of(span.source) for span in self.spans if span.source is not Source.RAW]
        return all(tier.length == bucket for tier in tiers)

    def is_level(self, scope: Scope) -> bool:
        """Whether each bucket of its roll-ups is one row of what the scope is about, not one for each of its steps."""
        if scope.level is REGION_LEVEL:
            spans = (span for span in self.spans if span.source is not Source.RAW)
            return all(slot_of(span.start) >= self.regions_from for span in spans)
        return scope.level is INTEGRATION_LEVEL

    def without(self, tier: Tier) -> Stretch:
        """The same, with raw rows instead of that tier."""
        spans = (replace(s, source=Source.RAW) if s.source is tier.source else s for s in self.spans)
        return Stretch(self.window, tuple(spans), self.memo, self.hot_from, self.regions_from)

    def relation(
        self,
        scope: Scope,
        raw: Row,
        rolled: Row,
        *,
        condition: str = "true",
        rolled_condition: str = "true",
        table: str = STEPS,
    ) -> tuple[str, dict[str, Any]]:
        """A UNION ALL of `raw`, aggregates over the raw rows of the table that meet the condition, and `rolled`,
        columns of the roll-ups, in parentheses; and its parameters."""
        parts, bounds = [], dict(scope.parameters)
        for place, span in enumerate(self.spans):
            bounds |= {f"from_{place}": span.start, f"until_{place}": span.end}
            if span.source is Source.RAW:
                only_hot = self.hot_from is not None and span.start >= self.hot_from
                source = HOT[table] if only_hot else table
                row, at, length, more = raw, "started_at", 0, f"{condition} GROUP BY ALL"
            else:
                tier = tier_of(span.source)
                source = scope.table(tier, slot_of(span.start), self.regions_from)
                row, at = rolled, "bucket_at"
                length, more = tier.slots * 5, rolled_condition
            columns = ", ".join(f"{what.format(at=at, length=length)} AS {name}" for name, what in row.items())
            parts.append(
                f"SELECT {columns} FROM {source} "  # noqa: S608 - names of ours
                f"WHERE {at} >= $from_{place} AND {at} < $until_{place}{scope.clauses} AND {more.format(at=at)}"
            )
        return f"({' UNION ALL '.join(parts)})", bounds


def sealed_until(con: DuckDBPyConnection) -> datetime | None:
    """From when on no day is sealed; None when none is at all: then what the view shows need not be hot rows."""
    row = once(con, "sealed until", lambda: con.execute("SELECT max(day) FROM sealed_days").fetchone())
    return datetime.combine(row[0], time(), UTC) + timedelta(days=1) if row and row[0] else None


def histograms(
    con: DuckDBPyConnection, stretch: Stretch, scope: Scope, measure: str, group: Row, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Columns of `group`, `i` and `c`: the histograms of a measure by group, in order of group and bucket.

    `group` is the place in a grid, bound by `parameters`; or empty, and so are they.
    """
    parts = []
    if not stretch.is_raw:
        parts.append(_closed_histograms(con, stretch, scope, measure, parameters))
    if (edge := stretch.raw).spans:
        parts.append(_raw_histograms(con, edge, scope, measure, group, parameters))
    g, i, c = merged(parts or [(_NONE, _NONE, _NONE)]) if len(parts) != 1 else parts[0]
    return {**dict.fromkeys(group, g), "i": i, "c": c}


def _raw_histograms(
    con: DuckDBPyConnection, edge: Stretch, scope: Scope, measure: str, group: Row, parameters: Mapping[str, Any]
) -> Histograms:
    row = {"g": "0", **group, "i": index_sql(f"{measure}_ms"), "c": "count(*)"}
    condition = f"{GOOD_ATTEMPTS} AND {measure}_ms IS NOT NULL"
    relation, bounds = edge.relation(scope, row, {}, condition=condition)
    sql = f"SELECT g, i, sum(c)::BIGINT AS c FROM {relation} GROUP BY g, i ORDER BY g, i"  # noqa: S608 - ours
    answer = con.execute(sql, {**bounds, **parameters}).fetchnumpy()
    return answer["g"].astype(np.int64), answer["i"].astype(np.int64), answer["c"]


def _closed_histograms(
    con: DuckDBPyConnection, stretch: Stretch, scope: Scope, measure: str, parameters: Mapping[str, Any]
) -> Histograms:
    memo, closed = stretch.memo or Memo(), stretch.closed(con)
    key = ("merged", measure, scope, tuple(parameters.items()), closed.key)
    found: Histograms | None = memo.get(key)
    if found is None:
        rows = closed.rows(memo, ("held", scope), partial(_held, con, scope, stretch.regions_from))
        mine = rows["measure"] == HISTOGRAMS.index(measure)
        found = merged([(places(rows["slot"][mine], parameters), rows["i"][mine], rows["c"][mine])])
        memo.keep(key, found, 500 + sum(column.nbytes for column in found))
    return found


def _held(con: DuckDBPyConnection, scope: Scope, regions_from: int, tier: Tier, first: int, end: int) -> Rows:
    """The histograms of buckets that begin in `first` ≤ slot < `end`, by slot. Those of all measures at once: whoever
    asks for one of them asks for the others, and most of the time goes into finding the rows."""
    sql = (
        f"SELECT epoch_us(bucket_at) // 300000000 AS slot, {', '.join(HISTOGRAM_COLUMNS)} "  # noqa: S608 - ours
        f"FROM {scope.table(tier, first, regions_from)} "
        f"WHERE bucket_at >= $from AND bucket_at < $until{scope.clauses}"
    )
    bounds = {"from": slot_start(first), "until": slot_start(end)}
    answer = con.execute(sql, {**scope.parameters, **bounds}).to_arrow_table()
    place = (answer["slot"].to_numpy() - first) // tier.slots
    parts = [_unpacked(answer[column], place, number) for number, column in enumerate(HISTOGRAM_COLUMNS)]
    slot, measure, i, c = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # As narrow as they go: this is what the memo is full of.
    return {"slot": (slot * tier.slots + first).astype(np.int32), "measure": measure, "i": i, "c": c}


def _unpacked(column: Any, place: Any, measure: int) -> tuple[Any, Any, Any, Any]:
    row, i, c = unpacked_column(column)
    slot, i, c = merged([(place[row], i, c)])
    return slot, np.full(len(slot), measure, np.int8), i.astype(np.int16), c.astype(np.int32)


def totals(
    con: DuckDBPyConnection,
    stretch: Stretch,
    scope: Scope,
    columns: Sequence[str],
    group: Row,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Columns of `group` and those columns of the roll-ups, added up (or their extreme) by group, in order of it."""
    if stretch.memo is not None and not stretch.is_raw:
        return _kept_totals(con, stretch.memo, stretch, scope, (columns, group, parameters))
    defined = scope.level.columns[HOUR]
    raw = {**group, **{name: defined[name] for name in columns}}
    relation, bounds = stretch.relation(scope, raw, {**group, **{name: stored(name) for name in columns}})
    added = [f"{_adding(name)}({name}) AS {name}" for name in columns]
    tail = f" GROUP BY {', '.join(group)} ORDER BY {', '.join(group)}" if group else ""
    sql = f"SELECT {', '.join((*group, *added))} FROM {relation}{tail}"  # noqa: S608 - names of ours
    answer: dict[str, Any] = con.execute(sql, {**bounds, **parameters}).fetchnumpy()
    return answer


def _kept_totals(
    con: DuckDBPyConnection,
    memo: Memo,
    stretch: Stretch,
    scope: Scope,
    asked: tuple[Sequence[str], Row, Mapping[str, Any]],
) -> dict[str, Any]:
    columns, group, parameters = asked

    wanted = tuple((n, stored(n), f"{_adding(n)}({n})") for n in columns)

    def fetch(tier: Tier, first: int, end: int) -> Rows:
        return _buckets(con, scope, scope.table(tier, first, stretch.regions_from), first, end, wanted)

    rows = stretch.closed(con).rows(memo, ("totals", tuple(columns), scope), fetch)
    parts = [(places(rows["slot"], parameters), rows)]
    if (edge := stretch.raw).spans:
        own = totals(con, edge, scope, columns, group, parameters)
        parts.append((own.get("g", np.zeros(len(own[columns[0]]), np.int64)), own))
    place = np.concatenate([at for at, _ in parts]).astype(np.int64)
    groups = np.unique(place) if group else np.zeros(1, np.int64)
    figures = {
        name: added(place, _column([part[name] for _, part in parts]), _adding(name), groups) for name in columns
    }
    return {**dict.fromkeys(group, groups), **figures}


def _column(parts: Sequence[Any]) -> Any:
    """Those columns one behind the other; NaN where NULL."""
    return np.concatenate([np.ma.filled(np.ma.asarray(part).astype(np.float64), np.nan) for part in parts])


def newest_simulated_bucket(con: DuckDBPyConnection, memo: Memo, stretch: Stretch, scope: Scope) -> Span | None:
    """The newest closed bucket that holds a simulated attempt."""

    def fetch(tier: Tier, first: int, end: int) -> Rows:
        columns = (("simulated", "simulated", "sum(simulated)"), ("length", str(tier.slots), "max(length)"))
        return _buckets(con, scope, scope.table(tier, first, stretch.regions_from), first, end, columns)

    rows = stretch.closed(con).rows(memo, ("simulated", scope), fetch)
    mine = np.ma.filled(rows["simulated"], 0) > 0
    if not mine.any():
        return None
    newest = int(np.argmax(np.where(mine, rows["slot"], -1)))
    first = int(rows["slot"][newest])
    return Span(Source.RAW, slot_start(first), slot_start(first + int(rows["length"][newest])))


def _buckets(
    con: DuckDBPyConnection,
    scope: Scope,
    table: str,
    first: int,
    end: int,
    columns: Sequence[tuple[str, str, str]],
) -> Rows:
    """By slot: columns of a name, what it is in a row of the roll-up, and how these are put together."""
    inner = ", ".join(f"{what} AS {name}" for name, what, _ in columns)
    outer = ", ".join(f"{how} AS {name}" for name, _, how in columns)
    sql = (
        f"SELECT slot, {outer} FROM (SELECT epoch_us(bucket_at) // 300000000 AS slot, {inner} "  # noqa: S608 - ours
        f"FROM {table} WHERE bucket_at >= $from AND bucket_at < $until{scope.clauses}) "
        "GROUP BY slot"
    )
    bounds = {"from": slot_start(first), "until": slot_start(end)}
    answer: Rows = con.execute(sql, {**scope.parameters, **bounds}).fetchnumpy()
    return answer


def _adding(column: str) -> str:
    return next((name for name in ("min", "max") if column.endswith(f"_{name}")), "sum")


def decided_slices(zones: Sequence[tuple[str, tuple[Span, ...]]]) -> tuple[str, dict[str, Any]]:
    """How many slices were decided in which way, as a relation in parentheses, and its parameters.

    `zones` are stretches of time under a name in SQL, column `zone`; then follow `RUN_KEYS` and `n`. A name and keys
    may have several rows.
    """
    parts: list[str] = []
    bounds: dict[str, Any] = {}
    keys = ", ".join(RUN_KEYS)
    for zone, spans in zones:
        for span in spans:
            place = len(parts)
            bounds |= {f"from_{place}": span.start, f"until_{place}": span.end}
            raw = span.source is Source.RAW
            at, source = ("slice_at", _DECIDED) if raw else ("bucket_at", run_table(tier_of(span.source)))
            parts.append(
                f"SELECT {zone} AS zone, {keys}, {'count(*)' if raw else 'sum(n)::BIGINT'} AS n FROM {source} "  # noqa: S608
                f"WHERE {at} >= $from_{place} AND {at} < $until_{place} GROUP BY ALL"
            )
    return f"({' UNION ALL '.join(parts)})", bounds


_NONE: Final = np.zeros(0, np.int64)

_DECIDED: Final = f"""(
    SELECT integration, workflow, region, every_s, failure_kind, simulated, slice_at,
           CASE outcome WHEN 'skipped' THEN 'failed' ELSE outcome END AS outcome,
           failed_integration IS NOT NULL AS elsewhere
    FROM {RUNS} WHERE final
)"""  # noqa: S608 - a name of ours
