"""Brings a store's tables up to date: numbered SQL files, each applied once, in order, in a transaction.

A new table or column is a new file `NNNN_what.sql`; an applied file is never edited (its checksum is kept).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.failures import StoreUnavailable

FOLDER: Final = Path(__file__).parent

_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, checksum VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL);
COMMENT ON TABLE schema_migrations IS 'Which numbered SQL files have been applied.';
COMMENT ON COLUMN schema_migrations.version IS 'Number at the start of the file name.';
COMMENT ON COLUMN schema_migrations.name IS 'File name.';
COMMENT ON COLUMN schema_migrations.checksum IS 'SHA-256 of the file as applied, hexadecimal.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied (UTC).';
"""
_IS_THERE: Final = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_migrations' AND comment IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered SQL file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text; line ends do not matter."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Every migration of the folder, in order of its number."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return tuple(Migration(int(file.name[:4]), file.name, file.read_text(encoding="utf-8")) for file in files)


def next_change(con: DuckDBPyConnection) -> int | None:
    """The first migration that `migrate` would apply to a store that has tables already; None where there is none."""
    ledger = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_migrations'").fetchone()
    applied = {row[0] for row in con.execute("SELECT version FROM schema_migrations").fetchall()} if ledger else set()
    missing = [migration.version for migration in known() if migration.version not in applied]
    return min(missing) if applied and missing and max(applied) < min(missing) else None


def migrate(con: DuckDBPyConnection, path: Path | None, migrations: tuple[Migration, ...] | None = None) -> None:
    """Applies what is missing; refuses a store that knows more than this program, or that was migrated otherwise."""
    wanted = known() if migrations is None else migrations
    # Made anew it would be the same, but written: a third of the time that opening a store takes.
    if not con.execute(_IS_THERE).fetchone():
        con.execute(_LEDGER)
    applied = dict(con.execute("SELECT version, checksum FROM schema_migrations").fetchall())
    newest = max((migration.version for migration in wanted), default=0)
    if max(applied, default=0) > newest:
        raise StoreUnavailable(
            f"{path} was written by a newer Leadline (tables at {max(applied):04d}, this one knows {newest:04d}): "
            "upgrade Leadline, or restore a backup from before the upgrade"
        )
    for migration in wanted:
        if migration.version not in applied:
            _apply(con, migration)
        elif applied[migration.version] != migration.checksum:
            raise StoreUnavailable(
                f"{path}: {migration.name} has changed since it was applied to this store; "
                "a change of tables needs a new file. Restore the file, or move the store away to start afresh"
            )


def _apply(con: DuckDBPyConnection, migration: Migration) -> None:
    con.execute("BEGIN TRANSACTION")
    try:
        con.execute(migration.sql)
        con.execute(
            "INSERT INTO schema_migrations VALUES (?, ?, ?, now())",
            [migration.version, migration.name, migration.checksum],
        )
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
