"""What the probers hold back, left behind and recorded is said on the pages, in words and with numbers."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.held_back import held_back_panel, held_back_strip
from app.dashboard.pages.run import verdict
from app.dashboard.recorded import recorded_panel, sparkline
from config.model import Recorded
from metrics.model import Evaluation, ProberVerdict, RunRow, Window
from metrics.series import RecordedSeries
from probes.model import Failure, FailureKind, Leftovers, OpenCircuit, Outcome

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CIRCUIT = OpenCircuit("crm", NOON, 5, NOON + timedelta(minutes=1), "status 503")


def text(component: Component) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def prober(**fields: Any) -> ProberVerdict:
    return ProberVerdict(
        prober_id="p1", region="eu", last_seen=NOON, started_at=NOON, version="1", loop_lag_ms=0.0, outbox_depth=0,
        config_version="v1", runs_missed=0, previous_stop="clean", problem=None, cursor=1, silent=False, **fields,
    )  # fmt: skip


def seen(*probers: ProberVerdict) -> Evaluation:
    return Evaluation(NOON, (), (), probers)


def row(**fields: Any) -> RunRow:
    known: dict[str, Any] = {
        "run_id": "0b6f2c1e", "integration": "crm", "workflow": "w", "region": "eu", "started_at": NOON,
        "duration_ms": 0.0, "outcome": Outcome.SKIPPED, "attempt": 1, "failed_step": None, "failure_kind": None,
        "failure_message": None, "evidence_id": None, "simulated": False,
    }  # fmt: skip
    return RunRow(**(known | fields))


def test_an_open_circuit_is_on_its_integrations_page_and_on_no_other() -> None:
    evaluation = seen(prober(circuits=(CIRCUIT,)))
    said = text(held_back_strip(evaluation, "crm", ()))
    assert "Circuit open from eu" in said
    assert "after 5 confirmed failures; one run is let through at a time, next 22 Nov 12:01:00 UTC" in said
    assert "status 503" in said
    assert "Circuit" not in text(held_back_strip(evaluation, "mail", ()))


def test_why_a_workflow_is_not_run_is_said_until_it_is_run_again() -> None:
    skipped = row(skip_reason="quota reserve: daily has 12 % left of 1,000 requests, the reserve is 20 %")
    assert "daily has 12 % left" in text(held_back_strip(None, "crm", [skipped]))
    again = [row(outcome=Outcome.PASSED), skipped]
    assert "daily has 12 % left" not in text(held_back_strip(None, "crm", again))


def test_leftovers_are_counted_and_those_given_up_are_for_people() -> None:
    said = text(held_back_strip(seen(prober(leftovers=(Leftovers("crm", "w", 2, 1),))), "crm", ()))
    assert "2 still tried again, 1 given up, to be cleaned up by hand" in said


def test_the_system_page_has_all_of_them() -> None:
    mailed = replace(CIRCUIT, integration="mail")
    said = text(held_back_panel([prober(circuits=(CIRCUIT, mailed), leftovers=(Leftovers("shop", "w", 1, 0),))]))
    for words in ("/integration/crm", "/integration/mail", "/integration/shop", "1 left behind, 0 given up"):
        assert words in said
    assert "No circuit is open" in text(held_back_panel([prober()]))


def test_a_run_that_was_held_back_says_why_and_for_what_it_stands(world: Any) -> None:
    run = world.view.run(world.failed_run())
    held = replace(
        run, outcome=Outcome.SKIPPED, skip_reason="circuit open since 14:02:10 after 5 confirmed failures",
        failure=Failure(FailureKind.STATUS_5XX, "status 503"),
    )  # fmt: skip
    assert verdict(held) == (
        "Skipped: circuit open since 14:02:10 after 5 confirmed failures. "
        "It stands for the failure that is known: status 503"
    )


def series(*values: float, recorded: Recorded | None = None, unit: str = "", name: str = "emq") -> RecordedSeries:
    instants = np.array([(NOON + timedelta(minutes=i)).timestamp() * 1000 for i in range(len(values))])
    return RecordedSeries("events", name, "eu", recorded, unit, len(values), instants, np.array(values))


@pytest.mark.parametrize(("latest", "state"), [(8.0, "s-up"), (4.1, "s-degraded")])
def test_a_recorded_number_shows_its_unit_its_range_and_whether_it_keeps_it(latest: float, state: str) -> None:
    expected = Recorded.model_validate({"from": "$.score", "at_least": 6})
    shown = recorded_panel([series(9.0, latest, recorded=expected, unit="points")], Window.last(timedelta(1), NOON))
    for words in (f"{latest:g} points", "at least 6", state, "emq: between", "last 24 h"):
        assert words in text(shown)


def test_what_the_probe_measures_itself_reads_as_a_time() -> None:
    shown = recorded_panel([series(812.0, unit="ms", name="sync_lag_to_hubspot_ms")], Window.last(timedelta(1), NOON))
    assert "sync lag to hubspot" in text(shown)
    assert "812 ms" in text(shown)


def test_nothing_recorded_is_no_panel() -> None:
    assert "Recorded values" not in text(recorded_panel([], Window.last(timedelta(1), NOON)))


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [0.0, 5.0, -3.0]])
def test_a_course_of_any_length_is_a_drawing(values: list[float]) -> None:
    drawing = base64.b64decode(sparkline(np.array(values)).partition(",")[2]).decode()
    assert drawing.count(",") == len(values)
    assert "nan" not in drawing
