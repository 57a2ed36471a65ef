"""What counts as a lasting change of shape, and which paths a workflow reads. Pure, and then out of a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.model import Config, Integration, Step
from metrics.changing import ShapeChange
from metrics.evaluation import evaluate
from metrics.shape_reading import is_read
from metrics.shapes import LASTING, MIN_LEARNED, Drift, KnownShape, ShapeDay, Sighting, drift
from metrics.store.database import Store
from metrics.store.lifecycle import vendor_signals
from metrics.store.shapes import ShapeBook, find_drift, save_findings, shape_findings, step_variety
from probes.change.shape import shape_of
from probes.model import ChangeKind, ChangeSignal, Failure, FailureKind, Outcome, Run, StepResult

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class History:
    """Answers to one step, a minute apart, in the order they are given; a good one unless it is said otherwise."""

    def __init__(self) -> None:
        self.at = NOON
        self.shapes: dict[str, KnownShape] = {}
        self.days: dict[tuple[str, Any], ShapeDay] = {}
        self.sightings: list[Sighting] = []

    def add(
        self, document: Any, times: int = 1, *, failed: bool = False, request: str = "r", region: str = "local"
    ) -> None:
        shape = shape_of(document, request)
        types = {path: frozenset(text.split("|")) for path, text in shape.paths.items()}
        self.shapes[shape.shape_id] = KnownShape(request, types, shape.complete)
        for _ in range(times):
            self.at += MINUTE
            self.sightings.append(Sighting(region, shape.shape_id, self.at, failed))
            key = (shape.shape_id, self.at.date())
            day = self.days.get(key, ShapeDay(shape.shape_id, 0, 0, self.at, self.at))
            good, bad = day.good + (not failed), day.bad + failed
            self.days[key] = replace(day, good=good, bad=bad, last_seen=self.at)

    def found(self, now: datetime | None = None) -> dict[str, Drift]:
        by_region: dict[str, list[Sighting]] = {}
        for one in self.sightings:
            by_region.setdefault(one.region, []).append(one)
        latest = [one for seen in by_region.values() for one in seen[-10:]]
        return {one.path: one for one in drift(self.shapes, list(self.days.values()), latest, now or self.at)}


@pytest.fixture
def history() -> History:
    return History()


BEFORE = {"id": "1", "size": 3, "owner": {"name": "x"}, "items": [{"id": "1", "price": 5}]}


def test_nothing_is_said_before_twenty_answers(history: History) -> None:
    history.add(BEFORE, MIN_LEARNED - 1)
    history.add({}, 10)
    assert history.found() == {}


def test_nothing_is_said_while_nothing_changes(history: History) -> None:
    history.add(BEFORE, 500)
    assert history.found() == {}


def test_a_path_that_is_gone_for_good_is_a_finding_with_its_beginning(history: History) -> None:
    history.add(BEFORE, 50)
    began = history.at + MINUTE
    history.add({**BEFORE, "id": None, "size": "3"} | {"owner": {}}, LASTING)
    found = history.found()
    assert {path: (one.change, one.was, one.now) for path, one in found.items()} == {
        "$.owner.name": (ShapeChange.REMOVED, "string", ""),
        "$.size": (ShapeChange.RETYPED, "number", "string"),
        "$.id": (ShapeChange.NULL, "string", "null"),
    }
    assert {(one.since, one.learned, one.seen) for one in found.values()} == {(began, 50, LASTING)}


def test_two_answers_are_not_lasting_unless_they_fail_by_it(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"id": "1"}, 2)
    assert history.found() == {}
    history.add({"uid": "1"}, 2, failed=True)
    assert history.found()["$.id"].failing


def test_only_the_topmost_path_is_told(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"id": "1", "size": 3, "items": BEFORE["items"]}, 3)
    assert set(history.found()) == {"$.owner"}


def test_a_new_object_is_one_finding(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({**BEFORE, "extra": {"a": 1, "b": {"c": 2}}}, 3)
    assert {path: one.change for path, one in history.found().items()} == {"$.extra": ShapeChange.NEW}


def test_an_empty_list_leaves_what_would_be_in_it_unknown(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({**BEFORE, "items": []}, 20)
    assert history.found() == {}


def test_a_list_that_was_always_empty_may_be_filled(history: History) -> None:
    history.add({**BEFORE, "items": []}, 50)
    history.add(BEFORE, 5)
    assert history.found() == {}


def test_empty_lists_in_between_do_not_hide_a_change(history: History) -> None:
    history.add(BEFORE, 50)
    for _ in range(3):
        history.add({**BEFORE, "items": [{"price": 5}]})
        history.add({**BEFORE, "items": []})
    assert history.found()["$.items[*].id"].change is ShapeChange.REMOVED


def test_an_optional_path_is_never_removed(history: History) -> None:
    for _ in range(25):
        history.add(BEFORE, 9)
        history.add({**BEFORE, "note": "x"})
    history.add(BEFORE, 30)
    assert history.found() == {}


def test_one_stray_in_a_hundred_does_not_make_a_path_optional(history: History) -> None:
    history.add(BEFORE, 100)
    history.add({"id": "1"})
    history.add(BEFORE, 60 * 24 * 8)
    history.add({"id": "1"}, 3)
    found = history.found()
    assert found["$.size"].change is ShapeChange.REMOVED
    assert found["$.size"].since > history.at - timedelta(days=1)


def test_a_field_that_was_always_null_may_get_a_value(history: History) -> None:
    history.add({"id": "1", "closed": None}, 50)
    history.add({"id": "1", "closed": "2026-11-20"}, 5)
    assert history.found() == {}


def test_a_number_with_and_without_a_fraction_is_a_number(history: History) -> None:
    history.add({"size": 3}, 50)
    history.add({"size": 3.5}, 5)
    assert history.found() == {}


def test_when_it_is_as_before_nothing_is_said_any_more(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"id": "1"}, 3)
    assert history.found()
    history.add(BEFORE)
    assert history.found() == {}


def test_after_a_week_the_new_shape_is_the_usual_one(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"id": "1"}, 60 * 24 * 7 - 60)
    assert history.found()
    history.add({"id": "1"}, 60 * 24)
    assert history.found(history.at) == {}
    history.add(BEFORE, 5)
    assert {one.change for one in history.found().values()} == {ShapeChange.NEW}


def test_one_region_is_enough(history: History) -> None:
    history.add(BEFORE, 50, region="us")
    history.add(BEFORE, 50, region="eu")
    for _ in range(4):
        history.add(BEFORE, region="us")
        history.add({**BEFORE, "size": "3"}, region="eu")
    assert history.found()["$.size"].regions == ("eu",)


def test_answers_to_another_request_are_not_compared(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"other": 1}, 15, request="new")
    assert history.found() == {}


def test_shapes_that_were_never_explained_do_not_count(history: History) -> None:
    history.add(BEFORE, 50)
    history.add({"id": "1"}, 3)
    gone = next(iter(history.shapes))
    history.shapes = {name: shape for name, shape in history.shapes.items() if name == gone}
    assert history.found() == {}


@given(st.lists(st.sampled_from([BEFORE, {**BEFORE, "note": 1}, {**BEFORE, "items": []}]), min_size=1, max_size=40))
def test_shapes_that_take_turns_are_no_change(documents: list[Any]) -> None:
    history = History()
    for document in [BEFORE, {**BEFORE, "note": 1}, {**BEFORE, "items": []}] * 20 + documents:
        history.add(document)
    assert history.found() == {}


def step(**given: Any) -> Step:
    return Step.model_validate({"name": "s", "request": {"path": "/x"}, **given})


@pytest.mark.parametrize(
    ("given", "path", "read"),
    [
        ({"expect": {"json": {"$.id": 1}}}, "$.id", True),
        ({"expect": {"json": {"$.owner.id": 1}}}, "$.owner", True),
        ({"expect": {"json": {"$.owner.id": 1}}}, "$", True),
        ({"expect": {"json": {"$.owner": {"exists": True}}}}, "$.owner.id", False),
        ({"capture": {"owner": "$.owner"}}, "$.owner.id", True),
        ({"capture": {"place": "header:Location"}}, "$.id", False),
        ({"expect": {"json": {"$.results[0].id": 1}}}, "$.results[*].id", True),
        ({"expect": {"json": {"$['results'][*]['id']": 1}}}, "$.results[*].id", True),
        ({"expect": {"json": {"$.results[0].id": 1}}}, "$.results[*].name", False),
        ({"expect": {"json": {"$.results[?@.type == 'x'].id": 1}}}, "$.results[*].type", True),
        ({"expect": {"json": {"$..id": {"exists": True}}}}, "$.a.b.id", True),
        ({"expect": {"json": {"$.by['john@example.com'].n": 1}}}, "$.by[<id>].n", True),
        ({"expect": {"json": {"$.by.*.n": 1}}}, "$.by[<id>].n", True),
        ({"record": {"score": "$.score"}}, "$.score", True),
        ({"record": {"score": {"from": "$.score", "at_least": 1}}}, "$.score", True),
        ({"until": {"json": {"$.total": 1}, "within": "3s", "every": "1s"}}, "$.total", True),
        ({"repeat": {"next": "$.paging.next"}}, "$.paging", True),
        ({}, "$.id", False),
    ],
)  # fmt: skip
def test_what_a_workflow_reads_is_known_from_its_paths(given: dict[str, Any], path: str, read: bool) -> None:
    assert is_read(step(**given), path, ShapeChange.REMOVED) is read
    assert not is_read(step(**given), path, ShapeChange.NEW)


Make = Callable[..., Run]
MakeStep = Callable[..., StepResult]
Put = Callable[[list[Run]], None]


def crm(**given: Any) -> Config:
    steps = [{"name": "read", "request": {"path": "/x"}, **given}]
    workflow = {"name": "roundtrip", "steps": steps}
    integration = {"integration": "crm", "base_url": "https://x.example", "workflows": [workflow]}
    return Config(root=Path("/"), version="v", integrations=(Integration.model_validate(integration),))


@pytest.fixture
def answers(put: Put, make_run: Make, make_step: MakeStep) -> Callable[..., None]:
    """Stores runs of step `read`, a minute apart from `at`, each with that document as its answer."""

    def store(document: Any, times: int, at: datetime, *, failed: bool = False) -> None:
        shape = shape_of(document, "r")
        failure = Failure(FailureKind.SCHEMA, "no") if failed else None
        outcome = Outcome.FAILED if failed else Outcome.PASSED
        runs = []
        for number in range(times):
            then = at + number * MINUTE
            result = make_step(then, shape_id=shape.shape_id, failure=failure, outcome=outcome)
            run = make_run(then, integration="crm", workflow="roundtrip", steps=(result,))
            runs.append(replace(run, shapes=(shape,) if number == 0 else (), failure=failure, outcome=outcome))
        put(runs)

    return store


def test_a_change_is_found_in_the_store_and_seen_by_the_evaluation(store: Store, answers: Any) -> None:
    answers(BEFORE, 30, NOON)
    answers({**BEFORE, "size": "3"}, 3, NOON + 30 * MINUTE)
    now, config, book = NOON + 33 * MINUTE, crm(), ShapeBook()
    found = store.read(lambda con: find_drift(con, config, book, now))
    assert [(one.path, one.change, one.learned, one.seen) for one in found] == [("$.size", ShapeChange.RETYPED, 30, 3)]
    store.write(lambda con: save_findings(con, found, now)).result()
    assert store.read(lambda con: evaluate(con, config, now)).drift == found
    store.write(lambda con: save_findings(con, (), now)).result()
    assert store.read(shape_findings) == ()


def test_a_step_that_is_not_watched_any_more_has_no_findings(store: Store, answers: Any) -> None:
    answers(BEFORE, 30, NOON)
    answers({}, 3, NOON + 30 * MINUTE)
    config, book = crm(shape="ignore"), ShapeBook()
    assert store.read(lambda con: find_drift(con, config, book, NOON + 33 * MINUTE)) == ()


def test_runs_that_arrive_late_are_counted(store: Store, answers: Any) -> None:
    answers(BEFORE, 5, NOON)
    answers(BEFORE, 5, NOON - 10 * MINUTE)
    counted = store.read(lambda con: step_variety(con, "crm", NOON - timedelta(days=1)))
    assert counted == {("roundtrip", "read"): (10, 1)}


def test_the_latest_words_of_a_signal_are_kept_with_its_beginning(
    store: Store, put: Put, make_run: Make, make_step: MakeStep
) -> None:
    end = datetime(2027, 1, 1, tzinfo=UTC)
    first = ChangeSignal(ChangeKind.SUNSET, "sunset", "soon", end, None, "read")
    moved = replace(first, at=end + timedelta(days=5))

    def say(signal: ChangeSignal, at: datetime) -> None:
        put([replace(make_run(at, integration="crm", workflow="roundtrip"), changes=(signal,))])

    say(first, NOON)
    say(replace(first, what="very soon"), NOON + MINUTE)
    (signal,) = store.read(lambda con: vendor_signals(con, NOON))
    assert (signal.what, signal.at, signal.first_seen, signal.last_seen) == ("very soon", end, NOON, NOON + MINUTE)
    say(moved, NOON + 2 * MINUTE)
    (signal,) = store.read(lambda con: vendor_signals(con, NOON))
    assert (signal.at, signal.first_seen) == (moved.at, NOON + 2 * MINUTE)


def test_a_signal_is_that_of_the_api_the_step_was_sent_to(store: Store, put: Put, make_run: Make) -> None:
    signal = ChangeSignal(ChangeKind.SUNSET, "sunset", step="find", integration="salesforce")
    put([replace(make_run(NOON, integration="crm"), changes=(signal,))])
    (kept,) = store.read(lambda con: vendor_signals(con, NOON))
    assert (kept.integration, kept.api) == ("crm", "salesforce")
