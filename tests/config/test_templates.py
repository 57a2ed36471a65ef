"""Templates render what a run knows, refuse what it does not, and cannot reach out of their sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.template_functions import derivations
from config.templates import (
    BUILTINS,
    TemplateFailure,
    builtin_values,
    declared_values,
    is_expression,
    is_true,
    render,
    render_json,
    render_text,
    undeclared,
)
from probes.redaction.derived import derived_secrets

VARIABLES = {"id": 7, "name": "a b", "item": {"tags": ["x", "y"]}, "text": "{{id}}"}


def test_text_stays_text() -> None:
    assert render("/contacts/{{id}}", VARIABLES) == "/contacts/7"
    assert render("{{id}}", VARIABLES) == "7"


def test_a_json_value_that_is_one_expression_keeps_its_type() -> None:
    body = {"id": "{{id}}", "note": "no. {{id}}", "tags": "{{ item.tags }}", "more": [None, 1, {"a": "{{name}}"}]}
    rendered = render(body, VARIABLES)
    assert rendered == {"id": 7, "note": "no. 7", "tags": ["x", "y"], "more": [None, 1, {"a": "a b"}]}


def test_what_a_vendor_sent_is_not_rendered_again() -> None:
    assert render_json({"a": "{{text}}", "b": "x{{text}}"}, VARIABLES) == {"a": "{{id}}", "b": "x{{id}}"}


def test_filters_hash_and_escape() -> None:
    assert render_text("{{ 'abc' | sha256 }}", {}).startswith("ba7816bf8f01cfea")
    assert render_text("{{ name | urlencode }}", VARIABLES) == "a%20b"


@pytest.mark.parametrize("value", ["plain", "{", "a { b } c", "{}", ""])
def test_text_without_a_template_is_left_alone(value: str) -> None:
    assert render_text(value, {}) == value


@pytest.mark.parametrize(
    "text", ["{{nope}}", "{{id.nope}}", "{{id.nope.nope}}", "{{ 1 / 0 }}", "{{", "{{id|nope}}", "{{ id() }}"]
)
@pytest.mark.parametrize("rendered", [render_text, render_json])
def test_what_cannot_be_rendered_is_a_template_failure(text: str, rendered: object) -> None:
    with pytest.raises(TemplateFailure):
        rendered(text, VARIABLES)  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ item.tags.append('z') }}",
        "{{ range(10) }}",
        "{{ self.__init__ }}",
        "{{ lipsum.__globals__ }}",
        "{% include '/etc/hosts' %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(text: str) -> None:
    with pytest.raises(TemplateFailure):
        render_text(text, VARIABLES)


def test_undeclared_names_every_variable_of_a_value() -> None:
    assert undeclared({"a": "{{x}} {{y.z}}", "b": ["{{ v | upper }}", 1]}) == {"x", "y", "v"}


def test_undeclared_refuses_bad_syntax() -> None:
    with pytest.raises(TemplateFailure, match="template syntax"):
        undeclared("{{ x")


def test_the_builtins_are_all_there() -> None:
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    values = builtin_values(run_id="r", now=now, region="eu", integration="shop", workflow="read")
    assert set(values) == BUILTINS
    assert (values["now"], values["timestamp"]) == ("2026-11-22T03:00:00+00:00", 1795316400)


def test_random_builtins_differ_from_run_to_run() -> None:
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    runs = [builtin_values(run_id="r", now=now, region="e", integration="s", workflow="w") for _ in range(3)]
    assert len({run["uuid"] for run in runs}) == len({run["random_hex"] for run in runs}) == 3


NOW = datetime(2026, 11, 22, 3, 0, 0, 250_000, tzinfo=UTC)
KNOWN = builtin_values(run_id="r", now=NOW, region="eu", integration="shop", workflow="read", environment="sandbox")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ now | shift('-1h') }}", "2026-11-22T02:00:00.250000+00:00"),
        ("{{ now | shift('+1d12h') | strftime('%d %H') }}", "23 15"),
        ("{{ now | shift('30m') | http_date }}", "Sun, 22 Nov 2026 03:30:00 GMT"),
        ("{{ timestamp | shift('-1h') }}", 1795312800),
        ("{{ now | epoch }}", 1795316400),
        ("{{ now | epoch_ms }}", 1795316400250),
        ("{{ '2026-11-22T04:00:00+01:00' | epoch }}", 1795316400),
        ("{{ '2026-11-22' | strftime('%Y/%m') }}", "2026/11"),
        ("{{ 'ü?' | b64encode }}", "w7w/"),
        ("{{ 'ü?~a' | b64encode_url }}", "w7w_fmE"),
        ("{{ 'w7w_fmE' | b64decode }}", "ü?~a"),
        ("{{ 'w7w/fmE=' | b64decode }}", "ü?~a"),
        ("{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{ 'abc' | sha1 }}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("{{ 'abc' | sha256('base64') }}", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ("{{ 'abc' | sha256('base64url') }}", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
        ("{{ ('abc' | sha512)[:8] }}", "ddaf35a1"),
        ("{{ 'what do ya want for nothing?' | hmac('Jefe', 'md5') }}", "750c783e6ab0b503eaa86e310a5db738"),
        ("{{ 'Hi' | hmac('6b6579', 'sha1', 'base64', 'hex') == 'Hi' | hmac('key', 'sha1', 'base64') }}", True),
        ("{{ 'Hi' | hmac('a2V5', key_encoding='base64') == 'Hi' | hmac('key') }}", True),
        ("{{ 'a b/c' | urlquote }}", "a%20b%2Fc"),
        ("{{ {'a': [1, 'ü<']} | json }}", '{"a":[1,"ü<"]}'),
        ("<a>{{ 'x<y&z' | e }}</a>", "<a>x&lt;y&amp;z</a>"),
        ("{{ environment }}", "sandbox"),
    ],
)
def test_functions_of_the_language(text: str, value: object) -> None:
    assert render_json(text, KNOWN) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ now | shift('soon') }}", "shift takes an offset such as '-1h'"),
        ("{{ 'x' | epoch }}", "not an instant"),
        ("{{ 'x' | hmac('k', 'sha3') }}", "hmac: the digest is one of md5, sha1, sha256, sha512"),
        ("{{ 'x' | hmac('zz', key_encoding='hex') }}", "hmac: the key is not hex"),
        ("{{ 'x' | hmac('zz', key_encoding='rot13') }}", "hmac: key_encoding is text, hex or base64"),
        ("{{ 'x' | sha256('base32') }}", "a digest's encoding is hex, base64 or base64url"),
        ("{{ 'é' | b64decode }}", "b64decode: not base64 of a text"),
        ("{{ random_int(2, 1) }}", "random_int"),
        ("{{ random_hex(100000) }}", "random_hex makes 1 to 1024 digits"),
        ("{{ random_choice([]) }}", "random_choice needs something to choose from"),
        ("{{ 1e30 | epoch }}", "not an instant"),
    ],
)
def test_what_a_function_cannot_do_is_said_without_the_value(text: str, words: str) -> None:
    with pytest.raises(TemplateFailure, match=words):
        render_text(text, KNOWN)


def test_a_function_gives_a_fresh_value_and_a_variable_the_runs_own() -> None:
    text = "{{ uuid }} {{ uuid() }} {{ uuid() }} {{ uuid }}"
    own, first, second, again = render_text(text, KNOWN).split()
    assert own == again
    assert len({own, first, second}) == 3
    assert len(render_text("{{ random_hex(7) }}", KNOWN)) == 7
    assert render_json("{{ random_int(3, 3) }}", KNOWN) == 3
    assert {render_json("{{ random_choice('a', 'b') }}", KNOWN) for _ in range(50)} == {"a", "b"}
    assert type(render_json("{{ uuid }}", KNOWN)) is str


@pytest.mark.parametrize("text", ["{{ uuid.__class__ }}", "{{ uuid._draw }}", "{{ random_int.__globals__ }}"])
def test_functions_are_no_way_out_of_the_sandbox(text: str) -> None:
    with pytest.raises(TemplateFailure):
        render_text(text, KNOWN)


@pytest.mark.parametrize(
    ("value", "true"),
    [(True, True), (0, False), ("", False), ("No", False), (" false ", False), ("x", True), ([], False), (None, False)],
)
def test_a_condition_is_false_for_texts_that_say_so(value: object, true: bool) -> None:
    assert is_true("{{ x }}", {"x": value}) is true


def test_only_one_whole_expression_is_a_condition() -> None:
    assert is_expression(" {{ a }} ")
    assert not any(map(is_expression, ["a", "{{ a }} {{ b }}", "x{{ a }}", "{{ a"]))


def test_what_was_made_of_what_is_told() -> None:
    for _ in range(2):  # also when the template is known already
        with derivations() as made:
            render_text("{{ 'text' | hmac('key') }} {{ 'text' | b64encode | sha1 }}", {})
        assert [sources for sources, _ in made] == [("text", "key"), ("text",), ("dGV4dA==",)]
    assert derived_secrets(made, {"text"}) == {result for _, result in made}
    assert derived_secrets(made, {"other"}) == set()
    assert derived_secrets([(("ab",), "cd")], {"ab"}) == set()


def test_declared_variables_stand_on_those_before_them() -> None:
    values = declared_values({"region": "eu"}, {"a": "{{region}}", "b": "x"}, {"b": "{{a}}-{{b}}"})
    assert values == {"region": "eu", "a": "eu", "b": "eu-x"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ 9 ** 99999999 }}",
        "{{ 'x' * many }}",
        "{{ many * 'x' }}",
        "{{ [many] * many }}",
        "{{ 'x' | center(many) }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    ],
    ids=["a power", "text", "text turned round", "a list", "a wide text", "without an end", "too deep"],
)
def test_what_would_take_all_memory_or_time_is_a_failure_of_its_template(text: str) -> None:
    for made in (render_text, render_json):
        with pytest.raises(TemplateFailure):
            made(text, {"many": 10**15})


def test_a_template_too_deep_to_read_is_told_when_it_is_checked() -> None:
    with pytest.raises(TemplateFailure, match="too much within one another"):
        undeclared("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}")


def test_products_and_powers_of_a_usual_size_are_made() -> None:
    assert render_json("{{ 2 ** 16 * 3 }}", {}) == 196_608
    assert render_text("{{ 'ab' * 3 }} {{ 2 ** -1 }} {{ 2.5 * 2 }}", {}) == "ababab 0.5 5.0"
