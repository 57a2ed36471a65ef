"""The month files: made, attached, detached."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import duckdb
from duckdb import DuckDBPyConnection

from metrics.store.failures import StoreUnavailable
from metrics.store.sealing.layout import RAW, Month, RawTable
from metrics.store.sealing.packing import names, stored

_DRAFT = "sealing_draft"


def month_folder(store: Path) -> Path:
    """Where the month files of a store lie."""
    return store.with_suffix(".months")


def month_files(folder: Path) -> dict[Month, Path]:
    """The month files that are there, oldest first."""
    found = ((Month.of_file(path), path) for path in folder.glob("*.duckdb"))
    return dict(sorted((month, path) for month, path in found if month is not None))


def attached(con: DuckDBPyConnection) -> list[Month]:
    """The months that can be asked, oldest first."""
    found = con.execute("SELECT database_name FROM duckdb_databases() WHERE starts_with(database_name, 'sealed_')")
    numbers = (name.split("_")[1:] for (name,) in found.fetchall())
    return sorted(Month(int(year), int(number)) for year, number in numbers)


def attach(con: DuckDBPyConnection, month: Month, path: Path) -> None:
    """Makes the month's file part of this store; raises StoreUnavailable with the remedy."""
    try:
        con.execute(f"ATTACH {quoted(path)} AS {month.alias}")
    except (duckdb.Error, OSError) as err:
        raise StoreUnavailable(
            f"{path} cannot be opened ({str(err).splitlines()[0]}): restore it from a backup, or move it away to go on "
            "without its days"
        ) from err


def attach_all(con: DuckDBPyConnection, folder: Path) -> None:
    """Attaches every month file that is there; one whose making was cut short is deleted."""
    for draft in folder.glob("*.new*"):
        draft.unlink()
    for month, path in month_files(folder).items():
        attach(con, month, path)


def detach(con: DuckDBPyConnection, month: Month) -> None:
    """Lets go of the month's file."""
    con.execute(f"DETACH {month.alias}")


def remove(folder: Path, month: Month) -> int:
    """Deletes the file of a month that is not attached; how many bytes that frees."""
    path = folder / month.file
    size = 0
    for file in (_log_of(path), path):  # The log alone would be in the way of a month made anew.
        if file.exists():
            size += file.stat().st_size
            file.unlink()
    return size


def ensure(con: DuckDBPyConnection, folder: Path, month: Month, store_id: UUID) -> None:
    """Makes and attaches the month's file if there is none, and gives it the columns that tables have grown since."""
    if month not in attached(con):
        path = folder / month.file
        if not path.exists():
            _make(con, path, store_id)
        attach(con, month, path)
    for table in RAW:
        there = columns(con, f"{month.alias}.{table.name}")
        missing = set(names(table.name, columns(con, table.hot), there)) - there.keys()
        # What kind they are takes longer to ask for, and there mostly are none.
        kinds = columns(con, f"({_packed(con, table, there)})") if missing else {}
        for column in (name for name in kinds if name in missing):
            con.execute(f'ALTER TABLE {month.alias}.{table.name} ADD COLUMN "{column}" {kinds[column]}')


def insert(con: DuckDBPyConnection, month: Month, table: RawTable, rows: str, seal: int, bounds: object = None) -> None:
    """Adds those rows, a relation with the columns of the hot table, packed and in order."""
    there = columns(con, f"{month.alias}.{table.name}")
    kept = stored(table.name, columns(con, table.hot), there)
    con.execute(
        f"INSERT INTO {month.alias}.{table.name} BY NAME "  # noqa: S608 - names of ours
        f"SELECT {kept}, {seal} AS seal FROM {rows} ORDER BY {table.order}",
        bounds,
    )


def columns(con: DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column → type."""
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {table}").fetchall()}


def owner(con: DuckDBPyConnection, month: Month) -> UUID | None:
    """The store that the month's file belongs to."""
    row = con.execute(f"SELECT store_id FROM {month.alias}.sealed_by").fetchone()  # noqa: S608 - a name of ours
    return row[0] if row else None


def last_seal(con: DuckDBPyConnection, month: Month) -> int:
    """The highest seal of the month's rows."""
    tables = " UNION ALL ".join(f"SELECT max(seal) AS seal FROM {month.alias}.{table.name}" for table in RAW)  # noqa: S608
    row = con.execute(f"SELECT max(seal) FROM ({tables})").fetchone()  # noqa: S608 - names of ours
    return (row[0] if row else None) or 0


def _make(con: DuckDBPyConnection, path: Path, store_id: UUID) -> None:
    # Under its own name only once it is whole: a file that a crash left half made could not be opened any more.
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    con.execute(f"ATTACH {quoted(draft)} AS {_DRAFT} (STORAGE_VERSION 'v1.5.0')")
    try:
        con.execute(f"CREATE TABLE {_DRAFT}.sealed_by (store_id UUID NOT NULL)")
        con.execute(f"INSERT INTO {_DRAFT}.sealed_by VALUES (?)", [store_id])  # noqa: S608 - a name of ours
        for table in RAW:
            con.execute(
                f"CREATE TABLE {_DRAFT}.{table.name} AS SELECT *, 0 AS seal FROM ({_packed(con, table)}) LIMIT 0"  # noqa: S608
            )
        con.execute(f"CHECKPOINT {_DRAFT}")
    finally:
        con.execute(f"DETACH {_DRAFT}")
    if (log := _log_of(path)).exists():
        # The file was moved away, and its log left behind: no other file can be opened beside that.
        log.replace(log.with_name(log.name + ".left"))
    draft.replace(path)
    sync_folder(path.parent)


def _packed(con: DuckDBPyConnection, table: RawTable, there: Collection[str] | None = None) -> str:
    return f"SELECT {stored(table.name, columns(con, table.hot), there)} FROM {table.hot}"  # noqa: S608 - names of ours


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def sync_folder(folder: Path) -> None:
    """Names in it outlive a loss of power, as far as the file system promises that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quoted(path: Path) -> str:
    """The path as a literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"
