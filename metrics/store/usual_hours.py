"""What P95 usually is at each hour of the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.model import Window
from metrics.store.memo import Memo
from metrics.store.rollup.everybody import Everybody
from metrics.store.rollup.plan import Known, plan
from metrics.store.rollup.tiers import HOUR, Source, slot_of

DAYS: Final = 14
LEAST_DAYS: Final = 3
"""Of fewer, nothing is usual."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_HOURS: Final = 24
_MIDDLE: Final = (0.1, 0.9)

Bands = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""By integration: the bounds of the middle 80 % by hour, NaN where too little is known."""


def usual_hours(con: DuckDBPyConnection, names: Sequence[str], now: datetime, memo: Memo | None = None) -> Bands:
    """For each of the last 24 clock hours, the one that is going on included: between which bounds the P95 of that hour
    was on most of the 14 days before it. Out of rolled-up hours; without any, nothing is said."""
    everybody = Everybody(con, names, memo)
    last = HOUR.start(now)
    first = last - DAYS * _DAY - (_HOURS - 1) * _HOUR
    everybody.read_versions(first, now)
    spans = plan(Known.read(con), Window(first, last), _HOUR, only=(HOUR,))
    closed = [slot for span in spans if span.source is Source.HOUR for slot in _slots(span)]
    if not closed:
        return {}
    held = everybody.hourly_p95(closed)
    none = np.full(len(names), np.nan)
    starts = [last - back * _HOUR for back in range(_HOURS - 1, -1, -1)]
    days = np.array([[held.get(slot_of(at - back * _DAY), none) for at in starts] for back in range(1, DAYS + 1)])
    low, high = _bounds(days)
    return {name: (low[:, place], high[:, place]) for place, name in enumerate(names)}


def _bounds(days: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Nearest rank along the first axis; NaN where there are fewer than `LEAST_DAYS`."""
    known = np.count_nonzero(~np.isnan(days), axis=0)
    ordered = np.sort(days, axis=0)  # what is not known comes last
    found = []
    for share in _MIDDLE:
        at = np.maximum(np.ceil(share * known).astype(np.int64) - 1, 0)
        column = np.take_along_axis(ordered, at[np.newaxis], axis=0)[0]
        found.append(np.where(known >= LEAST_DAYS, column, np.nan))
    return found


def _slots(span: Any) -> range:
    return range(slot_of(span.start), slot_of(span.end), HOUR.slots)
