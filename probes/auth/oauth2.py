"""What the OAuth 2.0 grants share: one token per credential, fetched once, renewed before it expires."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config.scalars import Duration
from config.secrets import SecretRef, UnresolvedReference, resolve
from probes.auth.client_auth import Client, ClientWithBasic, ClientWithSecret
from probes.auth.dpop import SCHEME, ProofKey, WantedKey
from probes.auth.model import Authenticator, AuthFailure, AuthOptions, TokenLife
from probes.auth.private_key_jwt import AssertionOptions, ClientWithKey
from probes.auth.signing import UnfitKey
from probes.auth.token_answer import Grant, read_grant
from probes.auth.tokens import Token, TokenCache, cache_key
from probes.http import URL, Request, Response
from probes.model import FailureKind

ClientAuth = Literal["post", "basic", "private_key_jwt", "tls_client_auth", "none"]

_NONCE_WANTED: Final = "dpop_nonce_wanted"
_REFERENCE = re.compile(r"\$\{(env|file):")


def check_endpoint(url: str) -> str:
    """An address of an identity provider, as it is; ValueError for one that a secret may not travel to."""
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

    outlives_the_process: ClassVar[bool] = True
    """Whether tokens of the grant are kept between two starts."""

    token_url: Annotated[str, AfterValidator(check_endpoint)]
    client_id: str
    client_secret: SecretRef | None = None
    client_auth: ClientAuth | None = Field(
        None,
        description="How the client shows who it is; default: post with a client_secret, private_key_jwt with an "
        "assertion, else none.",
    )
    assertion: AssertionOptions | None = Field(None, description="The key of private_key_jwt.")
    scopes: tuple[str, ...] = ()
    params: dict[str, str] = Field({}, description="More parameters of the token request, such as `resource`.")
    scheme: str = Field("Bearer", pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    token_lifetime: Duration = Field("1h", validate_default=True)
    dpop: bool = Field(False, description="Bind tokens to a key and prove it on every request (RFC 9449).")
    dpop_key: SecretRef | None = Field(None, description="That key, PEM or JWK; default: a new one at each start.")

    @property
    def authentication(self) -> ClientAuth:
        """`client_auth`, or what follows from what the client has."""
        if self.client_auth is not None:
            return self.client_auth
        if self.assertion is not None:
            return "private_key_jwt"
        return "post" if self.client_secret is not None else "none"

    @property
    def shows_certificate(self) -> bool:
        """With `client_auth: tls_client_auth`."""
        return self.authentication == "tls_client_auth"

    @model_validator(mode="after")
    def _refuse_what_does_not_go_together(self) -> Self:
        way = self.authentication
        if (self.client_secret is not None) is not (way in ("post", "basic")):
            words = "takes no `client_secret`; leave it out" if self.client_secret else "needs a `client_secret`"
            raise ValueError(f"`client_auth: {way}` {words}")
        if (self.assertion is not None) is not (way == "private_key_jwt"):
            words = "takes no `assertion`; leave it out" if self.assertion else "needs an `assertion` with its key"
            raise ValueError(f"`client_auth: {way}` {words}")
        return self

    @model_validator(mode="after")
    def _refuse_half_a_binding(self) -> Self:
        if self.dpop_key is not None and not self.dpop:
            raise ValueError("`dpop_key` without `dpop: true`; write both, or leave it out")
        if self.dpop and self.dpop_key is None and self.outlives_the_process:
            raise ValueError("`dpop: true` needs a `dpop_key` here: what is bound to it is used after a restart too")
        return self


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens come from, and who asks; its repr shows no secret."""

    url: str
    client: Client
    method: str = "post"
    dpop: WantedKey | None = None
    """The key that tokens are bound to; None: to none."""

    def request(self, params: Mapping[str, str], like: Request, now: datetime) -> Request:
        """A token request with the timeouts of the request that needs the token."""
        headers = {"Accept": "application/json", **self.client.headers()}
        fields = {**params, **self.client.fields(self.url, now)}
        extensions = {key: value for key, value in like.extensions.items() if key == "timeout"}
        if self.method == "get":
            url = URL(self.url).copy_merge_params(fields)
            return Request("GET", url, headers=headers, extensions=extensions)
        return Request("POST", self.url, data=fields, headers=headers, extensions=extensions)


def endpoint_of(options: OAuthOptions, environ: Mapping[str, str], method: str = "post") -> TokenEndpoint:
    """The endpoint with its references resolved; raises UnresolvedReference, also for an address that must not be."""
    try:
        url = check_endpoint(resolve(options.token_url, environ))
    except ValueError as err:
        raise UnresolvedReference(options.token_url, str(err)) from None
    return TokenEndpoint(url, client_of(options, environ), method, proof_key_of(options, environ))


