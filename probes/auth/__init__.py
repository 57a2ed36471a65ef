"""Ways of authenticating. Adding one is a module of this package and a line in `AUTH_METHODS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from config.model import PluginSpec
from probes.auth import (
    api_key,
    basic,
    bearer,
    none,
    oauth2_authorization_code,
    oauth2_client_credentials,
    oauth2_refresh_token,
)
from probes.auth.model import Authenticator, AuthFailure, AuthMethod, AuthOptions, BuildContext, fingerprint
from probes.auth.tokens import MemoryTokenStore, Token, TokenCache, TokenStore

__all__ = [
    "AUTH_METHODS",
    "REFUSED_AUTH_KINDS",
    "AuthFailure",
    "AuthMethod",
    "AuthOptions",
    "Authenticator",
    "BuildContext",
    "MemoryTokenStore",
    "Token",
    "TokenCache",
    "TokenStore",
    "authenticator_for",
]

AUTH_METHODS: Final[dict[str, AuthMethod]] = {
    "none": none,
    "basic": basic,
    "bearer": bearer,
    "api_key": api_key,
    "oauth2_client_credentials": oauth2_client_credentials,
    "oauth2_refresh_token": oauth2_refresh_token,
    "oauth2_authorization_code": oauth2_authorization_code,
}

REFUSED_AUTH_KINDS: Final[dict[str, str]] = {
    "oauth2_password": (
        "the password grant hands a person's password to a program, cannot do a second factor and is gone from "
        "OAuth 2.1; use oauth2_client_credentials, or oauth2_authorization_code after one consent"
    ),
    "oauth2_implicit": (
        "the implicit grant puts tokens into addresses, gives no refresh token and is gone from OAuth 2.1; "
        "use oauth2_authorization_code: one consent by authorization code with PKCE"
    ),
}
"""Kinds that people ask for and do not get, with the reason and what to use instead."""


def authenticator_for(
    spec: PluginSpec,
    environ: Mapping[str, str],
    *,
    tokens: TokenCache,
    clock: Callable[[], datetime],
    integration: str = "",
) -> Authenticator:
    """The authenticator of an integration's `auth`, as it was declared (references unresolved).

    Raises KeyError for an unknown kind and pydantic's ValidationError for bad options (both are refused when the
    configuration is loaded), `config.secrets.UnresolvedReference` where this machine lacks a secret.
    """
    method = AUTH_METHODS[spec.kind]
    options = method.Options.model_validate(spec.options)
    credential = options.credential or fingerprint(spec.kind, method.account(options, environ))
    return method.build(options, BuildContext(environ, credential, clock, tokens, integration))
