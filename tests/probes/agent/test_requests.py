"""Runs that the hub asks for: each is carried out once, and said until the hub has heard it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from probes.agent.requests import Requests
from probes.agent.work import Plan, plan
from probes.model import Outcome, RequestState

OFFER = [{"id": "q-1", "integration": "crm", "workflow": "read"}]


@pytest.fixture
def planned(make_config):
    return plan(make_config("v1", works={"crm/read": "60s"}), "local", {})


@pytest.fixture
def build(vendor, clock, planned):
    def make(known=planned):
        async def ask(work, at):
            return await vendor.run(work.integration, work.workflow, region="local", config=work.config,
                                    scheduled_at=at, attempt=0)  # fmt: skip

        return Requests(ask, lambda: known, clock, lambda: None)

    return make


async def ended(requests):
    while any(one.state is RequestState.RUNNING for one in requests.report()):
        await asyncio.sleep(0)


async def test_an_offer_is_carried_out_once_and_told_until_the_hub_has_it(build, vendor):
    requests = build()
    requests.heard(OFFER)
    (running,) = requests.report()
    assert running.state is RequestState.RUNNING
    requests.heard(OFFER)
    await ended(requests)
    (done,) = requests.report()
    requests.delivered((running,))
    assert (done.state, done.run_id is not None, requests.report()) == (RequestState.DONE, True, (done,))
    requests.delivered((done,))
    requests.heard(OFFER)
    assert requests.report() == ()


async def test_a_reserve_or_an_open_circuit_declines_with_its_reason(build, vendor, make_run):
    requests, vendor.outcome = build(), Outcome.SKIPPED
    requests.heard(OFFER)
    await ended(requests)
    (answer,) = requests.report()
    assert (answer.state, answer.run_id, bool(answer.reason)) == (RequestState.DECLINED, None, True)


async def test_what_is_not_probed_from_here_is_declined_and_before_a_configuration_nothing_is_said(build, planned):
    requests = build()
    requests.heard([OFFER[0] | {"workflow": "other"}])
    assert requests.report()[0].reason == "not probed from this region"
    early = build(Plan({}, {}))
    early.heard(OFFER)
    assert early.report() == ()
    missing = replace(planned, works={}, unresolved={})
    assert build(missing).report() == ()


@pytest.mark.parametrize("nonsense", [None, "no", [{}], [{"id": 3}], {"id": "q-1"}])
async def test_what_is_not_understood_is_left_alone(build, nonsense):
    requests = build()
    requests.heard(nonsense)
    assert requests.report() == ()
