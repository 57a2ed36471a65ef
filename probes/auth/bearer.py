"""A fixed bearer token (RFC 6750): a private app's token, a personal access token."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr

from config.secrets import SecretRef
from probes.auth.header import HeaderAuthenticator
from probes.auth.model import Authenticator, AuthOptions, BuildContext


class Options(AuthOptions):
    """`scheme` is for vendors with a word of their own instead of Bearer."""

    token: SecretRef
    scheme: str = Field("Bearer", pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")


def account(options: Options, environ: Mapping[str, str]) -> str:
    """The reference, not the token: it names no secret and survives a rotation."""
    return str(options.token)


def build(options: Options, context: BuildContext) -> Authenticator:
    """Sends `Authorization: Bearer …`."""
    token = options.token.reveal(context.environ).get_secret_value()
    header = SecretStr(f"{options.scheme} {token}")
    return HeaderAuthenticator(context.credential, "Authorization", header, frozenset({token}))
