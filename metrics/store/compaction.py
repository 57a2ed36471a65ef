"""Makes the hot file smaller: DuckDB reuses what was freed inside a file, and never gives it back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import duckdb
import structlog
from duckdb import DuckDBPyConnection

from metrics.store.sealing.months import quoted, sync_folder

LEAST_FREE_BYTES: Final = 64 << 20
LEAST_FREE_SHARE: Final = 0.5

_log = structlog.get_logger(__name__)


def is_worthwhile(con: DuckDBPyConnection, least_bytes: int = LEAST_FREE_BYTES) -> bool:
    """Whether more than half of the file, and not just a little, is empty."""
    row = con.execute(
        "SELECT block_size, total_blocks, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchone()
    block, total, free = row or (0, 0, 0)
    return bool(block * free >= least_bytes and free >= LEAST_FREE_SHARE * total)


def compact(store: Path) -> bool:
    """Copies what the file holds into a new one and puts that in its place; nobody may have it open.

    Whether it came to that: a copy that fails, or does not fit on the disk, leaves everything as it was. The old file
    stays beside the new one until `forget_original`.
    """
    tidy(store)
    before = store.stat().st_size
    if shutil.disk_usage(store.parent).free < before:
        _log.warning("store.not_compacted", reason="no room for a copy")
        return False
    draft = _draft(store)
    try:
        _copy(store, draft)
    except duckdb.Error as err:
        _log.warning("store.not_compacted", reason=str(err).splitlines()[0])
        tidy(store)
        return False
    if store.with_name(store.name + ".wal").exists():
        # Whatever is in that log would be replayed into the new file.
        tidy(store)
        return False
    forget_original(store)
    os.link(store, _original(store))
    draft.replace(store)
    sync_folder(store.parent)
    _log.info("store.compacted", bytes_before=before, bytes_after=store.stat().st_size)
    return True


def tidy(store: Path) -> None:
    """Deletes what a compaction that was cut short left; the store's own file is whole at every instant."""
    for left in (_draft(store), _draft(store).with_name(_draft(store).name + ".wal")):
        left.unlink(missing_ok=True)


def forget_original(store: Path) -> None:
    """Deletes the file from before the compaction; call it once the new one has been opened."""
    _original(store).unlink(missing_ok=True)


def _copy(store: Path, draft: Path) -> None:
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "512MB"}) as con:
        con.execute(f"SET temp_directory = {quoted(store.with_name(store.name + '.tmp'))}")
        con.execute(f"ATTACH {quoted(store)} AS old")
        con.execute(f"ATTACH {quoted(draft)} AS new (STORAGE_VERSION 'v1.5.0')")
        sequences = _sequences(con)
        con.execute("COPY FROM DATABASE old TO new")
        for name, number in sequences.items():
            con.execute(f"CREATE OR REPLACE SEQUENCE new.main.{name} START {number}")
        if (was := _counts(con, "old")) != (now := _counts(con, "new")):
            raise duckdb.DataError(f"{now} rows where there were {was}")
        con.execute("CHECKPOINT new")
        con.execute("DETACH new")
        con.execute("DETACH old")


def _sequences(con: DuckDBPyConnection) -> dict[str, int]:
    """The number that each sequence would have given next; a copied one would begin from its start."""
    names = con.execute("SELECT sequence_name FROM duckdb_sequences() WHERE database_name = 'old'").fetchall()
    asked = ((name, con.execute(f"SELECT nextval('old.main.{name}')").fetchone()) for (name,) in names)
    return {name: row[0] for name, row in asked if row}


def _counts(con: DuckDBPyConnection, database: str) -> dict[str, int]:
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [database]).fetchall()
    asked = ((name, con.execute(f"SELECT count(*) FROM {database}.main.{name}").fetchone()) for (name,) in tables)  # noqa: S608
    return {name: row[0] for name, row in asked if row}


def _draft(store: Path) -> Path:
    return store.with_name(store.name + ".compact")


def _original(store: Path) -> Path:
    return store.with_name(store.name + ".before-compaction")
