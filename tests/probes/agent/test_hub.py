"""What a hub's answer means to a prober, and what a prober shows a hub."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from probes.agent.backoff import Backoff
from probes.agent.hub import Denied, Good, HubClient, Later, Refused, TooLarge, Unreachable
from probes.agent.settings import AgentError


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ({"status": 200, "content": {"cursor": 1}}, Good({"cursor": 1})),
        ({"status": 401, "content": {"error": "who?"}}, Denied("the hub refuses this prober's token (401): who?")),
        ({"status": 403, "content": {"detail": "no"}}, Denied("the hub refuses this prober's token (403): no")),
        ({"status": 413}, TooLarge()),
        ({"status": 422, "content": {"detail": [{"loc": 1}]}}, Refused('[{"loc": 1}]')),
        ({"status": 404, "content": "x"}, Later("the hub answered 404: Whatever")),
        ({"status": 301}, Later("the hub answered 301: Whatever")),
        ({"status": 503, "headers": {"Retry-After": "9"}}, Later("the hub answered 503: Whatever", 9.0)),
        (
            {"status": 502, "headers": {"Retry-After": "Mon, 01 Jan 99999999999 00:00:00 GMT"}},
            Later("the hub answered 502: Whatever"),
        ),
        ({"status": 200, "content": None}, Later("the hub answered 200 without JSON; is a proxy between?")),
    ],
    ids=lambda value: str(value.get("status")) if isinstance(value, dict) else type(value).__name__,
)
async def test_an_answer_means_the_same_to_every_sender(client, hub, reply, answer, meaning):
    hub.script.append(reply(**answer))
    assert await client.ship(b"") == meaning


async def test_an_absent_hub_is_said_once_for_all_senders_and_its_return_once(client, hub, problems):
    await hub.stop()
    with capture_logs() as logged:
        for ask in (client.ship, client.heartbeat, client.config, client.ship):
            assert await ask(b"" if ask != client.config else None) == Unreachable()
        assert "cannot be reached" in problems.summary
        await hub.start()
        await client.heartbeat(b"{}")
    assert [entry["event"] for entry in logged] == ["problem", "problem_over"]


async def test_no_proxy_stands_between_a_prober_and_its_own_machine(settings, clock, problems, hub, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = HubClient(settings, clock, problems)
    assert isinstance(await client.heartbeat(b"{}"), Good)
    await client.close()


async def test_a_token_on_its_way_in_clear_text_is_warned_of_but_not_shown(settings, clock, problems):
    with capture_logs() as logged:
        await HubClient(replace(settings, hub_url="http://hub.example.com"), clock, problems).close()
    assert logged[0]["event"] == "token_in_clear_text"
    assert settings.token.get_secret_value() not in str(logged) + repr(settings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region": "../etc"}, "--region: .*a name is"),
        ({"hub_url": "hub:8050"}, "--hub: write the hub's address"),
        ({"hub_url": "http://"}, "--hub: write the hub's address"),
        ({"hub_url": "http://[::1"}, "--hub: write the hub's address"),
        ({"hub_url": "http://a hub\n"}, "--hub: write the hub's address"),
        ({"hub_url": "http://hub:99999"}, "--hub: write the hub's address"),
        ({"token": SecretStr("")}, "token is empty"),
        ({"token": SecretStr("a-token\n")}, "holds a space, a line break"),
        ({"token": SecretStr("a-tökén")}, "beyond ASCII"),
    ],
    ids=[
        "a region that is a path",
        "an address without a scheme",
        "an address without a host",
        "half an IPv6 address",
        "a name that is none",
        "a port that is none",
        "no token",
        "a token with a line break",
        "a token beyond ASCII",
    ],
)
def test_settings_that_cannot_be_are_refused(settings, changes, said):
    with pytest.raises(AgentError, match=said):
        replace(settings, **changes)


def test_waits_are_between_half_and_whole_so_that_probers_do_not_return_in_step():
    waits = [[backoff.failed() for _ in range(8)] for backoff in (Backoff() for _ in range(50))]
    for number, column in enumerate(zip(*waits, strict=True)):
        whole = min(30.0, 2.0**number)
        assert all(whole / 2 <= wait <= whole for wait in column)
        assert len(set(column)) > 1
