"""The raw rows of runs as a table: filtered, sorted by any column, cut where a reader looks, or read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.database import Store
from metrics.store.relations import RUNS
from probes.model import FailureKind, Outcome

DEEPEST: Final = 10_000
"""So many rows can be scrolled through; who wants more narrows the filter, or exports."""
LARGEST_BLOCK: Final = 500
PIECE: Final = 15_000
"""Rows of an export that are held at a time."""


class Key(StrEnum):
    """What the table can be sorted by: a closed list, so that no name from outside becomes SQL."""

    STARTED = "started_at"
    DURATION = "duration_ms"
    INTEGRATION = "integration"
    WORKFLOW = "workflow"
    REGION = "region"
    OUTCOME = "outcome"
    KIND = "failure_kind"
    ATTEMPT = "attempt"
    CONFIG = "config_version"


COLUMNS: Final = (
    "started_at", "integration", "workflow", "region", "outcome", "failure_kind", "failed_step", "failure_message",
    "failed_status", "skip_reason", "duration_ms", "attempt", "loop_lag_ms", "config_version", "simulated", "run_id",
    "evidence_id",
)  # fmt: skip
"""Of a row, in order; `run_id` as text."""


@dataclass(frozen=True, slots=True)
class Order:
    """By which column. Of equals the later start comes first, and of those the younger id."""

    key: Key = Key.STARTED
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs: those that started in the window and meet every condition that is given. A tuple means any of it."""

    window: Window
    integration: str | None = None
    workflow: str | None = None
    region: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    kinds: tuple[FailureKind, ...] | None = None
    """None: whatever kind, and runs without a failure; empty: no run is meant."""
    attempt: int | None = None
    config_version: str | None = None
    """How the version begins."""
    least_ms: float | None = None
    simulated: bool | None = None


def run_count(con: DuckDBPyConnection, wanted: Wanted) -> int:
    """How many there are."""
    where, bounds = _conditions(wanted)
    found = con.execute(f"SELECT count(*) FROM {RUNS} WHERE {where}", bounds).fetchone()  # noqa: S608 - names of ours
    return int(found[0]) if found else 0


def run_block(con: DuckDBPyConnection, wanted: Wanted, order: Order, first: int, size: int) -> pa.Table:
    """`size` rows from row number `first` (from 0) on; fewer, or none, at the end."""
    return _filled(con, wanted, order, _ANYWHERE, first, size)


@dataclass(frozen=True, slots=True)
class _Place:
    """A condition on where a row stands in the order."""

    sql: str = "true"
    bounds: dict[str, Any] = field(default_factory=dict)


_ANYWHERE: Final = _Place()


@dataclass(slots=True)
class RunExport:
    """The whole table piece by piece: no more than a piece of it is held, and each is read from a snapshot of its own.

    A piece begins behind the last row of the one before, so that no row is in two of them, whatever is stored
    meanwhile.
    """

    store: Store
    wanted: Wanted
    order: Order
    size: int = PIECE
    _last: dict[str, Any] | None = field(default=None, init=False)

    def schema(self) -> pa.Schema:
        """The columns."""
        return self.store.read(lambda con: _rows(con, self.wanted, self.order, _ANYWHERE, 0, 0)).schema

    def pieces(self) -> Iterator[pa.Table]:
        """Every piece in order; none is empty. Raises ReadTimeout and StoreError."""
        while True:
            piece = self.store.read(self._piece)
            if piece.num_rows:
                self._last = piece.slice(piece.num_rows - 1).to_pylist()[0]
                yield piece
            if piece.num_rows < self.size:
                return

    def _piece(self, con: DuckDBPyConnection) -> pa.Table:
        wanted, place = self.wanted, _ANYWHERE
        if self._last is not None:
            place, wanted = _behind(self._last, self.order), _rest(wanted, self._last, self.order)
        return _filled(con, wanted, self.order, place, 0, self.size)


def _filled(con: DuckDBPyConnection, wanted: Wanted, order: Order, place: _Place, first: int, size: int) -> pa.Table:
    """The rows, from the first stretch of the window that holds enough of them."""
    for narrow in _stretches(wanted, order):
        found = _rows(con, narrow, order, place, first, size)
        if found.num_rows == size:
            return found
    return _rows(con, wanted, order, place, first, size)


