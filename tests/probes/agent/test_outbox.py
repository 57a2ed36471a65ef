"""The outbox loses nothing that it took, gives each run one number, and keeps within its bounds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import wire
from probes.agent.outbox import Limits, Outbox
from probes.agent.settings import AgentError
from probes.model import Evidence, FailureKind, Outcome, StepResult


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "prober-local.sqlite"


@pytest.fixture
def open_outbox(path, clock):
    """Opens outboxes on the same file and closes what a test left open."""
    opened = []

    def open_one(**limits):
        opened.append(Outbox(path, "local", clock(), Limits(**limits)))
        return opened[-1]

    yield open_one
    for outbox in opened:
        outbox.close(clean=False)


def numbers(parcel):
    return list(range(parcel.first, parcel.last + 1)) if parcel else []


def body(size=100):
    return json.dumps({"filler": "x" * (size - 14)}).encode()


def test_runs_come_out_in_order_with_numbers_from_one(open_outbox, clock, make_run):
    outbox = open_outbox()
    runs = [make_run() for _ in range(3)]
    for run in runs:
        outbox.append([wire.dump_run(run)], clock())
    batch = wire.parse_batch(outbox.parcel().body)
    assert (batch.first, batch.runs, batch.prober_id) == (1, tuple(runs), outbox.prober_id)


def test_a_run_stays_until_the_hub_has_it(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body()] * 3, clock())
    assert numbers(outbox.parcel()) == numbers(outbox.parcel()) == [1, 2, 3]
    outbox.acknowledge(2)
    assert numbers(outbox.parcel()) == [3]
    assert outbox.depth.waiting == 1


def test_a_number_is_never_given_twice_even_over_a_restart(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body()] * 2, clock())
    outbox.acknowledge(outbox.parcel().last)
    outbox.close(clean=True)
    outbox = open_outbox()
    assert outbox.append([body()], clock()) == 3


def test_the_prober_keeps_its_id_over_a_restart(open_outbox):
    outbox = open_outbox()
    first = outbox.prober_id
    outbox.close(clean=True)
    assert open_outbox().prober_id == first


@pytest.mark.parametrize(("clean", "told"), [(True, "clean"), (False, "unclean")])
def test_the_next_start_knows_how_the_last_one_stopped(open_outbox, clean, told):
    outbox = open_outbox()
    assert outbox.previous_stop == "first"
    outbox.close(clean=clean)
    assert open_outbox().previous_stop == told


def test_a_file_that_this_user_cannot_use_is_an_error_with_its_remedy(open_outbox, path):
    path.with_suffix(".lock").mkdir(parents=True)
    with pytest.raises(AgentError, match="give this user the data directory"):
        open_outbox()


def test_a_second_prober_on_the_same_file_is_refused_and_told_why(open_outbox):
    open_outbox()
    with pytest.raises(AgentError, match=r"another prober \(process \d+\).*--data"):
        open_outbox()


def test_a_corrupt_file_is_moved_aside_and_a_new_prober_id_is_taken(open_outbox, path, clock):
    outbox = open_outbox()
    old = outbox.prober_id
    outbox.close(clean=True)
    path.write_bytes(b"this was never a database, and it is long enough to be read as one" * 100)
    outbox = open_outbox()
    assert outbox.prober_id != old
    assert outbox.append([body()], clock()) == 1
    assert [p.name for p in path.parent.glob("*.corrupt-*")] == ["prober-local.sqlite.corrupt-20261122T120000000000"]


def test_a_page_that_was_overwritten_counts_as_corrupt(open_outbox, path, clock):
    outbox = open_outbox()
    outbox.append([body(1000)] * 50, clock())
    outbox.close(clean=True)
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    assert open_outbox().depth.waiting == 0
    assert list(path.parent.glob("*.corrupt-*"))


def test_a_file_of_a_newer_version_is_left_alone(open_outbox, path):
    open_outbox().close(clean=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(AgentError, match="newer Leadline"):
        open_outbox()
    assert not list(path.parent.glob("*.corrupt-*"))


def test_a_directory_that_cannot_be_written_is_said_plainly(open_outbox, path):
    path.mkdir(parents=True)
    with pytest.raises(AgentError, match="cannot be opened"):
        open_outbox()


def test_the_oldest_go_when_it_is_too_large_and_are_counted(open_outbox, clock):
    outbox = open_outbox(bytes=1000)
    for _ in range(15):
        outbox.append([body(100)], clock())
    assert numbers(outbox.parcel()) == list(range(6, 16))
    assert (outbox.depth.dropped, outbox.depth.bytes) == (5, 1000)


def test_what_is_too_old_goes_and_is_counted(open_outbox, clock):
    outbox = open_outbox(age=timedelta(days=7))
    outbox.append([body()], clock())
    clock.advance(days=6)
    outbox.append([body()], clock())
    clock.advance(days=2)
    outbox.append([body()], clock())
    assert numbers(outbox.parcel()) == [2, 3]
    assert outbox.depth.dropped == 1


def test_drops_are_remembered_over_a_restart(open_outbox, clock):
    outbox = open_outbox(bytes=150)
    outbox.append([body(100)] * 3, clock())
    outbox.close(clean=True)
    assert open_outbox().depth.dropped == 2


def test_a_parcel_keeps_to_its_size_but_is_never_empty(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body(1000)] * 5, clock())
    assert numbers(outbox.parcel(size=2500)) == [1, 2]
    assert numbers(outbox.parcel(size=10)) == [1]


def test_a_parcel_never_spans_a_gap(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body()] * 5, clock())
    outbox.refuse(3, "no")
    assert numbers(outbox.parcel()) == [1, 2]
    outbox.acknowledge(2)
    assert numbers(outbox.parcel()) == [4, 5]


def test_a_refused_run_is_kept_past_the_cursor_and_offered_again_by_the_next_process(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body()] * 3, clock())
    assert numbers(outbox.parcel()) == [1, 2, 3]
    outbox.refuse(2, "no")
    outbox.acknowledge(3)
    assert (outbox.parcel(), outbox.depth.refused, outbox.depth.waiting) == (None, 1, 0)
    outbox.close(clean=True)
    outbox = open_outbox()
    # Under a number that the hub has not passed yet.
    assert (numbers(outbox.parcel()), outbox.depth.refused) == ([4], 0)


def test_a_run_without_its_evidence_is_smaller(open_outbox, clock, make_run):
    proof = Evidence("e", "GET", "http://x", {}, None, 500, {}, "b" * 8000, {})
    step = StepResult("s", 0, 1, False, clock(), Outcome.FAILED, evidence=proof)
    run = make_run(steps=(step,), outcome=Outcome.FAILED)
    outbox = open_outbox()
    outbox.append([wire.dump_run(run)], clock())
    assert outbox.shrink(1) is True
    kept = wire.parse_batch(outbox.parcel().body).runs[0]
    assert kept == replace(run, steps=(replace(step, evidence=None),))
    assert outbox.depth.bytes < 2000
    assert outbox.shrink(1) is False
    assert (outbox.depth.waiting, outbox.depth.dropped) == (0, 1)


def test_an_old_copy_of_the_file_does_not_swallow_new_runs(open_outbox, path, clock):
    outbox = open_outbox()
    outbox.append([body()] * 2, clock())
    outbox.close(clean=True)
    copy = path.read_bytes()
    outbox = open_outbox()
    outbox.append([body()] * 8, clock())  # numbers 3 to 10, all shipped
    outbox.close(clean=True)
    path.write_bytes(copy)  # restored from a backup that knows of 1 and 2 only
    outbox = open_outbox()
    old = outbox.prober_id
    outbox.append([body()], clock())
    assert numbers(outbox.parcel()) == [1, 2, 3]
    outbox.acknowledge(10)  # the hub: I have had ten from you
    assert outbox.prober_id != old
    assert numbers(outbox.parcel()) == [3]


def test_a_full_disk_is_an_error_that_leaves_the_outbox_whole(open_outbox, clock):
    outbox = open_outbox()
    outbox.append([body()], clock())
    outbox._connection.execute("PRAGMA max_page_count = 8")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        outbox.append([body(50_000)], clock())
    assert numbers(outbox.parcel()) == [1]
    outbox._connection.execute("PRAGMA max_page_count = 100000")
    assert outbox.append([body()], clock()) == 2
    assert outbox.depth.waiting == 2


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["append", "acknowledge", "refuse", "restart"]), max_size=25))
def test_whatever_happens_the_counts_agree_with_the_file(tmp_path_factory, actions):
    from datetime import UTC, datetime

    now = datetime(2026, 11, 22, tzinfo=UTC)
    path = tmp_path_factory.mktemp("outbox") / "prober-local.sqlite"
    outbox, given_out = Outbox(path, "local", now, Limits(bytes=1500)), []
    for action in actions:
        waiting = outbox.parcel()
        if action == "append":
            given_out.append(outbox.append([body(200)], now))
        elif action == "acknowledge" and waiting:
            outbox.acknowledge(waiting.last)
        elif action == "refuse" and waiting:
            outbox.refuse(waiting.first, str(FailureKind.INTERNAL))
        elif action == "restart":
            outbox.close(clean=True)
            outbox = Outbox(path, "local", now, Limits(bytes=1500))
        assert outbox.depth == outbox._counted()
        assert outbox.depth.bytes <= 1500
    outbox.close(clean=True)
    assert len(set(given_out)) == len(given_out)
