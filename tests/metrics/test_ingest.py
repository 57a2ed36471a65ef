"""Every run is stored exactly once, in whatever order and however often it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.store import ingest as ingest_module
from metrics.store.database import IngestFull, Store, StoreClosed, StoreUnavailable
from metrics.store.ingest import Ingest
from metrics.store.numbering import Numbering
from metrics.store.probers import probers, record_heartbeat
from probes.model import Batch, Evidence, Heartbeat, Outcome, Run, StepResult

Make = Callable[..., Run]
Told = tuple[str, float, int, Outcome]
OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED)
DECIDED = (
    "SELECT run_id, final FROM runs ORDER BY ALL",
    "SELECT * FROM schedule_changes ORDER BY ALL",
    "SELECT prober_id, region, cursor FROM probers ORDER BY ALL",
)
"""What the runs before have a say in."""


@pytest.fixture
def ingest(store: Store) -> Iterator[Ingest]:
    """Stores within 50 ms."""
    opened = Ingest(store, flush_after_s=0.05)
    yield opened
    opened.close()


def batch(make_run: Make, first: int, count: int, prober: str = "p1") -> Batch:
    return Batch(prober, "local", first, tuple(make_run() for _ in range(count)))


def stored(store: Store) -> list[tuple[str, int]]:
    return store.read(
        lambda con: con.execute("SELECT prober_id, number FROM runs ORDER BY prober_id, number").fetchall()
    )


def test_the_cursor_comes_after_the_rows_are_there(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    cursor = ingest.submit(batch(make_run, 1, 3), noon).result(timeout=30)
    assert cursor == 3
    assert stored(store) == [("p1", 1), ("p1", 2), ("p1", 3)]
    assert store.read(lambda con: con.execute("SELECT count(*) FROM steps").fetchone()) == (3,)


def test_a_batch_sent_again_is_a_no_op_with_the_same_cursor(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    sent = batch(make_run, 1, 3)
    futures = [ingest.submit(sent, noon) for _ in range(3)]
    assert [future.result(timeout=30) for future in futures] == [3, 3, 3]
    assert ingest.submit(sent, noon).result(timeout=30) == 3
    assert len(stored(store)) == 3


def test_an_overlapping_batch_adds_only_what_is_new(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    ingest.submit(batch(make_run, 1, 3), noon).result(timeout=30)
    assert ingest.submit(batch(make_run, 2, 4), noon).result(timeout=30) == 5
    assert stored(store) == [("p1", number) for number in range(1, 6)]


def test_batches_out_of_order_are_all_stored(store: Store, ingest: Ingest, make_run: Make, noon: datetime) -> None:
    assert ingest.submit(batch(make_run, 4, 2), noon).result(timeout=30) == 5
    assert ingest.submit(batch(make_run, 1, 4), noon).result(timeout=30) == 5
    assert stored(store) == [("p1", number) for number in range(1, 6)]
    assert store.read(lambda con: con.execute("SELECT count(*) FROM number_gaps").fetchone()) == (0,)


def test_a_gap_does_not_hold_a_prober_up_and_is_on_record(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    assert ingest.submit(batch(make_run, 501, 2), noon).result(timeout=30) == 502
    gaps = store.read(lambda con: con.execute("SELECT first, last FROM number_gaps").fetchall())
    assert gaps == [(1, 500)]


def test_probers_are_numbered_apart(store: Store, ingest: Ingest, make_run: Make, noon: datetime) -> None:
    one, other = batch(make_run, 1, 2), batch(make_run, 1, 3, prober="p2")
    futures = [ingest.submit(one, noon), ingest.submit(other, noon)]
    assert [future.result(timeout=30) for future in futures] == [2, 3]
    assert len(stored(store)) == 5


def test_an_empty_batch_answers_the_cursor(ingest: Ingest, make_run: Make, noon: datetime) -> None:
    ingest.submit(batch(make_run, 1, 2), noon).result(timeout=30)
    assert ingest.submit(Batch("p1", "local", 3, ()), noon).result(timeout=30) == 2


@pytest.mark.slow
def test_a_batch_that_cannot_be_stored_does_not_take_its_neighbours_with_it(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    poison = Batch("p2", "local", 1, (replace(make_run(), attempt=10**9),))
    futures: list[Future[int]] = [
        ingest.submit(batch(make_run, 1, 2), noon),
        ingest.submit(poison, noon),
        ingest.submit(batch(make_run, 3, 1), noon),
    ]
    assert (futures[0].result(timeout=30), futures[2].result(timeout=30)) == (2, 3)
    assert futures[1].exception(timeout=30) is not None
    assert stored(store) == [("p1", 1), ("p1", 2), ("p1", 3)]
    assert ingest.waiting_rows == 0


def test_a_figure_that_is_no_number_is_stored_as_missing(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    run = make_run(total_ms=float("nan"))
    odd = replace(run, duration_ms=float("inf"), values={"a": float("nan"), "b": 2.0})
    ingest.submit(Batch("p1", "local", 1, (odd,)), noon).result(timeout=30)
    assert store.read(lambda con: con.execute("SELECT total_ms FROM steps").fetchone()) == (None,)
    assert store.read(lambda con: con.execute("SELECT name FROM recorded_values").fetchall()) == [("b",)]


def test_closing_stores_what_waits_and_refuses_what_comes_after(store: Store, make_run: Make, noon: datetime) -> None:
    ingest = Ingest(store, flush_after_s=60)
    waiting = ingest.submit(batch(make_run, 1, 2), noon)
    ingest.close()
    ingest.close()
    assert waiting.result(timeout=1) == 2
    with pytest.raises(StoreClosed):
        ingest.submit(batch(make_run, 3, 1), noon)


def test_as_many_rows_as_are_worth_a_commit_do_not_wait_for_the_clock(
    store: Store, make_run: Make, noon: datetime
) -> None:
    ingest = Ingest(store, flush_after_s=600)
    runs = ingest_module.FLUSH_ROWS // 2
    assert ingest.submit(batch(make_run, 1, runs), noon).result(timeout=30) == runs
    ingest.close()


def test_too_much_waiting_is_refused_so_that_the_sender_comes_back(
    store: Store, make_run: Make, noon: datetime
) -> None:
    ingest = Ingest(store, flush_after_s=60, flush_rows=10**9)
    run = make_run()
    huge = replace(run, steps=run.steps * (ingest_module.MOST_WAITING_ROWS - 10))
    ingest.submit(Batch("p1", "local", 1, (replace(run, steps=()),)), noon)
    with pytest.raises(IngestFull):
        ingest.submit(Batch("p1", "local", 2, (huge, *[run] * 20)), noon)
    ingest.close()


def test_a_heartbeat_keeps_the_cursor_and_the_newest_state(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    ingest.submit(batch(make_run, 1, 2), noon).result(timeout=30)
    beat = Heartbeat("p1", "local", "0.1.0", noon, noon, 1.5, 7, "v1", problem="no secret")
    record_heartbeat(store, beat, noon).result(timeout=30)
    later = noon + timedelta(seconds=5)
    record_heartbeat(store, replace(beat, outbox_depth=0, problem=None), later).result(timeout=30)
    limit = timedelta(seconds=30)
    (seen,) = store.read(lambda con: probers(con, later + limit, limit))
    assert (seen.cursor, seen.outbox_depth, seen.problem, seen.last_seen, seen.silent) == (2, 0, None, later, False)
    (seen,) = store.read(lambda con: probers(con, later + limit + timedelta(seconds=1), limit))
    assert seen.silent


spans = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8)), max_size=30)


@settings(deadline=None)
@given(spans)
def test_numbers_are_taken_exactly_once_in_any_order(sent: list[tuple[int, int]]) -> None:
    numbering, model = Numbering(), set[int]()
    for first, count in sent:
        wanted = set(range(first, first + count))
        taken = numbering.take(first, first + count - 1)
        assert taken == sorted(wanted - model)
        model |= wanted
        missing = {number for low, high in numbering.gaps for number in range(low, high + 1)}
        assert set(range(1, numbering.cursor + 1)) - missing == model


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(sent=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 12), st.integers(0, 5)), max_size=8))
def test_the_store_holds_the_union_of_what_was_sent(
    emptied: Callable[[], Store], sent: list[tuple[str, int, int]]
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    model: set[tuple[str, int]] = set()
    store = emptied()
    ingest = Ingest(store, flush_after_s=0.001)
    for prober, first, count in sent:
        runs = tuple(Run(uuid4(), "local", "i", "w", at, at, 1.0, Outcome.PASSED, "v") for _ in range(count))
        ingest.submit(Batch(prober, "local", first, runs), at)
        model |= {(prober, number) for number in range(first, first + count)}
    ingest.close()
    assert stored(store) == sorted(model)


told = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([60.0, 120.0]), st.integers(0, 6), st.sampled_from(OUTCOMES)),
        max_size=5,
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(told=told)
def test_what_is_remembered_changes_nothing(emptied: Callable[[], Store], told: list[list[Told]]) -> None:
    """Verdicts, intervals and cursors are those of an ingest that is new for every batch, whatever comes when."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    batches = []
    for place, some in enumerate(told):
        runs = tuple(
            Run(uuid4(), "local", "i", name, at + timedelta(minutes=slot), at, 1.0, outcome, "v", every_s=every)
            for name, every, slot, outcome in some
        )
        batches.append(Batch("ab"[place % 2], "local", 1 + sum(map(len, told[place % 2 : place : 2])), runs))

    def outcome_of(ingests: Iterator[Ingest]) -> list[list[tuple[Any, ...]]]:
        for one in batches:
            next(ingests).submit(one, at).result(timeout=30)
        return [store.read(lambda con, q=q: con.execute(q).fetchall()) for q in DECIDED]  # type: ignore[misc]

    store = emptied()
    kept = Ingest(store, flush_after_s=0.001)
    by_memory = outcome_of(repeat(kept))
    kept.close()
    store = emptied()
    opened: list[Ingest] = []

    def new_ones() -> Iterator[Ingest]:
        while True:
            opened.append(Ingest(store, flush_after_s=0.001))
            yield opened[-1]
            opened[-1].close()

    asked_anew = outcome_of(new_ones())
    for one in opened:
        one.close()
    assert by_memory == asked_anew


