"""Whatever a vendor says, every format shows it as words: no markup, no mention, no header, no broken limit."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts.channels.alertmanager import alerts
from alerts.channels.email import compose
from alerts.channels.pagerduty import MAX_BYTES, change_event, event
from alerts.channels.slack_blocks import ACKNOWLEDGE, RESOLVE, SILENCE_1H, body_of
from alerts.channels.webhook import document
from alerts.mail import as_html
from alerts.messages import facts, headline, shortened
from alerts.model import Action, Tier
from app.sandbox.receivers.slack_blocks import too_long, valid_blocks

NASTY = (
    "<!channel> <!here|x> <@U12345> <https://evil.example.com|sign in> & &lt;",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>",
    "[sign in](https://evil.example.com) **bold** {{DATE(2026)}}",
    "x\r\nBcc: all@example.com\r\n\r\nbody",
    "\u202egnp.exe \u2028 \x00 \x1b[31m \ud800",
    "=?utf-8?q?=0D=0ABcc=3A?= 😀" * 30,
)
HOSTILE = st.one_of(st.sampled_from(NASTY), st.text(max_size=200))


def hostile(test: Any) -> Any:
    quiet = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    for words in NASTY:
        test = example(words=words)(test)
    return quiet(given(words=HOSTILE)(test))


def attacked(world: Any, words: str, action: Action = Action.TRIGGER, **more: Any) -> Any:
    condition = world.condition(summary=words, blame_reason=words, title=words, note=words)
    ended = {"resolved_at": world.T0} if action is Action.RESOLVE else {}
    incident = world.incident(condition, acknowledged_by=words, runbook=words, owner=words, flows=(words,), **ended)
    return world.notification(action, incident=incident, note=words, **more)


class Tags(HTMLParser):
    """Remembers every element and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def tags(html: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


@hostile
def test_a_mails_page_has_no_element_of_a_vendors(world: Any, words: str) -> None:
    shown = as_html(attacked(world, words), chart="c.png", caption=words)
    assert {tag for tag, _ in tags(shown)} <= {
        "html", "head", "meta", "title", "style", "body", "table", "tr", "th", "td", "h1", "a", "p", "img", "br"
    }  # fmt: skip
    assert not [name for _, names in tags(shown) for name in names if name.startswith("on")]


@hostile
def test_a_mail_has_the_headers_that_we_gave_it_and_no_others(world: Any, words: str) -> None:
    clean = compose(world.notification(), "leadline@example.com", ("a@example.com",))
    mail = compose(attacked(world, words), "leadline@example.com", ("a@example.com",))
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert sorted(read.keys()) == sorted(clean.keys())
    assert read["Subject"] == str(mail["Subject"])
    assert max(map(len, mail.as_bytes().split(b"\r\n"))) <= 998


@hostile
def test_a_slack_message_mentions_nobody_and_links_nowhere_of_a_vendors(world: Any, words: str) -> None:
    for action in (Action.TRIGGER, Action.RESOLVE):
        body = body_of(attacked(world, words, action), buttons=True)
        assert valid_blocks(body["blocks"])
        assert not too_long(body)
        assert 0 < len(body["text"]) <= 4000
        texts = [body["text"], *re.findall(r'"text": "([^"]*)"', json.dumps(body["blocks"][1:], ensure_ascii=False))]
        links = {link for text in texts for link in re.findall(r"<[^>]*>", text)}
        assert links <= {"<https://leadline.example.com/integration/hubspot|Dashboard>"}


@hostile
def test_pagerduty_takes_the_event(world: Any, words: str) -> None:
    for found in (event(attacked(world, words)), change_event(attacked(world, words, Action.CHANGE))):
        assert 0 < len(found["payload"]["summary"]) <= 1024
        assert len(json.dumps(found).encode()) < MAX_BYTES
        assert [link["href"] for link in found["links"]] == ["https://leadline.example.com/integration/hubspot"]


@hostile
def test_everything_can_be_sent_as_utf_8(world: Any, words: str) -> None:
    note = attacked(world, words)
    said = (headline(note), facts(note), body_of(note), event(note), alerts(note, {}, world.T0 - world.T0))
    json.dumps(said, ensure_ascii=False).encode()
    json.dumps(document(note)).encode()


@hostile
def test_a_headline_is_one_line_without_control_characters(world: Any, words: str) -> None:
    assert headline(attacked(world, words)).isprintable()


@given(words=st.text(max_size=300), limit=st.integers(2, 100))
def test_what_is_shortened_is_short_and_says_so(words: str, limit: int) -> None:
    short = shortened(words, limit)
    assert len(short) <= limit
    assert short == words or short.endswith("…")


def test_the_buttons_name_the_incident_and_are_there_only_while_it_is_open(world: Any) -> None:
    (row,) = [b for b in body_of(world.notification(), buttons=True)["blocks"] if b["type"] == "actions"]
    assert [(one["action_id"], one["value"]) for one in row["elements"]] == [
        (action, "20261122-030000-hubspot") for action in (ACKNOWLEDGE, RESOLVE, SILENCE_1H)
    ]
    assert not [b for b in body_of(world.notification())["blocks"] if b["type"] == "actions"]
    over = body_of(world.notification(Action.RESOLVE), buttons=True)
    assert not [b for b in over["blocks"] if b["type"] == "actions"]


def test_slack_makes_no_links_or_previews_of_its_own(world: Any) -> None:
    body = body_of(world.notification())
    assert (body["unfurl_links"], body["unfurl_media"], body["parse"], body["link_names"]) == (
        False,
        False,
        "none",
        False,
    )
    shown = json.dumps(body["blocks"])
    assert shown.count('"verbatim": true') == shown.count('"mrkdwn"')


@pytest.mark.parametrize("tier", list(Tier))
def test_a_subject_keeps_its_spaces(world: Any, tier: Tier) -> None:
    crowd = world.incident(world.condition(), world.condition(key="b"), tier=tier)
    mail = compose(world.notification(incident=crowd), "leadline@example.com", ("a@example.com",))
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert " · +1 more · lead-routing stopped" in read["Subject"]
