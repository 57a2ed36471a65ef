"""The state of learned limits, hour by hour: enough to go on after a restart where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.baseline.kept import (
    AGES,
    AmendedFailures,
    AmendedLatencies,
    FailureHours,
    Hours,
    LatencyBuckets,
    LatencyHours,
)
from metrics.store.appending import append

Whole = NDArray[np.int64]
Kept = TypeVar("Kept", LatencyHours, LatencyBuckets, FailureHours)

TABLES: Final[dict[type[Hours], str]] = {
    LatencyHours: "baseline_hours",
    LatencyBuckets: "baseline_buckets",
    FailureHours: "baseline_failures",
}
# What the longest look back asks for, and two days more to judge late rows by.
_KEPT_HOURS: Final[dict[type[Hours], int]] = {LatencyHours: 31 * 24, LatencyBuckets: 16 * 24, FailureHours: 24 * 24}
_ROWS_AT_ONCE: Final = 130_000
"""Of a series and an hour each: some 50 MB. All that is kept of 10,000 series would be some gigabytes."""
_WIDTHS: Final = {"uncorrected": 3, "wrong": 3, "most": 3}
_NONE: Final = -1


def save(con: DuckDBPyConnection, kept: Kept, ids: Whole) -> None:
    """Instead of what was kept of these series from the first of these hours on, inside the caller's transaction.

    `ids` holds the number of each series, by its row.
    """
    table, hour = TABLES[type(kept)], kept.hour
    series = pa.table({"series_id": ids})
    con.register("baseline_ids", series)
    try:
        for condition in (f"hour >= {hour.min()}", f"hour < {hour.max() - _KEPT_HOURS[type(kept)]}"):
            con.execute(f"DELETE FROM {table} WHERE {condition} AND series_id IN (FROM baseline_ids)")  # noqa: S608
    finally:
        con.unregister("baseline_ids")
    columns = {name: _arrow(getattr(kept, name)) for name in _columns(type(kept))}
    append(con, table, pa.table({"series_id": ids[kept.row], "hour": hour, **columns}))


def amend_latencies(con: DuckDBPyConnection, amended: AmendedLatencies, ids: Whole) -> None:
    """Hours that are known differently since they were over, inside the caller's transaction."""
    _amend(con, amended, ids, (_AMEND_HOURS, _AMEND_BUCKETS))


def amend_failures(con: DuckDBPyConnection, amended: AmendedFailures, ids: Whole) -> None:
    """The same of error rates."""
    _amend(con, amended, ids, (_AMEND_FAILURES,))


def _amend(con: DuckDBPyConnection, amended: Hours, ids: Whole, statements: Sequence[str]) -> None:
    columns = {name: _arrow(getattr(amended, name)) for name in _columns(type(amended))}
    con.register("amended", pa.table({"series_id": ids[amended.row], "hour": amended.hour, **columns}))
    try:
        for statement in statements:
            con.execute(statement)
    finally:
        con.unregister("amended")


def stretches(kind: type[Hours], before: int, series: int) -> Iterator[tuple[int, int]]:
    """All hours of that kind that are kept before that one, in order, cut so that what is read at once stays small."""
    most = max(1, _ROWS_AT_ONCE // max(1, series))
    for first in range(before - _KEPT_HOURS[kind], before, most):
        yield first, min(before, first + most)


def load(con: DuckDBPyConnection, kind: type[Kept], ids: Whole, hours: tuple[int, int], width: int = 0) -> Kept:
    """What was kept of those series, from the first of those hours to before the second; `width` buckets make up an
    hour."""
    bounds = {"first": hours[0], "before": hours[1], "ids": ids.tolist()}
    answer = con.execute(_LOAD.format(columns=", ".join(_columns(kind)), table=TABLES[kind]), bounds).to_arrow_table()
    found = {name: _numpy(answer[name], _WIDTHS.get(name, width)) for name in _columns(kind)}
    order = np.argsort(ids)
    series, hour = (answer[name].to_numpy().astype(np.int64) for name in ("series_id", "hour"))
    return kind(row=order[np.searchsorted(ids, series, sorter=order)], hour=hour, **found)


def _columns(kind: type[Hours]) -> list[str]:
    return [column.name for column in fields(kind) if column.name not in ("row", "hour")]


def _arrow(column: NDArray[Any]) -> pa.Array:
    """NaN, infinity and -1 (no bucket, no minute) become null; several figures of an entry a list."""
    flat = column.ravel()
    unknown = ~np.isfinite(flat) if flat.dtype.kind == "f" else flat == _NONE
    values = pa.array(flat, mask=unknown)
    if column.ndim == 1:
        return values
    return pa.ListArray.from_arrays(pa.array(np.arange(len(column) + 1, dtype=np.int32) * column.shape[1]), values)


def _numpy(column: pa.ChunkedArray, width: int) -> NDArray[Any]:
    whole = column.combine_chunks()
    if pa.types.is_list(whole.type):
        return _numpy(pa.chunked_array([whole.flatten()]), 0).reshape(-1, width)
    if pa.types.is_integer(whole.type):
        whole = whole.fill_null(_NONE)
    found: NDArray[Any] = whole.to_numpy(zero_copy_only=False)
    return found


_LOAD: Final = """
SELECT series_id, hour, {columns} FROM {table}
WHERE hour >= $first AND hour < $before AND series_id IN (SELECT unnest($ids))
"""


def _amending(table: str, columns: Sequence[str]) -> str:
    """What is no longer asked for of so old an hour stays as it is."""
    parts = [
        f"{name} = CASE WHEN amended.hour >= amended.next - {AGES[name]} THEN amended.{name} ELSE kept.{name} END"
        if name in AGES
        else f"{name} = amended.{name}"
        for name in columns
    ]
    return f"""
UPDATE {table} AS kept SET {", ".join(parts)} FROM amended
WHERE kept.series_id = amended.series_id AND kept.hour = amended.hour
"""  # noqa: S608 - names of ours


_AMEND_HOURS: Final = _amending("baseline_hours", ("middle", "high", "uncorrected", "wrong"))
_AMEND_BUCKETS: Final = _amending("baseline_buckets", ("refused", "deviations", "residuals"))
_AMEND_FAILURES: Final = _amending("baseline_failures", ("learned_asked", "learned_failed", "most"))