def proof_key_of(options: OAuthOptions, environ: Mapping[str, str]) -> WantedKey | None:
    """The key that tokens are to be bound to; raises UnresolvedReference."""
    if options.dpop_key is not None:
        return WantedKey(options.dpop_key.reveal(environ), str(options.dpop_key))
    return WantedKey() if options.dpop else None


def client_of(options: OAuthOptions, environ: Mapping[str, str]) -> Client:
    """Who asks for tokens; raises UnresolvedReference."""
    client_id, way = resolve(options.client_id, environ), options.authentication
    if options.client_secret is not None:
        kind = ClientWithBasic if way == "basic" else ClientWithSecret
        return kind(client_id, options.client_secret.reveal(environ))
    if options.assertion is not None:
        return ClientWithKey.of(client_id, options.assertion, environ)
    return Client(client_id)


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
        self._scheme = scheme if endpoint.dpop is None else SCHEME
        self._default_life = default_life
        self._shown: set[str] = set()
        self._tokens = tokens
        self._clock = clock
        pairs = [part for pair in sorted(self._params.items()) for part in pair]
        binding = endpoint.dpop.identity() if endpoint.dpop is not None else ()
        self._key = self._lock_key = cache_key(
            endpoint.url, *endpoint.client.identity(), self._scheme, *binding, *pairs
        )

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """The token request where one is needed, then the request itself."""
        self._recall()
        if self._fresh_token() is None:
            asking = self._token_request(request)
            response = yield asking
            response.read()
            if self._wants_nonce(asking, response):
                response = yield self._token_request(request)
                response.read()
            self._accept(response)
        response = yield self._authorized(request)
        self._after(request, response)

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """As `auth_flow`, with the token fetched under the credential's lock."""
        async with self._tokens.lock(self._lock_key), self._turn():
            if self._fresh_token() is None:
                asking = self._token_request(request)
                response = yield asking
                await response.aread()
                if self._wants_nonce(asking, response):
                    response = yield self._token_request(request)
                    await response.aread()
                await self._accept_soon(response)
            authorized = self._authorized(request)
        response = yield authorized
        self._after(request, response)

    def invalidate(self, request: Request | None = None) -> bool:
        """Drop the token that `request` carried; a newer one, fetched meanwhile, is kept."""
        if request is not None and request.extensions.get(_NONCE_WANTED):
            return True
        carried = None if request is None else request.headers.get("Authorization", "")
        self._tokens.drop(self._key, None if carried is None else carried.removeprefix(f"{self._scheme} "))
        return True

    def secret_texts(self) -> frozenset[str]:
        """The client's secret, the access token held now and those sent before it: a rejected one may be echoed."""
        held = self._tokens.get(self._key)
        token = {held.value.get_secret_value()} if held is not None else set()
        return self._grant_secrets() | token | self._shown

    def life(self) -> TokenLife:
        """Until when the access token held now lives."""
        held = self._tokens.get(self._key)
        return TokenLife(access_expires_at=held.expires_at if held is not None else None)

    def _grant_params(self) -> dict[str, str]:
        return self._params

    def _grant_secrets(self) -> frozenset[str]:
        wanted = self._endpoint.dpop
        key = {wanted.secret.get_secret_value()} if wanted is not None and wanted.secret is not None else set()
        return self._endpoint.client.secret_texts() | key

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
        request = self._endpoint.request(self._grant_params(), like, self._clock())
        proofs = self._proofs()
        if proofs is not None:
            proofs.prove(request, self._clock())
        return request

    def _proofs(self) -> ProofKey | None:
        wanted = self._endpoint.dpop
        if wanted is not None and self._key not in self._tokens.proof_keys:
            try:
                self._tokens.proof_keys[self._key] = ProofKey(wanted)
            except UnfitKey as err:
                raise AuthFailure(f"{wanted.reference}: {err}", FailureKind.INTERNAL) from None
        return self._tokens.proof_keys.get(self._key)

    def _wants_nonce(self, request: Request, response: Response) -> bool:
        proofs = self._proofs()
        return proofs is not None and proofs.learn(request, response)

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
            bound=self._endpoint.dpop is not None,
        )

    def _authorized(self, request: Request) -> Request:
        # Straight after a fetch even a token that expires at once is used: nothing fresher is to be had.
        token = self._tokens.get(self._key)
        if token is not None:
            value = token.value.get_secret_value()
            self._shown.add(value)
            request.headers["Authorization"] = f"{self._scheme} {value}"
            proofs = self._proofs()
            if proofs is not None:
                proofs.prove(request, self._clock(), value)
        return request

    def _after(self, request: Request, response: Response) -> None:
        if self._wants_nonce(request, response):
            # The token is as good as it was; only the next attempt's proof has to say more.
            request.extensions[_NONCE_WANTED] = True
        elif response.status_code == 401:
            self.invalidate(request)
