"""A typed question is answered within its limits; a mistake is one line; the writer does not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from metrics.store.adhoc import answer
from metrics.store.database import Store
from metrics.store.failures import NotAQuestion, QuestionFailed, ReadTimeout, one_line
from probes.model import Run

SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"


@pytest.fixture(scope="module")
def store(emptied: Callable[[], Store]) -> Store:
    """Emptied of what the file before left in it, once: nothing here can write to it."""
    return emptied()


def test_rows_are_cut_at_the_limit_and_that_is_said(store: Store) -> None:
    whole = store.read(lambda con: answer(con, "FROM range(10)", 10))
    assert (whole.table.num_rows, whole.cut) == (10, None)
    cut = store.read(lambda con: answer(con, "FROM range(10)", 9))
    assert (cut.table.num_rows, cut.cut) == (9, "rows")


def test_an_endless_answer_costs_no_more_than_the_limit(store: Store) -> None:
    found = store.read(lambda con: answer(con, "FROM range(1000000000000)", 100))
    assert (found.table.num_rows, found.cut) == (100, "rows")
    wide = store.read(
        lambda con: answer(con, "SELECT repeat('x', 1000) FROM range(1000000000)", 1_000_000, most_bytes=1_000_000)
    )
    assert wide.cut == "bytes"
    assert wide.table.nbytes < 4_000_000


def test_an_empty_answer_has_its_columns(store: Store) -> None:
    found = store.read(lambda con: answer(con, "SELECT run_id, started_at FROM v_runs", 10))
    assert (found.table.column_names, found.table.num_rows, found.cut) == (["run_id", "started_at"], 0, None)


MISTAKES = {
    "SELECT nope FROM v_runs": (
        r'^Binder Error: Referenced column "nope" not found .* \(line 1, at: nope FROM v_runs\); leadline sql "DESCRIBE'
    ),
    "SELECT\n  run_id,\n  nope\nFROM v_runs": r"\(line 3, at: nope\)",
    "SELECT * FROM nope": r'^Catalog Error: Table with name nope .*\(line 1, at: nope\); leadline sql "SHOW TABLES"',
    "SELECT 'x'::INTEGER": r"^Conversion Error: .*\(line 1, at: ::INTEGER\)",
    "SELECT sum('a')": r"^Binder Error: No function matches .*\(line 1, at: sum\('a'\)\)",
    "SELECT error('so')": r"^Invalid Input Error: so",
    "SELECT sum(1) OVER (ORDER BY nope) FROM v_runs": r"nope",
}


@pytest.mark.parametrize("sql", MISTAKES)
def test_a_mistake_is_one_line_with_its_place(store: Store, sql: str) -> None:
    with pytest.raises(QuestionFailed, match=MISTAKES[sql]) as said:
        store.read(lambda con: answer(con, sql, 10))
    assert "\n" not in str(said.value)


def test_a_parse_error_is_one_line_with_its_place(store: Store) -> None:
    with pytest.raises(NotAQuestion, match=r'^Parser Error: syntax error at or near "selec" \(line 1, at: selec 1\)$'):
        store.read(lambda con: answer(con, "selec 1", 10))


def test_an_error_without_a_place_is_one_line(store: Store) -> None:
    assert one_line(duckdb.Error("Some Error:\n  it\twent wrong\n")) == "Some Error: it went wrong"


def test_what_needs_too_much_memory_says_so(store: Store) -> None:
    hungry = "SELECT max(l) FROM (SELECT list(repeat('x', 1000) || range) AS l FROM range(2000000))"
    with pytest.raises(QuestionFailed, match="more memory than it may have"):
        store.read(lambda con: answer(con, hungry, 10), timeout=timedelta(seconds=120))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM duckdb_secrets()",
        "FROM duckdb_settings()",
        "FROM duckdb_databases()",
        "FROM duckdb_databases",
        "DESCRIBE pragma_database_list",
        'FROM system.main."Pragma_database_list"',
        "SELECT (SELECT max(setting) FROM pg_catalog.pg_settings)",
        "SELECT current_setting('temp_directory')",
        "SELECT getenv('HOME')",
        "SELECT nextval('audit_ids')",
        "FROM query('SELECT 1')",
        "FROM query_table('runs')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT (SELECT count(*) FROM read_text('/etc/hostname'))",
        "WITH a AS (SELECT * FROM glob('/*')) SELECT 1 FROM a",
        "SELECT 1 FROM v_runs WHERE run_id IN (SELECT content FROM read_blob('/etc/hostname'))",
        "SELECT 1 UNION ALL SELECT content FROM read_text('/etc/hostname')",
        "EXPLAIN SELECT * FROM read_csv('/etc/hostname')",
        "FROM '/etc/hostname'",
        'FROM "/etc/hostname"',
        "FROM sealed_2026_11.runs",
        "FROM sealed_2026_11.main.runs",
        "DESCRIBE SELECT * FROM read_csv('/etc/hostname')",
        "SUMMARIZE '/etc/hostname'",
        "SELECT write_log('x')",
        "FROM pragma_storage_info('runs')",
        "PRAGMA database_list",
        "SET threads = 8",
        "RESET threads",
        "LOAD httpfs",
        "USE memory",
        "VACUUM",
        "SELECT 1; ATTACH 'x.duckdb'",
        "INSERT INTO audit VALUES (1)",
        "CREATE MACRO f() AS 1",
    ],
)
def test_nothing_but_the_measurements_can_be_asked(store: Store, sql: str) -> None:
    with pytest.raises((NotAQuestion, QuestionFailed)) as said:
        store.read(lambda con: answer(con, sql, 10))
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM v_runs",
        "SHOW TABLES",
        "DESCRIBE v_runs",
        "SUMMARIZE v_steps",
        "EXPLAIN FROM v_runs",
        "FROM main.v_runs",
        "FROM information_schema.tables",
        "SELECT view_name, comment FROM duckdb_views()",
        "WITH a AS (FROM v_runs) SELECT count(*) FROM a, unnest([1, 2])",
        "SELECT integration, count(*) FROM v_runs GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 3",
        "SELECT s.step, quantile_disc(s.total_ms, 0.95) FROM v_steps s JOIN v_runs r USING (run_id) GROUP BY ALL",
        "SELECT time_bucket(INTERVAL 1 HOUR, started_at), avg(duration_ms) OVER () FROM v_runs",
        "SELECT * FROM v_quota ASOF JOIN v_runs USING (integration, run_id)",
        "SELECT list_filter([1, 2], lambda x: x > 1), {'a': 1}, MAP {'a': 1}, json_extract('{}', '$.a')",
        "FROM range(3)",
        "PIVOT v_runs ON outcome IN ('passed', 'failed') USING count(*) GROUP BY integration",
    ],
)
def test_what_an_engineer_asks_is_answered(store: Store, sql: str) -> None:
    store.read(lambda con: answer(con, sql, 10_000))


def test_a_slow_question_ends_at_its_limit_and_keeps_no_writer_waiting(
    store_path: Path, make_run: Callable[..., Run]
) -> None:
    store = Store.open(store_path)
    ended: list[str] = []

    def ask() -> None:
        try:
            store.read(lambda con: answer(con, SLOW, 10), timeout=timedelta(seconds=2))
        except ReadTimeout as err:
            ended.append(str(err))

    asking: Sequence[threading.Thread] = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    written = 0
    while all(thread.is_alive() for thread in asking):
        store.write(lambda con: con.execute("INSERT INTO number_gaps VALUES ('p', 1, 2)")).result(timeout=30)
        written += 1
    for thread in asking:
        thread.join()
    store.close()
    assert len(ended) == 2
    # One may come before the questions, and a writer that waits has another when they ended.
    assert written > 2
