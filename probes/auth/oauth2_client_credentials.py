"""OAuth 2.0 client credentials (RFC 6749 §4.4): a machine asks in its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from config.secrets import resolve
from probes.auth.model import Authenticator, BuildContext
from probes.auth.oauth2 import OAuthAuthenticator, OAuthOptions, client_account, endpoint_of


class Options(OAuthOptions):
    """`method: get` is for identity endpoints that take the client in the query only, such as Marketo's."""

    outlives_the_process: ClassVar[bool] = False

    method: Literal["post", "get"] = "post"
    audience: str | None = None

    @model_validator(mode="after")
    def _refuse_half_a_get(self) -> Self:
        if self.method == "get" and self.authentication != "post":
            raise ValueError(
                f"`method: get` sends the client in the query; leave out `client_auth: {self.client_auth}`"
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_client_without_proof(self) -> Self:
        if self.authentication == "none":
            raise ValueError(
                "nothing proves who the client is; write its `client_secret`, an `assertion` with its key, or "
                "`client_auth: tls_client_auth` where the connection's certificate does"
            )
        return self


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The client id."""
    return client_account(options, environ)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Fetches tokens with the client's id and secret."""
    params = {name: resolve(value, context.environ) for name, value in options.params.items()}
    params["grant_type"] = "client_credentials"
    if options.scopes:
        params["scope"] = " ".join(options.scopes)
    if options.audience is not None:
        params["audience"] = resolve(options.audience, context.environ)
    return OAuthAuthenticator(
        context.credential,
        endpoint_of(options, context.environ, options.method),
        params,
        scheme=options.scheme,
        default_life=options.token_lifetime,
        tokens=context.tokens,
        clock=context.clock,
    )
