"""The mailbox: what `append` returned for is on disk, however many came at once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace

import pytest

from probes import wire


async def waiting(mailbox):
    parcel, _ = await mailbox.parcel(500)
    return wire.parse_batch(parcel.body)


@pytest.fixture
async def busy(mailbox):
    """A mailbox whose thread is held up until the event is set."""
    go = threading.Event()
    held = asyncio.get_running_loop().run_in_executor(mailbox._thread, go.wait)
    yield go
    go.set()
    await held


async def test_runs_that_come_while_the_disk_is_busy_are_written_in_one_transaction(mailbox, busy, make_run):
    statements: list[str] = []
    mailbox._outbox._connection.set_trace_callback(statements.append)
    runs = [make_run() for _ in range(20)]
    appends = [asyncio.create_task(mailbox.append(run)) for run in runs]
    await asyncio.sleep(0)
    busy.set()
    await asyncio.gather(*appends)
    assert statements.count("COMMIT") == 1
    assert [run.run_id for run in (await waiting(mailbox)).runs] == [run.run_id for run in runs]


async def test_each_of_several_at_once_is_on_disk_when_its_own_append_returns(mailbox, settings, make_run):
    async def one(run):
        await mailbox.append(run)
        with sqlite3.connect(settings.file("sqlite")) as other:
            bodies = [body for (body,) in other.execute("SELECT body FROM runs")]
        other.close()
        assert wire.dump_run(run) in bodies

    await asyncio.gather(*(one(make_run()) for _ in range(30)))


async def test_a_disk_that_fails_is_told_to_everyone_who_waits_for_it(mailbox, busy, make_run):
    mailbox._outbox._connection.execute("PRAGMA query_only = ON")
    appends = [asyncio.create_task(mailbox.append(make_run())) for _ in range(3)]
    await asyncio.sleep(0)
    busy.set()
    told = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(one) for one in told] == [sqlite3.OperationalError] * 3
    mailbox._outbox._connection.execute("PRAGMA query_only = OFF")


async def test_a_run_that_cannot_be_written_as_json_takes_no_other_with_it(mailbox, busy, make_run):
    good, bad = make_run(), replace(make_run(), config_version=object())
    appends = [asyncio.create_task(mailbox.append(run)) for run in (bad, good)]
    await asyncio.sleep(0)
    busy.set()
    told = await asyncio.gather(*appends, return_exceptions=True)
    assert isinstance(told[0], Exception)
    assert told[1] is None
    assert [run.run_id for run in (await waiting(mailbox)).runs] == [good.run_id]
