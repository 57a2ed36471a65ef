"""Reads a long stretch of the store piece by piece: neither memory nor a snapshot is held for the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.database import Store

GOAL: Final = 15_000
"""Rows that a piece should have; a stretch with more than twice as many is cut again."""
_FIRST: Final = timedelta(minutes=30)
_SHORTEST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Exported:
    """One thing that can be exported: a view, and the instant that decides where a row lies in time."""

    view: str
    at: str
    integration: str | None = "integration"
    """The column that an integration is chosen by; None where rows belong to none."""


EXPORTS: Final = {
    "runs": Exported("v_runs", "started_at"),
    "steps": Exported("v_steps", "started_at"),
    "latency": Exported("v_latency_1h", "bucket_at"),
    "latency_5m": Exported("v_latency_5m", "bucket_at"),
    "latency_1d": Exported("v_latency_1d", "bucket_at"),
    "errors": Exported("v_errors_1h", "bucket_at"),
    "availability": Exported("v_availability_1h", "bucket_at"),
    "quota": Exported("v_quota", "observed_at"),
    "recorded": Exported("v_recorded", "started_at"),
    "incidents": Exported("v_incidents", "opened_at", "subject"),
}
"""What can be exported, by the name that people ask for it with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one stretch of time, in order of it; every earlier row has been given before."""

    table: pa.Table
    until: datetime


@dataclass(slots=True)
class Export:
    """One export, read piece by piece: each on a snapshot of its own, as long as holds a handy number of rows.

    A row that is stored while this goes on is in it if its stretch had not been read yet; none is in it twice, also
    when its day is sealed meanwhile.
    """

    store: Store
    what: Exported
    window: Window
    integration: str | None = None
    goal: int = GOAL
    _length: timedelta = field(default=_FIRST, init=False)

    def schema(self) -> pa.Schema:
        """The columns, for a window without a row."""
        return self.store.read(lambda con: con.execute(f"{self._rows} LIMIT 0", self._bounds).to_arrow_table()).schema

    def pieces(self) -> Iterator[Piece]:
        """Every piece, oldest first; an empty stretch is a piece without rows. Raises ReadTimeout and StoreError."""
        start = self.window.start
        while start < self.window.end:
            span = Window(start, min(self.window.end, start + self._length))
            table = self.store.read(partial(self._piece, span=span))
            if table is None:
                self._length = max(_SHORTEST, span.length / 8)
                continue
            yield Piece(table, span.end)
            start = span.end
            wanted = 0.8 * self.goal / max(table.num_rows, 1)
            self._length = min(_LONGEST, max(_SHORTEST, self._length * min(4.0, max(0.25, wanted))))

    @property
    def _rows(self) -> str:
        narrow = f" AND {self.what.integration} = $integration" if "integration" in self._bounds else ""
        return f"FROM {self.what.view} WHERE {self.what.at} >= $start AND {self.what.at} < $end{narrow}"

    @property
    def _bounds(self) -> dict[str, Any]:
        bounds: dict[str, Any] = {"start": self.window.start, "end": self.window.end}
        return bounds | ({"integration": self.integration} if self.integration and self.what.integration else {})

    def _piece(self, con: DuckDBPyConnection, span: Window) -> pa.Table | None:
        """The rows; None when they are too many for one piece."""
        bounds = self._bounds | {"start": span.start, "end": span.end}
        if span.length <= _SHORTEST:
            return con.execute(f"{self._rows} ORDER BY {self.what.at}", bounds).to_arrow_table()
        table = con.execute(f"{self._rows} LIMIT {2 * self.goal + 1}", bounds).to_arrow_table()
        # Sorted here: the engine would hold several copies of rows as wide as these.
        return None if table.num_rows > 2 * self.goal else table.sort_by(self.what.at)
