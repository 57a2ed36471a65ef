"""Not too many runs at once; a failed one is confirmed; a stop waits, then cuts; our own bugs stay inside."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from probes.agent.executor import Executor
from probes.agent.work import plan
from probes.model import Outcome


@pytest.fixture
def kept():
    return []


@pytest.fixture
def build(vendor, problems, kept):
    async def keep(run):
        kept.append(run)

    def make(concurrency=50, confirm_after_s=0.0, store=keep):
        return Executor(
            vendor, store, problems, region="local", concurrency=concurrency, confirm_after_s=confirm_after_s
        )

    return make


@pytest.fixture
def work(make_config):
    def one(every="60s", name="read"):
        (found,) = plan(make_config("v1", works={f"crm/{name}": every}), "local", {}).works.values()
        return found

    return one


async def test_a_run_lies_in_the_outbox_when_carry_out_returns(build, work, kept, clock):
    await build().carry_out(work(), clock())
    assert [(run.workflow, run.attempt, run.scheduled_at) for run in kept] == [("read", 1, clock())]


async def test_never_more_at_once_than_allowed(build, work, vendor, kept, clock, eventually):
    executor, vendor.gate = build(concurrency=3), asyncio.Event()
    runs = [asyncio.create_task(executor.carry_out(work(name=f"w{n}"), clock())) for n in range(10)]
    await eventually(lambda: vendor.running == 3 and executor.in_flight == 10)
    vendor.gate.set()
    await asyncio.gather(*runs)
    assert (vendor.most_running, len(kept)) == (3, 10)


async def test_a_failed_run_is_confirmed_once_under_the_same_slot(build, work, vendor, kept, clock, eventually):
    vendor.outcome = Outcome.FAILED
    executor = build()
    await executor.carry_out(work(), clock())
    await eventually(lambda: len(kept) == 2 and executor.in_flight == 0)
    assert [(run.attempt, run.scheduled_at) for run in kept] == [(1, clock()), (2, clock())]
    assert not executor._confirmations


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.FAILED])
async def test_nothing_but_a_failure_is_confirmed(build, work, vendor, clock, outcome):
    vendor.outcome = outcome
    executor = build()
    await executor.carry_out(work(), clock())
    assert not executor._confirmations


async def test_what_an_open_circuit_says_is_not_confirmed(build, work, vendor, clock):
    class Open(type(vendor)):
        async def run(self, *args, **kwargs):
            return replace(await super().run(*args, **kwargs), circuit_open=True)

    vendor.__class__, vendor.outcome = Open, Outcome.FAILED
    executor = build()
    await executor.carry_out(work(), clock())
    assert not executor._confirmations


async def test_a_fast_timetable_confirms_itself(build, work, vendor, clock):
    vendor.outcome = Outcome.FAILED
    executor = build()
    await executor.carry_out(work(every="29s"), clock())
    assert not executor._confirmations


async def test_a_stop_waits_for_what_runs(build, work, vendor, kept, clock, eventually):
    executor, vendor.gate = build(), asyncio.Event()
    run = asyncio.create_task(executor.carry_out(work(), clock()))
    await eventually(lambda: vendor.running)
    asyncio.get_running_loop().call_later(0.05, vendor.gate.set)
    assert await executor.finish(within_s=10) == 0
    await run
    assert len(kept) == 1


async def test_a_stop_cuts_what_takes_too_long(build, work, vendor, kept, clock, eventually):
    executor, vendor.gate = build(), asyncio.Event()
    run = asyncio.create_task(executor.carry_out(work(), clock()))
    await eventually(lambda: vendor.running)
    assert await executor.finish(within_s=0.01) == 1
    await run
    assert (vendor.running, kept) == (0, [])


async def test_a_stop_calls_confirmations_off(build, work, vendor, clock):
    vendor.outcome = Outcome.FAILED
    executor = build(confirm_after_s=60)
    await executor.carry_out(work(), clock())
    await executor.finish(within_s=0)
    assert len(vendor.started) == 1
    await executor.carry_out(work(), clock())
    assert not executor._confirmations


async def test_a_full_disk_is_said_and_counted_and_over_when_it_is(build, work, problems, kept, clock):
    full = True

    async def store(run):
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        kept.append(run)

    executor = build(store=store)
    await executor.carry_out(work(), clock())
    assert executor.lost == 1
    assert "database or disk is full" in problems.summary
    full = False
    await executor.carry_out(work(), clock())
    assert (executor.lost, problems.summary, len(kept)) == (1, None, 1)


async def test_our_own_bug_in_one_run_is_counted_and_logged_and_stays_there(work, problems, clock):
    class Broken:
        async def run(self, *args, **kwargs):
            raise ZeroDivisionError("a bug")

    async def store(run):
        raise AssertionError("nothing to store")

    executor = Executor(Broken(), store, problems, region="local", concurrency=1)
    with capture_logs() as logged:
        await executor.carry_out(work(), clock())
        await executor.carry_out(work(), clock())
    assert executor.lost == 2
    assert [(entry["event"], entry["exc_info"]) for entry in logged] == [("run_lost", True)] * 2


async def test_a_run_that_is_asked_for_is_made_at_once_and_marked(build, work, kept, clock):
    run = await build().ask(work(every="1h"), clock())
    assert (run.attempt, run.requested, kept) == (0, True, [run])


async def test_a_run_that_is_under_way_is_not_doubled(build, work, vendor, kept, clock, eventually):
    executor, vendor.gate = build(), asyncio.Event()
    scheduled = asyncio.create_task(executor.carry_out(work(), clock()))
    await eventually(lambda: vendor.running == 1)
    asked = asyncio.create_task(executor.ask(work(), clock()))
    vendor.gate.set()
    assert (await asked).attempt == 1
    await scheduled
    assert [run.attempt for run in kept] == [1]


async def test_the_timetable_waits_for_a_run_that_was_asked_for_and_then_makes_its_own(
    build, work, vendor, kept, clock, eventually
):
    executor, vendor.gate = build(), asyncio.Event()
    asked = asyncio.create_task(executor.ask(work(), clock()))
    await eventually(lambda: vendor.running == 1)
    scheduled = asyncio.create_task(executor.carry_out(work(), clock()))
    await eventually(lambda: executor.in_flight == 2)
    vendor.gate.set()
    await asyncio.gather(asked, scheduled)
    assert ([run.attempt for run in kept], vendor.most_running) == ([0, 1], 1)


async def test_what_must_not_be_run_now_is_told_and_not_kept(build, work, vendor, kept, clock):
    vendor.outcome = Outcome.SKIPPED
    run = await build().ask(work(), clock())
    assert (run.outcome, kept) == (Outcome.SKIPPED, [])


async def test_a_failed_run_that_was_asked_for_is_not_confirmed(build, work, vendor, kept, clock):
    vendor.outcome = Outcome.FAILED
    executor = build()
    await executor.ask(work(), clock())
    await executor.finish(0)
    assert len(kept) == 1
