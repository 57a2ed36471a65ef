"""Mutual TLS: the connection's own certificate is the credential (`tls.client_certificate`), no header is needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509

from probes.auth.model import Authenticator, AuthOptions, BuildContext
from probes.auth.tokens import TokenStoreError


class Options(AuthOptions):
    """Nothing but what every method has: the certificate and its key stand in the integration's `tls`."""

    @property
    def shows_certificate(self) -> bool:
        """It is the credential."""
        return True


def certificate_end(path: str) -> datetime:
    """Until when the first certificate of a PEM file is valid; raises TokenStoreError where it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) else "not a PEM certificate"
        raise TokenStoreError(f"{path}: {reason}; check tls.client_certificate") from err


def account(options: Options, environ: Mapping[str, str]) -> str:
    """One certificate for each integration: there is nothing else to tell two apart."""
    return "client certificate"


def build(options: Options, context: BuildContext) -> Authenticator:
    """Sends requests as they are; the transport shows the certificate."""
    return Authenticator(context.credential)
