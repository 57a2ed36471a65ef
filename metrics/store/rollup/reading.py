"""Puts raw rows and roll-ups together as one relation that a question aggregates further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.relations import GOOD_ATTEMPTS, RUNS, STEPS
from metrics.store.rollup.histogram import index_sql
from metrics.store.rollup.layout import INTEGRATION_LEVEL, RUN_KEYS, STEP_LEVEL, Level, run_table
from metrics.store.rollup.plan import Known, Span, plan, tier_of
from metrics.store.rollup.tiers import HOUR, Source, Tier

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
        narrow = any(part is not None for part in (self.workflow, self.step, self.region))
        return STEP_LEVEL if narrow else INTEGRATION_LEVEL

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

    @classmethod
    def of(cls, con: DuckDBPyConnection, window: Window, finest: timedelta | None = None) -> Stretch:
        """As the store stands now."""
        return cls(window, plan(Known.read(con), window, finest))

    @property
    def is_raw(self) -> bool:
        """Whether nothing but raw rows answers."""
        return all(span.source is Source.RAW for span in self.spans)

    def is_cut_like(self, bucket: timedelta) -> bool:
        """Whether roll-ups answer only in rows of exactly that length."""
        tiers = [tier_of(span.source) for span in self.spans if span.source is not Source.RAW]
        return all(tier.length == bucket for tier in tiers)

    def without(self, tier: Tier) -> Stretch:
        """The same, with raw rows instead of that tier."""
        spans = (replace(s, source=Source.RAW) if s.source is tier.source else s for s in self.spans)
        return Stretch(self.window, tuple(spans))

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
                source, row, at, length, more = table, raw, "started_at", 0, f"{condition} GROUP BY ALL"
            else:
                tier = tier_of(span.source)
                source, row, at = scope.level.table(tier), rolled, "bucket_at"
                length, more = tier.slots * 5, rolled_condition
            columns = ", ".join(f"{what.format(at=at, length=length)} AS {name}" for name, what in row.items())
            parts.append(
                f"SELECT {columns} FROM {source} "  # noqa: S608 - names of ours
                f"WHERE {at} >= $from_{place} AND {at} < $until_{place}{scope.clauses} AND {more.format(at=at)}"
            )
        return f"({' UNION ALL '.join(parts)})", bounds


def histogram_rows(measure: str, group: Row) -> tuple[Row, Row]:
    """Raw and rolled rows of a histogram: `i`, the bucket, and `c`, its count, beside the columns of `group`."""
    raw = {**group, "i": index_sql(f"{measure}_ms"), "c": "count(*)"}
    return raw, {**group, "i": f"unnest({measure}_index)", "c": f"unnest({measure}_count)"}


def histograms(
    con: DuckDBPyConnection, stretch: Stretch, scope: Scope, measure: str, group: Row, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Columns of `group`, `i` and `c`: the histograms of a measure by group, in order of group and bucket."""
    raw, rolled = histogram_rows(measure, group)
    relation, bounds = stretch.relation(scope, raw, rolled, condition=f"{GOOD_ATTEMPTS} AND {measure}_ms IS NOT NULL")
    keys = ", ".join((*group, "i"))
    answer: dict[str, Any] = con.execute(
        f"SELECT {keys}, sum(c)::BIGINT AS c FROM {relation} GROUP BY {keys} ORDER BY {keys}",  # noqa: S608 - ours
        {**bounds, **parameters},
    ).fetchnumpy()
    return answer


def totals(
    con: DuckDBPyConnection,
    stretch: Stretch,
    scope: Scope,
    columns: Sequence[str],
    group: Row,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Columns of `group` and those columns of the roll-ups, added up (or their extreme) by group, in order of it."""
    defined = scope.level.columns[HOUR]
    raw = {**group, **{name: defined[name] for name in columns}}
    relation, bounds = stretch.relation(scope, raw, {**group, **{name: name for name in columns}})
    added = [f"{_adding(name)}({name}) AS {name}" for name in columns]
    tail = f" GROUP BY {', '.join(group)} ORDER BY {', '.join(group)}" if group else ""
    sql = f"SELECT {', '.join((*group, *added))} FROM {relation}{tail}"  # noqa: S608 - names of ours
    answer: dict[str, Any] = con.execute(sql, {**bounds, **parameters}).fetchnumpy()
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


_DECIDED: Final = f"""(
    SELECT integration, workflow, region, every_s, failure_kind, simulated, slice_at,
           CASE outcome WHEN 'skipped' THEN 'failed' ELSE outcome END AS outcome,
           failed_integration IS NOT NULL AS elsewhere
    FROM {RUNS} WHERE final
)"""  # noqa: S608 - a name of ours
