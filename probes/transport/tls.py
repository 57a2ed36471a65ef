"""What a failed handshake means, in words."""

from __future__ import annotations

import ssl
from datetime import datetime
from typing import Final

from probes.model import FailureKind
from probes.transport.certificates import Presented
from probes.transport.failure import Phase, TransportFailure

_SHOWN: Final = 100
_EXPIRED: Final = 10
_NOT_YET: Final = 9
_SELF_SIGNED: Final = (18, 19)
_UNKNOWN_ISSUER: Final = (2, 20, 21)
_WRONG_HOST: Final = (62, 64)
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "the server requires a client certificate; set tls.client_certificate",
    "UNKNOWN_CA": "the server does not trust the authority of our client certificate",
    "BAD_CERTIFICATE": "the server refuses our client certificate",
    "UNSUPPORTED_CERTIFICATE": "the server refuses the type of our client certificate",
    "CERTIFICATE_EXPIRED": "the server says that our client certificate has expired",
    "CERTIFICATE_REVOKED": "the server says that our client certificate was revoked",
    "CERTIFICATE_UNKNOWN": "the server refuses our client certificate",
    "ACCESS_DENIED": "the server denies our client certificate access",
    "UNRECOGNIZED_NAME": "the server knows no host of that name (SNI)",
    "NO_APPLICATION_PROTOCOL": "the server speaks none of the HTTP versions that it was offered",
    "HANDSHAKE_FAILURE": "the server refused the handshake; it may require a client certificate or other ciphers",
}
"""Alerts of the other side, by the end of OpenSSL's name for them."""


def handshake_failure(err: OSError | ValueError, host: str) -> TransportFailure:
    """The failure that `err` means; a ValueError that `host` is no name to ask for."""
    if isinstance(err, ssl.SSLCertVerificationError):
        words = certificate_words(err, host, None)
    elif isinstance(err, ssl.SSLError):
        words = _protocol_words(err)
    elif isinstance(err, ValueError):
        words = f"TLS cannot ask for a host of the name {host[:_SHOWN]!r}"
    else:
        words = "the connection ended within the TLS handshake"
    return TransportFailure(FailureKind.TLS, words, phase=Phase.TLS)


def alert_failure(err: Exception | None) -> TransportFailure | None:
    """The failure, where the other side refused us after the handshake had ended for us, as TLS 1.3 does it."""
    words = _alert_words(err.reason or "") if isinstance(err, ssl.SSLError) else None
    return TransportFailure(FailureKind.TLS, words) if words is not None else None


def certificate_words(err: ssl.SSLCertVerificationError, host: str, presented: Presented | None) -> str:
    """Why the certificate was refused; `presented` is what it says of itself, where it could be fetched."""
    code = err.verify_code
    if code == _EXPIRED:
        return "certificate expired" + (f" on {_instant(presented.certificate.expires_at)}" if presented else "")
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


def _alert_words(reason: str) -> str | None:
    # As in TLSV13_ALERT_CERTIFICATE_REQUIRED.
    alert = reason.partition("_ALERT_")[2]
    return _ALERTS.get(alert) if alert else None


def _protocol_words(err: ssl.SSLError) -> str:
    reason = err.reason or ""
    alert = _alert_words(reason)
    if alert is not None:
        return alert
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER" in reason:
        return "the server does not speak TLS on this port"
    if "PROTOCOL" in reason:
        return "the server offers no TLS version from 1.2 on"
    if isinstance(err, ssl.SSLEOFError) or "EOF" in reason:
        return "the connection ended within the TLS handshake"
    return f"TLS handshake failed: {reason.replace('_', ' ').lower() or 'unknown reason'}"


def _issuer(presented: Presented | None) -> str:
    return f" (issuer: {presented.certificate.issuer})" if presented and presented.certificate.issuer else ""


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
