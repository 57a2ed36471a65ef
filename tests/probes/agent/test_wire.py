"""What goes over the wire comes back the same, and nothing else is let in."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import wire
from probes.model import (
    Assertion,
    Batch,
    Evidence,
    Failure,
    FailureKind,
    Heartbeat,
    Outcome,
    QuotaReading,
    Run,
    StepResult,
    Timings,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
ms = st.none() | numbers
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
texts = st.dictionaries(text, text, max_size=2)
instants = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))
failures = st.none() | st.builds(Failure, st.sampled_from(FailureKind), text, st.booleans(), ms)
timings = st.builds(Timings, ms, ms, ms, ms, ms, ms, ms, ms)
evidence = st.builds(Evidence, text, text, text, texts, st.none() | text, st.integers(100, 599), texts, text, texts)
steps = st.builds(
    StepResult,
    name=text,
    position=st.integers(0, 9),
    attempt=st.integers(1, 5),
    cleanup=st.booleans(),
    started_at=instants,
    outcome=st.sampled_from(Outcome),
    timings=timings,
    failure=failures,
    certificate_expires_at=st.none() | instants,
    assertions=st.tuples(st.builds(Assertion, text, text, text, st.booleans())),
    captured=texts,
    evidence=st.none() | evidence,
)
quota = st.builds(
    QuotaReading, text, text, text, text, instants, text, limit=ms, remaining=ms, reset_at=st.none() | instants
)
runs = st.builds(
    Run,
    run_id=st.uuids(),
    region=st.just("eu"),
    integration=text,
    workflow=text,
    scheduled_at=instants,
    started_at=instants,
    duration_ms=numbers,
    outcome=st.sampled_from(Outcome),
    config_version=text,
    failure=failures,
    failed_step=st.none() | text,
    steps=st.lists(steps, max_size=2).map(tuple),
    quota=st.lists(quota, max_size=2).map(tuple),
    values=st.dictionaries(text, numbers, max_size=2),
)
batches = st.builds(
    Batch, st.uuids().map(str), st.just("eu"), st.integers(1, 2**53), st.lists(runs, max_size=2).map(tuple)
)
heartbeats = st.builds(
    Heartbeat, text, text, text, instants, instants, numbers, st.integers(0), st.none() | text, problem=st.none() | text
)


@settings(max_examples=examples(40))
@given(batches)
def test_a_batch_comes_back_as_it_went(batch):
    assert wire.parse_batch(wire.dump_batch(batch)) == batch


@given(heartbeats)
def test_a_heartbeat_comes_back_as_it_went(heartbeat):
    assert wire.parse_heartbeat(wire.dump_heartbeat(heartbeat)) == heartbeat


@settings(max_examples=examples(40))
@given(runs)
def test_a_run_comes_back_as_it_went(run):
    assert wire.parse_run(wire.dump_run(run)) == run


@pytest.fixture
def document(make_run):
    return json.loads(wire.dump_batch(Batch(str(uuid4()), "local", 1, (make_run(),))))


def _set(document, path, value):
    *parents, last = path
    for part in parents:
        document = document[part]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        pytest.param(["runs", 0, "outcome"], "splendid", "runs.0.outcome", id="an outcome nobody knows"),
        pytest.param(
            ["runs", 0, "failure"], {"kind": "gremlins", "message": ""}, "runs.0.failure.kind", id="an unknown failure"
        ),
        pytest.param(
            ["runs", 0, "started_at"], "2026-11-22T12:00:00", "time zone", id="an instant without a time zone"
        ),
        pytest.param(["runs", 0, "region"], "eu", "runs.0.region", id="a run of another region"),
        pytest.param(["runs", 0, "duration_ms"], None, "runs.0.duration_ms", id="a duration that is not a number"),
        pytest.param(["runs", 0, "every_s"], 1e-4, "runs.0.every_s", id="an interval of less than can be counted"),
        pytest.param(["runs", 0, "every_s"], 1e-9, "runs.0.every_s", id="an interval of nothing"),
        pytest.param(["runs", 0, "every_s"], -60.0, "runs.0.every_s", id="an interval that goes backwards"),
        pytest.param(["runs", 0, "every_s"], float("nan"), "runs.0.every_s", id="an interval that is no number"),
        pytest.param(["first"], 0, "first number", id="numbering from zero"),
        pytest.param(["prober_id"], "", "prober_id", id="nobody's batch"),
        pytest.param(["runs"], "all of them", "runs", id="runs that are no list"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_with_the_place(document, path, value, complaint):
    _set(document, path, value)
    with pytest.raises(wire.WireError, match=complaint):
        wire.parse_batch(json.dumps(document).encode())


def test_an_error_never_repeats_what_was_sent(document):
    _set(document, ["runs", 0, "duration_ms"], "hunter2-the-secret")
    with pytest.raises(wire.WireError) as caught:
        wire.parse_batch(json.dumps(document).encode())
    assert "hunter2" not in f"{caught.value!r}{caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_a_key_of_a_newer_prober_is_ignored(document):
    _set(document, ["runs", 0, "mood"], "good")
    assert len(wire.parse_batch(json.dumps(document).encode()).runs) == 1


def test_a_batch_has_at_most_500_runs(make_run):
    with pytest.raises(wire.WireError, match="at most 500"):
        wire.parse_batch(wire.dump_batch(Batch("p", "local", 1, (make_run(),) * 501)))


def test_a_batch_has_at_most_four_mebibytes():
    with pytest.raises(wire.WireError, match="at most"):
        wire.parse_batch(b" " * (4 * 1024 * 1024 + 1))


def test_a_heartbeat_without_a_time_zone_is_refused():
    naive = datetime(2026, 11, 22)
    heartbeat = Heartbeat("p", "local", "1", naive, naive, 0.0, 0, None)
    with pytest.raises(wire.WireError, match="started_at"):
        wire.parse_heartbeat(wire.dump_heartbeat(heartbeat))


def test_half_a_surrogate_pair_from_a_vendor_does_not_lose_the_run(make_run):
    step = StepResult("s", 0, 1, False, datetime.now(UTC), Outcome.PASSED, captured={"name": "caf\ud83d"})
    run = make_run(steps=(step,))
    assert wire.parse_run(wire.dump_run(run)).steps[0].captured == {"name": "caf?"}


def test_a_measured_value_that_json_cannot_hold_is_left_out(make_run):
    run = make_run(values={"good": 1.0, "bad": math.nan, "worse": math.inf})
    assert wire.parse_run(wire.dump_run(run)).values == {"good": 1.0}


def test_an_instant_keeps_its_microseconds(make_run):
    at = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC) + timedelta(microseconds=1)
    assert wire.parse_run(wire.dump_run(make_run(started_at=at))).started_at == at
