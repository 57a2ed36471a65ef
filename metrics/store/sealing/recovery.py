"""Puts right at open what a crash left half done."""

from __future__ import annotations

from pathlib import Path

import structlog
from duckdb import DuckDBPyConnection

from metrics.store.failures import StoreUnavailable
from metrics.store.sealing.layout import RAW, Month
from metrics.store.sealing.months import attached, detach, last_seal, owner, remove
from metrics.store.sealing.state import SealingState, sealing_state
from metrics.store.sealing.views import show
from metrics.store.transactions import transaction

_log = structlog.get_logger(__name__)


def recover(con: DuckDBPyConnection, folder: Path | None) -> None:
    """Undoes a sealing that was not finished, finishes the dropping of months, and writes the views anew.

    Raises StoreUnavailable, before anything is changed, for a month file that does not belong to this store as it is.
    """
    state = sealing_state(con)
    months = attached(con)
    for month in months:
        _refuse_strange(con, month, state, folder)
    for month in months:
        undo(con, month, state)
    show(con, state)
    if folder is not None:
        drop_retired(con, folder, state)


def undo(con: DuckDBPyConnection, month: Month, state: SealingState) -> None:
    """Deletes the rows of a sealing that was not finished; they are still in the hot tables."""
    if last_seal(con, month) <= state.visible:
        return
    with transaction(con):
        for table in RAW:
            con.execute(f"DELETE FROM {month.alias}.{table.name} WHERE seal > ?", [state.visible])  # noqa: S608


def drop_retired(con: DuckDBPyConnection, folder: Path, state: SealingState) -> int:
    """Deletes the files of months that the views have left out; how many bytes that frees."""
    freed = 0
    for month in attached(con):
        if state.kept_from is not None and month.end <= state.kept_from:
            detach(con, month)
            freed += remove(folder, month)
            _log.info("store.month_dropped", month=month.file, bytes=freed)
    return freed


def missing_months(con: DuckDBPyConnection) -> list[str]:
    """Files of months that were sealed and are not there."""
    days = con.execute("SELECT DISTINCT date_trunc('month', day)::DATE FROM sealed_days ORDER BY 1").fetchall()
    sealed = [Month.of(day) for (day,) in days]
    there = set(attached(con))
    return [month.file for month in sealed if month not in there]


def _refuse_strange(con: DuckDBPyConnection, month: Month, state: SealingState, folder: Path | None) -> None:
    path = f"{folder}/{month.file}"
    if owner(con, month) != state.store_id:
        raise StoreUnavailable(f"{path} belongs to another store: move it away, or restore the store it belongs to")
    # One sealing at a time can be unfinished. More than that means a hot file from an older day.
    if (last := last_seal(con, month)) > state.visible + 1:
        raise StoreUnavailable(
            f"{path} was sealed up to {last}, but the store beside it knows of {state.visible} only: restore both from "
            "the same backup, or move the month file away to go on without its days"
        )
