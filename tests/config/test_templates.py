"""Templates render what a run knows, refuse what it does not, and cannot reach out of their sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.templates import (
    BUILTINS,
    TemplateFailure,
    builtin_values,
    render,
    render_json,
    render_text,
    undeclared,
)

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
