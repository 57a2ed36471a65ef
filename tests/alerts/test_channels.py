"""What each channel does beyond the contract: its own format, its own way of not repeating itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from alerts.channels import TransportError, build_sender
from alerts.channels.email import compose
from alerts.channels.http import retry_after
from alerts.channels.pagerduty import MAX_BYTES, event
from alerts.channels.slack_blocks import MAX_SECTION, body_of, cut
from alerts.model import Action, Tier
from config.model import Channel


def channel(client: Any, environ: dict[str, str] | None = None, **options: Any) -> Any:
    return build_sender(Channel.model_validate({"name": "ops", **options}), environ or {"KEY": "k" * 32}, client)


# PagerDuty


async def test_pagerduty_gets_a_page_with_everything_in_it(world: Any, desk: Any, client: Any) -> None:
    desk.answers(202, '{"status": "success"}')
    await channel(client, kind="pagerduty", routing_key="${env:KEY}", url=desk.url).send(world.notification())
    (posted,) = desk.posted
    sent = posted.json
    assert posted.path == "/v2/enqueue"
    assert (sent["routing_key"], sent["event_action"]) == ("k" * 32, "trigger")
    assert sent["dedup_key"] == "leadline/hubspot/20261122-030000-hubspot"
    assert sent["payload"]["severity"] == "critical"
    assert sent["payload"]["timestamp"] == "2026-11-22T03:00:00+00:00"
    assert sent["payload"]["custom_details"]["Evidence"] == "ev-1"
    assert [link["text"] for link in sent["links"]] == ["Dashboard", "Runbook"]


@pytest.mark.parametrize(("action", "word"), [(Action.RESOLVE, "resolve"), (Action.ACKNOWLEDGE, "acknowledge")])
def test_pagerduty_ends_what_it_triggered_by_the_same_key(world: Any, action: Action, word: str) -> None:
    key = event(world.notification())["dedup_key"]
    assert event(world.notification(action)) == {"event_action": word, "dedup_key": key}


def test_pagerduty_is_told_less_loudly_of_what_is_only_degraded(world: Any) -> None:
    assert event(world.notification(incident=world.incident(tier=Tier.DEGRADED)))["payload"]["severity"] == "warning"


def test_pagerduty_never_gets_more_than_it_takes(world: Any) -> None:
    huge = world.incident(*(world.condition(key=str(n), summary="x" * 2000, title="T" * 1500) for n in range(500)))
    found = event(world.notification(incident=huge))
    assert len(found["payload"]["summary"]) == 1024
    assert len(json.dumps(found)) < MAX_BYTES
    assert found["payload"]["custom_details"] == {"note": "left out: too long; see the dashboard"}


# Twilio


def twilio(client: Any, url: str) -> Any:
    return channel(
        client, kind="twilio_sms", account_sid="AC1", auth_token="${env:KEY}", from_number="+15005550006",
        to=["+15005550001", "+15005550002"], url=url,
    )  # fmt: skip


async def test_every_number_is_texted_with_the_accounts_credentials(world: Any, desk: Any, client: Any) -> None:
    desk.answers(201, "{}")
    await twilio(client, desk.url).send(world.notification())
    assert [posted.form["To"] for posted in desk.posted] == ["+15005550001", "+15005550002"]
    assert {posted.path for posted in desk.posted} == {"/2010-04-01/Accounts/AC1/Messages.json"}
    assert desk.posted[0].headers["authorization"].startswith("Basic ")


async def test_a_retry_texts_only_the_number_that_was_not_reached(world: Any, desk: Any, client: Any) -> None:
    desk.answer = lambda p: (503, "", {}) if p.form["To"].endswith("2") else (201, "{}", {})
    note = world.notification()
    with pytest.raises(TransportError) as caught:
        await twilio(client, desk.url).send(note)
    assert caught.value.permanent is False
    desk.posted.clear()
    desk.answers(201, "{}")
    await twilio(client, desk.url).send(replace(note, receipt=caught.value.keep))
    assert [posted.form["To"] for posted in desk.posted] == ["+15005550002"]


async def test_the_end_is_texted_to_everybody_again(world: Any, desk: Any, client: Any) -> None:
    desk.answers(201, "{}")
    first = await twilio(client, desk.url).send(world.notification())
    await twilio(client, desk.url).send(world.notification(Action.RESOLVE, notification_id=8, receipt=first.keep))
    assert len(desk.posted) == 4


async def test_a_number_that_opted_out_is_permanent_and_not_written_out(world: Any, desk: Any, client: Any) -> None:
    desk.answers(400, '{"code": 21610, "message": "+15005550001 has opted out"}')
    with pytest.raises(TransportError, match=r"number …001: HTTP 400") as caught:
        await twilio(client, desk.url).send(world.notification())
    assert caught.value.permanent is True
    assert "+15005550001" not in str(caught.value)


async def test_nobody_is_texted_about_an_acknowledgement(world: Any, desk: Any, client: Any) -> None:
    await twilio(client, desk.url).send(world.notification(Action.ACKNOWLEDGE))
    assert desk.posted == []


# Slack


def bot(client: Any, url: str) -> Any:
    return channel(client, kind="slack", bot_token="${env:KEY}", channel="#ops", url=url)


def slack_answers(desk: Any, **errors: str) -> None:
    def answer(posted: Any) -> tuple[int, str, dict[str, str]]:
        method = posted.path.removeprefix("/api/chat.")
        error = errors.get(method)
        return 200, json.dumps({"ok": not error, "error": error, "ts": "17.1", "channel": "C9"}), {}

    desk.answer = answer


async def test_slack_edits_its_message_and_replies_in_its_thread(world: Any, desk: Any, client: Any) -> None:
    slack_answers(desk)
    first = await bot(client, desk.url).send(world.notification())
    await bot(client, desk.url).send(world.notification(Action.UPDATE, notification_id=8, receipt=first.keep))
    calls = [(p.path, p.json["channel"], p.json.get("ts"), p.json.get("thread_ts")) for p in desk.posted]
    assert calls == [
        ("/api/chat.postMessage", "#ops", None, None),
        ("/api/chat.update", "C9", "17.1", None),
        ("/api/chat.postMessage", "C9", None, "17.1"),
    ]


async def test_slack_posts_anew_when_its_message_is_gone(world: Any, desk: Any, client: Any) -> None:
    slack_answers(desk, update="message_not_found")
    known = {"slack:ts": "1.0", "slack:channel": "C9"}
    receipt = await bot(client, desk.url).send(world.notification(Action.UPDATE, receipt=known))
    assert receipt.keep["slack:ts"] == "17.1"


async def test_slack_posts_anew_when_an_incident_reopens(world: Any, desk: Any, client: Any) -> None:
    slack_answers(desk)
    known = {"slack:ts": "1.0", "slack:channel": "C9", "slack:posted:3": "1"}
    await bot(client, desk.url).send(world.notification(notification_id=9, receipt=known))
    assert [p.path for p in desk.posted] == ["/api/chat.postMessage"]


@pytest.mark.parametrize(
    ("error", "permanent"), [("ratelimited", False), ("channel_not_found", True), ("invalid_auth", True)]
)
async def test_slacks_errors_inside_200_are_understood(
    world: Any, desk: Any, client: Any, error: str, permanent: bool
) -> None:
    slack_answers(desk, postMessage=error)
    with pytest.raises(TransportError, match=error) as caught:
        await bot(client, desk.url).send(world.notification())
    assert caught.value.permanent is permanent


def test_slack_is_told_by_one_way_only(client: Any) -> None:
    both = channel(client, kind="slack", bot_token="${env:KEY}", webhook_url="${env:KEY}", channel="#ops")
    assert "either webhook_url, or bot_token" in repr(both)


def test_a_vendors_words_cannot_ring_a_whole_slack_channel(world: Any) -> None:
    nasty = world.incident(world.condition(summary="<!channel> & <https://evil.example.com|click>"))
    shown = json.dumps(body_of(world.notification(incident=nasty)))
    assert "<!channel>" not in shown
    assert "&lt;!channel&gt; &amp; &lt;https" in shown


def test_slack_blocks_stay_within_every_limit(world: Any) -> None:
    huge = world.incident(
        *(world.condition(key=str(n), summary="<" * 900, title="T" * 400) for n in range(60)),
        owner="&" * 3000,
        title="T" * 400,
    )
    for tier in (Tier.DEGRADED, Tier.REPORT):
        body = body_of(world.notification(incident=huge, tier=tier))
        assert len(body["blocks"]) <= 50
        assert len(body["blocks"][0]["text"]["text"]) <= 150
        assert all(len(b["text"]["text"]) <= MAX_SECTION for b in body["blocks"] if "text" in b)
        assert len(json.dumps(body["blocks"], ensure_ascii=False)) < 13_200
        assert 0 < len(body["text"]) <= 4000


def test_a_cut_never_ends_inside_an_escape() -> None:
    assert cut("abc&lt;def", 7) == "abc…"
    assert cut("abc", 3) == "abc"


# E-mail


def email(client: Any, port: int, **more: Any) -> Any:
    return channel(
        client, kind="email", host="127.0.0.1", port=str(port), starttls=False, from_address="leadline@example.com",
        to=["a@example.com", "b@example.com"], **more,
    )  # fmt: skip


async def test_a_mail_has_text_html_and_a_thread(world: Any, post_office: Any, client: Any) -> None:
    await email(client, post_office.port).send(world.notification())
    ((to, mail),) = post_office.mails
    assert to == ["a@example.com", "b@example.com"]
    assert mail["Subject"].startswith("HubSpot contact-roundtrip DOWN 4 min")
    assert "Runbook:" in mail.get_body(("plain",)).get_content()
    assert "<table" in mail.get_body(("html",)).get_content()
    assert (mail["Importance"], mail["Auto-Submitted"]) == ("high", "auto-generated")
    assert mail["List-Id"] == "Leadline alerts <leadline-alerts.example.com>"
    later = compose(world.notification(Action.RESOLVE, notification_id=8), "leadline@example.com", ("a@example.com",))
    assert (later["References"], later["Message-ID"] != mail["Message-ID"]) == (mail["References"], True)


async def test_a_mail_of_the_report_tier_is_the_post_incident_report(world: Any, post_office: Any, client: Any) -> None:
    await email(client, post_office.port).send(world.notification(Action.RESOLVE, tier=Tier.REPORT))
    mail = post_office.mails[0][1]
    assert mail["Subject"] == "Post-incident report: HubSpot contact-roundtrip DOWN, 12 min"
    assert "/reports/incident/" in mail.get_body(("plain",)).get_content()
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()[:4]) == ("incident-20261122-030000-hubspot.pdf", b"%PDF")
    shown = [part["Content-ID"] for part in mail.walk() if part.get_content_type() == "image/png"]
    assert shown == ["<chart-1.png>"]
    assert 'src="cid:chart-1.png"' in mail.get_body(("html",)).get_content()


async def test_an_address_that_was_refused_for_now_is_tried_alone(world: Any, post_office: Any, client: Any) -> None:
    post_office.refuse = {"RCPT TO:<b@": "450 mailbox busy"}
    note = world.notification()
    with pytest.raises(TransportError, match="1 of 2 addresses refused: SMTP 450") as caught:
        await email(client, post_office.port).send(note)
    assert caught.value.permanent is False
    post_office.refuse = {}
    await email(client, post_office.port).send(replace(note, receipt=caught.value.keep))
    assert [to for to, _ in post_office.mails] == [["a@example.com"], ["b@example.com"]]


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such user", True), ("451 later", False)])
async def test_smtp_codes_decide_about_retrying(
    world: Any, post_office: Any, client: Any, answer: str, permanent: bool
) -> None:
    post_office.refuse = {"RCPT": answer}
    with pytest.raises(TransportError) as caught:
        await email(client, post_office.port).send(world.notification())
    assert caught.value.permanent is permanent


async def test_a_password_does_not_travel_in_the_open(world: Any, client: Any) -> None:
    made = channel(
        client, kind="email", host="mail.example.com", starttls=False, username="u", password="${env:KEY}",
        from_address="l@example.com", to=["a@example.com"],
    )  # fmt: skip
    with pytest.raises(TransportError, match="would travel in the open"):
        await made.send(world.notification())


# Webhook


async def test_a_webhook_is_signed_over_time_and_body(world: Any, desk: Any, client: Any) -> None:
    environ = {"URL": f"{desk.url}/in", "KEY": "sign me"}
    await channel(client, environ, kind="webhook", url="${env:URL}", secret="${env:KEY}").send(world.notification())
    (posted,) = desk.posted
    timestamp = posted.headers["x-leadline-timestamp"]
    expected = hmac.new(b"sign me", timestamp.encode() + b"." + posted.body, hashlib.sha256).hexdigest()
    assert posted.headers["x-leadline-signature"] == f"v1={expected}"
    assert int(timestamp) == int(world.notification().sent_at.timestamp())
    assert posted.headers["x-leadline-delivery"] == "7"
    assert posted.json["incident"]["conditions"][0]["blame"] == "vendor"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17.0),
        ("Sun, 22 Nov 2026 03:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 02:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(world: Any, value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, world.T0) == seconds


# Secrets that no header can carry


@pytest.mark.parametrize("token", ["xoxb-0123456789\nX-Evil: 1", "xoxb-0123456789-ÿ"], ids=["line break", "not ASCII"])
async def test_a_secret_that_no_header_can_carry_is_refused_without_being_quoted(
    world: Any, desk: Any, client: Any, token: str
) -> None:
    bot = channel(client, {"KEY": token}, kind="slack", bot_token="${env:KEY}", channel="#ops", url=desk.url)
    with pytest.raises(TransportError, match="a header cannot be sent") as raised:
        await bot.send(world.notification())
    assert raised.value.permanent
    assert "0123456789" not in str(raised.value)
    assert desk.posted == []
