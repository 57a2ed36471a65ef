"""The hub's hourly round forgets and seals; what stops it is told, and stops nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import uuid4

import pytest

from app.hub.housekeeping import housekeep_once
from app.hub.public_api import status_document
from app.hub.state import HubState
from metrics.evaluation import evaluate
from metrics.store.rows import NumberedRun, insert
from probes.model import Outcome, Run


def fill(state: HubState, *days_ago: int) -> None:
    """One run on each of those days."""
    rows = []
    for number, days in enumerate(days_ago, start=1):
        at = state.clock() - timedelta(days=days)
        run = Run(uuid4(), "local", "hubspot", "roundtrip", at, at, 1.0, Outcome.PASSED, "v1")
        rows.append(NumberedRun("p", number, at, run))
    state.store.write(lambda con: insert(con, rows)).result()


def counts(state: HubState) -> tuple[int, int]:
    """All runs, and those that are not sealed."""
    sql = "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM hot_runs)"
    row = state.store.read(lambda con: con.execute(sql).fetchone())
    return (int(row[0]), int(row[1])) if row else (0, 0)


def test_a_round_forgets_what_is_too_old_and_seals_what_is_closed(state: HubState) -> None:
    fill(state, 0, 10, 100)
    housekeep_once(state)
    assert counts(state) == (2, 1)
    told = status_document(state, state.store.read(lambda con: evaluate(con, state.config, state.clock())))["store"]
    assert (told["months"], told["sealed_to"], told["problem"]) == (1, "2026-11-12", None)
    assert told["hot_bytes"] > 0
    assert told["month_bytes"] > 0


def test_what_cannot_be_forgotten_does_not_stop_sealing(state: HubState) -> None:
    fill(state, 0, 10)
    path = state.store.path
    assert path is not None
    copy = path.with_name(path.name + ".before-0002")
    copy.mkdir()
    os.utime(copy, (0, 0))
    with pytest.raises(OSError, match="before-0002"):
        housekeep_once(state)
    assert state.store_problem is not None
    assert "before-0002" in state.store_problem
    assert counts(state) == (2, 1)


def test_what_stops_a_round_is_told_until_a_round_goes_well(state: HubState) -> None:
    fill(state, 0, 10)
    months = state.store.months
    assert months is not None
    months.write_text("in the way")
    with pytest.raises(OSError, match=r"leadline\.months"):
        housekeep_once(state)
    assert state.store_problem is not None
    assert "leadline.months" in state.store_problem
    assert counts(state) == (2, 2)
    months.unlink()
    housekeep_once(state)
    assert state.store_problem is None
    assert counts(state) == (2, 1)


def test_a_hub_that_stops_does_not_begin_another_piece(state: HubState) -> None:
    fill(state, 0, 10, 11)
    state.stopping.set()
    housekeep_once(state)
    assert counts(state) == (3, 3)


def test_the_delay_is_the_configured_one(state: HubState) -> None:
    fill(state, 0, 10)
    settings = state.config.settings
    patient = settings.retention.model_copy(update={"seal_after": timedelta(days=20)})
    state.config = state.config.model_copy(update={"settings": settings.model_copy(update={"retention": patient})})
    housekeep_once(state)
    assert counts(state) == (2, 2)
