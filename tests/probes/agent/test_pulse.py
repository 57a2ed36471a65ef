"""The heartbeat says how the prober is and hears which configuration and what time the hub has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from probes.agent.pulse import Pulse
from probes.model import Heartbeat


@pytest.fixture
def versions():
    return []


@pytest.fixture
def pulse(client, problems, clock, versions, hub):
    hub.now = clock

    def state():
        return Heartbeat("p1", "local", "0.1.0", clock(), clock(), 1.5, 7, "v1", problem=problems.summary)

    return Pulse(state, client, problems, clock, versions.append)


async def test_the_hub_hears_how_we_are_and_we_hear_its_version(pulse, hub, versions, problems):
    hub.document = {"version": "v9", "config": {}}
    await pulse.beat()
    assert hub.heartbeats[0]["outbox_depth"] == 7
    assert versions == ["v9"]
    assert problems.summary is None


async def test_an_absent_hub_is_no_error(pulse, hub, problems):
    await hub.stop()
    await pulse.beat()
    assert "cannot be reached" in problems.summary
    await hub.start()
    await pulse.beat()
    assert problems.summary is None


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (timedelta(seconds=4), None),
        (timedelta(seconds=-4), None),
        (timedelta(seconds=30), "30 s behind the hub's"),
        (timedelta(seconds=-30), "30 s ahead of the hub's"),
    ],
    ids=str,
)
async def test_clocks_that_differ_are_said(pulse, hub, clock, problems, apart, said):
    hub.now = lambda: clock() + apart
    await pulse.beat()
    assert (said in problems.summary) if said else problems.summary is None


async def test_clocks_that_agree_again_are_no_problem_any_more(pulse, hub, clock, problems):
    hub.now = lambda: clock() + timedelta(minutes=1)
    await pulse.beat()
    await pulse.beat()
    hub.now = clock
    await pulse.beat()
    assert problems.summary is None
