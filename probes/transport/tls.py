"""Trust: contexts, and what a failed handshake means in words."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import certifi
from cryptography import x509

from probes.model import FailureKind
from probes.transport.failure import Phase, TransportFailure

_EXPIRED: Final = 10
_NOT_YET: Final = 9
_SELF_SIGNED: Final = (18, 19)
_UNKNOWN_ISSUER: Final = (2, 20, 21)
_WRONG_HOST: Final = (62, 64)

_contexts: dict[tuple[str, float], ssl.SSLContext] = {}
_building = threading.Lock()


async def client_context(ca_file: str | None) -> ssl.SSLContext:
    """The shared context for that authority; TLS 1.2 or newer, verification on.

    Reading an authority bundle takes a tenth of a second, so it happens once per file and off the loop. A changed file
    gives a new context.
    """
    try:
        key = (ca_file, os.stat(ca_file).st_mtime) if ca_file else ("", 0.0)
        known = _contexts.get(key)
        return known if known is not None else await asyncio.to_thread(_context, key)
    except (OSError, ssl.SSLError) as err:
        raise TransportFailure(
            FailureKind.INTERNAL, f"cannot read the tls.ca_file {ca_file}: {err.strerror or err}"
        ) from err


def _context(key: tuple[str, float]) -> ssl.SSLContext:
    with _building:
        if key not in _contexts:
            context = ssl.create_default_context(cafile=key[0] or _default_bundle())
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            _contexts[key] = context
        return _contexts[key]


def _default_bundle() -> str | None:
    paths = ssl.get_default_verify_paths()
    has_directory = paths.capath is not None and bool(os.listdir(paths.capath))
    return None if paths.cafile or has_directory else certifi.where()


def expiry(session: ssl.SSLObject) -> datetime | None:
    """When the verified certificate of that session expires."""
    der = session.getpeercert(binary_form=True)
    return _expiry(der) if der else None


@lru_cache(maxsize=1024)
def _expiry(der: bytes) -> datetime | None:
    # The same certificate comes with every probe, and reading it costs a tenth of a handshake.
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Presented:
    """What an untrusted certificate says of itself."""

    expires_at: datetime
    begins_at: datetime
    names: tuple[str, ...]
    issuer: str

    @staticmethod
    def read(der: bytes) -> Presented:
        """Raises ValueError for bytes that are no certificate."""
        certificate = x509.load_der_x509_certificate(der)
        try:
            alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            dns_names = tuple(alternative.get_values_for_type(x509.DNSName))
            addresses = tuple(str(a) for a in alternative.get_values_for_type(x509.IPAddress))
        except x509.ExtensionNotFound:
            dns_names, addresses = (), ()
        return Presented(
            certificate.not_valid_after_utc,
            certificate.not_valid_before_utc,
            dns_names + addresses,
            certificate.issuer.rfc4514_string(),
        )


def handshake_failure(err: OSError, host: str) -> TransportFailure:
    """The failure that `err` means."""
    if isinstance(err, ssl.SSLCertVerificationError):
        words = certificate_words(err, host, None)
    elif isinstance(err, ssl.SSLError):
        words = _protocol_words(err)
    else:
        words = "the connection ended within the TLS handshake"
    return TransportFailure(FailureKind.TLS, words, phase=Phase.TLS)


def certificate_words(err: ssl.SSLCertVerificationError, host: str, presented: Presented | None) -> str:
    """Why the certificate was refused; `presented` is what it says of itself, where it could be fetched."""
    code = err.verify_code
    if code == _EXPIRED:
        return "certificate expired" + (f" on {_instant(presented.expires_at)}" if presented else "")
    if code == _NOT_YET:
        return "certificate is not valid before " + (_instant(presented.begins_at) if presented else "a later day")
    if code in _WRONG_HOST:
        names = ", ".join(presented.names[:5]) if presented and presented.names else "another host"
        return f"certificate is for {names}, not for {host}"
    if code in _SELF_SIGNED:
        return "certificate is self-signed, or its root is not trusted" + _issuer(presented)
    if code in _UNKNOWN_ISSUER:
        return "certificate's issuer is not trusted, or the chain is incomplete" + _issuer(presented)
    return f"certificate refused: {err.verify_message}"


def _protocol_words(err: ssl.SSLError) -> str:
    reason = err.reason or ""
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER" in reason:
        return "the server does not speak TLS on this port"
    if "PROTOCOL" in reason:
        return "the server offers no TLS version from 1.2 on"
    if isinstance(err, ssl.SSLEOFError) or "EOF" in reason:
        return "the connection ended within the TLS handshake"
    return f"TLS handshake failed: {reason.replace('_', ' ').lower() or 'unknown reason'}"


def _issuer(presented: Presented | None) -> str:
    return f" (issuer: {presented.issuer})" if presented and presented.issuer else ""


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
