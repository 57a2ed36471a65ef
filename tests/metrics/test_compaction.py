"""A hot file that has become mostly empty is made smaller at open, and is whole at every instant of that."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from metrics.store.compaction import compact, forget_original, is_worthwhile
from metrics.store.database import Store


@pytest.fixture(scope="module")
def mostly_empty(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of which most rows were deleted; not to be opened."""
    path = shutil.copy(migrated, tmp_path_factory.mktemp("emptied") / migrated.name)
    store = Store.open(path)
    store.write(
        lambda con: con.execute(
            "INSERT INTO number_gaps SELECT uuid()::VARCHAR, range, hash(range) % 1e15::BIGINT FROM range(500_000)"
        )
    ).result()
    store.write(lambda con: con.execute("SELECT nextval('audit_ids') FROM range(7)").fetchall()).result()
    store.maintain(lambda con: con.execute("CHECKPOINT")).result()
    store.write(lambda con: con.execute("DELETE FROM number_gaps WHERE first < 499_990")).result()
    store.close()
    return path


@pytest.fixture
def emptied(mostly_empty: Path, tmp_path: Path) -> Path:
    """One of which most rows were deleted, for this test."""
    return shutil.copy(mostly_empty, tmp_path / mostly_empty.name)


def test_a_file_that_is_mostly_empty_is_copied_into_a_smaller_one(emptied: Path) -> None:
    before = emptied.stat().st_size
    with duckdb.connect(str(emptied)) as con:
        assert is_worthwhile(con, least_bytes=1 << 20)
        assert not is_worthwhile(con)
    assert compact(emptied)
    assert emptied.stat().st_size < before / 2
    original = emptied.with_name("leadline.duckdb.before-compaction")
    assert original.stat().st_size == before
    store = Store.open(emptied)
    assert not original.exists()
    assert store.read(lambda con: con.execute("SELECT first FROM number_gaps ORDER BY 1").fetchall()) == [
        (n,) for n in range(499_990, 500_000)
    ]
    store.close()


def test_numbers_that_were_given_are_not_given_again(emptied: Path) -> None:
    assert compact(emptied)
    store = Store.open(emptied)
    assert store.write(lambda con: con.execute("SELECT nextval('audit_ids')").fetchone()).result() == (8,)
    store.close()


def test_comments_keys_and_views_come_along(emptied: Path) -> None:
    asked = (
        "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal ORDER BY ALL",
        "SELECT table_name, column_name, comment, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
        "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
        "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
    )

    def answers() -> list[object]:
        with duckdb.connect(str(emptied), read_only=True) as con:
            return [con.execute(sql).fetchall() for sql in asked]

    before = answers()
    assert compact(emptied)
    assert answers() == before


def test_a_store_with_little_to_gain_is_left_alone(emptied: Path) -> None:
    before = emptied.stat().st_ino
    Store.open(emptied).close()
    assert emptied.stat().st_ino == before


def test_what_a_compaction_left_that_was_cut_short_is_cleared_away(emptied: Path) -> None:
    left = [emptied.with_name(f"leadline.duckdb{name}") for name in (".compact", ".compact.wal")]
    for file in left:
        file.write_bytes(b"half")
    Store.open(emptied).close()
    assert not any(file.exists() for file in left)


def test_without_room_the_store_stays_as_it_is(emptied: Path) -> None:
    emptied.with_name("leadline.duckdb.compact").mkdir()
    with pytest.raises(OSError, match="compact"):
        compact(emptied)
    emptied.with_name("leadline.duckdb.compact").rmdir()
    forget_original(emptied)
    Store.open(emptied).close()
