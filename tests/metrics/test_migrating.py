"""A store of any earlier Leadline becomes one of today with every row; what it was is kept beside it for a while."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from metrics.store.copies import copies, drop_old_copies, keep_copy
from metrics.store.database import Store
from metrics.store.migrations import known, migrate
from metrics.store.opening import STORAGE_VERSION

AT = datetime(2026, 11, 20, tzinfo=UTC)
EXAMPLES = {
    "VARCHAR": "'text'",
    "JSON": "'{}'",
    "UUID": "uuid()",
    "BOOLEAN": "true",
    "TIMESTAMP WITH TIME ZONE": f"TIMESTAMPTZ '{AT.isoformat()}'",
    "DATE": "DATE '2026-11-20'",
    "BLOB": "'\\x01\\x02'::BLOB",
}
"""A value of each type; any other one is a number."""
ROWS = 3
ADDED = {"rollup_watermarks": (22, 1)}
"""What a migration adds of itself to a table that has rows: its number, and how many."""


def populate(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Three rows in every table that has none; how many rows each has then."""
    counts = {}
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
    for (table,) in tables:
        if table not in {"schema_migrations", "sealing_state"}:
            columns = con.execute(f"DESCRIBE {table}").fetchall()
            for n in range(ROWS):
                row = ", ".join(example(kind, n) for _, kind, *_ in columns)
                con.execute(f"INSERT INTO {table} VALUES ({row})")  # noqa: S608
            counts[table.removeprefix("hot_")] = ROWS
    return counts


def example(kind: str, n: int) -> str:
    """A value of the type, another one for each row."""
    if kind.endswith("[]"):
        return f"[{n}]"
    value = EXAMPLES.get(kind, str(n))
    return f"'text {n}'" if kind == "VARCHAR" else value


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The empty store that the first so many migrations make, for every number of them: each a step from the last."""
    made: dict[int, Path] = {}
    for level in range(1, len(known()) + 1):
        made[level] = tmp_path_factory.mktemp("level") / "leadline.duckdb"
        if level > 1:
            shutil.copy(made[level - 1], made[level])
        with connected(made[level]) as con:
            migrate(con, made[level], known()[:level])
    return made


def connected(path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})
    con.execute("SET TimeZone = 'UTC'")
    return con


def populated(empty: Path, path: Path) -> dict[str, int]:
    """A copy of it with rows; how many by table."""
    shutil.copy(empty, path)
    with connected(path) as con:
        return populate(con)


@pytest.mark.parametrize("level", range(1, len(known()) + 1))
def test_a_populated_store_of_every_earlier_level_keeps_its_rows(
    levels: dict[int, Path], tmp_path: Path, level: int
) -> None:
    path = tmp_path / "leadline.duckdb"
    rows = populated(levels[level], path)
    store = Store.open(path)
    counts = {t: store.read(lambda con, t=t: con.execute(f"SELECT count(*) FROM {t}").fetchone()[0]) for t in rows}  # type: ignore[misc]  # noqa: S608
    newest = store.read(lambda con: con.execute("SELECT max(version) FROM schema_migrations").fetchone())
    store.close()
    added = {table: count for table, (number, count) in ADDED.items() if table in rows and level < number}
    assert counts == {table: count + added.get(table, 0) for table, count in rows.items()}
    assert newest == (len(known()),)
    later = level + 1
    assert [copy.name for copy in copies(path)] == (
        [f"leadline.duckdb.before-{later:04d}"] if level < newest[0] else []
    )


def test_the_copy_is_the_store_as_it_was(levels: dict[int, Path], tmp_path: Path) -> None:
    path = tmp_path / "leadline.duckdb"
    rows = populated(levels[2], path)
    Store.open(path).close()
    (copy,) = copies(path)
    with duckdb.connect(str(copy), read_only=True) as con:
        assert con.execute("SELECT max(version) FROM schema_migrations").fetchone() == (2,)
        assert con.execute("SELECT count(*) FROM runs").fetchone() == (rows["runs"],)


def test_a_new_store_and_one_of_today_are_not_copied(store_path: Path) -> None:
    Store.open(store_path).close()
    assert copies(store_path) == []


def test_a_copy_goes_after_two_weeks(store_path: Path) -> None:
    copy = keep_copy(store_path, 9)
    assert drop_old_copies(store_path, datetime.now(UTC) + timedelta(days=13)) == []
    os.utime(copy, (0, 0))
    assert drop_old_copies(store_path, datetime.now(UTC)) == [copy]
    assert copies(store_path) == []
