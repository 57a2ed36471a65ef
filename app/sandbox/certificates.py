"""The sandbox's own certificate authority, a good certificate for loopback and an expired one.

The authority is kept in the directory, so that a client that already trusts it goes on doing so after a restart.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.datadir import write_private

_AUTHORITY_LIFE: Final = timedelta(days=3650)
_LEAF_LIFE: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Certificates:
    """`ca_file` is the PEM to trust; `good` and `expired` are server contexts for 127.0.0.1 and localhost."""

    ca_file: Path
    good: ssl.SSLContext
    expired: ssl.SSLContext

    def serving(self, is_expired: Callable[[], bool]) -> ssl.SSLContext:
        """A server context that decides at each handshake which certificate it presents."""
        context = _server_context()

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.expired if is_expired() else self.good

        # Called for clients that send no name too, such as those that connect to 127.0.0.1.
        context.sni_callback = choose
        return context


def load(directory: Path, now: datetime) -> Certificates:
    """The directory's authority (made when missing or nearly over) and fresh certificates signed by it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _Authority.kept(directory, now) or _Authority.made(directory, now)
    good, expired = _server_context(), _server_context()
    good.load_cert_chain(authority.issue(directory / "server.pem", now - timedelta(days=1), now + _LEAF_LIFE))
    expired.load_cert_chain(authority.issue(directory / "expired.pem", now - _LEAF_LIFE, now - timedelta(days=1)))
    return Certificates(directory / "ca.pem", good, expired)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def kept(cls, directory: Path, now: datetime) -> _Authority | None:
        """The authority of an earlier start; None when there is none that lasts another leaf's life."""
        try:
            certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
            key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), password=None)
        except (OSError, ValueError):
            return None
        lasts = certificate.not_valid_before_utc <= now and certificate.not_valid_after_utc > now + _LEAF_LIFE
        return cls(certificate, key) if lasts and isinstance(key, ec.EllipticCurvePrivateKey) else None

    @classmethod
    def made(cls, directory: Path, now: datetime) -> _Authority:
        """A new authority, written to the directory."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Leadline sandbox authority")])
        certificate = (
            _builder(name, name, key.public_key(), now - timedelta(days=365), now + _AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_private(directory / "ca.key", _pem_of_key(key))
        write_private(directory / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM).decode())
        return cls(certificate, key)

    def issue(self, pem: Path, starts: datetime, ends: datetime) -> Path:
        """Write key and certificate for the loopback names."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            _builder(name, self.certificate.subject, key.public_key(), starts, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(authority_key, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        write_private(pem, _pem_of_key(key) + certificate.public_bytes(serialization.Encoding.PEM).decode())
        return pem


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, starts: datetime, ends: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(starts).not_valid_after(ends)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
