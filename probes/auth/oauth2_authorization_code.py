"""OAuth 2.0 authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8252): a person consents once by
`leadline auth login`; from then on the refresh token that came of it is used and rotated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config.secrets import UnresolvedReference, resolve
from probes.auth.model import Authenticator, BuildContext
from probes.auth.oauth2 import OAuthOptions, TokenEndpoint, check_endpoint, client_account, client_of, proof_key_of
from probes.auth.stored_grant import StoredGrantAuthenticator
from probes.auth.tokens import Consent, cache_key

KIND: Final = "oauth2_authorization_code"
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
OURS: Final = frozenset(
    {"client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"}
)
"""Parameters of the consent page that nobody else may set."""

_Endpoint = Annotated[str, AfterValidator(check_endpoint)]


def _check_redirect(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.query or parts.fragment:
        raise ValueError(
            "consent comes back to this machine (RFC 8252 §7.3); write http://127.0.0.1/callback for any free port, "
            "or http://127.0.0.1:8765/callback for the one that the vendor knows"
        )
    return uri


class Options(OAuthOptions):
    """`issuer` finds the addresses that are not written, and is who an id_token must come from."""

    issuer: _Endpoint | None = None
    authorization_url: _Endpoint | None = None
    token_url: _Endpoint | None = None  # type: ignore[assignment]
    jwks_url: _Endpoint | None = None
    redirect_uri: Annotated[str, AfterValidator(_check_redirect)] = "http://127.0.0.1/callback"
    authorization_params: dict[str, str] = Field(
        {}, description="More parameters of the consent page's address, such as `access_type`."
    )

    @model_validator(mode="after")
    def _refuse_missing_addresses(self) -> Self:
        if self.issuer is None and (self.authorization_url is None or self.token_url is None):
            raise ValueError("write `authorization_url` and `token_url`, or `issuer` to have them found")
        if self.issuer is None and "openid" in self.scopes:
            raise ValueError("`openid` asks for an id_token, which is checked against `issuer`; write that too")
        taken = sorted(OURS & self.authorization_params.keys())
        if taken:
            raise ValueError(f"`authorization_params` cannot set {', '.join(taken)}: leave that out")
        return self


class EnrolledAuthenticator(StoredGrantAuthenticator):
    """Knows where to spend the consent from the consent itself, where the configuration does not say."""

    def _seen(self, consent: Consent | None) -> None:
        super()._seen(consent)
        if consent is not None and not self._endpoint.url:
            self._endpoint = replace(self._endpoint, url=check_endpoint(consent.token_url))


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The client id: one app's consents share its quota."""
    return client_account(options, environ)


def grant_key(options: Options, environ: Mapping[str, str], credential: str) -> str:
    """Under which a consent is kept. Two people's consents to one app differ by `credential`; more scopes need a new
    consent, a new client secret does not."""
    provider = options.issuer or options.token_url or ""
    return cache_key(
        KIND, resolve(provider, environ), resolve(options.client_id, environ), credential, *sorted(options.scopes)
    )


def endpoint(options: Options, environ: Mapping[str, str], found: str = "") -> TokenEndpoint:
    """Where tokens come from, with references resolved; `found` is what the issuer says, where nothing is declared."""
    url, client = address(options.token_url, environ) or found, client_of(options, environ)
    return TokenEndpoint(url, client, dpop=proof_key_of(options, environ))


def address(url: str | None, environ: Mapping[str, str]) -> str:
    """An address with its references resolved, empty where none is written; raises UnresolvedReference."""
    if url is None:
        return ""
    try:
        return check_endpoint(resolve(url, environ))
    except ValueError as err:
        raise UnresolvedReference(url, str(err)) from None


def build(options: Options, context: BuildContext) -> Authenticator:
    """Fetches tokens with the newest refresh token; without one, the token step fails and says what to do."""
    params = {name: resolve(value, context.environ) for name, value in options.params.items()}
    return EnrolledAuthenticator(
        context.credential,
        endpoint(options, context.environ),
        {**params, "grant_type": "refresh_token"},
        grant=grant_key(options, context.environ, context.credential),
        first=None,
        missing=f"not enrolled: run `leadline auth login {context.integration or 'INTEGRATION'}`",
        scheme=options.scheme,
        default_life=options.token_lifetime,
        tokens=context.tokens,
        clock=context.clock,
    )
