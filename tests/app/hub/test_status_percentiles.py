"""The status document says which percentiles are exact."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from app.hub.public_api import status_document
from app.hub.state import HubState
from metrics.evaluation import evaluate
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from probes.model import Outcome, Run, StepResult, Timings


def test_a_percentile_out_of_roll_ups_is_not_called_exact(state: HubState) -> None:
    at = state.clock() - timedelta(minutes=30)
    step = StepResult("get", 0, 1, False, at, Outcome.PASSED, Timings(ttfb_ms=90.0, total_ms=100.0), status=200)
    run = Run(uuid4(), "local", "hubspot", "roundtrip", at, at, 100.0, Outcome.PASSED, "v1", steps=(step,))
    state.store.write(lambda con: insert(con, [NumberedRun("p", 1, at, run)])).result()
    assert told(state) == (100.0, True)
    roll(state.store, state.clock())
    assert told(state) == (100.0, False)


def told(state: HubState) -> tuple[float, bool]:
    document = status_document(state, state.store.read(lambda con: evaluate(con, state.config, state.clock())))
    hubspot = next(one for one in document["integrations"] if one["name"] == "hubspot")
    return round(hubspot["p95_ms"], 0), hubspot["p95_exact"]
