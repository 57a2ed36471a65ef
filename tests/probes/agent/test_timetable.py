"""Each workflow runs at its own slots; what cannot run is counted; a reload touches only what changed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from probes.agent.tally import Slots
from probes.agent.timetable import Timetable
from probes.agent.work import plan


class Worker:
    """Notes what is carried out; holds runs while `gate` is shut."""

    def __init__(self):
        self.started = []
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def carry_out(self, work, scheduled_at):
        self.started.append((str(work.key), scheduled_at, work.config.version))
        await self.gate.wait()
        self.ended += 1

    def count(self, key):
        return sum(1 for name, *_ in self.started if name == key)


@pytest.fixture
def worker():
    return Worker()


class Wall:
    """The real clock, or one that is behind it."""

    behind = timedelta(0)

    def __call__(self):
        return datetime.now(UTC) - self.behind


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
async def timetable(worker, wall):
    table = Timetable(worker.carry_out, "local", wall)
    table.start()
    yield table
    worker.gate.set()
    table.pause()
    table.shutdown()
    await asyncio.sleep(0)


@pytest.fixture
def works(make_config):
    return lambda version, **every: (
        plan(make_config(version, works={f"crm/{k}": v for k, v in every.items()}), "local", {}).works
    )


async def test_a_workflow_runs_at_its_slots_and_each_slot_once(timetable, worker, works, eventually):
    timetable.apply(works("v1", read="100ms"))
    await eventually(lambda: len(worker.started) >= 4)
    slots = Slots.of(timedelta(milliseconds=100), "crm", "read", "local")
    seen = [at for _, at, _ in worker.started]
    assert all(slots.current(at) == at for at in seen)
    assert len(set(seen)) == len(seen)
    # Whatever the machine's load did to this test, every slot is accounted for.
    assert (seen[-1] - seen[0]) / slots.every + 1 <= len(seen) + timetable.missed


async def test_a_run_that_outlasts_its_period_costs_slots_that_are_counted(timetable, worker, works, eventually):
    worker.gate.clear()
    timetable.apply(works("v1", slow="50ms"))
    await eventually(lambda: timetable.missed >= 3)
    assert len(worker.started) == 1


async def test_a_loop_that_stood_still_costs_slots_that_are_counted(timetable, worker, works, eventually):
    timetable.apply(works("v1", read="50ms"))
    await eventually(lambda: worker.started)
    time.sleep(0.5)  # noqa: ASYNC251 - the point: nothing runs on this loop for ten slots
    before = len(worker.started)
    await eventually(lambda: len(worker.started) > before)
    assert timetable.missed >= 8
    assert len(worker.started) <= before + 2  # folded into one, not made up for in a burst


async def test_a_run_too_late_to_mean_anything_is_not_started_and_is_counted(
    timetable, worker, works, wall, eventually
):
    wall.behind = timedelta(minutes=90)
    timetable.apply(works("v1", read="1h"))
    wall.behind = timedelta(0)
    # As if the machine had slept since, and woke ten minutes after a slot.
    timetable._scheduler.modify_job("crm/read", next_run_time=wall() - timedelta(minutes=10))
    await eventually(lambda: timetable.missed >= 1)
    assert not worker.started


async def test_a_reload_touches_only_what_changed(timetable, worker, works):
    timetable.apply(works("v1", kept="1h", gone="1h", moved="1h"))
    before = {job.id: job for job in timetable._scheduler.get_jobs()}
    timetable.apply(works("v2", kept="1h", moved="2h", new="1h"))
    after = {job.id: job for job in timetable._scheduler.get_jobs()}
    assert sorted(after) == ["crm/kept", "crm/moved", "crm/new"]
    assert after["crm/kept"] is before["crm/kept"]
    assert after["crm/moved"].trigger.interval == timedelta(hours=2)


async def test_a_reload_leaves_a_run_alone_and_the_next_one_is_under_the_new_version(
    timetable, worker, works, eventually
):
    worker.gate.clear()
    timetable.apply(works("v1", read="50ms"))
    await eventually(lambda: worker.started)
    timetable.apply(works("v2", read="50ms"))
    assert worker.ended == 0
    worker.gate.set()
    await eventually(lambda: len(worker.started) >= 2)
    assert [version for *_, version in worker.started][:2] == ["v1", "v2"]


async def test_what_was_taken_off_does_not_run_again_but_its_run_ends(timetable, worker, works, eventually):
    worker.gate.clear()
    timetable.apply(works("v1", old="50ms", other="50ms"))
    await eventually(lambda: worker.count("crm/old"))
    timetable.apply(works("v2", other="50ms"))
    worker.gate.set()
    others = worker.count("crm/other")
    await eventually(lambda: worker.ended >= 2 and worker.count("crm/other") >= others + 3)
    assert worker.count("crm/old") == 1


async def test_missed_slots_stay_counted_when_their_workflow_goes(timetable, worker, works, eventually):
    worker.gate.clear()
    timetable.apply(works("v1", slow="50ms"))
    await eventually(lambda: timetable.missed >= 2)
    missed = timetable.missed
    timetable.apply({})
    assert timetable.missed >= missed


async def test_a_wall_clock_set_back_does_not_stop_the_timetable(timetable, worker, works, wall, eventually):
    wall.behind = -timedelta(hours=1)
    timetable.apply(works("v1", read="50ms"))
    timetable.realign()
    assert not worker.started
    wall.behind = timedelta(0)
    timetable.realign()
    await eventually(lambda: worker.started)


async def test_a_wall_clock_set_forward_and_back_again_does_not_stop_it_either(
    timetable, worker, works, wall, eventually
):
    timetable.apply(works("v1", read="50ms"))
    await eventually(lambda: worker.started)
    wall.behind = -timedelta(hours=1)
    timetable.apply(works("v2", read="60ms"))
    timetable.realign()
    wall.behind = timedelta(0)
    started = len(worker.started)
    timetable.realign()
    await eventually(lambda: len(worker.started) > started)


async def test_after_a_pause_nothing_starts(timetable, worker, works, eventually):
    timetable.apply(works("v1", read="50ms"))
    await eventually(lambda: worker.started)
    timetable.pause()
    started = len(worker.started)
    await asyncio.sleep(0.2)
    assert len(worker.started) <= started
