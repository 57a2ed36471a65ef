"""A whole answer, as a probe needs it and as the HTTP library knows one."""

from __future__ import annotations

from dataclasses import dataclass

from probes.http import Headers, Request, Response
from probes.model import Certificate, Timings


@dataclass(frozen=True, slots=True)
class Answered:
    """Read and decoded. `headers` are as they came, `wire_bytes` is the body's length on the wire."""

    request: Request
    status: int
    headers: Headers
    body: bytes
    timings: Timings
    wire_bytes: int
    http_version: str
    """`HTTP/1.1`."""
    peer: str
    """Address and port of the other end."""
    refusals: tuple[str, ...] = ()
    """Addresses that were tried before it, with reasons."""
    tls_version: str | None = None
    certificates: tuple[Certificate, ...] = ()
    """The verified chain, empty without TLS."""
    is_reused: bool = False
    """The connection was there already."""

    def response(self) -> Response:
        """The same for code written for httpx; making it costs as much as parsing the answer did."""
        # httpx would decode a second time, and without limits.
        encoded = "content-encoding" in self.headers
        plain = [(k, v) for k, v in self.headers.raw if k.lower() != b"content-encoding"] if encoded else self.headers
        extensions = {
            "timings": self.timings,
            "peer": self.peer,
            "refusals": self.refusals,
            "headers": self.headers,
            "wire_bytes": self.wire_bytes,
            "http_version": self.http_version.encode("ascii"),
            "tls_version": self.tls_version,
            "certificate_expires_at": self.certificates[0].expires_at if self.certificates else None,
            "certificate_chain": () if self.is_reused else self.certificates,
        }
        return Response(self.status, headers=plain, content=self.body, request=self.request, extensions=extensions)
