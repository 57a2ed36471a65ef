"""The outbox's file: how it is opened, upgraded, and put aside when it cannot be read."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from probes.agent.settings import AgentError

SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, made_at REAL NOT NULL, body BLOB NOT NULL, refused TEXT
);
CREATE INDEX runs_waiting ON runs (number) WHERE refused IS NULL;
PRAGMA user_version = 1;
COMMIT;
"""

log = structlog.get_logger(__name__)


def open_file(path: Path, now: datetime) -> tuple[sqlite3.Connection, bool]:
    """A connection to a sound file, and whether a prober ran on it before.

    A file that is damaged is renamed to `….corrupt-<time>` and replaced by an empty one. Raises AgentError for what a
    person must mend: no permission, or a file of a newer Leadline.
    """
    existed = path.exists()
    try:
        return _connect(path), existed
    except sqlite3.OperationalError as err:  # permission, disk full, locked: the file itself may be fine
        raise AgentError(f"{path}: the outbox cannot be opened: {err}") from err
    except sqlite3.DatabaseError as err:
        _move_aside(path, now, str(err))
        return _connect(path), existed


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise AgentError(f"{path}: written by a newer Leadline (format {version}); upgrade this prober")
    if version == 0:
        connection.executescript(_SCHEMA)


def _move_aside(path: Path, now: datetime, reason: str) -> None:
    stamp = now.strftime("%Y%m%dT%H%M%S%f")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.corrupt-{stamp}{suffix}"))
    log.error("outbox_was_corrupt", file=str(path), kept_as=f"{path.name}.corrupt-{stamp}", reason=reason)
