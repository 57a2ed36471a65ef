"""How far sealing has come, as the hot file says; it alone decides which sealed rows count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class SealingState:
    """The row of `sealing_state`."""

    store_id: UUID
    visible: int = 0
    kept_from: datetime | None = None
    sealed_at: datetime | None = None
    problem: str | None = None


def sealing_state(con: DuckDBPyConnection) -> SealingState:
    """How far sealing has come."""
    row = con.execute("SELECT store_id, visible, kept_from, sealed_at, problem FROM sealing_state").fetchone()
    return SealingState(*row) if row else SealingState(UUID(int=0))


def save_state(con: DuckDBPyConnection, state: SealingState) -> None:
    """Replaces the row, inside the caller's transaction."""
    con.execute(
        "UPDATE sealing_state SET visible = ?, kept_from = ?, sealed_at = ?, problem = ?",
        [state.visible, state.kept_from, state.sealed_at, state.problem],
    )
