"""How large the store is on disk, and how far sealing has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from metrics.store.database import Store
from metrics.store.sealing.months import month_files
from metrics.store.sealing.recovery import missing_months
from metrics.store.sealing.state import sealing_state


@dataclass(frozen=True, slots=True)
class StoreCondition:
    """What lies on disk, in bytes with the write-ahead logs, and what sealing did last."""

    hot_bytes: int
    month_bytes: int
    months: int
    sealed_to: date | None
    """The newest day that was sealed."""
    sealed_at: datetime | None
    """When the last round ended; None before the first."""
    problem: str | None
    """Why the last round stopped early."""
    missing: tuple[str, ...]
    """Month files that were sealed and are not there."""


def store_condition(store: Store) -> StoreCondition:
    """The sizes and the state now; nothing on disk for a store in memory."""
    files = list(month_files(store.months).values()) if store.months else []
    hot_bytes = _size(store.path) if store.path else 0

    def ask(con: DuckDBPyConnection) -> StoreCondition:
        state = sealing_state(con)
        newest = con.execute("SELECT max(day) FROM sealed_days").fetchone()
        return StoreCondition(
            hot_bytes=hot_bytes,
            month_bytes=sum(map(_size, files)),
            months=len(files),
            sealed_to=newest[0] if newest else None,
            sealed_at=state.sealed_at,
            problem=state.problem,
            missing=tuple(missing_months(con)),
        )

    return store.read(ask)


def _size(path: Path) -> int:
    parts = (path, path.with_name(path.name + ".wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
