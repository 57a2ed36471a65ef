"""Opens DuckDB files with every setting explicit, and explains why one cannot be opened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import duckdb

from metrics.store.compaction import compact, forget_original, is_worthwhile, tidy
from metrics.store.copies import keep_copy
from metrics.store.failures import StoreUnavailable
from metrics.store.migrations import migrate, next_change
from metrics.store.sealing.months import attach_all, month_folder
from metrics.store.sealing.recovery import recover

STORAGE_VERSION: Final = "v1.5.0"
"""Readable by DuckDB 1.5 and 2.x, so that going back one engine version stays possible."""

# One thread: a question runs on the thread that asks it, and questions run side by side. With helpers the asking
# thread spins while one of them works, the interpreter's lock in hand now and then: twice the processor time for a
# question or a commit, and the slower the busier the machine is.
_OPTIONS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "memory_limit": "256MB",
    # The store takes its log in while nobody waits; a commit has to do it only when there was no such time for long.
    "checkpoint_threshold": "128MB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


def open_store(path: Path | None) -> duckdb.DuckDBPyConnection:
    """A root connection to a store with its tables up to date and its months attached; raises StoreUnavailable."""
    if path is None:
        con = connect(None)
        migrate(con, None)
        recover(con, None)
        return con
    con = _prepared(path)
    try:
        attach_all(con, month_folder(path))
        migrate(con, path)
        recover(con, month_folder(path))
    except BaseException as err:
        con.close()
        if isinstance(err, duckdb.Error):
            raise StoreUnavailable(explain(path, str(err))) from err
        raise
    forget_original(path)
    return con


def _prepared(path: Path) -> duckdb.DuckDBPyConnection:
    """The file opened, after what can only be done while it is closed."""
    tidy(path)
    con = connect(path)
    try:
        change, empty = next_change(con), is_worthwhile(con)
    except BaseException:
        con.close()
        raise
    if change is None and not empty:
        return con
    con.close()
    if change is not None:
        keep_copy(path, change)
    if empty:
        compact(path)
    return connect(path)


def connect(path: Path | None) -> duckdb.DuckDBPyConnection:
    """A locked-down root connection to the file, or to memory; raises StoreUnavailable.

    After this no query can reach a file outside the folder of the sealed months, the network, an extension or the
    settings.
    """
    try:
        con = _open(path)
    except (duckdb.Error, OSError) as err:
        raise StoreUnavailable(explain(path, str(err))) from err
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    if path is not None:
        con.execute("SET GLOBAL allowed_directories = ?", [[str(month_folder(path))]])
    con.execute("SET GLOBAL enable_external_access = false")
    con.execute("SET GLOBAL lock_configuration = true")
    return con


def _open(path: Path | None) -> duckdb.DuckDBPyConnection:
    if path is None:
        return duckdb.connect(":memory:", config=_OPTIONS)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = _OPTIONS | {"temp_directory": str(path.with_name(path.name + ".tmp"))}
    try:
        return duckdb.connect(str(path), config=options | {"storage_compatibility_version": STORAGE_VERSION})
    except duckdb.InvalidInputException as err:
        if "storage_compatibility_version" not in str(err):
            raise
        return duckdb.connect(str(path), config=options)


def explain(path: Path | None, reason: str) -> str:
    """What the engine says about a file that it cannot open, in our words and with the remedy."""
    holder = re.search(r"Conflicting lock is held in (.+?) \(PID (\d+)\)", reason)
    if holder:
        return (
            f"{path} is in use by another process (PID {holder[2]}, {holder[1]}); only one process can hold the store: "
            "stop that one, or ask the running hub instead (leadline status, leadline sql)"
        )
    if "Could not set lock" in reason:
        return f"{path} is in use by another process; only one process can hold the store: stop the other one"
    if "version number" in reason:
        return f"{path} was written by a newer DuckDB: upgrade Leadline, or restore a backup ({reason.splitlines()[0]})"
    if "not a valid DuckDB database" in reason:
        return f"{path} is not a Leadline store or is damaged: restore a backup, or move the file away to start afresh"
    return f"cannot open {path}: {reason.splitlines()[0]}"
