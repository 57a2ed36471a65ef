"""What is kept of a hostile answer: nothing of a secret wherever it is cut, and no longer than the loop can wait."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.http import Headers
from probes.redaction import Redactor
from probes.redaction.beginnings import beginning_of

SECRET = "zq9-secret-of-acme/0815=xY"
READ = 32 * 1024
SHOWN = 8 * 1024
NOTHING = Redactor()
UNITS = (
    "eyJ-", "eyJaaaaaaaa.",
    "bearer ", "bearer a", "a: ", "a=", "a.", "a@", "a.a@a.", "1-", "+1 ", "(123) ", "\\", '\\"',
    'a:"\\', 'digest=\\"', "'a':'", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "password=", 'password=\\"', "<a>",
    "<a><![CDATA[", "=>", " ", "\n", "sk_live_", "%40", "123-", "[[", "{", "\U0001f600", '"a":', '"a":{', "a\t=",
)  # fmt: skip
SLOWEST_S = 1.0
"""For 32 KiB on a machine that does other things; most take 20 ms. What was quadratic took twenty seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("first", UNITS)
def test_no_text_holds_up_the_loop(first: str) -> None:
    redactor = Redactor({SECRET})
    for second in ("", *UNITS[::3], '\\"'):
        unit = first + second
        text = (unit * (READ // len(unit) + 1))[:READ]
        began = time.process_time()
        redactor.body(text.encode(), "text/plain")
        assert time.process_time() - began < SLOWEST_S, unit


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"[" * 8_000_000, "application/json"),
        (b"[1," * 2_000_000, "application/json"),
        (b'{"a":' * 1_000_000, "application/json"),
        (b'"' + b"\\" * 8_000_000, "application/json"),
        (b"a=b&" * 2_000_000, "application/x-www-form-urlencoded"),
        (b"%41=%42&" * 1_000_000, "application/x-www-form-urlencoded"),
        (b"<a>" * 2_600_000, "text/xml"),
        (bytes(8_000_000), "application/octet-stream"),
        ("\U0001f600" * 2_000_000, "text/plain"),
    ],
    ids=["brackets", "a list", "objects", "backslashes", "a form", "an escaped form", "XML", "zeroes", "emoji"],
)
def test_no_body_holds_up_the_loop(body: Any, media: str) -> None:
    content = body.encode() if isinstance(body, str) else body
    began = time.process_time()
    shown = Redactor({SECRET}).body(content, media) or ""
    assert time.process_time() - began < SLOWEST_S
    assert len(shown.encode()) <= SHOWN


def test_an_address_of_any_length_is_shown_short() -> None:
    began = time.process_time()
    for url in ("http://h/" + "/" * 60_000, "http://h/?" + "a&" * 30_000, "http://u:p@h/" + "a" * 60_000):
        shown = Redactor({SECRET}).url(url)
        assert len(shown) < 600
        assert "u:p" not in shown
    assert time.process_time() - began < SLOWEST_S


@pytest.mark.parametrize("offset", [-40, -20, -8, -3, 0, 3, 8, 20, 40])
@pytest.mark.parametrize(
    ("written", "tell"),
    [
        (SECRET, SECRET[:6]),
        ("Authorization: Bearer abcdefghijklmnop123456", "abcdef"),
        ("jane.doe.of.acme@example.com", "jane.doe"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSMeKKF2QT4", "sflK"),
        ('password: "hunter2 hunter2"', "hunter2"),
    ],
    ids=["known", "bearer", "address", "JWT", "named"],
)
@pytest.mark.parametrize("edge", [SHOWN, READ])
def test_nothing_of_a_secret_is_seen_at_a_cut(edge: int, written: str, tell: str, offset: int) -> None:
    redactor = Redactor({SECRET})
    # Long marked texts before it become short ones, so that what stands at the edge of what is read would be shown.
    filling = ("Bearer " + "k1" * 500 + " ") * 200
    before = filling[: edge - len(written) // 2 + offset - 1] + " "
    body = before + written + " " + "tail " * 2_000
    for media in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
        assert tell not in (redactor.body(body.encode(), media) or "")


def test_json_that_is_cut_is_masked_by_its_names_as_whole_json_is() -> None:
    contact = {"id": 7, "password": {"current": "hunter2", "former": ["swordfish"]}, "address": {"x": "1 Main St"}}
    body = json.dumps({"note": "n", "results": [contact] * 2_000}).encode()
    shown = NOTHING.body(body, "application/json") or ""
    assert len(shown) == SHOWN
    assert '"id": 7' in shown
    assert all(word not in shown for word in ("hunter2", "swordfish", "Main St"))


def test_broken_json_is_masked_by_the_names_around_the_break() -> None:
    broken = b'{"a": {"note": "fine", "password": {"hint": "dog", "current": "hunter2'
    shown = NOTHING.body(broken, "application/json") or ""
    assert '"note": "fine"' in shown
    assert "hunter2" not in shown
    assert "dog" not in shown
    open_end = NOTHING.body(b'{"a": 1, "b": [1, 2, oops', "application/json")
    assert open_end == '{"a": 1, "b": [1, 2, oops'


def test_json_within_a_text_within_broken_json_is_read_too() -> None:
    inner = json.dumps({"password": "hunter2", "n": 1})
    broken = json.dumps({"body": inner, "deeper": json.dumps({"body": inner})})[:-1]
    assert "hunter2" not in (NOTHING.body(broken.encode(), "application/json") or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(document=JSON, cut=st.integers(0, 200))
def test_the_beginning_of_json_is_a_beginning_of_it(document: Any, cut: int) -> None:
    text = json.dumps(document, ensure_ascii=False)[:cut]
    begun = beginning_of(text)
    if begun is None:
        return
    assert text.endswith(begun.rest)
    assert begun.rest.startswith(",")
    written = json.dumps(begun.document, ensure_ascii=False)
    assert text[: len(text) - len(begun.rest)] == written[: len(written) - begun.closers]


@settings(max_examples=examples(200))
@given(
    body=st.one_of(st.binary(max_size=400), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))),
    media=st.sampled_from(["application/json", "text/xml", "application/x-www-form-urlencoded", "", "text/plain"]),
    headers=st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=60)), max_size=6),
)
def test_redaction_never_raises(body: bytes, media: str, headers: list[tuple[bytes, bytes]]) -> None:
    redactor = Redactor({SECRET, "acme"})
    redactor.body(body, media)
    redactor.headers(Headers(headers))
    redactor.url(body.decode("latin-1"))
    redactor.short(body.decode("utf-8", "surrogateescape"))
