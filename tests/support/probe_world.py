"""A scripted HTTP server on loopback, certificates of every kind, and a runner that does not wait between retries."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from loopback import Loopback

from config.model import Config, Integration
from probes.model import Run
from probes.runner import Runner


@dataclass(frozen=True)
class Heard:
    """A request as the server read it; header names are lower-case. `connection` numbers the connections."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Play = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> bytes:
    """A whole answer; anything but bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Content-Length": str(len(content))}
    if body is not None and not isinstance(body, bytes):
        fields["Content-Type"] = "application/json"
    fields |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


@dataclass
class Server(Loopback):
    """Plays a script: each request gets the next entry, the last one for ever. Bytes, or a coroutine that writes."""

    script: list[bytes | Play]
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    ended: int = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._converse(reader, writer, self.connections)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.ended += 1
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        while not writer.is_closing():
            heard = await _read(reader, connection)
            self.heard.append(heard)
            part = self.script[min(len(self.heard), len(self.script)) - 1]
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await part(heard, writer)


async def _read(reader: asyncio.StreamReader, connection: int) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Heard(method, target, headers, body, connection)


def then_close(data: bytes) -> Play:
    """Write, then close in an orderly way."""

    async def play(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return play


def then_reset(data: bytes) -> Play:
    """Write, let it arrive, then reset the connection."""

    async def play(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.02)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return play


def after(seconds: float, data: bytes) -> Play:
    """Write late."""

    async def play(_: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(data)

    return play


async def nothing(_: Heard, writer: asyncio.StreamWriter) -> None:
    """Accept the request and read on, as if it had been answered."""


async def never(_: Heard, writer: asyncio.StreamWriter) -> None:
    """Accept the request and say nothing."""
    await asyncio.sleep(60)


def wall_clock() -> datetime:
    return datetime.now(UTC)


def integration(server: Server | str, *steps: dict[str, Any], **more: Any) -> Integration:
    """An integration with one workflow of these steps; `timeout` and `every` are the workflow's."""
    base_url = server if isinstance(server, str) else server.url
    workflow = {"name": "flow", "steps": list(steps), "timeout": more.pop("timeout", "5s")}
    return Integration.model_validate({"integration": "acme", "base_url": base_url, "workflows": [workflow], **more})


def make_runner(environ: dict[str, str] | None = None, **more: Any) -> Runner:
    """A runner whose retries do not wait for their backoff."""
    return Runner(**{"environ": environ or {}, "clock": wall_clock, "jitter": lambda longest: 0.0, **more})


async def run_once(runner: Runner, declared: Integration, **schemas: Any) -> Run:
    config = Config(root=Path(), version="v1", integrations=(declared,), schemas=schemas)
    return await runner.run(
        declared, declared.workflows[0], region="local", config=config, scheduled_at=wall_clock(), attempt=1
    )


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a directory."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def ca_file(self) -> str:
        return str(self.directory / "ca.pem")

    def server_context(
        self, name: str = "leaf", *, host: str = "127.0.0.1", expired: bool = False, self_signed: bool = False
    ) -> ssl.SSLContext:
        """A server's context with a certificate of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = datetime(2020, 1, 1, tzinfo=UTC) if expired else wall_clock() - timedelta(days=1)
        ends = datetime(2020, 3, 4, 5, 6, tzinfo=UTC) if expired else wall_clock() + timedelta(days=90)
        issuer, signer = (distinguished(name), key) if self_signed else (self.certificate.subject, self.key)
        leaf = certificate(distinguished(name), issuer, key, signer, begins, ends, host)
        file = self.directory / f"{name}.pem"
        file.write_bytes(_pem(key) + leaf.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def distinguished(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    begins: datetime,
    ends: datetime,
    host: str | None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if host is None:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return builder.add_extension(usage, critical=True).sign(signer, hashes.SHA256())
    return builder.add_extension(x509.SubjectAlternativeName([_general(host)]), critical=False).sign(
        signer, hashes.SHA256()
    )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
