"""A proxy's address: any password, nothing shown, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.model import Integration
from config.proxy import ProxyAddress, check_proxy, resolve_proxy
from config.secrets import PLAIN_TEXT, resolve_integration, secret_values

ENVIRON = {"USER": "svc", "PASS": "p@ss:/w#rd", "HOST": "proxy.internal", "URL": "http://svc:p%40ss@proxy:3128/"}


def revealed(address: ProxyAddress) -> tuple[str, int, str | None, str | None]:
    hidden = [part.get_secret_value() if part is not None else None for part in (address.user, address.password)]
    return address.host, address.port, hidden[0], hidden[1]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("http://proxy:3128", ("proxy", 3128, None, None)),
        ("http://PROXY:3128/", ("proxy", 3128, None, None)),
        ("http://[2001:db8::1]:3128", ("2001:db8::1", 3128, None, None)),
        ("http://${env:USER}:${env:PASS}@${env:HOST}:3128", ("proxy.internal", 3128, "svc", "p@ss:/w#rd")),
        ("http://sv%40c:${env:PASS}@proxy:3128", ("proxy", 3128, "sv@c", "p@ss:/w#rd")),
        ("http://${env:USER}@proxy:3128", ("proxy", 3128, "svc", None)),
        ("${env:URL}", ("proxy", 3128, "svc", "p@ss")),
    ],
    ids=["bare", "upper case", "IPv6", "parts", "escaped user", "user only", "whole"],
)
def test_it_is_taken_apart_before_references_are_resolved(
    written: str, parts: tuple[str, int, str | None, str | None]
) -> None:
    check_proxy(written)
    assert revealed(resolve_proxy(written, ENVIRON)) == parts


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("proxy:3128", "not a proxy's address; write http://host:port"),
        ("http://proxy", "needs its port"),
        ("http://proxy:99999", "needs its port"),
        ("http://proxy:3128/path", "not a proxy's address"),
        ("http://pro xy:3128", "not a proxy's address"),
        ("socks5://proxy:1080", "not a proxy's address"),
        ("https://proxy:3128", "TLS with the proxy itself is not supported"),
        ("http://user:hunter2@proxy:3128", PLAIN_TEXT),
        ("http://user:hunter2${env:PASS}@proxy:3128", PLAIN_TEXT),
    ],
)
def test_what_cannot_be_used_is_said_without_quoting_it(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        check_proxy(written)
    assert "hunter2" not in str(refused.value)


def declared(proxy: str) -> Integration:
    step = {"name": "s", "request": {"path": "/"}}
    workflows = [{"name": "w", "steps": [step]}]
    return Integration.model_validate(
        {"integration": "a", "base_url": "https://a.example", "proxy": proxy, "workflows": workflows}
    )


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ("http://${env:USER}:${env:PASS}@${env:HOST}:3128", {"svc", "p@ss:/w#rd"}),
        ("${env:URL}", {"svc", "p@ss"}),
        ("http://${env:HOST}:3128", set()),
        ("http://proxy:3128", set()),
    ],
)
def test_its_credentials_are_secrets_and_its_host_is_none(written: str, secrets: set[str]) -> None:
    integration = declared(written)
    assert secret_values(integration, ENVIRON) == secrets
    assert secret_values(resolve_integration(integration, ENVIRON), ENVIRON) == secrets


def test_nothing_of_the_credentials_is_shown() -> None:
    resolved = resolve_proxy("http://${env:USER}:${env:PASS}@proxy:3128", ENVIRON)
    assert str(resolved) == "proxy:3128"
    for shown in (repr(resolved), f"{resolved}", repr(resolve_integration(declared("${env:URL}"), ENVIRON))):
        assert "svc" not in shown
        assert "p@ss" not in shown
        assert "p%40ss" not in shown


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_a_password_may_hold_any_character(password: str) -> None:
    environ = {"PASS": password}
    resolved = resolve_proxy("http://u:${env:PASS}@proxy:3128", environ)
    assert revealed(resolved) == ("proxy", 3128, "u", password)
