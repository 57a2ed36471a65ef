"""At most so many requests of one credential at a time, and no waiting in any timing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from probe_world import Heard, Server, answer, integration, make_runner, run_once

from config.model import Integration
from probes.concurrency import NoRoom, Room, account_of, most_at_once
from probes.model import Outcome
from probes.vendors import VENDORS


class Counting:
    """Answers late, and counts how many wait at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.most = seconds, 0, 0

    async def __call__(self, _: Heard, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        writer.write(answer(200, {}))


def shop(server: Server | str, name: str = "acme", **more: Any) -> Integration:
    return integration(server, {"name": "get", "request": {}}, integration=name, **more)


async def test_no_more_than_declared_are_under_way_over_all_integrations_of_a_credential(serve: Any) -> None:
    counting = Counting(0.03)
    server = await serve(counting)
    auth = {"kind": "bearer", "token": "${env:T}"}
    both = [shop(server, name, auth=auth, quota={"concurrent": 2}) for name in ("one", "two")]
    runner = make_runner({"T": "token"})
    runs = await asyncio.gather(*(run_once(runner, both[n % 2]) for n in range(8)))
    assert {run.outcome for run in runs} == {Outcome.PASSED}
    assert counting.most == 2


async def test_waiting_is_in_no_timing_but_is_told(serve: Any) -> None:
    server = await serve(Counting(0.1))
    declared = shop(server, quota={"concurrent": 1})
    runner = make_runner()
    runs = await asyncio.gather(*(run_once(runner, declared) for _ in range(4)))
    assert max(run.duration_ms for run in runs) < 190
    assert max(run.steps[0].timings.total_ms or 0 for run in runs) < 190
    assert max(run.values.get("waited_ms", 0.0) for run in runs) >= 290


async def test_waiting_does_not_use_up_the_workflows_own_time(serve: Any) -> None:
    server = await serve(Counting(0.15))
    declared = shop(server, quota={"concurrent": 1}, timeout="300ms")
    runner = make_runner()
    runs = await asyncio.gather(*(run_once(runner, declared) for _ in range(4)))
    assert {run.outcome for run in runs} == {Outcome.PASSED}


async def test_other_credentials_do_not_wait(serve: Any) -> None:
    counting = Counting(0.05)
    server = await serve(counting)
    auths = [{"kind": "bearer", "token": f"${{env:T{n}}}"} for n in range(3)]
    runner = make_runner({f"T{n}": f"token{n}" for n in range(3)})
    await asyncio.gather(*(run_once(runner, shop(server, auth=auth, quota={"concurrent": 1})) for auth in auths))
    assert counting.most == 3


async def test_who_gives_up_waiting_takes_nothing_along() -> None:
    room = Room()
    async with room.place(1, within_s=1):
        with pytest.raises(NoRoom, match=r"all 1 places of this credential were taken for 0\.01 s"):
            async with room.place(1, within_s=0.01):
                raise AssertionError("there is no place")
    async with room.place(1, within_s=0.01) as waited:
        assert waited < 0.01


async def test_who_is_cut_off_while_waiting_swallows_no_place() -> None:
    room, entered = Room(), []

    async def enter(name: str) -> None:
        async with room.place(1, within_s=5):
            entered.append(name)

    async with room.place(1, within_s=1):
        waiting = [asyncio.create_task(enter(name)) for name in "ab"]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert entered == ["b"]


@pytest.mark.parametrize(
    ("vendor", "quota", "most"),
    [("generic", {}, 5), ("marketo", {}, 10), ("salesforce", {}, 25), ("marketo", {"concurrent": 3}, 3)],
    ids=["nothing is known", "the vendor says 10", "the vendor says 25", "declared"],
)
def test_how_many_is_declared_or_known_or_few(vendor: str, quota: dict[str, int], most: int) -> None:
    assert most_at_once(shop("https://api.example.com", vendor=vendor, quota=quota), VENDORS[vendor]) == most


def test_without_a_credential_each_address_is_an_account_of_its_own() -> None:
    here, there = shop("https://a.example.com"), shop("https://b.example.com")
    assert account_of(here, "none:x") != account_of(there, "none:x")
