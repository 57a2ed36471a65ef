"""Closed days move into month files; whoever asks sees every row, once, before, during and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from metrics.store.compaction import compact
from metrics.store.database import Store, StoreUnavailable
from metrics.store.rows import NumberedRun, insert
from metrics.store.runs import run as whole_run
from metrics.store.schedule import settle
from metrics.store.sealing import months
from metrics.store.sealing.layout import RAW, Month, closed_before
from metrics.store.sealing.moving import closed_pieces, copy, take_over
from metrics.store.sealing.rounds import drop_months, seal_closed, seal_piece
from metrics.store.sealing.state import sealing_state
from probes.model import Run

Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DELAY = timedelta(hours=48)
FOREVER = timedelta(days=10_000)


@pytest.fixture
def path(store_path: Path) -> Path:
    return store_path


@pytest.fixture
def stored(path: Path) -> Iterator[Store]:
    """A store in a file, because only that has months."""
    store = Store.open(path)
    yield store
    store.close()


def put(store: Store, runs: Sequence[Run]) -> None:
    rows = [NumberedRun("p1", number, run.started_at, run) for number, run in enumerate(runs)]

    def keep(con: DuckDBPyConnection) -> None:
        insert(con, rows)
        settle(con, rows)

    store.write(keep).result(timeout=60)


def days_of(make_run: Make, count: int, per_day: int = 4, every: int = 1) -> list[Run]:
    """Runs of the last `count` days, or every so many of them, spread over two integrations."""
    made = []
    for back in range(0, count, every):
        for n in range(per_day):
            at = NOW - timedelta(days=back, minutes=n)
            made.append(make_run(at, integration=("hubspot", "stripe")[n % 2], values={"lag_ms": 5.0 + n}))
    return made


def count(store: Store, relation: str) -> int:
    row = store.read(lambda con: con.execute(f"SELECT count(*) FROM {relation}").fetchone())  # noqa: S608
    return int(row[0]) if row else 0


def everything(store: Store) -> list[tuple[object, ...]]:
    def ask(con: DuckDBPyConnection) -> list[tuple[object, ...]]:
        return [tuple(con.execute(f"SELECT * FROM {t.name} ORDER BY ALL").fetchall()) for t in RAW]  # noqa: S608

    return store.read(ask)


def test_what_questions_see_is_the_same_after_sealing_and_after_opening_again(
    stored: Store, path: Path, make_run: Make
) -> None:
    put(stored, days_of(make_run, 30, every=3))
    before = everything(stored)
    assert seal_closed(stored, NOW, DELAY).rows == 9 * 4 * 3
    assert everything(stored) == before
    assert (count(stored, "hot_runs"), count(stored, "sealed_runs")) == (1 * 4, 9 * 4)
    assert sorted(file.name for file in (path.parent / "leadline.months").glob("*.duckdb")) == [
        "2026-10.duckdb",
        "2026-11.duckdb",
    ]
    stored.close()
    again = Store.open(path)
    assert everything(again) == before
    again.close()


def test_a_day_is_sealed_once_it_ended_long_enough_ago() -> None:
    assert closed_before(NOW, DELAY) == datetime(2026, 11, 18, tzinfo=UTC)
    assert closed_before(datetime(2026, 11, 20, tzinfo=UTC), DELAY) == datetime(2026, 11, 18, tzinfo=UTC)
    assert closed_before(datetime(2026, 11, 19, 23, 59, tzinfo=UTC), DELAY) == datetime(2026, 11, 17, tzinfo=UTC)


def test_late_rows_of_a_sealed_day_go_with_the_next_sealing(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 5))
    seal_closed(stored, NOW, DELAY)
    late = make_run(NOW - timedelta(days=4, hours=1))
    put(stored, [late])
    assert count(stored, "runs") == 21
    assert seal_closed(stored, NOW, DELAY).rows == 2
    assert count(stored, "runs") == 21
    assert count(stored, "hot_runs") == 12
    found = stored.read(lambda con: whole_run(con, late.run_id))
    assert found is not None
    assert found.steps == late.steps
    days = stored.read(lambda con: con.execute("SELECT day, sealed_rows FROM sealed_days ORDER BY day").fetchall())
    assert days == [(date(2026, 11, 16), 14), (date(2026, 11, 17), 12)]


def test_a_verdict_that_is_sealed_stands(stored: Store, make_run: Make) -> None:
    at = NOW - timedelta(days=4)
    put(stored, [make_run(at)])
    seal_closed(stored, NOW, DELAY)
    put(stored, [make_run(at + timedelta(seconds=1), attempt=2, scheduled_at=at)])
    finals = stored.read(lambda con: con.execute("SELECT attempt FROM runs WHERE final").fetchall())
    assert finals == [(1,)]
    assert count(stored, "runs") == 2


def test_of_late_runs_for_one_slice_the_last_attempt_decides(stored: Store, make_run: Make) -> None:
    at = NOW - timedelta(days=4)
    put(stored, [make_run(at + timedelta(hours=1))])
    seal_closed(stored, NOW, DELAY)
    put(stored, [make_run(at), make_run(at + timedelta(seconds=1), attempt=2, scheduled_at=at)])
    finals = stored.read(lambda con: con.execute("SELECT attempt FROM hot_runs WHERE final").fetchall())
    assert finals == [(2,)]


def test_a_sealed_day_is_sorted_by_integration(stored: Store, path: Path, make_run: Make) -> None:
    put(stored, days_of(make_run, 3, per_day=6))
    seal_closed(stored, NOW + timedelta(days=5), DELAY)
    order = stored.read(
        lambda con: con.execute(
            "SELECT started_at::DATE, integration FROM sealed_2026_11.steps ORDER BY rowid"
        ).fetchall()
    )
    assert order == sorted(order)


def test_a_large_day_moves_in_pieces_and_each_row_is_seen_once_in_between(stored: Store, make_run: Make) -> None:
    made = [make_run(NOW - timedelta(days=4, minutes=n), integration=f"i{n % 5}") for n in range(50)]
    put(stored, made)
    pieces = stored.read(lambda con: closed_pieces(con, closed_before(NOW, DELAY), most=45))
    assert [(piece.first, piece.last, piece.rows) for piece in pieces] == [
        ("i0", "i1", 40),
        ("i2", "i3", 40),
        ("i4", "i4", 20),
    ]
    before = everything(stored)
    for piece in pieces:
        assert stored.months is not None
        assert seal_piece(stored, stored.months, piece, NOW) == piece.rows
        assert everything(stored) == before


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO hot_recorded_values SELECT * FROM hot_recorded_values",
        "UPDATE hot_runs SET final = false",
        "DELETE FROM hot_steps WHERE integration = 'stripe'",
    ],
    ids=["a late row", "another verdict", "a row forgotten"],
)
def test_rows_that_changed_between_the_two_transactions_are_not_taken_over(
    stored: Store, make_run: Make, change: str
) -> None:
    put(stored, days_of(make_run, 4))
    (piece, _) = stored.read(lambda con: closed_pieces(con, closed_before(NOW, timedelta(hours=24))))
    folder = stored.months
    assert folder is not None
    copied = stored.beside(lambda con: copy(con, folder, piece))
    stored.write(lambda con: con.execute(change)).result()
    before = everything(stored)
    assert stored.write(lambda con: take_over(con, piece, copied, NOW)).result() is None
    assert everything(stored) == before
    assert seal_closed(stored, NOW, DELAY).left == 0
    assert everything(stored) == before


def test_a_question_that_was_asked_before_a_sealing_ends_as_it_began(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 10))

    def ask(con: DuckDBPyConnection) -> tuple[object, object, object]:
        sql = "SELECT count(*), sum(duration_ms) FROM runs"
        first = con.execute(sql).fetchone()
        seal_closed(stored, NOW, DELAY)
        return first, con.execute(sql).fetchone(), con.execute("SELECT count(*) FROM hot_runs").fetchone()

    before, after, hot = stored.read(ask)
    assert before == after == (40, 4000.0)
    assert hot == (40,)
    assert count(stored, "hot_runs") == 12


def test_a_sealing_that_broke_off_between_its_transactions_is_undone_at_open(
    stored: Store, path: Path, make_run: Make
) -> None:
    put(stored, days_of(make_run, 10))
    before = everything(stored)
    seal_closed(stored, NOW - timedelta(days=4), DELAY)
    # What the first transaction of the next sealing leaves, had the process died right after it.
    stored.maintain(
        lambda con: months.insert(con, Month(2026, 11), RAW[0], "hot_runs", sealing_state(con).visible + 1)
    ).result()
    assert everything(stored) == before
    stored.close()
    again = Store.open(path)
    assert everything(again) == before
    assert count(again, "sealed_2026_11.runs") == count(again, "sealed_runs")
    assert seal_closed(again, NOW, DELAY).rows > 0
    assert everything(again) == before
    again.close()


def test_months_that_are_wholly_older_are_deleted_and_age_is_honoured_to_the_instant(
    stored: Store, path: Path, make_run: Make
) -> None:
    put(stored, days_of(make_run, 60, every=5))
    seal_closed(stored, NOW, DELAY)
    files = path.parent / "leadline.months"
    assert len(list(files.glob("*.duckdb"))) == 3
    assert drop_months(stored, NOW, timedelta(days=35)) > 0
    assert [file.name for file in sorted(files.iterdir())] == ["2026-10.duckdb", "2026-11.duckdb"]
    oldest = stored.read(lambda con: con.execute("SELECT min(started_at) FROM runs").fetchone())
    assert oldest == (NOW - timedelta(days=35),)
    stored.close()
    again = Store.open(path)
    assert again.read(lambda con: con.execute("SELECT min(started_at) FROM steps").fetchone()) == oldest
    again.close()


def test_what_was_forgotten_does_not_come_back_when_the_age_is_raised(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 20, every=5))
    seal_closed(stored, NOW, DELAY)
    drop_months(stored, NOW, timedelta(days=5))
    drop_months(stored, NOW, FOREVER)
    assert stored.read(lambda con: con.execute("SELECT min(started_at) FROM runs").fetchone()) == (
        NOW - timedelta(days=5),
    )


def test_a_question_of_a_day_reads_nothing_of_older_months(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 100, every=12))
    seal_closed(stored, NOW, DELAY)
    plan = stored.read(
        lambda con: con.execute(
            "EXPLAIN ANALYZE SELECT count(*) FROM steps WHERE started_at >= $since",
            {"since": NOW - timedelta(hours=24)},
        ).fetchall()
    )
    assert "hot_steps" in plan[0][1]
    assert "sealed_2026" not in plan[0][1]


def test_a_column_that_tables_have_grown_since_is_null_in_older_months(
    stored: Store, path: Path, make_run: Make
) -> None:
    put(stored, days_of(make_run, 10))
    seal_closed(stored, NOW, DELAY)
    stored.write(lambda con: con.execute("ALTER TABLE hot_runs ADD COLUMN mood VARCHAR")).result()
    stored.write(lambda con: con.execute("UPDATE hot_runs SET mood = 'fine'")).result()
    stored.close()
    again = Store.open(path)
    sql = "SELECT mood, count(*) FROM runs GROUP BY ALL ORDER BY ALL"
    assert again.read(lambda con: con.execute(sql).fetchall()) == [("fine", 12), (None, 28)]
    seal_closed(again, NOW + timedelta(days=1), DELAY)
    assert again.read(lambda con: con.execute(sql).fetchall()) == [("fine", 12), (None, 28)]
    again.close()


def test_nothing_is_sealed_in_memory(store: Store, make_run: Make) -> None:
    put(store, days_of(make_run, 5))
    assert seal_closed(store, NOW, DELAY).rows == 0
    assert count(store, "runs") == 20


def test_a_round_that_is_asked_to_end_says_what_is_left(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 6))
    answers = iter([False, True])
    done = seal_closed(stored, NOW, DELAY, stopping=lambda: next(answers))
    assert (done.pieces, done.left) == (1, 2)
    assert count(stored, "runs") == 24


def test_when_sealing_was_last_done_is_known(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 6))
    seal_closed(stored, NOW, DELAY)
    state = stored.read(sealing_state)
    assert (state.sealed_at, state.problem, state.visible) == (NOW, None, 3)


def test_a_month_that_cannot_be_opened_is_named_with_the_remedy(stored: Store, path: Path, make_run: Make) -> None:
    put(stored, days_of(make_run, 5))
    seal_closed(stored, NOW, DELAY)
    stored.close()
    month = path.parent / "leadline.months" / "2026-11.duckdb"
    month.write_bytes(b"no database" * 5000)
    with pytest.raises(StoreUnavailable, match=r"2026-11\.duckdb cannot be opened .*: restore it"):
        Store.open(path)
    month.unlink()
    again = Store.open(path)
    assert count(again, "runs") == 12
    again.close()


def size(path: Path) -> int:
    """Bytes of the hot file and of the months, with their logs."""
    months = path.parent / "leadline.months"
    return sum(file.stat().st_size for file in [*path.parent.glob("leadline.duckdb*"), *months.glob("*")])


def test_the_files_shrink_when_months_go_and_when_the_hot_file_is_compacted(stored: Store, path: Path) -> None:
    def fill(con: DuckDBPyConnection) -> None:
        con.execute(
            "INSERT INTO hot_recorded_values "
            "SELECT uuid(), 'hubspot', 'w', 'eu', day::TIMESTAMPTZ + to_milliseconds(n * 200), 'lag', random(), false "
            "FROM range(150_000) AS t(n), (VALUES ('2026-08-10'), ('2026-09-10'), ('2026-11-17')) AS d(day)"
        )

    stored.write(fill).result()
    stored.maintain(lambda con: con.execute("CHECKPOINT")).result()
    loaded = stored.path.stat().st_size if stored.path else 0
    seal_closed(stored, NOW, DELAY)
    sealed = size(path)
    assert drop_months(stored, NOW, timedelta(days=35)) > 0
    assert count(stored, "recorded_values") == 150_000
    assert size(path) < sealed * 0.75
    stored.close()
    assert compact(path)
    again = Store.open(path)
    assert count(again, "recorded_values") == 150_000
    again.close()
    assert path.stat().st_size < loaded * 0.2
    assert size(path) < loaded * 0.5


def test_a_log_left_behind_by_a_month_that_was_moved_away_is_in_nobodys_way(
    stored: Store, path: Path, make_run: Make
) -> None:
    folder, at = path.parent / "leadline.months", NOW - timedelta(days=10)
    put(stored, [make_run(at)])
    seal_closed(stored, NOW, DELAY)
    put(stored, [make_run(at + timedelta(minutes=1))])
    for piece in stored.read(lambda con: closed_pieces(con, NOW - DELAY)):
        seal_piece(stored, folder, piece, NOW)
    log = folder / "2026-11.duckdb.wal"
    left = log.read_bytes()
    stored.close()
    (folder / "2026-11.duckdb").unlink()
    log.write_bytes(left)
    store = Store.open(path)
    put(store, [make_run(at + timedelta(minutes=2))])
    assert seal_closed(store, NOW, DELAY).left == 0
    store.close()
    again = Store.open(path)
    assert (count(again, "runs"), count(again, "sealed_runs")) == (1, 1)
    again.close()
    assert (folder / "2026-11.duckdb.wal.left").read_bytes() == left


def test_a_round_that_fails_without_a_word_is_told_by_the_kind_of_failure(stored: Store, make_run: Make) -> None:
    def fails() -> bool:
        raise TimeoutError

    put(stored, days_of(make_run, 5))
    with pytest.raises(TimeoutError):
        seal_closed(stored, NOW, DELAY, stopping=fails)
    stored.maintain(lambda con: None).result(timeout=30)
    assert stored.read(sealing_state).problem == "TimeoutError"
