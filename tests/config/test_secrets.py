"""References are resolved where the secret is needed, and nowhere shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from config.model import Integration
from config.secrets import (
    SecretRef,
    UnresolvedReference,
    resolve,
    resolve_integration,
    secret_values,
)
from config.templates import render_text

ENVIRON = {"HOST": "https://api.example.com", "TOKEN": "hunter2-token", "EMPTY": "", "BRACES": 'a{{"b}}\\{% ü %}'}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    token_url: str
    client_secret: SecretRef


def integration(**changes: Any) -> Integration:
    step = {"name": "get", "request": {"path": "/x", "headers": {"X-Token": "${env:TOKEN}"}}}
    declared = {
        "integration": "shop",
        "base_url": "${env:HOST}/v1",
        "auth": {"kind": "oauth2", "token_url": "${env:HOST}/token", "client_secret": "${env:TOKEN}"},
        "workflows": [{"name": "read", "steps": [step]}],
    }
    return Integration.model_validate(declared | changes)


def test_text_takes_any_number_of_references() -> None:
    assert (
        resolve("${env:HOST}/${env:NONE:-v2}?t=${env:TOKEN}", ENVIRON) == "https://api.example.com/v2?t=hunter2-token"
    )


def test_text_without_a_reference_is_left_alone() -> None:
    assert resolve("$5 {a}", {}) == "$5 {a}"


def test_two_dollars_write_a_literal_brace() -> None:
    assert resolve("$${env:TOKEN}", ENVIRON) == "${env:TOKEN}"


def test_a_default_stands_in_for_a_variable_that_is_not_set_or_empty() -> None:
    assert resolve("${env:NONE:-a} ${env:EMPTY:-b} ${env:NONE:-}", ENVIRON) == "a b "


def test_a_value_is_not_resolved_a_second_time() -> None:
    assert resolve("${env:A}", {"A": "${env:B}", "B": "never"}) == "${env:B}"


@pytest.mark.parametrize(
    ("text", "reference", "remedy"),
    [
        ("${env:NONE}", "${env:NONE}", "environment variable NONE is not set; set it where Leadline runs"),
        ("${env:EMPTY}", "${env:EMPTY}", "environment variable EMPTY is empty; set it where Leadline runs"),
        ("${file:/none}", "${file:/none}", "file /none does not exist; create it or mount it"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_with_its_remedy(text: str, reference: str, remedy: str) -> None:
    with pytest.raises(UnresolvedReference) as refused:
        resolve(f"Bearer {text}", ENVIRON)
    assert (refused.value.reference, refused.value.remedy) == (reference, remedy)


@pytest.mark.parametrize("text", ["${env:}", "${env:a b}", "${vault:x}", "${TOKEN}", "${file:}", "${env:TOKEN", "${}"])
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(UnresolvedReference, match="reference"):
        resolve(text, ENVIRON)


def test_a_file_gives_its_content_without_the_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two\nlines\r\n", encoding="utf-8")
    assert resolve(f"${{file:{tmp_path}/key}}", {}) == "two\nlines"


def test_a_rotated_file_is_read_afresh(tmp_path: Path) -> None:
    secret = SecretRef(f"${{file:{tmp_path}/key}}")
    (tmp_path / "key").write_text("old", encoding="utf-8")
    old = secret.reveal({})
    (tmp_path / "key").write_text("new", encoding="utf-8")
    assert (old.get_secret_value(), secret.reveal({}).get_secret_value()) == ("old", "new")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000], ids=["empty", "blank", "binary", "huge"])
def test_a_file_that_cannot_be_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UnresolvedReference, match="key"):
        resolve(f"${{file:{tmp_path}/key}}", {})


def test_a_directory_is_not_a_secret(tmp_path: Path) -> None:
    with pytest.raises(UnresolvedReference, match="cannot be read"):
        resolve(f"${{file:{tmp_path}}}", {})


def test_a_secret_ref_shows_its_reference_only() -> None:
    secret = SecretRef("${env:TOKEN}")
    assert (repr(secret), str(secret)) == ("SecretRef('${env:TOKEN}')", "${env:TOKEN}")
    assert secret.reveal(ENVIRON) == SecretStr("hunter2-token")
    assert "hunter2" not in repr(secret.reveal(ENVIRON))


@pytest.mark.parametrize("value", ["hunter2", "", "x${env:TOKEN}", "${env:TOKEN}\n", "$${env:TOKEN}", 7, None, ["a"]])
def test_a_secret_in_plain_text_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(ValidationError, match="a secret in plain text; write") as refused:
        Options.model_validate({"token_url": "x", "client_secret": value})
    assert "hunter2" not in str(refused.value)


def test_options_survive_being_written_and_read() -> None:
    options = Options.model_validate({"token_url": "x", "client_secret": "${env:TOKEN}${file:/k}"})
    assert Options.model_validate_json(options.model_dump_json()) == options


def test_a_resolved_integration_has_its_addresses_and_keeps_its_secrets_as_references() -> None:
    resolved = resolve_integration(integration(), ENVIRON)
    assert resolved.base_url == "https://api.example.com/v1"
    options = Options.model_validate(resolved.auth.options)
    assert options.token_url == "https://api.example.com/token"
    assert options.client_secret == SecretRef("${env:TOKEN}")
    assert resolved.workflows[0].steps[0].request.headers["X-Token"] == "hunter2-token"


def test_a_resolved_integration_prints_no_secret() -> None:
    assert "hunter2" not in repr(resolve_integration(integration(), ENVIRON))


def test_resolving_changes_nothing_else() -> None:
    plain = integration(base_url="https://a.example.com", auth={"kind": "none"}, workflows=[WITHOUT])
    assert resolve_integration(plain, {}) == plain


WITHOUT = {"name": "read", "steps": [{"name": "get", "request": {"path": "/x", "json": {"a": [1, None, "b"]}}}]}


def test_a_secret_with_braces_is_not_taken_for_a_template() -> None:
    step = {"name": "get", "request": {"headers": {"X-Key": "k ${env:BRACES} {{run_id}}"}}}
    resolved = resolve_integration(integration(workflows=[{"name": "read", "steps": [step]}]), ENVIRON)
    header = resolved.workflows[0].steps[0].request.headers["X-Key"]
    assert render_text(header, {"run_id": "r1"}) == f"k {ENVIRON['BRACES']} r1"


def test_secret_values_are_what_evidence_must_not_show() -> None:
    assert secret_values(integration(), ENVIRON) == {"hunter2-token"}


def test_secret_values_are_the_same_for_the_resolved_integration() -> None:
    declared = integration()
    assert secret_values(resolve_integration(declared, ENVIRON), ENVIRON) == secret_values(declared, ENVIRON)


def test_addresses_are_not_secret_values_and_unresolved_references_are_left_out() -> None:
    assert secret_values(integration(), {"HOST": "https://api.example.com"}) == frozenset()


def test_a_variable_loses_the_line_break_that_wrote_it_as_a_file_does() -> None:
    assert resolve("${env:TOKEN}", {"TOKEN": "hunter2\r\n"}) == "hunter2"
    with pytest.raises(UnresolvedReference, match="is empty"):
        resolve("${env:TOKEN}", {"TOKEN": "\n"})
