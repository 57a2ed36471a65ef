"""Which rows a question is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.series import Column
from metrics.store.buckets import Grid, choose, columns
from metrics.store.relations import RUNS
from metrics.store.rollup.plan import Span
from metrics.store.rollup.reading import Row, Scope, Stretch, newest_simulated_bucket
from metrics.store.rollup.tiers import Source


def step_scope(
    integration: str, window: Window, *, workflow: str | None = None, step: str | None = None, region: str | None = None
) -> tuple[str, dict[str, Any]]:
    """A WHERE clause over `steps` and its parameters; a filter that is None does not narrow."""
    narrow = {"workflow": workflow, "step": step, "region": region}
    given = {name: value for name, value in narrow.items() if value is not None}
    clauses = ["integration = $integration", "started_at >= $start", "started_at < $end"]
    clauses += [f"{name} = ${name}" for name in given]
    bounds = {"integration": integration, "start": window.start, "end": window.end}
    return " AND ".join(clauses), bounds | given


@dataclass(frozen=True, slots=True)
class Buckets:
    """The answer of a query per bucket, on its grid."""

    grid: Grid
    answer: dict[str, Any]

    @property
    def counts(self) -> Column:
        """Column `n`; 0 in an empty bucket."""
        return self.grid.lay(self.answer["i"], self.answer["n"], empty=0.0)

    def figures(self, *names: str) -> dict[str, Column]:
        """These columns by name; NaN in an empty bucket."""
        return {name: self.grid.lay(self.answer["i"], self.answer[name]) for name in names}


def bucketed(
    con: DuckDBPyConnection, sql: str, window: Window, bucket: timedelta | None, where: str, scope: dict[str, Any]
) -> Buckets:
    """Asks `sql` (with `{where}`, `$first_ms` and `$bucket_ms`; columns `i`, the bucket, and `n`) on the finest grid
    of at most 400 points, or on buckets of the length that was asked for."""
    grid = choose(window, bucket)
    bounds = {"first_ms": grid.first_ms, "bucket_ms": grid.bucket_ms}
    return Buckets(grid, columns(con, sql.format(where=where), scope | bounds))


def simulated_until(con: DuckDBPyConnection, stretch: Stretch, scope: Scope) -> datetime | None:
    """The newest simulated attempt of those; None when all of it was measured.

    Of an attempt whose raw row has been forgotten, the start of its bucket is known.
    """
    raw = {"newest": "max(started_at)", "length": "0"}
    rolled = {"newest": "bucket_at", "length": "{length}"}
    if stretch.memo is not None and not stretch.is_raw:
        edge, bucket = _newest(con, stretch.raw, scope, raw), newest_simulated_bucket(con, stretch.memo, stretch, scope)
        if bucket is None or (edge and edge >= bucket.end):
            return edge
        own = _newest(con, Stretch(stretch.window, (bucket,)), scope, raw) or bucket.start
        return max(own, edge) if edge else own
    relation, bounds = stretch.relation(scope, raw, rolled, condition="simulated", rolled_condition="simulated > 0")
    row = con.execute(f"SELECT max(newest), arg_max(length, newest) FROM {relation}", bounds).fetchone()  # noqa: S608 - ours
    if not row or row[0] is None or not row[1]:
        return row[0] if row else None
    newest: datetime = row[0]
    exact = Stretch(stretch.window, (Span(Source.RAW, newest, newest + timedelta(minutes=row[1])),))
    return _newest(con, exact, scope, raw) or newest


def _newest(con: DuckDBPyConnection, stretch: Stretch, scope: Scope, raw: Row) -> datetime | None:
    if not stretch.spans:
        return None
    relation, bounds = stretch.relation(scope, raw, {}, condition="simulated")
    found = con.execute(f"SELECT max(newest) FROM {relation}", bounds).fetchone()  # noqa: S608 - names of ours
    return found[0] if found else None


def newest_simulated(con: DuckDBPyConnection) -> datetime | None:
    """When the newest run of generated history began; None when there is none."""
    row = con.execute(f"SELECT max(started_at) FROM {RUNS} WHERE simulated").fetchone()  # noqa: S608 - a name of ours
    return row[0] if row else None
