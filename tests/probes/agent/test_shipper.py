"""Every run reaches the hub exactly once, whatever the hub, the network or one bad run does."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from probes import wire
from probes.agent.backoff import LONGEST_S, Backoff
from probes.agent.hub import HubClient
from probes.agent.shipper import Shipper
from probes.model import Evidence, Outcome, StepResult


@pytest.fixture
def shipper(mailbox, client, problems):
    return Shipper(mailbox, client, problems, Backoff(lambda low, high: high))


@pytest.fixture
def put(mailbox, make_run):
    """Puts runs in the outbox, and gives them back."""

    async def put_runs(count, **changes):
        runs = [make_run(**changes) for _ in range(count)]
        await mailbox.append(*runs)
        return runs

    return put_runs


async def drain(shipper, most=10_000):
    """Ship until nothing waits or the shipper wants to wait; the delays it asked for."""
    delays = []
    for _ in range(most):
        delay = await shipper.ship_once()
        if delay is None:
            break
        delays.append(delay)
        if delay >= 1.0:
            break
    return delays


async def test_what_is_in_the_outbox_reaches_the_hub_and_leaves_the_outbox(shipper, put, hub, mailbox):
    runs = await put(3)
    await drain(shipper)
    assert hub.stored == {mailbox.prober_id: dict(enumerate(runs, 1))}
    assert mailbox.depth.waiting == 0


async def test_nothing_to_ship_asks_nobody(shipper, hub):
    assert await shipper.ship_once() is None
    assert hub.batches == []


async def test_runs_travel_in_batches_of_at_most_500(shipper, put, hub):
    await put(1200)
    await drain(shipper)
    assert hub.batches == [(1, 500), (501, 1000), (1001, 1200)]


async def test_a_hub_that_was_away_for_hours_gets_every_number_once(shipper, put, hub, mailbox, clock, problems):
    await hub.stop()
    runs = []
    for _ in range(6):  # six hours
        runs += await put(20)
        assert (await drain(shipper))[-1] >= 1.0
        clock.advance(hours=1)
    assert "hub" in problems
    await hub.start()
    await drain(shipper)
    assert hub.numbers == list(range(1, 121))
    assert sorted(hub.run_ids) == sorted(run.run_id for run in runs)
    assert (mailbox.depth.waiting, problems.summary) == (0, None)


async def test_the_wait_doubles_to_half_a_minute_and_starts_again_after_a_success(shipper, put, hub, reply):
    hub.script.extend(reply(500) for _ in range(7))
    await put(1)
    assert [await shipper.ship_once() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert await shipper.ship_once() < 1
    hub.script.append(reply(500))
    await put(1)
    assert await shipper.ship_once() == 1


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("Sun, 22 Nov 2026 12:01:00 GMT", 60, id="a date one minute ahead"),
        pytest.param("86400", 300, id="a day is cut to five minutes"),
        pytest.param("soon", 1, id="nonsense counts as no header"),
        pytest.param("0", 1, id="at once is still a second"),
    ],
)
async def test_a_busy_hub_names_the_wait_itself(shipper, put, hub, reply, header, waits):
    hub.script.append(reply(429, headers={"Retry-After": header}))
    await put(1)
    assert await shipper.ship_once() == waits
    await drain(shipper)
    assert hub.numbers == [1]


async def test_an_answer_lost_after_the_commit_stores_nothing_twice(shipper, put, hub, reply):
    hub.script.append(reply(cut=True))
    runs = await put(3)
    assert (await drain(shipper))[-1] >= 1.0
    assert hub.numbers == [1, 2, 3]
    runs += await put(2)  # the repetition carries more than the first try
    await drain(shipper)
    assert hub.numbers == [1, 2, 3, 4, 5]
    assert sorted(hub.run_ids) == sorted(run.run_id for run in runs)


async def test_one_poisoned_run_is_set_aside_and_all_others_arrive(shipper, put, hub, mailbox):
    await put(37)
    (poison,) = await put(1, integration="poison")
    await put(62)
    hub.accepts = lambda run: run.run_id != poison.run_id
    await drain(shipper)
    assert hub.numbers == [n for n in range(1, 101) if n != 38]
    assert (mailbox.depth.waiting, mailbox.depth.refused) == (0, 1)


async def test_finding_the_poisoned_run_takes_few_requests(shipper, put, hub):
    await put(250)
    (poison,) = await put(1)
    await put(249)
    hub.accepts = lambda run: run.run_id != poison.run_id
    assert len(await drain(shipper)) < 40


async def test_a_hub_that_takes_less_gets_smaller_batches(shipper, put, hub, mailbox):
    await put(64)
    hub.max_body = 3000
    await drain(shipper)
    assert hub.numbers == list(range(1, 65))
    assert mailbox.depth.dropped == 0


async def test_a_run_too_large_for_the_hub_goes_without_its_evidence(shipper, put, hub, clock):
    proof = Evidence("e", "GET", "http://x", {}, None, 500, {}, "b" * 8000, {})
    step = StepResult("s", 0, 1, False, clock(), Outcome.FAILED, evidence=proof)
    await put(1)
    (large,) = await put(1, steps=(step,))
    await put(1)
    hub.max_body = 3000
    await drain(shipper)
    assert hub.numbers == [1, 2, 3]
    (stored,) = hub.stored.values()
    assert stored[2] == replace(large, steps=(replace(step, evidence=None),))


async def test_a_run_too_large_even_so_is_dropped_and_counted(shipper, put, hub, mailbox):
    await put(1)
    await put(1, failed_step="x" * 9000)
    await put(1)
    hub.max_body = 3000
    await drain(shipper)
    assert hub.numbers == [1, 3]
    assert mailbox.depth.dropped == 1


async def test_a_run_beyond_the_bound_is_not_even_sent(shipper, put, hub, mailbox):
    await put(1, failed_step="x" * (wire.MAX_BODY_BYTES + 1))
    hub.max_body = 10 * wire.MAX_BODY_BYTES
    await drain(shipper)
    assert (hub.numbers, mailbox.depth.dropped) == ([], 1)


async def test_a_wrong_token_is_said_and_retried_slowly_and_loses_nothing(settings, clock, mailbox, problems, put, hub):
    await put(2)
    hub.TOKEN = "another"
    client = HubClient(settings, clock, problems)
    assert await Shipper(mailbox, client, problems).ship_once() == LONGEST_S
    assert "refuses this prober's token (401)" in problems.summary
    assert settings.token.get_secret_value() not in problems.summary
    hub.TOKEN = settings.token.get_secret_value()
    await drain(Shipper(mailbox, client, problems))
    await client.close()
    assert (hub.numbers, problems.summary) == ([1, 2], None)


async def test_a_hub_restored_from_a_backup_gets_what_there_still_is(shipper, put, hub, mailbox):
    await put(10)
    await drain(shipper)
    hub.stored[mailbox.prober_id] = {n: r for n, r in hub.stored[mailbox.prober_id].items() if n <= 4}
    hub.cursors[mailbox.prober_id] = 4
    await put(3)
    await drain(shipper)
    assert hub.numbers == [1, 2, 3, 4, 11, 12, 13]
    assert mailbox.depth.waiting == 0


@pytest.mark.parametrize(
    "content", [{}, {"cursor": None}, {"cursor": 0}, {"cursor": "2"}, {"cursor": True}, ["cursor"], None], ids=str
)
async def test_an_answer_that_does_not_cover_the_runs_deletes_nothing(shipper, put, hub, reply, mailbox, content):
    hub.script.append(reply(200, content))
    await put(2)
    assert await shipper.ship_once() == 1
    assert mailbox.depth.waiting == 2
    await drain(shipper)
    assert hub.numbers == [1, 2]


async def test_a_hub_that_took_a_part_gets_the_rest(shipper, put, hub, reply, mailbox):
    hub.script.append(reply(200, {"cursor": 1}))
    await put(3)
    await drain(shipper)
    assert (hub.batches, mailbox.depth.waiting) == ([(2, 3)], 0)


async def test_an_outage_is_logged_once_and_its_end_once(shipper, put, hub, reply):
    hub.script.extend(reply(500) for _ in range(5))
    await put(1)
    with capture_logs() as logged:
        for _ in range(6):
            await shipper.ship_once()
    assert [entry["event"] for entry in logged] == ["problem", "problem_over"]


def test_the_packed_body_is_plain_gzip():
    assert gzip.decompress(wire.pack(b"{}")) == b"{}"
