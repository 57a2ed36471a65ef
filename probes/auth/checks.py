"""What can be said of an integration's `auth` once all of the integration is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from config.model import Integration
from probes.auth import AUTH_METHODS
from probes.auth.model import AuthOptions

NO_CERTIFICATE: Final = (
    "the connection's certificate is the credential, and there is none; write `client_certificate` and `client_key` "
    "under `tls`"
)


def auth_findings(integration: Integration) -> Iterator[tuple[str, str]]:
    """(dotted path, message with its remedy) of what cannot work."""
    options = _options(integration)
    if options is not None and options.shows_certificate and integration.tls.client_certificate is None:
        yield "auth", NO_CERTIFICATE


def auth_warnings(integration: Integration) -> Iterator[tuple[str, str]]:
    """(dotted path, message) of what works and had better not be needed."""
    options = _options(integration)
    for name, message in options.warnings() if options is not None else ():
        yield f"auth.{name}", message


def _options(integration: Integration) -> AuthOptions | None:
    method = AUTH_METHODS.get(integration.auth.kind)
    try:
        return method.Options.model_validate(integration.auth.options) if method is not None else None
    except ValidationError:
        # Said already, option by option.
        return None
