"""Addresses: that they are http(s), carry no credentials, and are on the side of the vendor that the file declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from config.checks import Context, mapping, mappings
from config.problems import Finding, Path
from config.secrets import UnresolvedReference, resolve

SANDBOX_HOSTS: Final = (
    # Hosts that a vendor keeps for tests. A production objective measured there would mean nothing.
    r"test\.salesforce\.com",
    r".+\.sandbox\.my\.salesforce\.com",
    r".+\.sandbox\.lightning\.force\.com",
    r"api-m?\.sandbox\.paypal\.com",
    r"(.+\.)?sandbox\.braintreegateway\.com",
    r"sandbox\..+",
    r"api-sandbox\..+",
)
PRODUCTION_HOSTS: Final = (
    # Hosts that reach live data whatever the credential: a sandbox probe would write to it.
    r"login\.salesforce\.com",
    r"api-m?\.paypal\.com",
    r"api\.braintreegateway\.com",
)


def address_findings(integration: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """Every address in the file that could not be used, or should not be."""
    side = integration.get("environment", "production")
    for path, text in _addresses(integration):
        url = _resolved(text, context.environ)
        if url is None:
            continue
        yield from ((path, message) for message in _faults(url, str(side), is_base=path == ("base_url",)))


def _addresses(integration: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    yield ("base_url",), integration.get("base_url")
    yield ("status_page", "url"), mapping(integration.get("status_page")).get("url")
    for key, value in mapping(integration.get("auth")).items():
        if key.endswith("url"):
            yield ("auth", key), value
    yield ("quota", "usage", "url"), mapping(mapping(integration.get("quota")).get("usage")).get("url")
    for number, workflow in mappings(integration.get("workflows")):
        for position, step in mappings(workflow.get("steps")):
            path = ("workflows", number, "steps", position, "request", "url")
            yield path, mapping(step.get("request")).get("url")


def _resolved(text: object, environ: Mapping[str, str]) -> str | None:
    """The address as it will be used; None where there is none, or where a reference leads nowhere yet."""
    if not isinstance(text, str):
        return None
    try:
        return resolve(text, environ)
    except UnresolvedReference:
        return None


def _faults(url: str, side: str, *, is_base: bool) -> Iterator[str]:
    if is_base and "{{" in url:
        yield "templates are not rendered in base_url; put them into a step's path"
        return
    if url.startswith("{{"):
        return
    parts = _split(url)
    if parts is None:
        yield "must be an http:// or https:// address with a host, such as https://api.example.com"
        return
    if parts.username is not None:
        yield "credentials in an address end up in logs; use auth"
    if is_base and (parts.query or parts.fragment):
        yield "no ? or # here, because each step's path is put behind it; use a step's query"
    yield from _wrong_side(parts.hostname or "", side)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and parts.hostname and port != 0 and not re.search(r"\s", url)
    return parts if usable else None


def _wrong_side(host: str, side: str) -> Iterator[str]:
    if side == "production" and _matches(host, SANDBOX_HOSTS):
        yield f"{host} is a sandbox, but environment is production; write environment: sandbox, or the live address"
    if side == "sandbox" and _matches(host, PRODUCTION_HOSTS):
        yield f"{host} is live, but environment is sandbox; write the sandbox's address, or environment: production"


def _matches(host: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(pattern, host, re.IGNORECASE) for pattern in patterns)