def _rows(con: DuckDBPyConnection, wanted: Wanted, order: Order, place: _Place, first: int, size: int) -> pa.Table:
    where, bounds = _conditions(wanted)
    columns = ", ".join("run_id::VARCHAR AS run_id" if name == "run_id" else name for name in COLUMNS)
    sql = (
        f"SELECT {columns} FROM {RUNS} WHERE {where} AND {place.sql} "  # noqa: S608 - names of ours
        f"ORDER BY {_by(order)} LIMIT $size OFFSET $first"
    )
    return con.execute(sql, bounds | place.bounds | {"first": first, "size": size}).to_arrow_table()


def _by(order: Order) -> str:
    way = "DESC" if order.descending else "ASC"
    first = f"{order.key} {way}, run_id {way}" if order.key is Key.STARTED else ""
    return first or f"{_figure(order.key)} {way}, started_at DESC, run_id DESC"


def _figure(key: Key) -> str:
    """What is compared: a run without a failure has no kind, and still a place in the order."""
    return f"coalesce({key}, '')" if key is Key.KIND else str(key)


def _behind(last: dict[str, Any], order: Order) -> _Place:
    """Of the rows that come after that one."""
    bounds = {"at": last["started_at"], "run_id": last["run_id"]}
    way = "<" if order.descending else ">"
    if order.key is Key.STARTED:
        return _Place(f"(started_at {way} $at OR (started_at = $at AND run_id {way} $run_id::UUID))", bounds)
    later = "started_at < $at OR (started_at = $at AND run_id < $run_id::UUID)"
    key, figure = _figure(order.key), last[order.key]
    bounds |= {"figure": "" if figure is None else figure}
    return _Place(f"({key} {way} $figure OR ({key} = $figure AND ({later})))", bounds)


def _rest(wanted: Wanted, last: dict[str, Any], order: Order) -> Wanted:
    """What is left of the window, with the instant of the last row in it."""
    if order.key is not Key.STARTED:
        return wanted
    at: datetime = last["started_at"]
    window = wanted.window
    return _within(wanted, Window(window.start, at + _MOMENT) if order.descending else Window(at, window.end))


def _stretches(wanted: Wanted, order: Order) -> Iterator[Wanted]:
    """Ever longer stretches from that end of the window which comes first: most lists are full after minutes of it.
    None where the filter leaves few, or the order is another: then the whole is asked at once."""
    bad_only = wanted.outcomes and Outcome.PASSED not in wanted.outcomes
    if order.key is not Key.STARTED or wanted.integration is not None or wanted.kinds is not None or bad_only:
        return
    window, length = wanted.window, _FIRST_STRETCH
    while length < window.length:
        late, early = Window(window.end - length, window.end), Window(window.start, window.start + length)
        yield _within(wanted, late if order.descending else early)
        length *= _LONGER


def _within(wanted: Wanted, window: Window) -> Wanted:
    same = {name: getattr(wanted, name) for name in Wanted.__slots__ if name != "window"}
    return Wanted(window, **same)


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Whatever is asked, the window bounds it: rows lie in the order of time."""
    clauses = ["started_at >= $start", "started_at < $end"]
    bounds: dict[str, Any] = {"start": wanted.window.start, "end": wanted.window.end}
    for name, condition in _PLAIN.items():
        value = getattr(wanted, name)
        if value is not None:
            clauses.append(condition)
            bounds[name] = value
    for column, values in (("outcome", wanted.outcomes or None), ("failure_kind", wanted.kinds)):
        if values is not None:
            names = {f"{column}_{i}": str(value) for i, value in enumerate(values)}
            clauses.append(f"{column} IN ({', '.join(f'${name}' for name in names)})" if names else "false")
            bounds |= names
    return " AND ".join(clauses), bounds


_PLAIN: Final = {
    "integration": "integration = $integration",
    "workflow": "workflow = $workflow",
    "region": "region = $region",
    "attempt": "attempt = $attempt",
    "config_version": "starts_with(config_version, $config_version)",
    "least_ms": "duration_ms >= $least_ms",
    "simulated": "simulated = $simulated",
}
_MOMENT: Final = timedelta(microseconds=1)
_FIRST_STRETCH: Final = timedelta(minutes=5)
_LONGER: Final = 12
