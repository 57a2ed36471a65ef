"""The file behind a prober's memory: small JSON documents by kind and key, on disk before `put` returns.

Holds what a vendor gave us (cursors, ids) in the open, so only its owner can read it. Writes happen on a thread of
their own: a slow disk disturbs no timing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID
"""
Documents = dict[tuple[str, str], dict[str, Any]]
"""By kind and key."""

log = structlog.get_logger(__name__)


class MemoryFile:
    """One SQLite file, for one process."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Opens or makes it; one that is damaged is renamed to `….corrupt-<time>` and begun anew. Raises OSError or
        sqlite3.OperationalError for what a person must mend."""
        try:
            self._connection = _open(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as err:
            _move_aside(path, now, str(err))
            self._connection = _open(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memory")

    def documents(self) -> Documents:
        """Everything in it."""
        return _read(self._connection)

    async def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Keep this document under that key. Raises sqlite3.Error."""
        text = json.dumps(document)
        await self._write("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (kind, key, text))

    async def drop(self, kind: str, key: str) -> None:
        """Forget that key. Raises sqlite3.Error."""
        await self._write("DELETE FROM kept WHERE kind = ? AND key = ?", (kind, key))

    def close(self) -> None:
        """Once nothing is written any more."""
        self._thread.shutdown(wait=True)
        self._connection.close()

    async def _write(self, sql: str, values: tuple[str, ...]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.execute, sql, values)


def read_only(path: Path) -> Documents:
    """What is in another process's file, which is left as it is; nothing where there is none."""
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return _read(connection)
    finally:
        connection.close()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    connection.execute(_SCHEMA)


def _read(connection: sqlite3.Connection) -> Documents:
    rows = connection.execute("SELECT kind, key, document FROM kept ORDER BY kind, key").fetchall()
    return {(kind, key): json.loads(document) for kind, key, document in rows}


def _move_aside(path: Path, now: datetime, reason: str) -> None:
    stamp = now.strftime("%Y%m%dT%H%M%S%f")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.corrupt-{stamp}{suffix}"))
    log.error("memory_was_corrupt", file=str(path), kept_as=f"{path.name}.corrupt-{stamp}", reason=reason)
