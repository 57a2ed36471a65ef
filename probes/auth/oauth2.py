"""What the OAuth 2.0 grants share: one token per credential, fetched once, renewed before it expires."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote_plus, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from config.scalars import Duration
from config.secrets import SecretRef, UnresolvedReference, resolve
from probes.auth.basic import basic_header
from probes.auth.model import Authenticator, AuthOptions, TokenLife, spellings
from probes.auth.token_answer import Grant, read_grant
from probes.auth.tokens import Token, TokenCache, cache_key
from probes.http import URL, Request, Response

_REFERENCE = re.compile(r"\$\{(env|file):")


def _check_token_url(url: str) -> str:
    if _REFERENCE.search(url):
        return url
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not a web address; write https://…")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("a client secret must not travel unencrypted (RFC 6749 §3.2); write https://…")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OAuthOptions(AuthOptions):
    """What every grant needs. `token_lifetime` is used where the vendor sends no expires_in."""

    token_url: Annotated[str, AfterValidator(_check_token_url)]
    client_id: str
    client_secret: SecretRef
    client_auth: Literal["post", "basic"] = Field("post", description="Where the client's id and secret are sent.")
    scopes: tuple[str, ...] = ()
    params: dict[str, str] = Field({}, description="More parameters of the token request, such as `resource`.")
    scheme: str = Field("Bearer", pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    token_lifetime: Duration = Field("1h", validate_default=True)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens come from, and who asks; its repr shows no secret."""

    url: str
    client_id: str
    client_secret: SecretStr
    client_auth: str
    method: str = "post"

    def request(self, params: Mapping[str, str], like: Request) -> Request:
        """A token request with the timeouts of the request that needs the token."""
        secret = self.client_secret.get_secret_value()
        headers = {"Accept": "application/json"}
        fields = dict(params)
        if self.client_auth == "basic":
            headers["Authorization"] = _client_basic(self.client_id, secret)
        else:
            fields |= {"client_id": self.client_id} | ({"client_secret": secret} if secret else {})
        extensions = {key: value for key, value in like.extensions.items() if key == "timeout"}
        if self.method == "get":
            url = URL(self.url).copy_merge_params(fields)
            return Request("GET", url, headers=headers, extensions=extensions)
        return Request("POST", self.url, data=fields, headers=headers, extensions=extensions)


def _client_basic(client_id: str, secret: str) -> str:
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    return basic_header(quote_plus(client_id), quote_plus(secret)).get_secret_value()


def endpoint_of(options: OAuthOptions, environ: Mapping[str, str], method: str = "post") -> TokenEndpoint:
    """The endpoint with its references resolved; raises UnresolvedReference, also for an address that must not be."""
    try:
        url = _check_token_url(resolve(options.token_url, environ))
    except ValueError as err:
        raise UnresolvedReference(options.token_url, str(err)) from None
    return TokenEndpoint(
        url=url,
        client_id=resolve(options.client_id, environ),
        client_secret=options.client_secret.reveal(environ),
        client_auth=options.client_auth,
        method=method,
    )


def client_account(options: OAuthOptions, environ: Mapping[str, str]) -> str:
    """The client id, which OAuth does not count as a secret."""
    return resolve(options.client_id, environ)


class OAuthAuthenticator(Authenticator):
    """Fetches a token when there is no fresh one, keeps it for all workflows, drops it on a 401.

    A 401 is not retried here: the answer stands, and the runner's next attempt fetches anew, so that it is seen. Drive
    it asynchronously and two flows never both fetch; `auth_flow` alone does not wait for another flow.
    """

    def __init__(
        self,
        credential: str,
        endpoint: TokenEndpoint,
        params: Mapping[str, str],
        *,
        scheme: str,
        default_life: timedelta,
        tokens: TokenCache,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(credential)
        self._endpoint = endpoint
        self._params = dict(params)
        self._scheme = scheme
        self._default_life = default_life
        self._tokens = tokens
        self._clock = clock
        secret = endpoint.client_secret.get_secret_value()
        pairs = [part for pair in sorted(self._params.items()) for part in pair]
        self._key = self._lock_key = cache_key(endpoint.url, endpoint.client_id, secret, scheme, *pairs)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The token request where one is needed, then the request itself."""
        self._recall()
        if self._fresh_token() is None:
            response = yield self._token_request(request)
            response.read()
            self._accept(response)
        response = yield self._authorized(request)
        self._after(request, response)

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """As `auth_flow`, with the token fetched under the credential's lock."""
        async with self._tokens.lock(self._lock_key), self._turn():
            if self._fresh_token() is None:
                response = yield self._token_request(request)
                await response.aread()
                await self._accept_soon(response)
            authorized = self._authorized(request)
        response = yield authorized
        self._after(request, response)

    def invalidate(self, request: Request | None = None) -> bool:
        """Drop the token that `request` carried; a newer one, fetched meanwhile, is kept."""
        carried = None if request is None else request.headers.get("Authorization", "")
        self._tokens.drop(self._key, None if carried is None else carried.removeprefix(f"{self._scheme} "))
        return True

    def secret_texts(self) -> frozenset[str]:
        """The client's secret and the access token held now."""
        held = self._tokens.get(self._key)
        token = {held.value.get_secret_value()} if held is not None else set()
        return self._grant_secrets() | token

    def life(self) -> TokenLife:
        """Until when the access token held now lives."""
        held = self._tokens.get(self._key)
        return TokenLife(access_expires_at=held.expires_at if held is not None else None)

    def _grant_params(self) -> dict[str, str]:
        return self._params

    def _grant_secrets(self) -> frozenset[str]:
        secret = self._endpoint.client_secret.get_secret_value()
        if not secret:
            return frozenset()
        basic = _client_basic(self._endpoint.client_id, secret).removeprefix("Basic ")
        return spellings(secret) | {basic}

    def _recall(self) -> None:
        """A grant that keeps its tokens between runs looks them up here."""

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Held while a token is fetched; a grant that spends something by it waits here for other processes."""
        yield

    async def _accept_soon(self, response: Response) -> None:
        """As `_accept`; a grant that writes to a disk does so off the event loop."""
        self._accept(response)

    def _fresh_token(self) -> Token | None:
        token = self._tokens.get(self._key)
        return token if token is not None and token.is_fresh(self._clock()) else None

    def _token_request(self, like: Request) -> Request:
        return self._endpoint.request(self._grant_params(), like)

    def _accept(self, response: Response) -> None:
        self._tokens.put(self._key, self._granted(response).token)

    def _granted(self, response: Response) -> Grant:
        self._tokens.drop(self._key)
        return read_grant(
            response,
            self._clock(),
            grant_type=self._params["grant_type"],
            default_life=self._default_life,
            secrets=self._grant_secrets(),
        )

    def _authorized(self, request: Request) -> Request:
        # Straight after a fetch even a token that expires at once is used: nothing fresher is to be had.
        token = self._tokens.get(self._key)
        if token is not None:
            request.headers["Authorization"] = f"{self._scheme} {token.value.get_secret_value()}"
        return request

    def _after(self, request: Request, response: Response) -> None:
        if response.status_code == 401:
            self.invalidate(request)
