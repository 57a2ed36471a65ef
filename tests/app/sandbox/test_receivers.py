"""The services that alerts are delivered to."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import aiosmtplib
import pytest

from app.sandbox.receivers import RECEIVERS
from app.sandbox.receivers.twilio import segments

CHANNEL = "C0LEADLINE"


def event(key: str, caller, action: str = "trigger", **changes):
    payload = {"summary": "HubSpot: create contact fails", "source": "leadline", "severity": "critical"}
    routing_key = caller.environ["PAGERDUTY_ROUTING_KEY"]
    return {"routing_key": routing_key, "event_action": action, "dedup_key": key, "payload": payload, **changes}


async def enqueue(caller, body):
    return await caller.http.post(caller.environ["PAGERDUTY_URL"] + "/v2/enqueue", json=body)


async def received(caller, name):
    return (await caller.http.get(f"{caller.sandbox.admin_url}/received/{name}")).json()


def test_the_registry_names_each_receiver_as_it_names_itself() -> None:
    assert {name: kind.name for name, kind in RECEIVERS.items()} == {name: name for name in RECEIVERS}


async def test_pagerduty_keeps_one_incident_per_dedup_key_from_trigger_to_resolve(caller) -> None:
    answer = await enqueue(caller, event("k", caller))
    assert (answer.status_code, answer.json()["status"], answer.json()["dedup_key"]) == (202, "success", "k")
    await enqueue(caller, event("k", caller))
    await enqueue(caller, event("k", caller, "acknowledge"))
    await enqueue(caller, event("k", caller, "resolve"))
    incidents = (await received(caller, "pagerduty"))["now"]
    assert [(i["dedup_key"], i["status"], i["events"], i["pages"]) for i in incidents] == [("k", "resolved", 4, 1)]


async def test_pagerduty_opens_a_new_incident_after_a_resolve(caller) -> None:
    for action in ("trigger", "resolve", "trigger"):
        await enqueue(caller, event("k", caller, action))
    incidents = (await received(caller, "pagerduty"))["now"]
    assert [incident["status"] for incident in incidents] == ["triggered", "resolved"]


async def test_pagerduty_drops_a_resolve_of_nothing_silently(caller) -> None:
    answer = await enqueue(caller, event("k", caller, "resolve"))
    assert answer.status_code == 202
    assert (await received(caller, "pagerduty"))["now"] == []


async def test_pagerduty_makes_a_dedup_key_where_none_was_sent(caller) -> None:
    body = event("k", caller)
    del body["dedup_key"]
    assert len((await enqueue(caller, body)).json()["dedup_key"]) == 32


async def test_pagerduty_never_shows_the_routing_key(caller) -> None:
    await enqueue(caller, event("k", caller))
    page = await caller.http.get(f"{caller.sandbox.admin_url}/received/pagerduty")
    assert caller.environ["PAGERDUTY_ROUTING_KEY"] not in page.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"routing_key": "short"}, "Length of 'routing_key'", id="a routing key of another length"),
        pytest.param({"routing_key": "0" * 32}, "Invalid routing key", id="another routing key"),
        pytest.param({"event_action": "page"}, "'event_action' must be one of", id="an unknown action"),
        pytest.param({"dedup_key": "x" * 256}, "Length of 'dedup_key'", id="a dedup key too long"),
        pytest.param({"payload": None}, "'payload' is missing", id="no payload"),
        pytest.param(
            {"payload": {"summary": "s", "source": "x", "severity": "bad"}}, "'payload.severity'", id="severity"
        ),
        pytest.param(
            {"payload": {"summary": "s" * 1025, "source": "x", "severity": "info"}}, "Length of", id="summary too long"
        ),
    ],
)
async def test_pagerduty_says_what_is_wrong_with_an_event(caller, changes, problem) -> None:
    answer = await enqueue(caller, {**event("k", caller), **changes})
    assert (answer.status_code, answer.json()["status"]) == (400, "invalid event")
    assert problem in answer.json()["errors"][0]


async def test_pagerduty_takes_change_events(caller) -> None:
    body = {"routing_key": caller.environ["PAGERDUTY_ROUTING_KEY"], "payload": {"summary": "deployed"}}
    answer = await caller.http.post(caller.environ["PAGERDUTY_URL"] + "/v2/change/enqueue", json=body)
    assert answer.status_code == 202


async def test_slack_webhook_answers_ok_and_plain_text_errors(caller) -> None:
    url = caller.environ["SLACK_WEBHOOK_URL"]
    fine = await caller.http.post(url, json={"text": "hello"})
    empty = await caller.http.post(url, json={"colour": "red"})
    broken = await caller.http.post(url, content=b"{")
    unknown = await caller.http.post(url[:-1] + "!", json={"text": "hello"})
    assert (fine.status_code, fine.text) == (200, "ok")
    assert (empty.status_code, empty.text) == (400, "no_text")
    assert (broken.status_code, broken.text) == (400, "invalid_payload")
    assert (unknown.status_code, unknown.text) == (404, "no_service")


async def slack(caller, method, token=None, **arguments):
    authorization = {"Authorization": f"Bearer {token or caller.environ['SLACK_BOT_TOKEN']}"}
    url = f"{caller.environ['SLACK_URL']}/api/{method}"
    return (await caller.http.post(url, json=arguments, headers=authorization)).json()


async def test_slack_edits_one_message_in_place(caller) -> None:
    posted = await slack(caller, "chat.postMessage", channel=CHANNEL, text="one")
    edited = await slack(caller, "chat.update", channel=CHANNEL, ts=posted["ts"], text="two")
    assert edited == {"ok": True, "channel": CHANNEL, "ts": posted["ts"], "text": "two"}
    seen = await received(caller, "slack")
    assert [(message["text"], message["edits"]) for message in seen["now"]] == [("two", 1)]
    assert [message["method"] for message in seen["received"]] == ["chat.postMessage", "chat.update"]


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        pytest.param("chat.postMessage", {"channel": "C404", "text": "x"}, "channel_not_found", id="another channel"),
        pytest.param("chat.postMessage", {"channel": CHANNEL}, "no_text", id="nothing to say"),
        pytest.param(
            "chat.update", {"channel": CHANNEL, "ts": "1.0", "text": "x"}, "message_not_found", id="no such ts"
        ),
        pytest.param("files.upload", {}, "unknown_method", id="a method it does not have"),
    ],
)
async def test_slack_errors_come_as_ok_false(caller, method, arguments, error) -> None:
    assert await slack(caller, method, **arguments) == {"ok": False, "error": error}


async def test_slack_knows_its_bot_token(caller) -> None:
    assert (await slack(caller, "auth.test"))["ok"]
    assert (await slack(caller, "auth.test", token="xoxb-wrong"))["error"] == "invalid_auth"


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        pytest.param([SECTION] * 50, None, id="fifty blocks"),
        pytest.param([SECTION] * 51, "invalid_blocks", id="fifty-one blocks"),
        pytest.param([{**SECTION, "text": {"type": "mrkdwn", "text": "x" * 3000}}], None, id="3000 characters"),
        pytest.param([{**SECTION, "text": {"type": "mrkdwn", "text": "x" * 3001}}], "invalid_blocks", id="3001"),
        pytest.param([{"type": "section"}], "invalid_blocks", id="an empty section"),
        pytest.param(
            [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks", id="header"
        ),
        pytest.param([{"type": "section", "fields": [SECTION["text"]] * 11}], "invalid_blocks", id="eleven fields"),
        pytest.param([{"type": "context", "elements": [SECTION["text"]] * 11}], "invalid_blocks", id="eleven elements"),
        pytest.param(
            [{**SECTION, "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5, "msg_blocks_too_long", id="too much"
        ),
    ],
)
async def test_slack_checks_its_limits_on_blocks(caller, blocks, error) -> None:
    answer = await slack(caller, "chat.postMessage", channel=CHANNEL, text="x", blocks=blocks)
    assert answer.get("error") == error


async def sms(caller, **changes):
    sid = caller.environ["TWILIO_ACCOUNT_SID"]
    form = {"To": "+15550100123", "From": "+15550100001", "Body": "HubSpot is down", **changes}
    url = f"{caller.environ['TWILIO_URL']}/2010-04-01/Accounts/{sid}/Messages.json"
    return await caller.http.post(url, data=form, auth=(sid, caller.environ["TWILIO_AUTH_TOKEN"]))


async def test_twilio_queues_a_message_and_shows_it(caller) -> None:
    answer = (await sms(caller)).json()
    assert (answer["status"], answer["num_segments"], answer["sid"][:2]) == ("queued", "1", "SM")
    message = (await received(caller, "twilio"))["received"][0]
    assert (message["to"], message["body"]) == ("+15550100123", "HubSpot is down")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"Body": "x" * 1601}, 21617, id="a body too long"),
        pytest.param({"Body": ""}, 21602, id="no body"),
        pytest.param({"To": ""}, 21604, id="nobody to send to"),
        pytest.param({"To": "555"}, 21211, id="a number that is none"),
        pytest.param({"To": "+15005550004"}, 21610, id="somebody who opted out"),
        pytest.param({"From": "me"}, 21212, id="a sender that is none"),
    ],
)
async def test_twilio_numbers_its_errors(caller, changes, code) -> None:
    answer = await sms(caller, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_twilio_wants_its_account_and_token(caller) -> None:
    sid = caller.environ["TWILIO_ACCOUNT_SID"]
    url = f"{caller.environ['TWILIO_URL']}/2010-04-01/Accounts/{sid}/Messages.json"
    answer = await caller.http.post(url, data={}, auth=(sid, "wrong"))
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize(
    ("body", "count"),
    [("x" * 160, 1), ("x" * 161, 2), ("é" * 160, 1), ("€" * 81, 2), ("🔥" * 35, 1), ("🔥" * 36, 2), ("ж" * 71, 2)],
)
def test_segments_are_counted_as_they_are_billed(body, count) -> None:
    assert segments(body) == count


async def test_smtp_keeps_a_mail_with_its_parts(caller) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Incident report – über", "leadline@example.com", "ops@example.com"
    mail.set_content("plain\n.dot at the start of a line\n")
    mail.add_alternative("<p>html</p>", subtype="html")
    await aiosmtplib.send(mail, hostname=caller.environ["SMTP_HOST"], port=int(caller.environ["SMTP_PORT"]))
    kept = (await received(caller, "smtp"))["received"][0]
    assert (kept["subject"], kept["to"]) == ("Incident report – über", ["ops@example.com"])
    assert kept["text"].splitlines() == ["plain", ".dot at the start of a line"]
    assert "<p>html</p>" in kept["html"]


async def test_smtp_refuses_while_its_fault_is_on(caller, set_faults) -> None:
    await set_faults("smtp", status=550)
    mail = EmailMessage()
    mail["From"], mail["To"] = "leadline@example.com", "ops@example.com"
    with pytest.raises(aiosmtplib.SMTPResponseException, match="refused the message") as caught:
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=int(caller.environ["SMTP_PORT"]))
    assert caught.value.code == 550


async def attempt(caller, name):
    if name == "pagerduty":
        return await enqueue(caller, event("k", caller))
    if name == "twilio":
        return await sms(caller)
    return await caller.http.post(caller.environ["SLACK_WEBHOOK_URL"], json={"text": "hello"})


@pytest.mark.parametrize("name", ["pagerduty", "twilio", "slack"])
async def test_a_receiver_refuses_with_the_status_it_was_told_and_keeps_nothing(caller, set_faults, name) -> None:
    await set_faults(name, status=503)
    assert (await attempt(caller, name)).status_code == 503
    assert (await received(caller, name))["received"] == []


@pytest.mark.parametrize("name", ["pagerduty", "twilio", "slack"])
async def test_a_throttled_receiver_says_when_to_come_back(caller, set_faults, name) -> None:
    await set_faults(name, throttle=7)
    answer = await attempt(caller, name)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("name", ["pagerduty", "twilio", "slack"])
async def test_a_receiver_that_is_down_comes_back_on_its_port(caller, sandbox, set_faults, name) -> None:
    await set_faults(name, down=True)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", sandbox.targets[name].listener.port)
    await sandbox.clear_faults(name)
    assert (await attempt(caller, name)).is_success
