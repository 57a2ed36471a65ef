"""What every channel promises; a new entry in the registry is tested the day it is added."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.channels import CHANNELS, Receipt, TransportError, build_sender, build_senders
from alerts.model import Action, Tier
from config.model import Channel

SECRET = "s3cr3t-Value-0123456789"


@dataclass(frozen=True)
class Case:
    """A channel that sends to the doubles. `refused` is a closed port."""

    kind: str
    options: Callable[[str, int], dict[str, Any]]
    environ: Callable[[str], dict[str, str]]


def _ok(posted: Any) -> tuple[int, str, dict[str, str]]:
    return 200, json.dumps({"ok": True, "ts": "1.2", "channel": "C1"}), {}


CASES = (
    Case(
        "pagerduty",
        lambda url, _: {"routing_key": "${env:KEY}", "url": url},
        lambda _: {"KEY": SECRET},
    ),
    Case(
        "twilio_sms",
        lambda url, _: {
            "account_sid": "AC1", "auth_token": "${env:KEY}", "from_number": "+15005550006", "to": ["+15005550010"],
            "url": url,
        },
        lambda _: {"KEY": SECRET},
    ),
    Case("slack", lambda url, _: {"webhook_url": "${env:HOOK}"}, lambda url: {"HOOK": f"{url}/services/T/B/{SECRET}"}),
    Case(
        "slack",
        lambda url, _: {"bot_token": "${env:KEY}", "channel": "#ops", "url": url},
        lambda _: {"KEY": SECRET},
    ),
    Case(
        "webhook",
        lambda url, _: {"url": "${env:HOOK}", "secret": "${env:KEY}"},
        lambda url: {"HOOK": f"{url}/in/{SECRET}", "KEY": SECRET + "-key"},
    ),
    Case(
        "email",
        lambda _, port: {
            "host": "127.0.0.1", "port": port, "starttls": False, "username": "u", "password": "${env:KEY}",
            "from_address": "leadline@example.com", "to": ["oncall@example.com"],
        },
        lambda _: {"KEY": SECRET},
    ),
    Case(
        "teams", lambda url, _: {"webhook_url": "${env:HOOK}"}, lambda url: {"HOOK": f"{url}/workflows/1?sig={SECRET}"}
    ),
    Case(
        "alertmanager",
        lambda url, _: {"urls": [url], "username": "leadline", "password": "${env:KEY}"},
        lambda _: {"KEY": SECRET},
    ),
    Case(
        "apprise",
        lambda url, _: {"urls": ["${env:HOOK}"]},
        lambda url: {"HOOK": f"{url.replace('http:', 'json:')}/{SECRET}"},
    ),
)  # fmt: skip
IDS = ["pagerduty", "twilio_sms", "slack webhook", "slack bot", "webhook", "email", "teams", "alertmanager", "apprise"]
OWN_WAY = ("email", "apprise")
"""Not by an HTTP client of ours: what they make of answers is tested with each."""
HTTP_CASES = [pytest.param(case, id=name) for case, name in zip(CASES, IDS, strict=True) if case.kind not in OWN_WAY]
ALL_CASES = [pytest.param(case, id=name) for case, name in zip(CASES, IDS, strict=True)]


def sender(case: Case, client: Any, url: str, port: int = 1) -> Any:
    channel = Channel.model_validate({"name": "ops", "kind": case.kind, **case.options(url, port)})
    return build_sender(channel, case.environ(url), client)


async def refused(made: Any, notification: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await made.send(notification)
    return caught.value


def test_every_kind_of_channel_has_a_case() -> None:
    assert {case.kind for case in CASES} == set(CHANNELS)


@pytest.mark.parametrize("case", ALL_CASES)
@pytest.mark.parametrize("action", list(Action))
async def test_every_action_is_accepted(
    case: Case, action: Action, world: Any, desk: Any, post_office: Any, client: Any
) -> None:
    desk.answer = _ok
    receipt = await sender(case, client, desk.url, post_office.port).send(world.notification(action))
    assert isinstance(receipt, Receipt)


@pytest.mark.parametrize("case", ALL_CASES)
async def test_a_report_is_accepted(case: Case, world: Any, desk: Any, post_office: Any, client: Any) -> None:
    desk.answer = _ok
    report = world.notification(Action.RESOLVE, tier=Tier.REPORT)
    assert isinstance(await sender(case, client, desk.url, post_office.port).send(report), Receipt)


@pytest.mark.parametrize("case", HTTP_CASES)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_or_broken_server_is_tried_again(
    case: Case, status: int, world: Any, desk: Any, client: Any
) -> None:
    desk.answers(status, "later", Retry_After="17")
    err = await refused(sender(case, client, desk.url), world.notification())
    assert (err.permanent, err.retry_after_s, err.status) == (False, 17.0, status)


@pytest.mark.parametrize("case", HTTP_CASES)
@pytest.mark.parametrize("status", [302, 400, 403, 404, 410])
async def test_a_refusal_is_permanent(case: Case, status: int, world: Any, desk: Any, client: Any) -> None:
    desk.answers(status, "no_service", Location="http://127.0.0.1:1/elsewhere")
    err = await refused(sender(case, client, desk.url), world.notification())
    assert (err.permanent, err.status) == (True, status)
    assert "no_service" in str(err)
    assert len(desk.posted) == 1


@pytest.mark.parametrize("case", ALL_CASES)
async def test_a_closed_port_is_tried_again(case: Case, world: Any, desk: Any, post_office: Any, client: Any) -> None:
    url, port = desk.url, post_office.port
    await desk.stop()
    await post_office.stop()
    err = await refused(sender(case, client, url, port), world.notification())
    assert err.permanent is False


@pytest.mark.parametrize("case", HTTP_CASES)
@pytest.mark.parametrize("status", [200, 400, 503])
async def test_no_secret_is_shown_anywhere(
    case: Case, status: int, world: Any, desk: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(posted: Any) -> tuple[int, str, dict[str, str]]:
        return status, f"{posted.path} {posted.headers} {posted.body.decode()[:3000]}", {}

    caplog.set_level(logging.DEBUG)
    build_senders(world.config(), {}, client)
    desk.answer = echo
    made = sender(case, client, desk.url)
    try:
        shown = str(await made.send(world.notification()))
    except TransportError as err:
        shown = f"{err!s} {err!r} {err.__cause__!r}"
    assert SECRET not in shown
    assert SECRET not in repr(made)
    assert SECRET not in caplog.text


async def test_no_password_is_shown_when_mail_is_refused(world: Any, post_office: Any, client: Any) -> None:
    post_office.refuse = {"AUTH": f"535 bad credentials {SECRET}"}
    made = sender(CASES[-1], client, "", post_office.port)
    err = await refused(made, world.notification())
    assert err.permanent is True
    assert SECRET not in f"{err!s} {made!r}"


@pytest.mark.parametrize("case", ALL_CASES)
def test_an_unknown_option_is_refused(case: Case) -> None:
    options = {**case.options("http://127.0.0.1:1", 1), "colour": "red"}
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        CHANNELS[case.kind].Options.model_validate(options)


@pytest.mark.parametrize("case", ALL_CASES)
def test_a_secret_in_plain_text_is_refused_without_being_repeated(case: Case) -> None:
    options = case.options("http://127.0.0.1:1", 1)
    plain = {k: SECRET if isinstance(v, str) and v.startswith("${") else v for k, v in options.items()}
    plain |= {k: [SECRET] for k, v in options.items() if isinstance(v, list) and v[0].startswith("${")}
    with pytest.raises(ValidationError, match="a secret in plain text") as caught:
        CHANNELS[case.kind].Options.model_validate(plain)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("case", ALL_CASES)
async def test_a_secret_that_is_missing_here_makes_the_channel_refuse_with_the_reason(
    case: Case, world: Any, client: Any
) -> None:
    channel = Channel.model_validate({"name": "ops", "kind": case.kind, **case.options("http://127.0.0.1:1", 1)})
    err = await refused(build_sender(channel, {}, client), world.notification())
    assert err.permanent is True
    assert "is not set" in str(err)


@pytest.mark.parametrize("case", [c for c in HTTP_CASES if c.id != "webhook"])
async def test_keys_do_not_travel_in_the_open(case: Case, world: Any, client: Any) -> None:
    err = await refused(sender(case, client, "http://pager.example.com"), world.notification())
    assert "must be https" in str(err)
