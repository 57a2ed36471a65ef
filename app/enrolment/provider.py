"""Whom to ask: the addresses of an identity provider, as declared or as its discovery document gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.enrolment.problem import EnrolmentError, told
from probes.auth.oauth2 import check_endpoint
from probes.auth.oauth2_authorization_code import Options, address
from probes.transport import TransportFailure

_TIMEOUT: Final = {"timeout": {"total": 15.0}}


@dataclass(frozen=True, slots=True)
class Provider:
    """Where consent is asked for and tokens come from. `issuer` and `jwks_url` are empty where they are not known."""

    authorization_url: str
    token_url: str
    issuer: str = ""
    jwks_url: str = ""


async def provider_of(client: httpx.AsyncClient, options: Options, environ: Mapping[str, str]) -> Provider:
    """What is declared; what is not is looked up at `issuer`. Raises EnrolmentError, UnresolvedReference."""
    issuer = address(options.issuer, environ)
    declared = {
        "authorization_endpoint": address(options.authorization_url, environ),
        "token_endpoint": address(options.token_url, environ),
        "jwks_uri": address(options.jwks_url, environ),
    }
    needed = set(declared) if "openid" in options.scopes else {"authorization_endpoint", "token_endpoint"}
    if any(not declared[name] for name in needed):
        declared |= {name: url for name, url in (await _discovered(client, issuer)).items() if not declared[name]}
    missing = sorted(name for name in needed if not declared[name])
    if missing:
        raise EnrolmentError(f"{issuer} does not say its {', '.join(missing)}; write the address in `auth`")
    return Provider(declared["authorization_endpoint"], declared["token_endpoint"], issuer, declared["jwks_uri"])


async def keys_of(client: httpx.AsyncClient, provider: Provider) -> KeySet:
    """The keys that the provider signs with; raises EnrolmentError."""
    document = await _document(client, provider.jwks_url)
    try:
        return KeySet.import_key_set(document)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as err:
        raise EnrolmentError(f"{provider.jwks_url}: not a set of keys ({type(err).__name__})") from None


async def _discovered(client: httpx.AsyncClient, issuer: str) -> dict[str, str]:
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    places = (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )
    document = await _first(client, places)
    if document.get("issuer") != issuer:
        raise EnrolmentError(
            f"{places[0]} calls itself {told(document.get('issuer'))}, not {issuer}: write `issuer` exactly as it does"
        )
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    return {name: _checked(name, document.get(name)) for name in names}


async def _first(client: httpx.AsyncClient, places: tuple[str, ...]) -> dict[str, Any]:
    problems = []
    for place in places:
        try:
            return await _document(client, place)
        except EnrolmentError as err:
            problems.append(str(err))
    raise EnrolmentError(f"{problems[0]}; check `issuer`, or write `authorization_url` and `token_url`")


def _checked(name: str, url: object) -> str:
    if not isinstance(url, str) or not url:
        return ""
    try:
        return check_endpoint(url)
    except ValueError as err:
        raise EnrolmentError(f"the {name} that the issuer gives is no good: {err}") from None


async def _document(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    try:
        response = await client.get(url, headers={"Accept": "application/json"}, extensions=_TIMEOUT)
        found = response.json()
    except TransportFailure as err:
        raise EnrolmentError(f"{url}: {err.message}") from None
    except ValueError:
        raise EnrolmentError(f"{url}: the answer (HTTP {response.status_code}) is not JSON") from None
    if response.status_code != 200 or not isinstance(found, dict):
        raise EnrolmentError(f"{url}: HTTP {response.status_code}")
    return found
