"""What certificates say of themselves: those of a verified chain, and one that was refused."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography import x509

from probes.model import Certificate

_LONGEST: Final = 8
"""Certificates of a chain that are looked at."""
_TEXT: Final = 200
_ENCODING_DER: Final = 2


def chain(session: ssl.SSLObject) -> tuple[Certificate, ...]:
    """The certificates that were verified in that session, the server's own first, its root last.

    Where Python cannot tell the chain, the server's own alone.
    """
    found = (_read(der) for der in _ders(session)[:_LONGEST])
    return tuple(certificate for certificate in found if certificate is not None)


def _ders(session: Any) -> list[bytes]:
    # Public since Python 3.13; the same function is on the object underneath since 3.10.
    public = getattr(session, "get_verified_chain", None)
    if public is not None:
        return list(public())
    private = getattr(getattr(session, "_sslobj", None), "get_verified_chain", None)
    if private is not None:
        return [one.public_bytes(_ENCODING_DER) for one in private() or ()]
    own = session.getpeercert(binary_form=True)
    return [own] if own else []


@lru_cache(maxsize=1024)
def _read(der: bytes) -> Certificate | None:
    # The same certificates come with every probe, and reading one costs a tenth of a handshake.
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return None
    return Certificate(
        subject=_name(certificate.subject) or _first_name(certificate),
        issuer=_name(certificate.issuer),
        expires_at=certificate.not_valid_after_utc,
    )


def _name(name: x509.Name) -> str:
    try:
        return name.rfc4514_string()[:_TEXT]
    except ValueError:
        return ""


def _first_name(certificate: x509.Certificate) -> str:
    # A certificate without a subject names its hosts only.
    return next(iter(_hosts(certificate)), "")[:_TEXT]


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = tuple(alternative.get_values_for_type(x509.DNSName))
    return names + tuple(str(a) for a in alternative.get_values_for_type(x509.IPAddress))


@dataclass(frozen=True, slots=True)
class Presented:
    """What an untrusted certificate says of itself."""

    certificate: Certificate
    begins_at: datetime
    names: tuple[str, ...]

    @staticmethod
    def read(der: bytes) -> Presented:
        """Raises ValueError for bytes that are no certificate."""
        certificate, read = x509.load_der_x509_certificate(der), _read(der)
        if read is None:
            raise ValueError("not a certificate")
        return Presented(read, certificate.not_valid_before_utc, _hosts(certificate))
