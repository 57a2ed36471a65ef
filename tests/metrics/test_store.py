"""The store: one writer, readers with a limit, tables by migrations, clear refusals."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from metrics.store.database import LONG_LOG, ReadTimeout, Store, StoreClosed, StoreUnavailable
from metrics.store.migrations import Migration, known, migrate

COLUMNS = "(FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (table_oid, table_name) WHERE NOT internal)"
"""The columns of tables; those of views are the same columns again."""

Work = Callable[[DuckDBPyConnection], object]

HOLDER = """
import sys
from pathlib import Path
from metrics.store.database import Store
store = Store.open(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
store.close()
"""


def add(number: int) -> Work:
    return lambda con: con.execute("INSERT INTO number_gaps VALUES ('p', ?, ?)", [number, number])


def numbers(con: DuckDBPyConnection) -> list[int]:
    return [row[0] for row in con.execute("SELECT first FROM number_gaps ORDER BY rowid").fetchall()]


def test_writes_happen_in_the_order_they_were_asked(store: Store) -> None:
    for number in range(50):
        last = store.write(add(number))
    last.result(timeout=30)
    assert store.read(numbers) == list(range(50))


def test_a_failed_write_leaves_nothing_behind_and_the_next_one_works(store: Store) -> None:
    def fails(con: DuckDBPyConnection) -> None:
        add(1)(con)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(fails).result(timeout=30)
    store.write(add(2)).result(timeout=30)
    assert store.read(numbers) == [2]


def test_a_long_log_is_taken_into_the_file_while_nobody_writes(store_path: Path) -> None:
    store = Store.open(store_path)
    log = store_path.with_name(store_path.name + ".wal")
    much = "INSERT INTO number_gaps SELECT repeat(md5(n::VARCHAR), 20), n, n FROM range(40_000) AS numbers (n)"
    store.write(lambda con: con.execute(much)).result(timeout=30)
    deadline = time.monotonic() + 30
    while log.exists() and log.stat().st_size > LONG_LOG:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(store.read(numbers)) == 40_000
    store.close()


def test_a_folder_that_goes_away_does_not_end_the_writer(tmp_path: Path) -> None:
    folder, away = tmp_path / "data", tmp_path / "away"
    store = Store.open(folder / "leadline.duckdb")
    folder.rename(away)
    folder.write_text("in the way")
    store.write(add(1)).result(timeout=30)
    store.write(add(2)).result(timeout=30)
    folder.unlink()
    away.rename(folder)
    assert store.read(numbers) == [1, 2]
    store.close()


def test_a_write_of_bad_sql_is_rolled_back_too(store: Store) -> None:
    def fails(con: DuckDBPyConnection) -> None:
        add(1)(con)
        con.execute("SELECT no_such_column")

    with pytest.raises(duckdb.BinderException):
        store.write(fails).result(timeout=30)
    store.write(add(2)).result(timeout=30)
    assert store.read(numbers) == [2]


def test_a_cancelled_write_never_happens(store: Store) -> None:
    blocked = store.write(lambda con: con.execute("SELECT count(*) FROM range(200_000_000)").fetchone())
    cancelled = store.write(add(1))
    assert cancelled.cancel()
    blocked.result(timeout=60)
    store.write(add(2)).result(timeout=30)
    assert store.read(numbers) == [2]


def test_a_question_cannot_write(store: Store) -> None:
    with pytest.raises(duckdb.TransactionException, match="read-only"):
        store.read(add(1))
    assert store.read(numbers) == []


def test_a_question_sees_one_snapshot(store: Store) -> None:
    def question(con: DuckDBPyConnection) -> tuple[list[int], list[int]]:
        before = numbers(con)
        store.write(add(1)).result(timeout=30)
        return before, numbers(con)

    assert store.read(question) == ([], [])
    assert store.read(numbers) == [1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "COPY runs TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SET GLOBAL enable_external_access = true",
    ],
)
def test_no_query_reaches_another_file_the_network_or_the_settings(store: Store, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        store.read(lambda con: con.execute(sql).fetchall())


def test_a_question_is_stopped_at_its_limit_and_the_store_lives_on(store: Store) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10_000_000) AS a, range(10_000_000) AS b"
    with pytest.raises(ReadTimeout, match=r"after 0\.05 s"):
        store.read(lambda con: con.execute(endless).fetchone(), timeout=timedelta(milliseconds=50))
    assert store.read(lambda con: con.execute("SELECT 1").fetchone()) == (1,)


def test_a_question_of_many_small_queries_is_stopped_too(store: Store) -> None:
    def question(con: DuckDBPyConnection) -> None:
        while True:
            con.execute("SELECT sum(range) FROM range(1_000_000)").fetchone()

    with pytest.raises(ReadTimeout):
        store.read(question, timeout=timedelta(milliseconds=50))


def test_closing_finishes_what_was_asked_and_refuses_what_comes_after(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = Store.open(path)
    written = [store.write(add(number)) for number in range(5)]
    store.close()
    store.close()
    assert all(future.done() for future in written)
    with pytest.raises(StoreClosed):
        store.write(add(9))
    with pytest.raises(StoreClosed):
        store.read(numbers)
    reopened = Store.open(path)
    assert reopened.read(numbers) == list(range(5))
    reopened.close()


def test_the_file_is_made_in_the_format_that_the_engine_before_can_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "deep" / "store.duckdb")
    (tags,) = store.read(
        lambda con: con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'store'").fetchone()
    ) or (None,)
    zone = store.read(lambda con: con.execute("SELECT current_setting('TimeZone')").fetchone())
    store.close()
    assert tags["storage_version"].startswith("v1.5.0")
    assert zone == ("UTC",)


@pytest.mark.slow
def test_a_file_that_another_process_holds_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreUnavailable, match=rf"in use by another process \(PID {holder.pid}\b"):
            Store.open(path)
        holder.communicate("")


def test_a_damaged_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreUnavailable, match="restore a backup"):
        Store.open(path)


def test_a_store_from_a_newer_leadline_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = Store.open(path)
    store.write(
        lambda con: con.execute("INSERT INTO schema_migrations VALUES (9999, '9999_later.sql', 'x', now())")
    ).result(timeout=30)
    store.close()
    with pytest.raises(StoreUnavailable, match=r"written by a newer Leadline .*: upgrade Leadline"):
        Store.open(path)


def test_migrations_are_applied_once_in_order() -> None:
    con = duckdb.connect(":memory:")
    first = Migration(1, "0001_a.sql", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")
    second = Migration(2, "0002_b.sql", "INSERT INTO a SELECT x + 1 FROM a;")
    migrate(con, None, (first,))
    migrate(con, None, (first, second))
    migrate(con, None, (first, second))
    assert con.execute("SELECT x FROM a ORDER BY x").fetchall() == [(1,), (2,)]
    con.close()


def test_a_migration_that_fails_leaves_nothing_behind() -> None:
    con = duckdb.connect(":memory:")
    with pytest.raises(duckdb.Error):
        migrate(con, None, (Migration(1, "0001_a.sql", "CREATE TABLE a (x INTEGER); SELECT nonsense;"),))
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'a'").fetchone() == (0,)
    assert con.execute("SELECT count(*) FROM schema_migrations").fetchone() == (0,)
    con.close()


def test_an_applied_migration_that_was_edited_is_refused() -> None:
    con = duckdb.connect(":memory:")
    migrate(con, None, (Migration(1, "0001_a.sql", "CREATE TABLE a (x INTEGER)"),))
    with pytest.raises(StoreUnavailable, match=r"0001_a\.sql has changed since it was applied"):
        migrate(con, None, (Migration(1, "0001_a.sql", "CREATE TABLE a (x BIGINT)"),))
    con.close()


def test_migration_numbers_are_unique_and_without_holes() -> None:
    versions = [migration.version for migration in known()]
    assert versions == list(range(1, len(versions) + 1))


def test_every_table_and_column_says_what_it_holds(store: Store) -> None:
    silent = store.read(
        lambda con: con.execute(
            f"SELECT table_name, column_name FROM {COLUMNS} WHERE comment IS NULL "  # noqa: S608 - a query of ours
            "UNION ALL SELECT table_name, '' FROM duckdb_tables() WHERE NOT internal AND comment IS NULL"
        ).fetchall()
    )
    assert silent == []


def test_every_duration_and_size_column_names_its_unit(store: Store) -> None:
    words = {"_ms": "millisecond", "_s": "second", "_bytes": "bytes"}
    rows = store.read(
        lambda con: con.execute(
            f"SELECT table_name, column_name, comment FROM {COLUMNS}"  # noqa: S608 - a query of ours
        ).fetchall()
    )
    silent = [
        (table, column)
        for table, column, comment in rows
        for suffix, word in words.items()
        if column.endswith(suffix) and word not in comment
    ]
    assert silent == []


def test_instants_know_their_zone_and_run_numbers_are_wide(store: Store) -> None:
    kinds = dict(
        store.read(
            lambda con: con.execute(
                "SELECT table_name || '.' || column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            ).fetchall()
        )
    )
    assert not [name for name, kind in kinds.items() if kind == "TIMESTAMP"]
    assert (kinds["runs.run_id"], kinds["runs.number"], kinds["runs.simulated"]) == ("UUID", "BIGINT", "BOOLEAN")


def test_the_docs_name_every_table_and_column(store: Store) -> None:
    text = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
    sections = {part.split("`", 2)[1]: part for part in text.split("\n### ")[1:]}
    rows = store.read(
        lambda con: con.execute(f"SELECT table_name, column_name FROM {COLUMNS}").fetchall()  # noqa: S608
    )
    silent = [row for row in rows if f"| `{row[1]}` |" not in sections.get(row[0].removeprefix("hot_"), "")]
    assert silent == []
