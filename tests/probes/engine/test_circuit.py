"""A circuit opens on confirmed failures only, lets one run at a time through, and never hides that it is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_world import answer, integration, make_runner, run_once

from config.model import Circuit
from probes.circuit import COUNTED, Circuits
from probes.model import Failure, FailureKind, Outcome, Run

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = Circuit(after=3, retry_every="60s")
DOWN = Failure(FailureKind.STATUS_5XX, "status 503")


def ended(workflow: str = "w", failure: Failure | None = DOWN, **fields: Any) -> Run:
    outcome = Outcome.FAILED if failure else Outcome.PASSED
    standing: dict[str, Any] = {
        "run_id": UUID(int=1), "region": "local", "integration": "crm", "workflow": workflow, "scheduled_at": NOON,
        "started_at": NOON, "duration_ms": 1.0, "outcome": outcome, "config_version": "v", "failure": failure,
        "failed_step": "create",
    }  # fmt: skip
    return Run(**(standing | fields))


class Clocked:
    """A circuit of one integration, asked and told every so many seconds."""

    def __init__(self) -> None:
        self.circuits, self.now = Circuits(), NOON

    def ask(self, workflow: str = "w", after: float = 0.0) -> str | None:
        self.now += timedelta(seconds=after)
        held = self.circuits.ask("crm", POLICY, workflow, self.now)
        return held.reason if held else None

    def run(self, run: Run | None = None, after: float = 0.0) -> bool:
        run = run or ended()
        assert self.ask(run.workflow, after) is None
        return self.circuits.learn(run, self.now)

    def opened(self) -> Clocked:
        assert [self.run() for _ in range(4)] == [False, False, False, True]
        return self


@pytest.fixture
def crm() -> Clocked:
    return Clocked()


def test_it_opens_after_confirmed_failures_and_the_first_of_each_workflow_is_not_one(crm: Clocked) -> None:
    assert [crm.run(ended(workflow)) for workflow in "abcdef"] == [False] * 6
    assert [crm.run(ended(workflow)) for workflow in "abc"] == [False, False, True]


def test_what_is_held_back_says_since_when_after_what_and_until_when(crm: Clocked) -> None:
    assert crm.opened().ask(after=10) == "circuit open since 12:00:00 after 3 confirmed failures; next trial 12:01:00"


def test_it_carries_the_failure_that_is_known(crm: Clocked) -> None:
    crm.opened()
    held = crm.circuits.ask("crm", POLICY, "w", NOON + timedelta(seconds=1))
    assert held is not None
    assert (held.failure, held.failed_step) == (DOWN, "create")


def test_one_run_per_interval_is_let_through(crm: Clocked) -> None:
    crm.opened()
    let_through = []
    for second in range(0, 300, 10):
        now = NOON + timedelta(seconds=second)
        if crm.circuits.ask("crm", POLICY, "w", now) is None:
            crm.circuits.learn(ended(), now)
            let_through.append(second)
    assert let_through == [60, 120, 180, 240]


def test_a_timetable_that_is_a_moment_early_is_still_in_time(crm: Clocked) -> None:
    assert crm.opened().ask(after=59.99) is None


def test_a_good_trial_closes_it(crm: Clocked) -> None:
    assert crm.opened().run(ended(failure=None), after=60) is False
    assert [crm.ask(), crm.circuits.open()] == [None, ()]


@pytest.mark.parametrize("kind", sorted(set(FailureKind) - COUNTED - {FailureKind.INTERNAL, FailureKind.PROXY}))
def test_any_answer_of_the_vendors_closes_it(crm: Clocked, kind: FailureKind) -> None:
    crm.opened().run(ended(failure=Failure(kind, "…")), after=60)
    assert crm.circuits.open() == ()


@pytest.mark.parametrize(
    "run",
    [
        ended(failure=Failure(FailureKind.INTERNAL, "…")),
        ended(outcome=Outcome.TAINTED),
        ended(outcome=Outcome.SKIPPED),
        ended(failed_integration="mail"),
    ],
    ids=["our own failure", "tainted", "skipped", "failed in another integration"],
)
def test_what_says_nothing_of_the_vendor_neither_opens_nor_closes_it(crm: Clocked, run: Run) -> None:
    assert [crm.run(run) for _ in range(9)] == [False] * 9
    crm.opened().run(run, after=60)
    assert len(crm.circuits.open()) == 1


def test_a_workflow_that_has_not_failed_itself_runs_on(crm: Clocked) -> None:
    crm.opened()
    assert crm.ask("other") is None
    assert crm.run(ended("other")) is False
    assert crm.ask("other") is None
    assert crm.run(ended("other")) is True
    assert crm.ask("other") is not None


def test_another_workflow_that_passes_closes_it_for_all(crm: Clocked) -> None:
    crm.opened().run(ended("other", failure=None))
    assert crm.ask() is None


def test_a_workflow_that_stays_broken_does_not_take_every_trial_from_one_that_works_again() -> None:
    crm = Clocked()
    for workflow in "aabbb":
        crm.run(ended(workflow))
    assert crm.circuits.open()
    tried = []
    for minute in range(1, 5):
        for workflow in "ab":
            if crm.circuits.ask("crm", POLICY, workflow, NOON + timedelta(minutes=minute)) is None:
                tried.append(workflow)
                crm.circuits.learn(ended(workflow), NOON + timedelta(minutes=minute))
    assert set(tried[:2]) == {"a", "b"}


def test_it_is_told_in_the_heartbeat(crm: Clocked) -> None:
    [told] = crm.opened().circuits.open()
    assert (told.integration, told.since, told.failures, told.reason) == ("crm", NOON, 3, "status 503")
    assert told.next_trial_at == NOON + timedelta(seconds=60)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(1, 90)), max_size=80))
def test_what_is_held_back_has_always_failed_twice_in_a_row(events: list[tuple[str, bool, int]]) -> None:
    circuits, now = Circuits(), NOON
    latest: dict[str, list[bool]] = {"a": [], "b": []}
    for workflow, good, seconds in events:
        now += timedelta(seconds=seconds)
        if circuits.ask("crm", POLICY, workflow, now) is not None:
            assert latest[workflow][-2:] == [False, False]
            continue
        latest[workflow].append(good)
        circuits.learn(ended(workflow, None if good else DOWN), now)


async def test_an_open_circuit_sends_nothing_and_the_runs_say_so(serve: Any) -> None:
    server, now = await serve(answer(503)), [NOON]
    shop = integration(
        server, {"name": "get", "request": {}, "retry": {"attempts": 1}}, circuit={"after": 2, "retry_every": "60s"}
    )
    runner = make_runner(clock=lambda: now[0])
    made = [await run_once(runner, shop) for _ in range(5)]
    assert [run.outcome for run in made] == [Outcome.FAILED] * 3 + [Outcome.SKIPPED] * 2
    assert [run.circuit_open for run in made] == [False, False, True, True, True]
    assert len(server.heard) == 3
    assert made[-1].failure is not None
    assert (made[-1].failure.kind, made[-1].failed_step) == (FailureKind.STATUS_5XX, "get")
    assert [one.integration for one in runner.open_circuits()] == ["acme"]
    now[0] += timedelta(seconds=60)
    server.script = [answer(200, {})]
    good = await run_once(runner, shop)
    assert (good.outcome, good.circuit_open, runner.open_circuits()) == (Outcome.PASSED, False, ())
