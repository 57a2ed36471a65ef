"""Ways of authenticating. Adding one is a module of this package and a line in `AUTH_METHODS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from config.model import PluginSpec
from probes.auth import (
    api_key,
    aws_sigv4,
    basic,
    bearer,
    hmac_signature,
    mtls,
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
    "credential_of",
]

AUTH_METHODS: Final[dict[str, AuthMethod]] = {
    "none": none,
    "basic": basic,
    "bearer": bearer,
    "api_key": api_key,
    "oauth2_client_credentials": oauth2_client_credentials,
    "oauth2_refresh_token": oauth2_refresh_token,
    "oauth2_authorization_code": oauth2_authorization_code,
    "mtls": mtls,
    "aws_sigv4": aws_sigv4,
    "hmac_signature": hmac_signature,
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
    "private_key_jwt": (
        "it is how an OAuth client shows who it is, and goes with any grant; write `kind: oauth2_client_credentials` "
        "with `client_auth: private_key_jwt`"
    ),
    "dpop": "it binds the tokens of any OAuth grant; write `kind: oauth2_client_credentials` with `dpop: true`",
    "oauth2": (
        "there are several grants; write oauth2_client_credentials for a machine, oauth2_authorization_code for a "
        "person's consent, or oauth2_refresh_token for a consent given elsewhere"
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
    credential = credential_of(spec, environ)
    return method.build(options, BuildContext(environ, credential, clock, tokens, integration))


def credential_of(spec: PluginSpec, environ: Mapping[str, str]) -> str:
    """The label of that credential in every report: stable, without a secret. Raises as `authenticator_for` does."""
    method = AUTH_METHODS[spec.kind]
    options = method.Options.model_validate(spec.options)
    return options.credential or fingerprint(spec.kind, method.account(options, environ))
