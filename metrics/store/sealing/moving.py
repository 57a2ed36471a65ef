"""Moves closed days from the hot tables into the month files, in pieces that no writer has to wait long for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from duckdb import DuckDBPyConnection

from metrics.store.sealing.layout import RAW, Month, RawTable, midnight
from metrics.store.sealing.months import ensure
from metrics.store.sealing.recovery import undo
from metrics.store.sealing.state import SealingState, save_state, sealing_state
from metrics.store.sealing.views import show
from metrics.store.transactions import transaction

PIECE_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of one day and of the integrations from `first` to `last`, in the order of their names."""

    day: date
    first: str
    last: str
    rows: int

    @property
    def month(self) -> Month:
        """The month whose file it goes into."""
        return Month.of(self.day)


def closed_pieces(con: DuckDBPyConnection, before: datetime, most: int = PIECE_ROWS) -> tuple[Piece, ...]:
    """What lies in the hot tables from before that midnight, oldest day first; usually at most `most` rows each."""
    counted = " UNION ALL ".join(
        f"SELECT {table.at}::DATE AS day, integration, count(*) AS n FROM {table.hot} "  # noqa: S608 - names of ours
        f"WHERE {table.at} < $before GROUP BY ALL"
        for table in RAW
    )
    sql = f"SELECT day, integration, sum(n)::BIGINT FROM ({counted}) GROUP BY ALL ORDER BY ALL"  # noqa: S608
    rows = con.execute(sql, {"before": before}).fetchall()
    days = groupby(rows, key=lambda row: row[0])
    return tuple(piece for day, of_day in days for piece in _cut(day, ((name, n) for _, name, n in of_day), most))


def _cut(day: date, counted: Iterable[tuple[str, int]], most: int) -> Iterator[Piece]:
    piece: Piece | None = None
    for name, count in counted:
        if piece is not None and piece.rows + count > most:
            yield piece
            piece = None
        piece = Piece(day, name, name, count) if piece is None else replace(piece, last=name, rows=piece.rows + count)
    if piece is not None:
        yield piece


def seal(con: DuckDBPyConnection, folder: Path, piece: Piece, now: datetime) -> int:
    """Moves one piece, in two transactions of its own; how many rows that were.

    Nothing else may write to the hot tables meanwhile. After a failure in between, no row is lost or seen twice, and
    the next call with the same month puts its file right.
    """
    state = sealing_state(con)
    ensure(con, folder, piece.month, state.store_id)
    undo(con, piece.month, state)
    number = state.visible + 1
    with transaction(con):
        copied = [_copy(con, piece, table, number) for table in RAW]
    with transaction(con):
        moved = [_count(con.execute(f"DELETE FROM {t.hot} WHERE {_where(t.at)}", _bounds(piece))) for t in RAW]  # noqa: S608
        if moved != copied:
            raise RuntimeError(f"copied {copied} rows and was to delete {moved}")
        _note(con, replace(state, visible=number), piece, sum(moved), now)
    return sum(moved)


def _copy(con: DuckDBPyConnection, piece: Piece, table: RawTable, number: int) -> int:
    return _count(
        con.execute(
            f"INSERT INTO {piece.month.alias}.{table.name} BY NAME "  # noqa: S608 - names of ours
            f"SELECT *, {number} AS seal FROM {table.hot} WHERE {_where(table.at)} ORDER BY {table.order}",
            _bounds(piece),
        )
    )


def _note(con: DuckDBPyConnection, state: SealingState, piece: Piece, rows: int, now: datetime) -> None:
    save_state(con, state)
    show(con, state)
    known = con.execute("DELETE FROM sealed_days WHERE day = ? RETURNING sealed_rows", [piece.day]).fetchone()
    total = rows + (known[0] if known else 0)
    con.execute("INSERT INTO sealed_days VALUES (?, ?, ?, ?)", [piece.day, state.visible, now, total])


def _where(at: str) -> str:
    return f"{at} >= $start AND {at} < $end AND integration >= $first AND integration <= $last"


def _bounds(piece: Piece) -> dict[str, Any]:
    start = midnight(piece.day)
    return {"start": start, "end": start + timedelta(days=1), "first": piece.first, "last": piece.last}


def _count(answer: DuckDBPyConnection) -> int:
    row = answer.fetchone()
    return int(row[0]) if row else 0
