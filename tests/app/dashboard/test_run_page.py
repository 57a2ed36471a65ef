"""A run's page: exact figures, the other attempts, what differs from the run that passed, words for the vendor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.page import Visit
from app.dashboard.pages import run as run_page
from app.dashboard.run.compare import aligned, differences
from app.dashboard.run.ticket import ticket
from app.dashboard.view import HubStatus, View
from app.dashboard.waterfall import spoken
from metrics.store.database import Store
from metrics.store.rows import NumberedRun, insert
from probes.model import REQUESTED, Outcome, Run, StepResult


@pytest.fixture
def runs(made: ModuleType) -> tuple[Run, Run]:
    """One that passed, and the failed one after it."""
    maker = made.Maker(made.world_config(names=("hubspot",)).integrations[0], 120.0, timedelta(seconds=60))
    return maker.run(made.NOW - timedelta(minutes=1)), maker.run(made.NOW, failure=made.SERVER_ERROR)


def shown(world: Any, run_id: object) -> str:
    page = run_page.render(world.view, Visit({"run_id": str(run_id)}, {}))
    return json.dumps(page, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_steps_stand_beside_each_other_by_name_and_missing_ones_are_told(runs: tuple[Run, Run]) -> None:
    good, bad = runs
    retried = replace(bad.steps[1], attempt=2)
    pairs = aligned(good, replace(bad, steps=(*bad.steps, retried, replace(bad.steps[0], name="new", position=2))))
    assert [(then and then.name, now and now.name, now and now.attempt) for then, now in pairs] == [
        ("create contact", "create contact", 1),
        ("read it back", "read it back", 2),
        (None, "new", 1),
    ]
    assert aligned(good, replace(bad, steps=bad.steps[:1]))[1] == (good.steps[1], None)


def test_a_version_that_only_one_of_two_runs_knows_is_no_difference(runs: tuple[Run, Run]) -> None:
    step = replace(runs[0].steps[0], tls_version=None, status=200)
    assert differences(step, replace(step, tls_version="TLSv1.3"), SHAPES) == []
    assert differences(step, replace(step, status=None), SHAPES) == ["status 200 → –"]


def test_only_what_matters_is_called_a_difference(runs: tuple[Run, Run]) -> None:
    step = runs[0].steps[1]

    def after(**changes: Any) -> list[str]:
        return differences(step, replace(step, **changes), SHAPES)

    slow = replace(step.timings, total_ms=(step.timings.total_ms or 0) * 3 + 50)
    assert after() == []
    assert after(status=503, http_version="HTTP/2") == ["status 200 → 503", "HTTP version HTTP/1.1 → HTTP/2"]
    assert " × as long (" in after(timings=slow)[0]
    assert differences(replace(step, shape_id="a"), replace(step, shape_id="b"), SHAPES) == [
        "body: $.old is gone",
        "body: $.new is new",
        "body: $.id number → string",
    ]
    assert differences(replace(step, shape_id="a"), replace(step, shape_id="c"), SHAPES) == [
        "the body has another shape"
    ]


SHAPES = {
    "a": {"$.old": frozenset({"string"}), "$.id": frozenset({"number"})},
    "b": {"$.new": frozenset({"string"}), "$.id": frozenset({"string"})},
}


def test_words_for_the_vendor_find_the_request_and_give_nothing_away(runs: tuple[Run, Run]) -> None:
    run = runs[1]
    step = replace(run.steps[1], url="https://user:pw@hubspot.example.com:8443/contacts/51?token=s3cret#frag")
    text = ticket(run, step)
    assert "Request: GET hubspot.example.com:8443/contacts/51\n" in text
    assert "Status: 503\n" in text
    assert "Your x-request-id: req-4f21c0\n" in text
    assert "Our X-Request-Id: 4bf92f3577b34da6\n" in text
    assert f"Our traceparent: 00-{run.run_id.hex}-" in text
    assert "Expected status: 2xx; got 503" in text
    assert "2026-11-22 14:30:00." in text
    for secret in ("s3cret", "pw", "frag", "redacted"):
        assert secret not in text


def test_a_waterfall_says_in_words_and_to_the_microsecond_what_it_draws(runs: tuple[Run, Run]) -> None:
    run = runs[1]
    timings = replace(run.steps[0].timings, dns_ms=3.0, wait_ms=120.1254, total_ms=150.0)
    told = spoken(run, replace(run.steps[0], attempt=2, timings=timings))
    assert told.startswith("create contact, attempt 2: passed; began after 0 ms, took 150 ms: DNS 3 ms, connect 14 ms")
    assert "wait 120.125 ms" in told


def test_every_attempt_at_a_slice_is_a_link_away_and_the_run_that_passed_is_beside(made: ModuleType) -> None:
    config, now = made.world_config(names=("hubspot",)), made.NOW
    maker = made.Maker(config.integrations[0], 120.0, timedelta(seconds=60))
    before, first = maker.run(now - timedelta(minutes=1)), maker.run(now, failure=made.SERVER_ERROR)
    second = replace(maker.run(now + timedelta(seconds=9)), attempt=2, scheduled_at=first.scheduled_at)
    other = replace(maker.run(now), region="eu")
    stored = [NumberedRun("p", i + 1, now, run) for i, run in enumerate((before, first, second, other))]
    store = Store.open(None)
    store.write(lambda con: insert(con, stored)).result()
    world = SimpleNamespace(view=View(store, config=lambda: config, clock=lambda: now, hub=lambda: HubStatus(now)))
    try:
        page, of_second, of_other = (shown(world, one.run_id) for one in (first, second, other))
    finally:
        store.close()
    assert "1 failed, " in page
    assert "attempt 2" in of_second
    assert f"/run/{second.run_id}" in page
    assert f"/run/{other.run_id}" not in page
    assert f"/run/{before.run_id}" in page
    assert "status 200 → 503" in page
    assert f"/run/{first.run_id}" in of_second
    assert "Attempts at this slice" not in of_other
    assert "Beside the last one that passed" not in of_other


def test_a_failed_run_names_the_incident_that_it_is_part_of(world: Any) -> None:
    page = shown(world, world.failed_run())
    assert "Part of incident " in page
    assert "/incident/" in page
    passed = world.store.read(
        lambda con: con.execute(
            "SELECT run_id FROM runs WHERE integration = 'salesforce' AND outcome = 'passed' LIMIT 1"
        ).fetchone()[0]
    )
    assert "/incident/" not in shown(world, passed)


def test_a_run_that_somebody_asked_for_is_called_so_and_can_be_asked_for_again(
    world: Any, runs: tuple[Run, Run]
) -> None:
    asked = json.dumps(run_page.run_page(world.view, replace(runs[1], attempt=REQUESTED)), cls=PlotlyJSONEncoder)
    assert "asked for" in asked
    assert "attempt 0" not in asked
    assert "data-act-open" in asked


def test_a_step_that_was_never_sent_has_nothing_to_tell_the_vendor(world: Any, runs: tuple[Run, Run]) -> None:
    unsent = StepResult("later", 2, 1, False, runs[1].started_at, Outcome.SKIPPED)
    page = json.dumps(
        run_page.run_page(world.view, replace(runs[1], steps=(unsent,))), cls=PlotlyJSONEncoder, ensure_ascii=False
    )
    assert "support ticket" not in page
