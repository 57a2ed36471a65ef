"""Cuts a window into equal buckets for a chart, and lays counted rows on that grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.series import Column

MOST_POINTS: Final = 400

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_STEPS_S: Final = (
    10, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400, 604_800
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets of equal length, aligned to the epoch, that cover a window; the first may begin before it."""

    bucket: timedelta
    first_ms: int
    count: int

    @property
    def bucket_ms(self) -> int:
        """Length of one bucket in milliseconds."""
        return round(self.bucket.total_seconds() * 1000)

    @property
    def t_ms(self) -> Column:
        """Start of each bucket, epoch milliseconds."""
        return self.first_ms + np.arange(self.count, dtype=np.float64) * self.bucket_ms

    @property
    def sql(self) -> str:
        """Which bucket an instant `{at}` lies in, as SQL bound by `bounds`."""
        return "(epoch_ms({at}) - $first_ms) // $bucket_ms"

    @property
    def bounds(self) -> dict[str, int]:
        """The parameters of `sql`."""
        return {"first_ms": self.first_ms, "bucket_ms": self.bucket_ms}

    def lay(self, index: Any, figures: Any, *, empty: float = np.nan) -> Column:
        """Figures at the given bucket indices, `empty` everywhere else; a missing figure is NaN."""
        column = np.full(self.count, empty, dtype=np.float64)
        column[np.asarray(index, dtype=np.int64)] = np.ma.filled(np.ma.asarray(figures).astype(np.float64), np.nan)
        return column


def epoch_ms(at: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return round(at.timestamp() * 1000)


def instant(epoch_us: int) -> datetime:
    """The moment so many whole microseconds after the epoch; a column of these is read faster than one of instants."""
    return _EPOCH + timedelta(microseconds=epoch_us)


def choose(window: Window, bucket: timedelta | None = None) -> Grid:
    """The finest grid of a handy bucket length that has at most 400 points; or the bucket that was asked for."""
    length = bucket or handy(window)
    length_ms = round(length.total_seconds() * 1000)
    first = epoch_ms(window.start) // length_ms
    end = -(-epoch_ms(window.end) // length_ms)
    return Grid(length, first * length_ms, max(1, end - first))


def handy(window: Window, least: timedelta = timedelta(0)) -> timedelta:
    """The shortest handy length of buckets that cuts the window into at most 400, and is no shorter than `least`."""
    # One more than the window holds, because it rarely begins on a bucket's edge.
    wanted = max(window.length.total_seconds() / (MOST_POINTS - 1), least.total_seconds())
    week = _STEPS_S[-1]
    seconds = next((step for step in _STEPS_S if step >= wanted), week * -(-int(wanted) // week))
    return timedelta(seconds=seconds)


def columns(con: DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The answer as one numpy array per column, masked where NULL."""
    answer: dict[str, Any] = con.execute(sql, parameters).fetchnumpy()
    return answer
