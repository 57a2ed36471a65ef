"""What outlives a run: state after good ones, and clean-up that failed, until it is done or given up."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from probe_world import answer, integration, make_runner, never, run_once, wall_clock

from config.model import Integration
from probes.memory import Memory
from probes.memory_file import MemoryFile, read_only
from probes.model import Outcome

FOLLOW = {
    "name": "read",
    "request": {"path": "/changes?since={{cursor}}"},
    "capture": {"cursor": "$.next"},
    "retry": {"attempts": 1},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prober-local.memory.sqlite"


@pytest.fixture
def memory(path: Path) -> Iterator[Memory]:
    kept = Memory(MemoryFile(path, wall_clock()))
    yield kept
    kept.close()


def following(server: Any, *more: dict[str, Any], state: dict[str, Any] | None = None) -> Integration:
    declared = integration(server, FOLLOW, *more)
    workflow = declared.workflows[0].model_copy(update={"state": state if state is not None else {"cursor": "0"}})
    return declared.model_copy(update={"workflows": (workflow,)})


async def asked_for(server: Any, declared: Integration, memory: Memory, runs: int = 1) -> list[str]:
    runner = make_runner(memory=memory)
    for _ in range(runs):
        await run_once(runner, declared)
    return [heard.target.partition("=")[2] for heard in server.heard]


# -- state --


async def test_a_good_run_leaves_what_it_captured_to_the_next(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "c-1"}), answer(200, {"next": 17}))
    assert await asked_for(server, following(server), memory, runs=3) == ["0", "c-1", "17"]


async def test_a_failed_run_changes_nothing(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "c-1"}), answer(500), answer(200, {"next": "c-2"}))
    declared = following(server, {"name": "then", "request": {}, "retry": {"attempts": 1}})
    assert (await asked_for(server, declared, memory, runs=2))[2] == "0"


async def test_it_survives_a_restart(serve: Any, path: Path) -> None:
    server = await serve(answer(200, {"next": "c-1"}))
    for _ in range(2):
        memory = Memory(MemoryFile(path, wall_clock()))
        await asked_for(server, following(server), memory)
        memory.close()
    assert [heard.target for heard in server.heard] == ["/changes?since=0", "/changes?since=c-1"]


async def test_another_first_value_starts_it_anew_and_one_taken_out_is_forgotten(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "c-1"}))
    await asked_for(server, following(server), memory)
    assert memory.state("acme", following(server, state={"cursor": "start"}).workflows[0]) == {"cursor": "start"}
    assert memory.state("acme", following(server, state={"other": 1}).workflows[0]) == {"other": 1}
    assert memory.state("acme", following(server).workflows[0]) == {"cursor": "c-1"}


async def test_each_workflow_has_its_own(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "c-1"}))
    await asked_for(server, following(server), memory)
    assert memory.state("other", following(server).workflows[0]) == {"cursor": "0"}


async def test_its_values_are_shown_nowhere(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "opaque-cursor-of-the-vendor"}), answer(500, {"you": "sent what?"}))
    runner, declared = make_runner(memory=memory), following(server)
    passed, failed = await run_once(runner, declared), await run_once(runner, declared)
    assert passed.steps[0].captured == {"cursor": "[kept for the next run]"}
    assert failed.evidence
    assert "opaque-cursor" not in repr((passed, failed))


async def test_a_value_that_is_too_large_is_not_kept(serve: Any, memory: Memory) -> None:
    server = await serve(answer(200, {"next": "x" * 20_000}))
    await asked_for(server, following(server), memory)
    assert memory.state("acme", following(server).workflows[0]) == {"cursor": "0"}


def test_only_its_owner_can_read_the_file(path: Path, memory: Memory) -> None:
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_moved_aside_and_begun_anew(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough to be looked at" * 100)
    memory = Memory(MemoryFile(path, wall_clock()))
    assert memory.counts(wall_clock()) == ()
    memory.close()
    assert [one.name for one in path.parent.glob("*.corrupt-*")]


async def test_a_copy_changes_nothing(serve: Any, path: Path) -> None:
    server = await serve(answer(200, {"next": "c-1"}), answer(200, {"next": "c-2"}))
    memory = Memory(MemoryFile(path, wall_clock()))
    await asked_for(server, following(server), memory)
    before = read_only(path)
    await asked_for(server, following(server), Memory(known=before))
    assert server.heard[-1].target == "/changes?since=c-1"
    assert read_only(path) == before
    memory.close()
    assert read_only(path.with_name("there is none")) == {}


async def test_a_full_disk_makes_no_vendor_look_bad(serve: Any, path: Path) -> None:
    class Full(MemoryFile):
        async def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    server = await serve(answer(200, {"next": "c-1"}))
    memory = Memory(Full(path, wall_clock()))
    assert await asked_for(server, following(server), memory, runs=2) == ["0", "c-1"]
    memory.close()


# -- leftovers --

CREATE = {"name": "create", "request": {"method": "POST", "path": "/x"}, "capture": {"made": "$.id"}}
WIPE = {
    "name": "wipe",
    "always": True,
    "request": {"method": "DELETE", "path": "/x/{{made}}?run={{run_id}}"},
    "retry": {"attempts": 1},
}
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CREATED, GONE, BROKEN = answer(201, {"id": "m1"}), answer(204), answer(503)


class Later:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = wall_clock()

    def __call__(self) -> Any:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


async def test_a_failed_clean_up_is_done_by_a_later_run_with_what_the_first_one_knew(
    serve: Any, memory: Memory
) -> None:
    server = await serve(CREATED, BROKEN, answer(201, {"id": "m2"}), GONE, GONE)
    clock, declared = Later(), integration(server, CREATE, WIPE)
    runner = make_runner(memory=memory, clock=clock)
    first = await run_once(runner, declared)
    assert (first.outcome, first.values) == (Outcome.PASSED, {"leftovers": 1.0})
    clock.advance(seconds=61)
    second = await run_once(runner, declared)
    assert (second.outcome, second.values) == (Outcome.PASSED, {"leftovers": 0.0})
    assert server.heard[-1].target == f"/x/m1?run={first.run_id}"
    assert second.steps[-1].name == f"wipe (left by …{str(first.run_id)[-6:]})"
    assert second.steps[-1].cleanup
    assert runner.leftovers() == ()


async def test_it_survives_a_restart_and_holds_no_credential(serve: Any, path: Path) -> None:
    server = await serve(CREATED, BROKEN)
    auth = {"kind": "bearer", "token": "${env:TOKEN}"}
    memory = Memory(MemoryFile(path, wall_clock()))
    await run_once(
        make_runner({"TOKEN": "very-secret-token"}, memory=memory), integration(server, CREATE, WIPE, auth=auth)
    )
    memory.close()
    assert "very-secret-token" not in json.dumps(list(read_only(path).values()))
    again = Memory(MemoryFile(path, wall_clock()))
    assert [one.open for one in again.counts(wall_clock())] == [1]
    again.close()


async def test_it_is_tried_less_and_less_often_and_then_given_up(serve: Any, memory: Memory) -> None:
    server = await serve(CREATED, BROKEN, *[answer(201, {"id": "m2"}), answer(404), BROKEN] * 20)
    clock, declared = Later(), integration(server, CREATE, WIPE)
    runner = make_runner(memory=memory, clock=clock)
    await run_once(runner, declared)
    attempts = []
    for minute in range(60 * 40):
        clock.advance(minutes=1)
        if memory.due("acme", "flow", clock.now):
            await run_once(runner, declared)
            attempts.append(minute + 1)
        if runner.leftovers()[0].given_up:
            break
    assert attempts == [1, 5, 21, 85, 341, 701, 1061, 1421]
    [told] = runner.leftovers()
    assert (told.open, told.given_up) == (0, 1)
    clock.advance(days=8)
    assert runner.leftovers() == ()


@pytest.mark.parametrize("status", [404, 410])
async def test_what_somebody_else_removed_is_no_leftover(serve: Any, memory: Memory, status: int) -> None:
    server = await serve(CREATED, answer(status))
    runner = make_runner(memory=memory)
    await run_once(runner, integration(server, CREATE, WIPE))
    assert runner.leftovers() == ()


async def test_nothing_is_left_by_a_run_that_made_nothing(serve: Any, memory: Memory) -> None:
    server = await serve(answer(500))
    runner = make_runner(memory=memory)
    await run_once(runner, integration(server, CREATE | {"retry": {"attempts": 1}}, WIPE))
    assert runner.leftovers() == ()


async def test_only_a_run_that_is_good_so_far_tries_again(serve: Any, memory: Memory) -> None:
    server = await serve(CREATED, BROKEN, answer(500))
    clock, declared = Later(), integration(server, CREATE | {"retry": {"attempts": 1}}, WIPE)
    runner = make_runner(memory=memory, clock=clock)
    await run_once(runner, declared)
    clock.advance(minutes=10)
    await run_once(runner, declared)
    assert [heard.method for heard in server.heard] == ["POST", "DELETE", "POST"]
    assert [one.open for one in runner.leftovers()] == [1]


async def test_a_few_at_a_time(serve: Any, memory: Memory) -> None:
    server = await serve(*[CREATED, BROKEN] * 5, CREATED, GONE)
    clock, declared = Later(), integration(server, CREATE, WIPE)
    runner = make_runner(memory=memory, clock=clock)
    for _ in range(5):
        await run_once(runner, declared)
    clock.advance(minutes=2)
    await run_once(runner, declared)
    assert [one.open for one in runner.leftovers()] == [3]


async def test_what_needs_a_secret_cannot_be_remembered_and_is_counted_at_once(serve: Any, memory: Memory) -> None:
    login = {"name": "login", "request": {}, "capture": {"session_token": "$.t"}}
    leave = WIPE | {"request": {"method": "DELETE", "path": "/session", "headers": {"X-S": "{{session_token}}"}}}
    server = await serve(answer(200, {"t": "s3cret-session"}), BROKEN)
    runner = make_runner(memory=memory)
    await run_once(runner, integration(server, login, leave))
    [told] = runner.leftovers()
    assert (told.open, told.given_up) == (0, 1)


async def test_a_clean_up_that_was_taken_out_of_the_workflow_is_given_up(serve: Any, memory: Memory) -> None:
    server, clock = await serve(CREATED, BROKEN, CREATED), Later()
    runner = make_runner(memory=memory, clock=clock)
    await run_once(runner, integration(server, CREATE, WIPE))
    clock.advance(minutes=2)
    await run_once(runner, integration(server, CREATE))
    assert [(one.open, one.given_up) for one in runner.leftovers()] == [(0, 1)]


async def test_a_fresh_value_is_drawn_for_clean_up_after_a_restart_as_well(serve: Any, path: Path) -> None:
    server = await serve(CREATED, BROKEN, CREATED, GONE, GONE)
    wipe = {**WIPE, "request": {"method": "DELETE", "path": "/x/{{made}}?fresh={{ uuid() }}&own={{ uuid }}"}}
    clock, declared = Later(), integration(server, CREATE, wipe)
    for _ in range(2):
        memory = Memory(MemoryFile(path, wall_clock()))
        run = await run_once(make_runner(memory=memory, clock=clock), declared)
        memory.close()
        clock.advance(seconds=61)
    left, _, cleaned = [heard.target for heard in server.heard if heard.method == "DELETE"]
    (fresh, own), (fresh_again, own_again) = (UUIDS.findall(target) for target in (left, cleaned))
    assert run.values == {"leftovers": 0.0}
    assert (own == own_again, fresh == fresh_again) == (True, False)


async def test_a_clean_up_that_is_none_any_more_is_not_sent_for_what_was_left(serve: Any, memory: Memory) -> None:
    server = await serve(CREATED, BROKEN, CREATED, GONE)
    clock = Later()
    runner = make_runner(memory=memory, clock=clock)
    await run_once(runner, integration(server, CREATE, WIPE))
    clock.advance(seconds=61)
    await run_once(runner, integration(server, CREATE, {**WIPE, "always": False}))
    assert len(server.heard) == 4
    assert [(one.open, one.given_up) for one in runner.leftovers()] == [(0, 1)]


async def test_a_run_that_is_cut_off_leaves_its_clean_up_to_a_later_one(serve: Any, memory: Memory) -> None:
    server = await serve(CREATED, never)
    wait = {"name": "wait", "request": {"path": "/wait"}}
    skipped = {**WIPE, "name": "other wipe", "when": False}
    running = asyncio.create_task(
        run_once(make_runner(memory=memory), integration(server, CREATE, wait, WIPE, skipped))
    )
    while len(server.heard) < 2:
        await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [one.open for one in memory.counts(wall_clock())] == [1]


async def test_a_run_that_is_cut_off_before_it_made_anything_leaves_nothing(serve: Any, memory: Memory) -> None:
    server = await serve(never)
    running = asyncio.create_task(run_once(make_runner(memory=memory), integration(server, CREATE, WIPE)))
    while not server.heard:
        await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert memory.counts(wall_clock()) == ()
