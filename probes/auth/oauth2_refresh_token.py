"""OAuth 2.0 refresh token (RFC 6749 §6): a machine goes on asking in the name of a person who once consented."""

from __future__ import annotations

from collections.abc import Mapping

from config.secrets import SecretRef, resolve
from probes.auth.model import Authenticator, BuildContext
from probes.auth.oauth2 import OAuthOptions, client_account, endpoint_of
from probes.auth.stored_grant import StoredGrantAuthenticator
from probes.auth.tokens import cache_key

KIND = "oauth2_refresh_token"


class Options(OAuthOptions):
    """`refresh_token` is the first one; a vendor that rotates it hands out the next with every access token."""

    refresh_token: SecretRef


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The client id: one app's consents share its quota."""
    return client_account(options, environ)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Fetches tokens with the newest refresh token. A new one in the configuration (a new consent) beats a rotated one,
    for what is kept is kept under the first."""
    params = {name: resolve(value, context.environ) for name, value in options.params.items()}
    params["grant_type"] = "refresh_token"
    if options.scopes:
        params["scope"] = " ".join(options.scopes)
    endpoint = endpoint_of(options, context.environ)
    first = options.refresh_token.reveal(context.environ)
    return StoredGrantAuthenticator(
        context.credential,
        endpoint,
        params,
        grant=cache_key(KIND, endpoint.url, endpoint.client.client_id, first.get_secret_value()),
        first=first,
        scheme=options.scheme,
        default_life=options.token_lifetime,
        tokens=context.tokens,
        clock=context.clock,
    )
