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
from metrics.store.sealing.months import ensure, insert
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


@dataclass(frozen=True, slots=True)
class Copied:
    """A piece that lies in its month's file, not visible yet: under which seal, and what the hot rows were then."""

    seal: int
    rows: tuple[tuple[int, int | None], ...]

    @property
    def tables(self) -> tuple[RawTable, ...]:
        """Those that have rows of the piece: mostly not all of them."""
        return tuple(table for table, (count, _) in zip(RAW, self.rows, strict=True) if count)


def copy(con: DuckDBPyConnection, folder: Path, piece: Piece) -> Copied:
    """The first transaction: the piece's rows go into the month's file, where no view shows them yet.

    It writes to no hot table, so others may go on doing that. Only one piece may be under way at a time.
    """
    state = sealing_state(con)
    ensure(con, folder, piece.month, state.store_id)
    undo(con, piece.month, state)
    number = state.visible + 1
    with transaction(con):
        copied = Copied(number, _rows(con, piece))
        for table in copied.tables:
            insert(con, piece.month, table, f"{table.hot} WHERE {_where(table.at)}", number, _bounds(piece))
    return copied


def take_over(con: DuckDBPyConnection, piece: Piece, copied: Copied, now: datetime) -> int | None:
    """The second transaction, inside the writer's: the rows leave the hot tables as their copies become visible.

    How many that were; None, with nothing done, if they are not the rows any more that were copied.
    """
    state = sealing_state(con)
    if state.visible + 1 != copied.seal or _rows(con, piece) != copied.rows:
        return None
    for table in copied.tables:
        con.execute(f"DELETE FROM {table.hot} WHERE {_where(table.at)}", _bounds(piece))  # noqa: S608
    moved = sum(count for count, _ in copied.rows)
    _note(con, replace(state, visible=copied.seal), piece, moved, now)
    return moved


def _rows(con: DuckDBPyConnection, piece: Piece) -> tuple[tuple[int, int | None], ...]:
    """How many rows of the piece each hot table has, and a sum that others, or the same changed, would not have."""
    asked = (
        con.execute(f"SELECT count(*), sum(hash({t.identity})) FROM {t.hot} WHERE {_where(t.at)}", _bounds(piece))  # noqa: S608
        for t in RAW
    )
    return tuple((row[0], row[1]) for answer in asked if (row := answer.fetchone()))


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
