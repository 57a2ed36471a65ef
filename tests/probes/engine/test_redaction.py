"""Nothing that is kept or shown holds a secret, a cookie, an e-mail address or another personal value."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from how_many import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from probe_world import Server, answer, integration, make_runner, run_once

from probes.http import Headers
from probes.model import Assertion, FailureKind, Outcome
from probes.redaction import Redactor
from probes.redaction.names import REDACTED

SECRET = "s3cr3t/Value+with=odd&chars"
NOTHING = Redactor()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefgh12345678", "Authorization: [redacted] abcdefgh12345678"),
        ("got Bearer abcdefgh12345678 back", "got Bearer [redacted] back"),
        ('{"access_token": "xyz", "id": 4', '{"access_token": "[redacted]", "id": 4'),
        ('{\\"client_secret\\":\\"xyz\\"}', '{\\"client_secret\\":"[redacted]"}'),
        ("grant=x&client_secret=xyz&refresh_token=abc", "grant=x&client_secret=[redacted]&refresh_token=[redacted]"),
        ("mail jane.doe+x@example.co.uk now", "mail [e-mail] now"),
        ("mail jane%40example.com", "mail [e-mail]"),
        ("call +44 20 7946 0958 or 555-123-4567", "call [phone] or [phone]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.sig", "[redacted]"),
        ("sk_live_abcdefgh1234", "[redacted]"),
        ('"firstname": "Jane', '"firstname": "[personal]"'),
    ],
)
def test_telling_names_and_shapes_are_masked_in_any_text(text: str, left: str) -> None:
    shown = NOTHING.text(text)
    for value in ("abcdefgh12345678", "xyz", "=abc", "jane", "Jane", "7946", "4567", "eyJ", "sk_live_a"):
        if value in text and value not in left:
            assert value not in shown, shown


@pytest.mark.parametrize(
    "text",
    [
        "$.total: expected 1, got 0",
        "connection refused (127.0.0.1, port 8080)",
        "certificate expired on 2020-03-04 05:06 UTC",
        "2026-11-22T10:00:00.123456+00:00",
        "01a2056c-e1aa-7e71-a780-376bcc26e092-2.1",
        '{"id": 1732312345678, "name": "list", "total": 12}',
        "cursor=eyJ",
        "token endpoint answered 401 and wants bearer credentials",
        '{"errors": [{"code": "606", "message": "Max rate limit"}]}',
    ],
)
def test_what_an_engineer_needs_stays_readable(text: str) -> None:
    assert NOTHING.text(text) == text


def test_headers_are_masked_by_name_and_the_rest_by_shape() -> None:
    headers = Headers({"Authorization": "Bearer x", "Set-Cookie": "sid=1", "X-Api-Key": "k", "Via": "a@b.example"})
    assert NOTHING.headers(headers) == {
        "authorization": "[redacted]",
        "set-cookie": "[redacted]",
        "x-api-key": "[redacted]",
        "via": "[e-mail]",
    }


def test_an_address_keeps_its_shape_without_user_keys_or_people() -> None:
    shown = NOTHING.url("https://user:pw@api.example.com/u/jane%40example.com?access_token=abc&q=1#frag")
    assert shown == "https://api.example.com/u/[e-mail]?access_token=[redacted]&q=1"


def test_json_fields_are_masked_as_a_whole_however_deep() -> None:
    body = {"properties": {"email": {"value": "jane"}, "lastname": "Doe", "n": 1}, "token": ["a", 3], "ok": True}
    shown = json.loads(NOTHING.body(json.dumps(body).encode(), "application/json") or "")
    assert shown == {
        "properties": {"email": {"value": "[personal]"}, "lastname": "[personal]", "n": 1},
        "token": ["[redacted]", "[redacted]"],
        "ok": True,
    }


@pytest.mark.parametrize("nest", ["[" * 3000 + "]" * 3000, '{"a":' * 500 + "1" + "}" * 500])
def test_a_body_nested_without_end_is_shown_without_an_error(nest: str) -> None:
    assert NOTHING.body(nest.encode(), "application/json")


def test_a_body_is_cut_at_8_kib_after_redaction() -> None:
    body = (b"x" * 8180) + SECRET.encode() + b"y" * 100_000
    shown = Redactor({SECRET}).body(body, "text/plain") or ""
    assert len(shown.encode()) <= 8192
    assert SECRET[:4] not in shown


def test_what_is_not_text_is_counted_not_shown() -> None:
    assert NOTHING.body(b"\x89PNG\0\1\2", "image/png") == "[7 bytes that are not text]"


def test_an_assertion_on_a_personal_field_shows_neither_side() -> None:
    shown = NOTHING.assertion(Assertion("$.properties.firstname", '"John"', '"Jane"', passed=False))
    assert (shown.expected, shown.actual) == ("[personal]", "[personal]")
    missing = NOTHING.assertion(Assertion("$['email']", '"x"', "no such path", passed=False))
    assert missing.actual == "no such path"


PLACES = {
    "plain": lambda s: s,
    "percent-encoded": lambda s: quote(s, safe=""),
    "JSON": json.dumps,
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "basic": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "form": lambda s: urlencode({"x": s}),
}


@settings(max_examples=examples(200))
@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=8, max_size=40),
    around=st.tuples(st.text(max_size=20), st.text(max_size=20)),
    place=st.sampled_from(sorted(PLACES)),
)
def test_a_known_secret_never_survives_however_it_is_written(secret: str, around: tuple[str, str], place: str) -> None:
    # A secret that is a part of our own word for one cannot be told from it.
    assume(secret not in REDACTED)
    written = PLACES[place](secret)
    redactor = Redactor({secret})
    text = f"{around[0]}{written}{around[1]}"
    outputs = [
        redactor.text(text),
        redactor.short(text),
        redactor.body(text.encode("utf-8", "replace"), "text/plain") or "",
        redactor.body(json.dumps({"a": [text]}).encode(), "application/json") or "",
        str(redactor.url(f"https://h.example/{quote(text)}?q={quote(text)}")),
    ]
    for shown in outputs:
        assert secret not in shown
        assert quote(secret, safe="") not in shown


BODY_PLACES = st.sampled_from(["header", "json value", "json key", "corrupt", "text", "url", "number-like", "reason"])


@settings(max_examples=examples(60), deadline=None)
@given(place=BODY_PLACES, status=st.sampled_from([200, 401, 500]))
def test_a_seeded_secret_placed_anywhere_in_an_exchange_never_reaches_the_run(place: str, status: int) -> None:
    asyncio.run(seeded(place, status))


async def seeded(place: str, status: int) -> None:
    server = Server([seeded_answer(place, status)])
    await server.start()
    step: dict[str, Any] = {
        "name": "leaky",
        "request": {
            "method": "PUT",
            "path": f"/p/{quote('${env:KEY}', safe='${}:')}",
            "query": {"q": "${env:KEY}"},
            "headers": {"X-Odd": "${env:KEY}"},
            "json": {"deep": [{"v": "${env:KEY}"}]},
        },
        "expect": {"json": {"$.v": "other"}, "body": {"contains": "${env:KEY}!"}},
        "capture": {"whole": "$"},
        "retry": {"attempts": 1},
    }
    declared = integration(server, step, auth={"kind": "bearer", "token": "${env:KEY}"})
    run = await run_once(make_runner({"KEY": SECRET}), declared)
    await server.stop()
    shown = repr(run)
    assert run.outcome is Outcome.FAILED
    assert run.evidence
    for form in (SECRET, quote(SECRET, safe=""), quote(SECRET), base64.b64encode(SECRET.encode()).decode().rstrip("=")):
        assert form not in shown


def seeded_answer(place: str, status: int) -> bytes:
    if place == "header":
        return answer(status, {}, {"X-Echo": SECRET, "Location": f"https://h.example/?a={quote(SECRET, safe='')}"})
    if place == "json key":
        return answer(status, {SECRET: 1})
    if place == "corrupt":
        return answer(status, json.dumps({"v": SECRET})[:-1].encode(), {"Content-Type": "application/json"})
    if place == "text":
        return answer(status, f"you sent {SECRET} and {quote(SECRET)}".encode())
    return answer(status, {"v": SECRET, "b": base64.b64encode(SECRET.encode()).decode()})


async def test_a_session_token_that_a_step_logs_in_for_is_a_secret_from_then_on(serve: Any) -> None:
    server = await serve(answer(200, {"t": "session-abc-123"}), answer(500, {"echo": "session-abc-123"}))
    steps = [
        {"name": "login", "request": {"path": "/"}, "capture": {"session_token": "$.t"}},
        {"name": "use", "request": {"path": "/u/{{session_token}}"}, "retry": {"attempts": 1}},
    ]
    run = await run_once(make_runner(), integration(server, *steps))
    assert server.heard[1].target == "/u/session-abc-123"
    assert "session-abc-123" not in repr(run)


GET = {"name": "get", "request": {"path": "/"}, "retry": {"attempts": 1}}
CLIENT = {"kind": "oauth2_client_credentials", "client_id": "acme", "client_secret": "${env:S}"}


async def test_a_token_that_the_vendor_rejects_is_as_secret_as_before(serve: Any) -> None:
    tokens = await serve(answer(200, {"access_token": "opaque-at-1", "expires_in": 3600}))
    server = await serve(answer(401, {"message": "opaque-at-1 lacks the scope x"}))
    auth = {**CLIENT, "token_url": f"{tokens.url}/token"}
    run = await run_once(make_runner({"S": SECRET}), integration(server, GET, auth=auth))
    assert run.steps[1].evidence is not None
    assert run.steps[1].evidence.response_body == '{"message": "[redacted] lacks the scope x"}'
    assert "opaque-at-1" not in repr(run)


async def test_a_token_under_a_name_of_the_vendors_own_is_not_shown(serve: Any) -> None:
    server, tokens = await serve(), await serve(answer(200, {"access": "opaque-at-1", "ticket": "opaque-2"}))
    auth = {**CLIENT, "token_url": f"{tokens.url}/token"}
    run = await run_once(make_runner({"S": SECRET}), integration(server, GET, auth=auth))
    assert run.failure is not None
    assert "none is in the answer, which holds access, ticket" in run.failure.message
    assert "opaque" not in repr(run)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Cs"]), min_size=4, max_size=30))
def test_a_secret_of_half_characters_is_one_all_the_same(secret: str) -> None:
    assert Redactor([secret]).text(f"<{secret}>") == "<[redacted]>"


async def test_a_captured_token_of_half_a_character_loses_no_run(serve: Any) -> None:
    half = answer(200, b'{"t": "\\ud800-session-1"}', {"Content-Type": "application/json"})
    server = await serve(half, answer(500, b'{"m": "\\ud800-session-1"}', {"Content-Type": "application/json"}))
    login = {"name": "login", "request": {"path": "/"}, "capture": {"session_token": "$.t"}}
    run = await run_once(make_runner(), integration(server, login, GET))
    assert run.failed_step == "get"
    assert "session-1" not in repr(run)


async def test_a_secret_in_a_charset_that_is_not_said_is_not_shown(serve: Any) -> None:
    server = await serve(answer(500, "no such key: pässwörd-1 ".encode("latin-1"), {"Content-Type": "text/plain"}))
    request = {"method": "POST", "path": "/", "form": {"x": "${env:S}"}}
    run = await run_once(make_runner({"S": "pässwörd-1"}), integration(server, {**GET, "request": request}))
    assert run.steps[0].evidence is not None
    assert run.steps[0].evidence.response_body == "no such key: [redacted] "


def test_long_tokens_hold_up_no_loop() -> None:
    text = json.dumps({"message": "no such thing", "id": 7})
    spent = []
    for number in range(5):
        long = [f"{number}{name}-" + "aB3_" * 500 for name in ("access", "refresh", "assertion", "key")]
        began = time.thread_time()
        assert Redactor(long).text(text) == text
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.02  # 0.001 as a rule


async def test_a_failure_message_about_a_person_names_no_person(serve: Any) -> None:
    server = await serve(answer(200, {"firstname": "Jane", "email": "jane@example.com"}))
    step = {"name": "s", "request": {"path": "/"}, "expect": {"json": {"$.firstname": "John"}}}
    run = await run_once(make_runner(), integration(server, step))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.ASSERTION
    assert "Jane" not in repr(run)
    assert "jane@" not in repr(run)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<password>hunter2</password>", "<password>[redacted]</password>"),
        ('<w:Password Type="x">hunter2</w:Password>', '<w:Password Type="x">[redacted]</w:Password>'),
        ("<sessionId>\n hunter2 </sessionId>", "<sessionId>[redacted]</sessionId>"),
        ("<token><![CDATA[hunter2]]></token>", "<token>[redacted]</token>"),
        ("<email>a@example.com</email>", "<email>[personal]</email>"),
        ("<status>ok</status>", "<status>ok</status>"),
        ("<password/><note>kept</note>", "<password/><note>kept</note>"),
    ],
)
def test_xml_elements_of_telling_names_are_masked(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


def test_xml_made_to_be_slow_is_redacted_quickly() -> None:
    begun = time.monotonic()
    Redactor().body(b"<token><![CDATA[]" * 5000, "text/xml")
    Redactor().body(b"<token a" * 5000, "text/xml")
    assert time.monotonic() - begun < 1
