"""What a person types can ask, and do nothing else; whatever slips through reaches no file outside the months."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from metrics.store.database import Store
from metrics.store.failures import NotAQuestion
from metrics.store.questions import only_question


@pytest.fixture(scope="module")
def stored(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in a file: one in memory has no folder of months that could be reached."""
    store = Store.open(shutil.copy(migrated, tmp_path_factory.mktemp("asking") / migrated.name))
    yield store
    store.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM runs",
        "FROM steps LIMIT 3",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "EXPLAIN SELECT count(*) FROM runs",
        "explain analyze SELECT count(*) FROM runs",
        "DESCRIBE runs",
        "SHOW TABLES",
        "VALUES (1)",
    ],
)
def test_a_question_is_answered(stored: Store, sql: str) -> None:
    stored.read(lambda con: con.execute(only_question(con, sql)).fetchall())


@pytest.mark.parametrize(
    "sql",
    [
        "COPY runs TO '{months}/stolen.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{months}/stolen.csv'",
        "EXPLAIN (FORMAT json) SELECT 1",
        "ATTACH '{months}/other.duckdb' AS other",
        "DETACH sealed_2026_11",
        "EXPORT DATABASE '{months}'",
        "DELETE FROM hot_runs",
        "CREATE TABLE a (x INTEGER)",
        "SET GLOBAL allowed_directories = ['/']",
        "PRAGMA enable_profiling",
        "CALL pragma_version()",
        "CHECKPOINT",
        "INSTALL httpfs",
        "PREPARE a AS SELECT 1",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM read_blob('{months}/*')",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM '{months}/2026-11.duckdb'",
        "SELECT * FROM glob('{months}/*')",
        "SELECT * FROM \"read_blob\" /* so */ ('{months}/*')",
        "SELECT * FROM runs JOIN -- so\n'{months}/2026-11.duckdb' ON true",
        "SELEC 1",
        "SELECT '\ud800'",
        "SELECT 1 FROM runs -- so\nexplain; COMMIT; DELETE FROM hot_runs",
        "SELECT * FROM runs -- so\nexplain, query('FROM glob(''{months}/*'')')",
        "SELECT * FROM runs -- so\nexplain JOIN '{months}/2026-11.duckdb' ON true",
    ],
)
def test_anything_else_is_refused(stored: Store, sql: str) -> None:
    with pytest.raises(NotAQuestion):
        stored.read(lambda con: only_question(con, sql.format(months=stored.months)))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM read_text('{months}/../../../../../../../../../etc/hostname')",
        "COPY runs TO '{months}/../stolen.csv'",
        "ATTACH '{months}/../other.duckdb'",
        "ATTACH 'https://example.com/x.duckdb'",
        "SET GLOBAL allowed_directories = ['/']",
        "SET GLOBAL enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_even_what_is_not_checked_reaches_no_file_outside_the_months(stored: Store, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        stored.read(lambda con: con.execute(sql.format(months=stored.months)).fetchall())
