"""The sandbox on its directory: what it keeps, how it is found, the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from app.sandbox import find, placeholder_environment, start
from app.sandbox.process import running_sandbox


async def test_credentials_ports_and_authority_outlive_a_restart(tmp_path) -> None:
    async with await start(tmp_path, ports_from=None, latency_scale=0) as first:
        before, authority = first.environment, (tmp_path / "ca.pem").read_text()
    async with await start(tmp_path, ports_from=None, latency_scale=0) as second:
        assert second.environment == before
        assert second.admin_url == first.admin_url
    assert (tmp_path / "ca.pem").read_text() == authority


async def test_two_sandboxes_share_nothing(tmp_path) -> None:
    async with (
        await start(tmp_path / "a", ports_from=None, latency_scale=0) as one,
        await start(tmp_path / "b", ports_from=None, latency_scale=0) as other,
    ):
        same = {"SMTP_HOST", "SLACK_CHANNEL"}
        assert {k for k in one.environment if one.environment[k] == other.environment[k]} == same


async def test_a_taken_port_is_replaced_by_a_free_one(tmp_path) -> None:
    async with await start(tmp_path / "a", ports_from=None, latency_scale=0) as one:
        taken = int(one.admin_url.rsplit(":", 1)[1])
        async with await start(tmp_path / "b", ports_from=taken, latency_scale=0) as other:
            assert other.admin_url != one.admin_url
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(other.admin_url + "/health")).json() == {"instance": other.instance}


async def test_everything_it_writes_is_for_its_owner_only(sandbox) -> None:
    assert sandbox.directory.stat().st_mode & 0o077 == 0
    assert {path.name for path in sandbox.directory.iterdir() if path.stat().st_mode & 0o077} == set()


async def test_it_is_found_while_it_runs_and_not_after(tmp_path) -> None:
    assert find(tmp_path) is None
    async with await start(tmp_path, ports_from=None, latency_scale=0) as sandbox:
        found = await asyncio.to_thread(find, tmp_path)
        assert found is not None
        assert (found.admin_url, found.environment) == (sandbox.admin_url, sandbox.environment)
        assert sandbox.environment["HUBSPOT_CLIENT_SECRET"] not in repr(found)
    assert not (tmp_path / "sandbox.json").exists()


async def test_another_service_on_its_port_is_not_taken_for_it(tmp_path) -> None:
    async with await start(tmp_path, ports_from=None, latency_scale=0) as sandbox:
        announced = json.loads((tmp_path / "sandbox.json").read_text())
        (tmp_path / "sandbox.json").write_text(json.dumps({**announced, "instance": "another"}))
        assert await asyncio.to_thread(find, tmp_path) is None
        announced["admin_url"] = sandbox.url("slack")
        (tmp_path / "sandbox.json").write_text(json.dumps(announced))
        assert await asyncio.to_thread(find, tmp_path) is None


async def test_stand_ins_exist_for_every_variable_that_it_gives(sandbox) -> None:
    assert set(placeholder_environment()) == set(sandbox.environment)


@pytest.mark.slow
def test_the_process_serves_until_sigterm_and_takes_its_announcement_back(tmp_path) -> None:
    with subprocess.Popen([sys.executable, "-m", "app.sandbox", "--directory", str(tmp_path)]) as process:
        deadline = time.monotonic() + 30
        while find(tmp_path) is None and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        found = find(tmp_path)
        assert found is not None
        assert found.pid == process.pid
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    assert not (tmp_path / "sandbox.json").exists()


@pytest.mark.slow
def test_a_sandbox_for_a_while_is_gone_afterwards(tmp_path) -> None:
    with running_sandbox(tmp_path) as info:
        assert find(tmp_path) == info
    assert find(tmp_path) is None
