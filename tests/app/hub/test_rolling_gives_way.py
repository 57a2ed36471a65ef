"""Roll-ups are made when nothing is waiting to be stored, and now and then all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from app.hub.loops import ROLL_GIVES_WAY_FOR, ROLL_GIVES_WAY_TO_ROWS, roll_once
from app.hub.state import HubState
from metrics.store.ingest import Ingest
from metrics.store.rows import NumberedRun, insert
from probes.model import Batch, Outcome, Run


@pytest.fixture
def patient(state: HubState) -> Iterator[HubState]:
    """A hub with a run of an hour ago, whose queue keeps what comes until it is closed."""
    state.store.write(lambda con: insert(con, [NumberedRun("p", 1, state.clock(), run(state))])).result()
    state.ingest.close()
    state.ingest = Ingest(state.store, flush_after_s=3600, flush_rows=1_000_000)
    yield state
    state.ingest.close()


def run(state: HubState) -> Run:
    at = state.clock() - timedelta(hours=1)
    return Run(uuid4(), "local", "hubspot", "roundtrip", at, at, 1.0, Outcome.PASSED, "v1")


def rolled(state: HubState) -> int:
    row = state.store.read(lambda con: con.execute("SELECT count(*) FROM run_rollups_5m").fetchone())
    return int(row[0]) if row else 0


def let_wait(state: HubState, rows: int) -> None:
    runs = tuple(run(state) for _ in range(rows))
    state.ingest.submit(Batch("q", "local", 1, runs), state.clock())


def test_a_few_waiting_rows_do_not_hold_up_roll_ups(patient: HubState) -> None:
    let_wait(patient, 10)
    roll_once(patient)
    assert rolled(patient) == 1
    assert patient.rolled_at == patient.clock()


def test_roll_ups_give_way_to_many_waiting_rows_and_are_made_once_those_are_stored(patient: HubState) -> None:
    let_wait(patient, ROLL_GIVES_WAY_TO_ROWS)
    roll_once(patient)
    assert (rolled(patient), patient.rolled_at) == (0, None)
    patient.ingest.close()
    roll_once(patient)
    assert rolled(patient) == 1


def test_roll_ups_do_not_give_way_for_ever(patient: HubState) -> None:
    let_wait(patient, ROLL_GIVES_WAY_TO_ROWS)
    later = patient.clock() + ROLL_GIVES_WAY_FOR
    patient.clock = lambda: later
    roll_once(patient)
    assert rolled(patient) == 1
