"""HTTP Basic (RFC 7617)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from pydantic import SecretStr

from config.secrets import SecretRef, resolve
from probes.auth.header import HeaderAuthenticator
from probes.auth.model import Authenticator, AuthOptions, BuildContext


class Options(AuthOptions):
    """`username` may be an account id or a public key; `password` may be the vendor's API key."""

    username: str
    password: SecretRef


def basic_header(username: str, password: str) -> SecretStr:
    """`Basic …` of UTF-8 text."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return SecretStr(f"Basic {pair}")


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The user's name."""
    return resolve(options.username, environ)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Sends `Authorization: Basic …`."""
    password = options.password.reveal(context.environ).get_secret_value()
    header = basic_header(resolve(options.username, context.environ), password)
    secrets = frozenset({password, header.get_secret_value().removeprefix("Basic ")})
    return HeaderAuthenticator(context.credential, "Authorization", header, secrets)
