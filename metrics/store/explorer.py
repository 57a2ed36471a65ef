"""Which runs were there? Filtered, sorted and cut into pages by the database."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from duckdb import DuckDBPyConnection

from metrics.model import RunRow, Window
from metrics.store.buckets import instant
from metrics.store.failures import QuestionFailed
from metrics.store.relations import RUNS
from metrics.store.runs import ROW_COLUMNS, run_row
from probes.model import FailureKind, Outcome

PAGE: Final = 100
MOST: Final = 1_000


class Sort(StrEnum):
    """In which order runs are listed; of equals, the younger id first."""

    NEWEST = "newest"
    SLOWEST = "slowest"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted: those that started in the window and meet every condition that is given."""

    window: Window
    integration: str | None = None
    workflow: str | None = None
    region: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    """Any of these; none given: all, tainted and skipped ones as well."""
    failure_kinds: tuple[FailureKind, ...] = ()
    status: int | None = None
    """HTTP status of the attempt that decided the outcome."""
    attempt: int | None = None
    least_ms: float | None = None
    """Duration, milliseconds, or longer."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs in the order that was asked for, and what to ask the next page with; None after the last."""

    rows: tuple[RunRow, ...]
    after: str | None


def runs_page(
    con: DuckDBPyConnection,
    wanted: RunFilter,
    *,
    sort: Sort = Sort.NEWEST,
    after: str | None = None,
    size: int = PAGE,
) -> RunPage:
    """The first page, or the one `after` another.

    A page begins behind the last row of the one before, wherever that stands by now. So whoever turns all pages sees
    every run that was there at the first one exactly once, whatever is stored meanwhile. Raises QuestionFailed for an
    `after` that no page gave.
    """
    rows: list[tuple[Any, ...]] = []
    for sql, bounds in _looks(wanted, sort, _place(after, sort)):
        rows += con.execute(sql, bounds | {"size": size + 1 - len(rows)}).fetchall()
        if len(rows) > size:
            break
    page = tuple(run_row(row) for row in rows[:size])
    return RunPage(page, _mark(page[-1], sort) if len(rows) > size else None)


@dataclass(frozen=True, slots=True)
class _Place:
    """The last row of a page."""

    figure: int | float
    """Its start in epoch microseconds, or its duration in milliseconds."""
    run_id: UUID


def _looks(wanted: RunFilter, sort: Sort, place: _Place | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Questions whose answers, one after the other, are the runs in order."""
    if sort is Sort.NEWEST:
        yield from _newest(wanted, place)
        return
    clauses, bounds = _conditions(wanted)
    if place is not None:
        clauses.append("(duration_ms < $figure OR (duration_ms = $figure AND run_id < $run_id))")
        bounds |= {"figure": place.figure, "run_id": place.run_id}
    if wanted.integration is None:
        # Of many rows, the shortest duration of the page is found first, from one column: then few rows are left.
        longest = f"SELECT duration_ms FROM {RUNS} WHERE {_where(clauses)} ORDER BY duration_ms DESC LIMIT $size"  # noqa: S608
        clauses.append(f"duration_ms >= (SELECT min(duration_ms) FROM ({longest}))")  # noqa: S608 - names of ours
    span = {"start": wanted.window.start, "end": wanted.window.end}
    yield _sql(clauses, "duration_ms DESC, run_id DESC"), bounds | span


def _newest(wanted: RunFilter, place: _Place | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """From the end of the window backwards in ever longer stretches: most pages are full after the first."""
    clauses, bounds = _conditions(wanted)
    end = wanted.window.end
    if place is not None:
        at = instant(int(place.figure))
        end = min(end - _MOMENT, at) + _MOMENT
        clauses.append("(started_at < $at OR run_id < $run_id)")
        bounds |= {"at": at, "run_id": place.run_id}
    sql, length = _sql(clauses, "started_at DESC, run_id DESC"), _FIRST_STRETCH
    while end > wanted.window.start:
        start = end - min(length, end - wanted.window.start)
        yield sql, bounds | {"start": start, "end": end}
        end, length = start, length * _LONGER


def _conditions(wanted: RunFilter) -> tuple[list[str], dict[str, Any]]:
    given: dict[str, tuple[str, Any]] = {
        "integration": ("integration = $integration", wanted.integration),
        "workflow": ("workflow = $workflow", wanted.workflow),
        "region": ("region = $region", wanted.region),
        "outcomes": ("list_contains($outcomes, outcome)", [str(one) for one in wanted.outcomes] or None),
        "kinds": ("list_contains($kinds, failure_kind)", [str(one) for one in wanted.failure_kinds] or None),
        "status": ("failed_status = $status", wanted.status),
        "attempt": ("attempt = $attempt", wanted.attempt),
        "least_ms": ("duration_ms >= $least_ms", wanted.least_ms),
    }
    used = {name: pair for name, pair in given.items() if pair[1] is not None}
    return [clause for clause, _ in used.values()], {name: value for name, (_, value) in used.items()}


def _sql(clauses: list[str], order: str) -> str:
    return f"SELECT {ROW_COLUMNS} FROM {RUNS} WHERE {_where(clauses)} ORDER BY {order} LIMIT $size"  # noqa: S608 - names of ours


def _where(clauses: list[str]) -> str:
    return " AND ".join(["started_at >= $start", "started_at < $end", *clauses])


def _mark(row: RunRow, sort: Sort) -> str:
    figure = repr(row.duration_ms) if sort is Sort.SLOWEST else str(_epoch_us(row.started_at))
    return urlsafe_b64encode(f"{sort}:{figure}:{UUID(row.run_id).hex}".encode()).decode().rstrip("=")


def _place(mark: str | None, sort: Sort) -> _Place | None:
    if mark is None:
        return None
    try:
        told, figure, run_id = urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode().split(":")
        place = _Place(float(figure) if sort is Sort.SLOWEST else _epoch_us(instant(int(figure))), UUID(run_id))
    except (ValueError, OverflowError) as err:
        raise QuestionFailed("after: not a place in a list of runs; give what the page before said") from err
    if told != sort:
        raise QuestionFailed(f"after: a place in the list sorted by {told}, not by {sort}")
    return place


def _epoch_us(at: datetime) -> int:
    return (at - instant(0)) // _MOMENT


_MOMENT: Final = timedelta(microseconds=1)
_FIRST_STRETCH: Final = timedelta(minutes=5)
_LONGER: Final = 12
