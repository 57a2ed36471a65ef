"""Resolved integrations are kept, and never stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.model import Integration
from config.resolved import IntegrationResolver, references_of
from config.secrets import UnresolvedReference, resolve_integration


def integration(reference: str = "${env:TOKEN}", **more: object) -> Integration:
    step = {"name": "get", "request": {"path": "/", "headers": {"X-Key": "${env:KEY:-none}"}}}
    declared = {
        "integration": "acme",
        "base_url": "https://${env:HOST}",
        "auth": {"kind": "bearer", "token": reference},
        "workflows": [{"name": "flow", "steps": [step]}],
    }
    return Integration.model_validate(declared | more)


def test_it_is_what_resolving_anew_would_give() -> None:
    environ = {"TOKEN": "hunter2hunter2", "HOST": "api.example.com", "KEY": "k-123456"}
    declared = integration()
    resolved = IntegrationResolver(environ).of(declared)
    assert resolved.integration == resolve_integration(declared, environ)
    assert resolved.integration.base_url == "https://api.example.com"
    assert {"hunter2hunter2", "k-123456"} <= resolved.secrets


def test_nothing_changed_gives_the_same_object_again() -> None:
    resolver, declared = IntegrationResolver({"TOKEN": "t" * 9, "HOST": "a"}), integration()
    assert resolver.of(declared) is resolver.of(declared)


def test_a_changed_variable_is_seen_at_once() -> None:
    environ = {"TOKEN": "first-token", "HOST": "a"}
    resolver, declared = IntegrationResolver(environ), integration()
    assert "first-token" in resolver.of(declared).secrets
    environ["TOKEN"] = "second-token"
    assert "second-token" in resolver.of(declared).secrets
    assert "first-token" not in resolver.of(declared).secrets


def test_a_rotated_file_is_seen_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("first-token\n")
    resolver, declared = IntegrationResolver({"HOST": "a"}), integration(f"${{file:{secret}}}")
    assert "first-token" in resolver.of(declared).secrets
    # The same length, and perhaps the same second.
    secret.write_text("other-token\n")
    assert "other-token" in resolver.of(declared).secrets


def test_another_declaration_of_the_same_name_is_another_integration() -> None:
    resolver = IntegrationResolver({"TOKEN": "t" * 9, "HOST": "a"})
    resolver.of(integration())
    changed = integration(base_url="https://other.example.com")
    assert resolver.of(changed).integration.base_url == "https://other.example.com"


def test_a_secret_that_went_away_is_missing_and_one_that_came_back_is_found() -> None:
    environ = {"TOKEN": "t" * 9, "HOST": "a"}
    resolver, declared = IntegrationResolver(environ), integration()
    resolver.of(declared)
    token = environ.pop("TOKEN")
    with pytest.raises(UnresolvedReference, match="TOKEN"):
        resolver.of(declared)
    environ["TOKEN"] = token
    assert token in resolver.of(declared).secrets


def test_every_reference_is_known_once() -> None:
    found = {reference.written for reference in references_of(integration())}
    assert found == {"${env:TOKEN}", "${env:HOST}", "${env:KEY:-none}"}


def test_no_repr_shows_a_value() -> None:
    resolver = IntegrationResolver({"TOKEN": "hunter2hunter2", "HOST": "a"})
    assert "hunter2" not in repr(resolver.of(integration()))
