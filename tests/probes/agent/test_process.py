"""The whole prober against a hub and a vendor on real sockets: it probes, ships, outlives the hub, stops in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config import compiled
from config.model import Config
from probes.agent.process import Agent
from probes.agent.settings import AgentError
from probes.lag import LoopLag
from probes.model import Leftovers, OpenCircuit, Outcome


@pytest.fixture
async def api(serve):
    """A vendor that answers every request with a JSON object, after `delay_s`."""

    class Api:
        url = ""
        delay_s = 0.0
        requests = 0

        async def answer(self, reader, writer):
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                await asyncio.sleep(self.delay_s)
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}')

    vendor = Api()
    vendor.url = (await serve(vendor.answer)).url
    return vendor


@pytest.fixture
def publish(hub, api, tmp_path):
    def one(version="v1", /, every="200ms", **extra):
        step = {"name": "get", "request": {"path": "/"}, "expect": {"json": {"$.a": 1}}}
        workflow = {"name": "read", "every": every, "timeout": "5s", "steps": [step]}
        integration = {"integration": "crm", "base_url": api.url, "workflows": [workflow], **extra}
        config = Config.model_validate({"root": str(tmp_path), "version": version, "integrations": [integration]})
        hub.document = {"version": version, "config": json.loads(compiled.dump(config))}

    return one


def build(settings):
    from probes.agent.compose import runner_for

    clock, lag = (lambda: datetime.now(UTC)), LoopLag()
    return Agent(settings, runner_for(settings.environ, clock, lag), lag, clock)


@pytest.fixture
async def start(settings):
    """Starts agents in this process; stops what a test left running."""
    running = []

    def one(**changes):
        stop = asyncio.Event()
        task = asyncio.create_task(build(replace(settings, **changes)).run(stop))
        running.append((stop, task))
        return stop, task

    yield one
    for stop, task in running:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


async def test_probes_of_a_real_api_reach_the_hub(start, hub, publish, eventually):
    publish()
    stop, task = start()
    await eventually(lambda: len(hub.numbers) >= 3 and hub.heartbeats)
    stop.set()
    await task
    runs = [run for runs in hub.stored.values() for run in runs.values()]
    assert {(run.integration, run.workflow, run.region, run.config_version) for run in runs} == {
        ("crm", "read", "local", "v1")
    }
    assert {run.outcome for run in runs} <= {Outcome.PASSED, Outcome.TAINTED}
    assert hub.numbers == list(range(1, len(runs) + 1))
    assert hub.heartbeats[0]["previous_stop"] == "first"


async def test_a_prober_whose_hub_is_gone_goes_on_and_catches_up_after_a_restart(
    start, settings, hub, publish, api, eventually
):
    publish()
    stop, task = start()
    await eventually(lambda: hub.numbers)
    await hub.stop()
    before = api.requests
    await eventually(lambda: api.requests >= before + 3)
    stop.set()
    await task
    # The next process starts without a hub, on the configuration that it kept.
    stop, task = start()
    before = api.requests
    await eventually(lambda: api.requests >= before + 2)
    await hub.start()
    stop.set()
    await task  # ships within two seconds of the stop
    assert hub.numbers == list(range(1, len(hub.numbers) + 1))
    assert len(set(hub.run_ids)) == len(hub.numbers) >= 6


async def test_a_stop_lets_a_run_end_and_ships_it(start, hub, publish, api, eventually):
    publish()
    api.delay_s = 0.3
    stop, task = start()
    await eventually(lambda: api.requests == 1)
    stop.set()
    await task
    assert hub.numbers == [1]


@pytest.mark.slow
async def test_a_new_configuration_is_taken_without_a_restart(start, hub, publish, eventually):
    publish("v1", every="1h")
    start()
    await eventually(lambda: hub.heartbeats)
    publish("v2")
    await eventually(lambda: hub.numbers, within_s=15)
    assert {run.config_version for runs in hub.stored.values() for run in runs.values()} == {"v2"}


async def test_the_heartbeat_tells_of_circuits_and_leftovers(settings, hub, publish, eventually):
    publish()
    at = datetime.now(UTC)
    known = OpenCircuit("crm", at, 5, at, "status 503"), OpenCircuit("gone", at, 5, at, "status 503")
    left = (Leftovers("crm", "read", 2, 0), Leftovers("crm", "write", 0, 3))
    from probes.agent.compose import runner_for

    clock, lag, stop = (lambda: datetime.now(UTC)), LoopLag(), asyncio.Event()
    runner = runner_for(settings.environ, clock, lag)
    agent = Agent(settings, runner, lag, clock, circuits=lambda: known, leftovers=lambda: left)
    task = asyncio.create_task(agent.run(stop))
    try:
        await eventually(lambda: any(beat["circuits"] for beat in hub.heartbeats), within_s=15)
    finally:
        stop.set()
        await task
    beat = next(beat for beat in hub.heartbeats if beat["circuits"])
    assert [one["integration"] for one in beat["circuits"]] == ["crm"]
    assert [(one["open"], one["given_up"]) for one in beat["leftovers"]] == [(2, 0), (0, 3)]
    assert beat["problem"] == "clean-ups were given up and are to be done by hand: 3 of crm/write"


async def test_a_missing_secret_is_in_the_heartbeat_by_name(start, hub, publish, eventually):
    publish(auth={"kind": "bearer", "token": "${env:CRM_TOKEN}"})
    start()
    await eventually(lambda: any(beat["problem"] for beat in hub.heartbeats), within_s=15)
    (said,) = {beat["problem"] for beat in hub.heartbeats if beat["problem"]}
    assert "crm" in said
    assert "CRM_TOKEN" in said


@pytest.mark.slow
async def test_a_secret_that_is_mounted_later_is_found(start, hub, publish, tmp_path, eventually):
    secret = tmp_path / "token"
    publish(auth={"kind": "bearer", "token": f"${{file:{secret}}}"})
    start()
    await eventually(lambda: any("token" in (beat["problem"] or "") for beat in hub.heartbeats), within_s=15)
    secret.write_text("s3cret")
    await eventually(lambda: hub.numbers and hub.heartbeats[-1]["problem"] is None, within_s=15)
    assert "s3cret" not in json.dumps(hub.heartbeats)


async def test_a_region_without_work_says_so(settings, hub, publish, start, eventually):
    publish(every="1h")
    start(region="mars")
    await eventually(lambda: any("'mars'" in (beat["problem"] or "") for beat in hub.heartbeats), within_s=15)


async def test_a_second_prober_on_the_same_directory_is_refused(start, settings, hub, publish, eventually):
    publish()
    start()
    await eventually(lambda: hub.numbers)
    with pytest.raises(AgentError, match="another prober"):
        await build(settings).run(asyncio.Event())


def spawn(settings, **environ):
    command = [sys.executable, "-m", "probes.agent", "--hub", settings.hub_url, "--data", str(settings.data)]
    token = {"LEADLINE_PROBER_TOKEN": settings.token.get_secret_value()}
    return subprocess.Popen(command, env={**os.environ, **token, **environ}, stderr=subprocess.PIPE)


async def ended(process):
    return await asyncio.to_thread(process.communicate, timeout=20)


@pytest.mark.slow
async def test_sigterm_is_a_clean_stop_and_sigkill_an_unclean_one(settings, hub, publish, eventually):
    publish()
    stops = []
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        beats, process = len(hub.heartbeats), spawn(settings)
        await eventually(lambda beats=beats: len(hub.heartbeats) > beats and hub.numbers, within_s=30)
        process.send_signal(number)
        await ended(process)
        stops.append((process.returncode, hub.heartbeats[-1]["previous_stop"]))
    assert stops == [(0, "first"), (-9, "clean"), (0, "unclean")]


@pytest.mark.slow
async def test_runs_made_before_a_kill_while_the_hub_was_away_arrive_once(settings, hub, publish, api, eventually):
    publish(every="50ms")
    process = spawn(settings)
    await eventually(lambda: hub.numbers, within_s=30)
    await hub.stop()
    before = api.requests
    await eventually(lambda: api.requests > before + 20)
    process.kill()
    await ended(process)
    await hub.start()
    shipped = len(hub.numbers)
    process = spawn(settings)
    await eventually(lambda: len(hub.numbers) > shipped + 15, within_s=30)
    process.terminate()
    await ended(process)
    assert hub.numbers == list(range(1, len(hub.numbers) + 1))
    assert len(set(hub.run_ids)) == len(hub.numbers)
    assert len(hub.stored) == 1  # the same prober to the hub


@pytest.mark.slow
def test_a_prober_without_a_token_says_what_to_do(settings):
    process = spawn(settings, LEADLINE_PROBER_TOKEN="")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said.decode().startswith("no token: set LEADLINE_PROBER_TOKEN")


@pytest.mark.slow
def test_the_probers_interpreter_holds_no_database_no_data_frames_and_no_dashboard():
    code = (
        "import sys, probes.agent.__main__, probes.agent.compose\n"
        "print(*({'duckdb', 'pandas', 'dash', 'numpy', 'pyarrow', 'plotly', 'fastapi'} & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.strip() == ""


@pytest.mark.slow
def test_an_append_that_returned_survives_a_kill(tmp_path):
    writer = (
        "import sys, pathlib, datetime\n"
        "from probes.agent.outbox import Outbox\n"
        "now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)\n"
        "outbox = Outbox(pathlib.Path(sys.argv[1]), 'local', now)\n"
        "while True: print(outbox.append([b'{}'], now), flush=True)\n"
    )
    from probes.agent.outbox import Outbox

    path, last = tmp_path / "prober-local.sqlite", 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", writer, str(path)], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            last = int(line)
            if last % 50 == 0:
                break
        process.kill()
        rest, _ = process.communicate()
        last = max([last, *map(int, rest.split("\n")[:-1])])
    outbox = Outbox(path, "local", datetime.fromtimestamp(time.time(), UTC))
    parcel = outbox.parcel(runs=10_000)
    outbox.close(clean=True)
    assert outbox.previous_stop == "unclean"
    assert parcel.first == 1
    assert last <= parcel.last <= last + 3  # at most the one in flight at each kill on top
