"""The verdicts of alerts that are going on: after a restart they are told as they were, until more is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.baseline.series import Monitor
from metrics.model import LearnedState, LearnedVerdict
from metrics.store.appending import append

Whole = NDArray[np.int64]


def save_firing(con: DuckDBPyConnection, firing: Mapping[int, LearnedVerdict], ids: Whole) -> None:
    """By row, instead of what was kept of these series, inside the caller's transaction."""
    con.execute(_FORGET, [ids.tolist()])
    told = [(int(ids[row]), *(getattr(one, name) for name in _TOLD), _seconds(one)) for row, one in firing.items()]
    if told:
        columns = zip(*told, strict=True)
        append(con, "baseline_firing", pa.table(dict(zip(_SCHEMA.names, map(list, columns), strict=True)), _SCHEMA))


def load_firing(
    con: DuckDBPyConnection, monitors: Sequence[Monitor], ids: Whole, is_firing: NDArray[np.bool_]
) -> dict[int, LearnedVerdict]:
    """What was kept of the rows that are firing."""
    rows = {int(ids[row]): row for row in np.flatnonzero(is_firing).tolist()}
    if not rows:
        return {}
    found: list[tuple[Any, ...]] = con.execute(_LOAD, [list(rows)]).fetchall()
    return {rows[number]: _verdict(monitors[rows[number]], *told) for number, *told in found}


def _seconds(verdict: LearnedVerdict) -> int | None:
    return verdict.window // timedelta(seconds=1) if verdict.window is not None else None


def _verdict(monitor: Monitor, at: datetime, since: datetime, *told: Any) -> LearnedVerdict:
    *known, window_s = told
    window = timedelta(seconds=window_s) if window_s is not None else None
    return LearnedVerdict(monitor.key, LearnedState.FIRING, at, since, *known)._replace(window=window)


_TOLD: Final = ("at", "since", "seen", "usual", "limit", "unit", "n", "words")

_SCHEMA: Final = pa.schema(
    {
        "series_id": pa.int32(),
        "judged_at": pa.timestamp("us", tz="UTC"),
        "since": pa.timestamp("us", tz="UTC"),
        "seen": pa.float64(),
        "usual": pa.float64(),
        "against": pa.float64(),
        "unit": pa.string(),
        "samples": pa.int32(),
        "words": pa.string(),
        "window_s": pa.int32(),
    }
)

_FORGET: Final = "DELETE FROM baseline_firing WHERE series_id IN (SELECT unnest(?))"

_LOAD: Final = """
SELECT series_id, judged_at, since, seen, usual, against, unit, samples, words, window_s FROM baseline_firing
WHERE series_id IN (SELECT unnest(?))
"""
