"""Children start in order, come back when they die, and stop with their supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from app.errors import UserError
from app.supervisor import Child, Interrupted, Supervisor

WRITES_ITS_PID = "import os,sys,time; open(sys.argv[1],'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


async def until(count: int, path: Path) -> list[int]:
    async with asyncio.timeout(20):
        while len(pids(path)) < count:
            await asyncio.sleep(0.02)  # the child is another process: its file is the only sign
    return pids(path)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_child_that_dies_is_started_again_and_stop_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "pids"
    supervisor = Supervisor(first_backoff_s=0.01)
    await supervisor.start(Child("sleeper", ("-c", WRITES_ITS_PID, str(path)), ready=path.exists))
    [first] = await until(1, path)
    os.kill(first, signal.SIGKILL)
    _, second = await until(2, path)
    await supervisor.stop()
    assert not alive(second)


async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_exit_code() -> None:
    supervisor = Supervisor()
    with pytest.raises(UserError, match="the hub ended at its start") as raised:
        await supervisor.start(Child("hub", ("-c", "raise SystemExit(2)"), ready=lambda: False))
    assert raised.value.exit_code == 2
    await supervisor.stop()


async def test_a_childs_environment_is_not_in_its_repr() -> None:
    assert "hush" not in repr(Child("prober", (), {"LEADLINE_PROBER_TOKEN": "hush"}))


async def test_a_signal_while_a_child_starts_is_no_error_of_the_child(tmp_path: Path) -> None:
    supervisor, path = Supervisor(), tmp_path / "pids"
    supervisor.stop_on_signals()
    starting = asyncio.create_task(
        supervisor.start(Child("hub", ("-c", WRITES_ITS_PID, str(path)), ready=lambda: False))
    )
    [child] = await until(1, path)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted):
        await starting
    await supervisor.stop()
    assert not alive(child)


async def test_a_signal_ends_a_job_that_runs_to_its_end(tmp_path: Path) -> None:
    supervisor, path = Supervisor(), tmp_path / "pids"
    supervisor.stop_on_signals()
    assert await supervisor.run_to_end(Child("job", ("-c", "raise SystemExit(3)"))) == 3
    working = asyncio.create_task(supervisor.run_to_end(Child("job", ("-c", WRITES_ITS_PID, str(path)))))
    [child] = await until(1, path)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted):
        await working
    await supervisor.stop()
    assert not alive(child)


async def test_a_child_that_a_signal_killed_at_its_start_gives_an_exit_code_that_is_one() -> None:
    supervisor = Supervisor()
    with pytest.raises(UserError) as raised:
        await supervisor.start(Child("hub", ("-c", "import os; os.kill(os.getpid(), 9)"), ready=lambda: False))
    assert raised.value.exit_code == 1
    await supervisor.stop()
