"""Certificates of clients, chains with an intermediate authority, and servers that look at who calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from probe_world import Authority, certificate, distinguished, wall_clock

PEM = serialization.Encoding.PEM


def new_authority(directory: Path, name: str) -> Authority:
    """Another authority, with its `ca.pem` in a directory of that name."""
    directory = directory / name
    directory.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    begins, ends = wall_clock() - timedelta(days=1), wall_clock() + timedelta(days=365)
    root = certificate(distinguished(name), distinguished(name), key, key, begins, ends, None)
    (directory / "ca.pem").write_bytes(root.public_bytes(PEM))
    return Authority(directory, key, root)


@dataclass(frozen=True)
class Identity:
    """Files of one client: its certificate, its key, and both in one."""

    certificate: str
    key: str
    both: str


def client(
    authority: Authority, directory: Path, name: str = "probe", *, password: str | None = None, expired: bool = False
) -> Identity:
    """A client's certificate, signed by that authority; its key encrypted if there is a password."""
    key = ec.generate_private_key(ec.SECP256R1())
    begins, ends = wall_clock() - timedelta(days=9), wall_clock() + timedelta(days=-1 if expired else 30)
    signed = certificate(
        distinguished(name), authority.certificate.subject, key, authority.key, begins, ends, "client.example"
    )
    hidden = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    key_text = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, hidden)
    files = [directory / f"{name}.{kind}.pem" for kind in ("certificate", "key", "both")]
    for file, content in zip(files, (signed.public_bytes(PEM), key_text), strict=False):
        file.write_bytes(content)
    files[2].write_bytes(signed.public_bytes(PEM) + key_text)
    return Identity(*map(str, files))


def asking(context: ssl.SSLContext, clients: Authority, *, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """From now on the context wants a certificate signed by `clients`."""
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(clients.ca_file)
    if version is not None:
        context.maximum_version = version
    return context


def chained(authority: Authority, directory: Path, *, middle_ends: datetime) -> ssl.SSLContext:
    """A server's context for 127.0.0.1 whose certificate comes by way of an intermediate authority."""
    middle_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins, ends = wall_clock() - timedelta(days=1), wall_clock() + timedelta(days=90)
    middle = certificate(
        distinguished("Middle CA"), authority.certificate.subject, middle_key, authority.key, begins, middle_ends, None
    )
    leaf = certificate(distinguished("api"), middle.subject, key, middle_key, begins, ends, "127.0.0.1")
    file = directory / "chained.pem"
    hidden = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(hidden + leaf.public_bytes(PEM) + middle.public_bytes(PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def handshaking(context: ssl.SSLContext) -> Iterator[str]:
    """A server on OpenSSL's own sockets, which tells a client that it refuses why; asyncio's hang up. Its address."""

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = listener.accept()
                _converse(context, connected)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        # Wakes the accept, which closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _converse(context: ssl.SSLContext, connected: socket.socket) -> None:
    with contextlib.suppress(OSError), connected:
        connected.settimeout(5)
        with context.wrap_socket(connected, server_side=True) as stream:
            stream.recv(65_536)
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def caller(writer: asyncio.StreamWriter) -> str | None:
    """Common name in the certificate of who is connected."""
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    if der is None:
        return None
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()
