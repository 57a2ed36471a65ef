"""OAuth 2.0 refresh token (RFC 6749 §6): a machine goes on asking in the name of a person who once consented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from config.secrets import SecretRef, resolve
from probes.auth.model import Authenticator, BuildContext, spellings
from probes.auth.oauth2 import OAuthAuthenticator, OAuthOptions, client_account, endpoint_of
from probes.auth.tokens import cache_key


class Options(OAuthOptions):
    """`refresh_token` is the first one; a vendor that rotates it hands out the next with every access token."""

    refresh_token: SecretRef


class RefreshTokenAuthenticator(OAuthAuthenticator):
    """Sends the newest refresh token. A new one in the configuration (a new consent) beats a rotated one."""

    def __init__(self, *args: Any, refresh_token: SecretStr, **named: Any) -> None:
        super().__init__(*args, **named)
        self._first = refresh_token
        self._key = self._refresh_key = cache_key(self._key, refresh_token.get_secret_value())

    def _current(self) -> SecretStr:
        return self._tokens.store.refresh_token(self._refresh_key) or self._first

    def _grant_params(self) -> dict[str, str]:
        return {**self._params, "refresh_token": self._current().get_secret_value()}

    def _grant_secrets(self) -> frozenset[str]:
        return (
            super()._grant_secrets().union(*(spellings(t.get_secret_value()) for t in (self._first, self._current())))
        )

    def _rotated(self, refresh_token: SecretStr) -> None:
        if refresh_token != self._current():
            self._tokens.store.keep(self._refresh_key, refresh_token)


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The client id: one app's consents share its quota."""
    return client_account(options, environ)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Fetches tokens with the newest refresh token."""
    params = {name: resolve(value, context.environ) for name, value in options.params.items()}
    params["grant_type"] = "refresh_token"
    if options.scopes:
        params["scope"] = " ".join(options.scopes)
    return RefreshTokenAuthenticator(
        context.credential,
        endpoint_of(options, context.environ),
        params,
        refresh_token=options.refresh_token.reveal(context.environ),
        scheme=options.scheme,
        default_life=options.token_lifetime,
        tokens=context.tokens,
        clock=context.clock,
    )
