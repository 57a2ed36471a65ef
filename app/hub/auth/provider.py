"""An OpenID Connect provider: its addresses and keys, looked up and kept for a while, and what it tells of a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.enrolment.consent import Asked
from app.enrolment.problem import EnrolmentError

_KEPT: Final = timedelta(hours=1)
_KEYS_AGAIN: Final = timedelta(seconds=60)
"""A token signed by a key that we do not know makes us look for new keys, at most so often."""
_MOST_BYTES: Final = 1 << 20
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class ProviderProblem(Exception):  # noqa: N818 - a state of the provider, not of the program
    """The provider, or what it says, is not to be relied on. For the log: it never quotes a token."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to go for what, as the provider's discovery document has it."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None = None
    end_session: str | None = None
    takes_basic: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """How the provider knows us. Its repr shows no secret."""

    client_id: str
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Client({self.client_id!r})"


class Provider:
    """Asks a provider. Redirects are not followed: whatever an answer says, it comes from where we asked."""

    def __init__(self, http: httpx.AsyncClient, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._clock = clock
        self._addresses: tuple[datetime, Addresses] | None = None
        self._keys: tuple[datetime, str, KeySet] | None = None

    async def addresses(self, issuer: str) -> Addresses:
        """The provider's, at most an hour old; raises ProviderProblem."""
        now, known = self._clock(), self._addresses
        if known is None or known[1].issuer != issuer or now - known[0] > _KEPT:
            place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            known = self._addresses = now, _addresses(issuer, await self._json("GET", place))
        return known[1]

    async def claims(self, asked: Asked, where: Addresses, client: Client, code: str) -> Mapping[str, Any]:
        """What the provider says of the person that came back with that code, with the `userinfo` where it has one;
        raises ProviderProblem."""
        answer = await self._exchange(asked, where, client, code)
        told = await self._verified(asked, where, str(answer.get("id_token", "")))
        access = answer.get("access_token")
        if not where.userinfo or not isinstance(access, str):
            return told
        more = await self._json("GET", where.userinfo, headers={"Authorization": f"Bearer {access}"})
        if more.get("sub") != told["sub"]:
            raise ProviderProblem("userinfo is about somebody else than the id_token")
        return {**more, **told}

    async def _exchange(self, asked: Asked, where: Addresses, client: Client, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier,
        }
        if client.secret is not None and where.takes_basic:
            # RFC 6749 §2.3.1: both are encoded as in a form before they are joined.
            auth = httpx.BasicAuth(quote(client.client_id, safe=""), quote(client.secret, safe=""))
            return await self._json("POST", where.token, data=form, auth=auth)
        form["client_id"] = client.client_id
        if client.secret is not None:
            form["client_secret"] = client.secret
        return await self._json("POST", where.token, data=form)

    async def _verified(self, asked: Asked, where: Addresses, id_token: str) -> Mapping[str, Any]:
        keys, looked = await self._keys_of(where, timedelta.max)
        try:
            return asked.claims(id_token, keys, self._clock())
        except EnrolmentError as err:
            newer, again = await self._keys_of(where, _KEYS_AGAIN)
            if again == looked:
                raise ProviderProblem(str(err)) from None
        try:
            return asked.claims(id_token, newer, self._clock())
        except EnrolmentError as err:
            raise ProviderProblem(str(err)) from None

    async def _keys_of(self, where: Addresses, oldest: timedelta) -> tuple[KeySet, datetime]:
        """The keys, no older than that nor than an hour, and when they were looked up."""
        now, known = self._clock(), self._keys
        if known is None or known[1] != where.keys or now - known[0] > min(oldest, _KEPT):
            document = await self._json("GET", where.keys)
            try:
                keys = KeySet.import_key_set(document)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as err:
                raise ProviderProblem(f"{where.keys}: not a set of keys ({type(err).__name__})") from None
            known = self._keys = now, where.keys, keys
        return known[2], known[0]

    async def _json(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        place = urlsplit(url)._replace(query="").geturl()
        try:
            async with self._http.stream(method, url, follow_redirects=False, **more) as answer:
                content = await _content(answer, place)
            found = json.loads(content)
        except httpx.HTTPError as err:
            raise ProviderProblem(f"{place}: {type(err).__name__}") from None
        except ValueError:
            raise ProviderProblem(f"{place}: the answer (HTTP {answer.status_code}) is not JSON") from None
        if answer.status_code != 200 or not isinstance(found, dict):
            why = found.get("error") if isinstance(found, dict) else None
            raise ProviderProblem(f"{place}: HTTP {answer.status_code}{f' {str(why)[:60]}' if why else ''}")
        return found


async def _content(answer: httpx.Response, place: str) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise ProviderProblem(f"{place}: the answer is larger than {_MOST_BYTES} bytes")
    return bytes(content)


def _addresses(issuer: str, told: Mapping[str, Any]) -> Addresses:
    if told.get("issuer") != issuer:
        raise ProviderProblem(f"it calls itself {str(told.get('issuer'))[:200]!r}, not {issuer!r}")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Addresses(
        issuer=issuer,
        authorization=_address(told, "authorization_endpoint"),
        token=_address(told, "token_endpoint"),
        keys=_address(told, "jwks_uri"),
        userinfo=_address(told, "userinfo_endpoint") if "userinfo_endpoint" in told else None,
        end_session=_address(told, "end_session_endpoint") if "end_session_endpoint" in told else None,
        takes_basic="client_secret_basic" in methods,
    )


def _address(told: Mapping[str, Any], key: str) -> str:
    url = told.get(key)
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        return parts.geturl()
    raise ProviderProblem(f"its {key} is not an https:// address")
