"""Sign-in and public pages: what single types cannot see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from config.checks import mapping, mappings
from config.problems import Finding, did_you_mean
from config.scalars import parse_duration
from config.secrets import SecretRef

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def sign_in_findings(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with `hub.sign_in` of `leadline.yaml`."""
    declared = mapping(settings.get("hub")).get("sign_in")
    if not isinstance(declared, dict):
        return
    at, oidc = ("hub", "sign_in"), declared.get("oidc")
    if declared.get("passwords") is False and oidc is None:
        yield (*at, "passwords"), "then nobody could sign in; leave it out, or declare oidc"
    yield from (((*at, "idle"), told) for told in _ends(declared))
    if isinstance(oidc, dict):
        yield from (((*at, "oidc", key), told) for key, told in _provider(oidc))


def _ends(declared: Mapping[str, Any]) -> Iterator[str]:
    try:
        lasts, idle = (parse_duration(declared.get(key, usual)) for key, usual in (("lasts", "7d"), ("idle", "12h")))
    except ValueError:
        return
    if idle > lasts:
        yield "is longer than lasts, so it would never come to pass; shorten it"


def _provider(oidc: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    issuer, secret, scopes = oidc.get("issuer"), oidc.get("client_secret"), oidc.get("scopes")
    if isinstance(issuer, str):
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            yield "issuer", "has to be https://, because whoever is in between could sign in as anybody"
    if isinstance(secret, str):
        try:
            SecretRef(secret)
        except ValueError as err:
            yield "client_secret", str(err)
    if isinstance(scopes, list) and "openid" not in scopes:
        yield "scopes", "openid is missing; without it the provider does not say who somebody is"
    if not any(mapping(oidc.get("roles")).values()) and oidc.get("default_role") is None:
        yield "roles", "nobody would get a role; write roles: {viewer: [GROUP]}, or default_role: viewer"


def public_findings(settings: Mapping[str, Any], everything: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What is wrong with section `public`; `everything` are all integrations."""
    pages = mappings(settings.get("public"))
    named = {str(flow) for one in everything for flow in one.get("flows") or ()}
    for position, page in pages:
        flow, at = str(page.get("flow")), ("public", position)
        if flow in (other.get("flow") for _, other in pages[:position]):
            yield (*at, "flow"), f'a second page of "{flow}"; a flow has one'
        if flow not in named:
            yield (*at, "flow"), f'no integration has "{flow}" in its `flows` {did_you_mean(flow, named)}'
            continue
        members = {str(one.get("integration")) for one in everything if flow in (one.get("flows") or ())}
        for key, told in _shown(page, members):
            yield (*at, "integrations", *key), told


def _shown(page: Mapping[str, Any], members: set[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    shown = mapping(page.get("integrations"))
    for name in shown:
        if name not in members:
            yield (name,), f'"{name}" is no integration of this flow {did_you_mean(name, members)}'
    for words, times in Counter(str(words) for words in shown.values()).items():
        if times > 1:
            yield (), f'"{words}" names {times} of them; nobody could tell them apart'