def test_after_a_batch_that_could_not_be_stored_the_next_ones_are(
    store: Store, ingest: Ingest, make_run: Make, noon: datetime
) -> None:
    poison = Batch("p1", "local", 4, (replace(make_run(), attempt=10**9),))
    ingest.submit(batch(make_run, 1, 3), noon).result(timeout=30)
    assert ingest.submit(poison, noon).exception(timeout=30) is not None
    assert ingest.submit(batch(make_run, 4, 2), noon).result(timeout=30) == 5
    assert stored(store) == [("p1", number) for number in range(1, 6)]


SENDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from probes.model import Batch, Outcome, Run
at = datetime(2026, 11, 20, tzinfo=UTC)
store = Store.open(Path(sys.argv[1]))
ingest = Ingest(store, flush_after_s=0.005)
first = int(sys.argv[2])
while True:
    runs = tuple(Run(uuid4(), "local", "i", "w", at, at, 1.0, Outcome.PASSED, "v") for _ in range(7))
    print(ingest.submit(Batch("p1", "local", first, runs), at).result(), flush=True)
    first += 7
"""


@pytest.mark.slow
def test_kill_minus_nine_loses_nothing_that_was_answered(store_path: Path) -> None:
    path, cursor = store_path, 0
    for answers in (3, 10, 25):
        command = [sys.executable, "-c", SENDER, str(path), str(cursor + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            for _ in range(answers):
                cursor = int(sender.stdout.readline())
            os.kill(sender.pid, signal.SIGKILL)
    store = Store.open(path)

    def question(con: DuckDBPyConnection) -> tuple[int, int, int]:
        (kept,) = con.execute("SELECT cursor FROM probers").fetchone() or (0,)
        count, distinct = con.execute("SELECT count(*), count(DISTINCT number) FROM runs").fetchone() or (0, 0)
        return kept, count, distinct

    kept, count, distinct = store.read(question)
    store.close()
    assert kept >= cursor
    assert count == distinct == kept


def test_what_was_remembered_of_a_file_is_not_taken_for_true_of_another_in_its_place(
    store_path: Path, make_run: Make, noon: datetime
) -> None:
    store = Store.open(store_path)
    ingest = Ingest(store, flush_after_s=0.0)
    ingest.submit(batch(make_run, 1, 2), noon).result(timeout=30)

    def swap(con: DuckDBPyConnection) -> None:
        store_path.unlink()
        store_path.with_name(store_path.name + ".wal").unlink(missing_ok=True)
        raise duckdb.FatalException("IO Error: the file is gone")

    with pytest.raises(StoreUnavailable):
        store.read(swap)
    store.maintain(lambda con: None).result(timeout=30)
    sent = batch(make_run, 3, 1)
    assert ingest.submit(sent, noon).result(timeout=30) == 3
    ingest.close()
    again = Ingest(store, flush_after_s=0.0)
    assert again.submit(sent, noon).result(timeout=30) == 3
    again.close()
    assert stored(store) == [("p1", 3)]
    store.close()


def test_batches_that_cannot_be_stored_leave_nothing_behind(
    store: Store, ingest: Ingest, make_run: Make, make_step: Callable[..., StepResult], noon: datetime
) -> None:
    def prepared(con: DuckDBPyConnection) -> int:
        return len(con.execute("FROM duckdb_prepared_statements()").fetchall())

    before = store.write(prepared).result(timeout=30)
    unfit = Evidence("e1", "GET", "https://api.example.com", {}, None, 2**31, {}, None, {})
    for _ in range(3):
        sent = Batch("p1", "local", 1, (make_run(steps=(make_step(evidence=unfit),)),))
        with pytest.raises(ValueError, match="2147483648"):
            ingest.submit(sent, noon).result(timeout=30)
    assert ingest.submit(batch(make_run, 1, 1), noon).result(timeout=30) == 1
    assert store.write(prepared).result(timeout=30) - before == 2
    assert stored(store) == [("p1", 1)]
