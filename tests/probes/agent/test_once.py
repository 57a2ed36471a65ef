"""A single run of everything: same engine, no hub, results in the order in which they end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from config.model import Config
from probes.agent.once import run_once
from probes.model import Outcome


@pytest.fixture
async def api(serve):
    """Answers `/slow` only after `/fast` was asked, anything else at once; `/missing` is a 404."""
    asked = asyncio.Event()

    async def answer(reader, writer):
        line = await reader.readline()
        await reader.readuntil(b"\r\n\r\n")
        if b"/slow" in line:
            await asked.wait()
        status = b"404 Not Found" if b"/missing" in line else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        if b"/fast" in line:
            asked.set()

    return (await serve(answer)).url


@pytest.fixture
def config(api, tmp_path):
    def workflow(name, regions=("local",)):
        return {"name": name, "regions": regions, "steps": [{"name": "get", "request": {"path": f"/{name}"}}]}

    def integration(name, *workflows, **extra):
        return {"integration": name, "base_url": api, "workflows": workflows, **extra}

    return Config.model_validate(
        {
            "root": str(tmp_path),
            "version": "v1",
            "integrations": [
                integration("crm", workflow("slow"), workflow("fast")),
                integration("ads", workflow("missing", regions=("eu",))),
                integration("mail", workflow("locked"), auth={"kind": "bearer", "token": "${env:MAIL_TOKEN}"}),
            ],
        }
    )


async def run_all(config, **options):
    return [run async for run in run_once(config, {}, region="ci", **options)]


async def test_every_workflow_of_every_region_runs_once_from_here(config):
    runs = await run_all(config)
    assert sorted((run.integration, run.workflow, run.region) for run in runs) == [
        ("ads", "missing", "ci"),
        ("crm", "fast", "ci"),
        ("crm", "slow", "ci"),
        ("mail", "locked", "ci"),
    ]
    assert all(run.scheduled_at <= datetime.now(UTC) for run in runs)


async def test_results_come_in_the_order_in_which_they_end(config):
    runs = await run_all(config, wanted={("crm", "slow"), ("crm", "fast")})
    assert [run.workflow for run in runs] == ["fast", "slow"]


async def test_only_what_is_wanted_runs(config):
    runs = await run_all(config, wanted={("ads", "missing")})
    assert [(run.workflow, run.outcome) for run in runs] == [("missing", Outcome.FAILED)]


async def test_a_missing_secret_is_a_failed_run_that_names_it(config):
    (run,) = await run_all(config, wanted={("mail", "locked")})
    assert run.outcome is Outcome.FAILED
    assert "MAIL_TOKEN" in run.failure.message


async def test_nothing_wanted_is_nothing_run(config):
    assert await run_all(config, wanted=set()) == []


async def test_who_stops_listening_stops_the_rest(config, eventually):
    before = asyncio.all_tasks()
    runs = run_once(config, {}, region="ci", wanted={("ads", "missing"), ("crm", "slow")})
    async for _ in runs:
        break
    await runs.aclose()
    await eventually(lambda: not [task for task in asyncio.all_tasks() - before if "one" in repr(task.get_coro())])
