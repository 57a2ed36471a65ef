"""A round of sealing and a round of forgetting, as the hub makes them while everything else goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
from duckdb import DuckDBPyConnection

from metrics.store.database import Store
from metrics.store.sealing.layout import Month, closed_before
from metrics.store.sealing.months import attached
from metrics.store.sealing.moving import Piece, closed_pieces, copy, take_over
from metrics.store.sealing.recovery import drop_retired
from metrics.store.sealing.state import save_state, sealing_state
from metrics.store.sealing.views import show

_TRIES: Final = 3
_LOOK_FOR: Final = timedelta(minutes=1)
_READERS_GONE_WITHIN: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a round of sealing moved."""

    rows: int = 0
    pieces: int = 0
    left: int = 0
    """Pieces that were not reached before the end was asked for, or whose rows kept changing."""


def seal_closed(store: Store, now: datetime, delay: timedelta, stopping: Callable[[], bool] = lambda: False) -> Sealed:
    """Moves every day that ended at least `delay` ago, piece by piece, and notes how that went.

    Other writers get their turn between the pieces. A failure is noted, then raised; what was moved stays moved.
    """
    folder = store.months
    if folder is None:
        return Sealed()
    pieces = store.read(lambda con: closed_pieces(con, closed_before(now, delay)), timeout=_LOOK_FOR)
    done = Sealed(left=len(pieces))
    try:
        for piece in pieces:
            if stopping():
                break
            rows = seal_piece(store, folder, piece, now)
            if rows is not None:
                done = Sealed(done.rows + rows, done.pieces + 1, done.left - 1)
    except Exception as err:
        reason = (str(err).splitlines() or [type(err).__name__])[0]
        store.write(lambda con: _note(con, now, reason))
        raise
    store.write(lambda con: _note(con, now, None)).result()
    store.maintain(lambda con: _settle(con, {piece.month for piece in pieces})).result()
    return done


def seal_piece(store: Store, folder: Path, piece: Piece, now: datetime) -> int | None:
    """Moves one piece; how many rows. The writer is kept for the second transaction only.

    None if rows of the piece changed again and again meanwhile; they go with a later round.
    """
    for _ in range(_TRIES):
        copied = store.beside(partial(copy, folder=folder, piece=piece))
        rows = store.write(partial(take_over, piece=piece, copied=copied, now=now)).result()
        if rows is not None:
            return rows
    return None


def drop_months(store: Store, now: datetime, keep: timedelta) -> int:
    """Hides sealed rows older than that, and deletes the files of months that are wholly older; bytes freed."""
    folder = store.months
    if folder is None:
        return 0
    store.write(lambda con: _hide(con, now - keep)).result()
    # A question that was asked before may still be reading a month that the views have left out by now.
    if not store.outlast_readers(_READERS_GONE_WITHIN):
        return 0
    return store.maintain(lambda con: drop_retired(con, folder, sealing_state(con))).result()


def _hide(con: DuckDBPyConnection, before: datetime) -> None:
    state = sealing_state(con)
    if state.kept_from is None or state.kept_from < before:
        state = replace(state, kept_from=before)
        save_state(con, state)
        show(con, state)
    days = con.execute("SELECT DISTINCT day FROM sealed_days").fetchall()
    gone = [day for (day,) in days if state.kept_from is not None and Month.of(day).end <= state.kept_from]
    con.execute("DELETE FROM sealed_days WHERE day IN (SELECT unnest(?::DATE[]))", [gone])


def _settle(con: DuckDBPyConnection, months: Collection[Month]) -> None:
    for month in attached(con):
        if month not in months:
            continue
        # Into the file itself, so that it is as small as it gets. A reader in the way means: next time.
        with suppress(duckdb.TransactionException):
            con.execute(f"CHECKPOINT {month.alias}")


def _note(con: DuckDBPyConnection, now: datetime, problem: str | None) -> None:
    save_state(con, replace(sealing_state(con), sealed_at=now, problem=problem))
